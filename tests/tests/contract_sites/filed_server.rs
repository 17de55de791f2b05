//! s3s-fs behind a socket. It serves S3 and nothing else, so what the adapter asks of STS is answered in front of it; and
//! its lists show no ETags, without which the adapter takes no list: they are filled in, unless a test wants to see that
//! this is still needed.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::Extensions;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::*;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running server. It ends when it is dropped.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) fills_etags: Arc<AtomicBool>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(root: &Path) -> Result<Self> {
        let files = FileSystem::new(root).map_err(|error| anyhow!("open {}: {error:?}", root.display()))?;
        let fills_etags = Arc::new(AtomicBool::new(true));
        let mut builder = S3ServiceBuilder::new(Filled { files, fills_etags: Arc::clone(&fills_etags) });
        builder.set_auth(Anybody);
        let service = builder.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                let service = service.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| answer(service.clone(), request));
                    let server =
                        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer);
                    // A client may go away when it likes.
                    let _ = server.await;
                });
            }
        });
        Ok(Self { endpoint, fills_etags, accepting })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(service: S3Service, request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    if request.method() == Method::POST && request.uri().path() == "/" && is_form {
        return Ok(caller_identity(request.headers()));
    }
    service.call(request.map(Body::from)).await
}

/// What STS says: the caller's account is its access key.
fn caller_identity(headers: &HeaderMap) -> Response<Body> {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = authorization.split("Credential=").nth(1).unwrap_or_default();
    let account = credential.split('/').next().unwrap_or_default();
    let text = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:root</Arn><UserId>{account}</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// Knows everybody: signatures are checked, and who signed does not matter.
struct Anybody;

#[async_trait::async_trait]
impl S3Auth for Anybody {
    async fn get_secret_key(&self, _access_key: &str) -> S3Result<SecretKey> {
        Ok(SecretKey::from("emulator"))
    }
}

/// The files, with ETags in lists.
struct Filled {
    files: FileSystem,
    fills_etags: Arc<AtomicBool>,
}

/// Hands everything on but lists.
macro_rules! handed_on {
    ($($operation:ident: $input:ident -> $output:ident,)*) => {
        #[async_trait::async_trait]
        impl S3 for Filled {
            $(async fn $operation(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.files.$operation(request).await
            })*

            async fn list_objects_v2(
                &self,
                request: S3Request<ListObjectsV2Input>,
            ) -> S3Result<S3Response<ListObjectsV2Output>> {
                self.list(request).await
            }
        }
    };
}

handed_on! {
    create_bucket: CreateBucketInput -> CreateBucketOutput,
    head_bucket: HeadBucketInput -> HeadBucketOutput,
    put_object: PutObjectInput -> PutObjectOutput,
    get_object: GetObjectInput -> GetObjectOutput,
    head_object: HeadObjectInput -> HeadObjectOutput,
    copy_object: CopyObjectInput -> CopyObjectOutput,
    delete_object: DeleteObjectInput -> DeleteObjectOutput,
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput,
    upload_part: UploadPartInput -> UploadPartOutput,
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput,
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput,
}

impl Filled {
    async fn list(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let bucket = request.input.bucket.clone();
        let mut answer = self.files.list_objects_v2(request).await?;
        if self.fills_etags.load(Ordering::Relaxed) {
            for object in answer.output.contents.iter_mut().flatten() {
                let key = object.key.clone().unwrap_or_default();
                let input = HeadObjectInput { bucket: bucket.clone(), key, ..HeadObjectInput::default() };
                object.e_tag = self.files.head_object(of_ours(input)).await?.output.e_tag;
            }
        }
        Ok(answer)
    }
}

/// A request that nobody sent.
fn of_ours<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::HEAD,
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}
