//! The socket: takes connections, writes down what arrives, waits as long as it was told to, and hands on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, S3Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::log::{Event, Log, Operation, What, read};
use super::operations::Operations;
use super::others::Others;
use super::parts::Uploads;
use super::store::Store;

/// The secret of every access key: signatures are checked, and who signed does not matter.
pub(crate) const SECRET: &str = "emulator";

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    service: S3Service,
    store: Arc<Store>,
    others: Others,
    log: Arc<Log>,
    /// Microseconds.
    latency: AtomicU64,
}

impl Server {
    /// Starts one on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub(crate) async fn start() -> Result<Self> {
        let log = Arc::new(Log::new());
        let store = Arc::new(Store::new(Arc::clone(&log)));
        let operations = Operations { store: Arc::clone(&store), uploads: Uploads::default() };
        let mut builder = S3ServiceBuilder::new(operations);
        builder.set_auth(Anybody);
        let shared = Shared {
            service: builder.build(),
            store,
            others: Others::start().await?,
            log,
            latency: AtomicU64::default(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen for S3")?;
        let address = listener.local_addr().context("learn the port of S3")?;
        let shared = Arc::new(shared);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, every request waits so long before anything is done.
    pub(crate) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.shared.latency.store(micros, Ordering::Relaxed);
    }

    /// Its buckets.
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// What happened since the last time this was asked, and how many connections were made.
    pub(crate) fn take_log(&self) -> (Vec<Event>, u64) {
        self.shared.log.take()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // Out of file descriptors, or gone again before it was taken: the next one may be better.
        let Ok((stream, _)) = listener.accept().await else { continue };
        shared.log.connected();
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // An answer of two writes would otherwise wait for the other side's acknowledgement.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| answer(Arc::clone(&shared), request));
    // A client may go away when it likes.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(shared: Arc<Shared>, mut request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
    let Shared { service, others, log, latency, .. } = &*shared;
    let other = Others::asked(&request);
    let (operation, bucket, key) = match &other {
        Some(other) => (Operation::Other, String::new(), other.clone()),
        None => read(request.method(), request.uri(), request.headers().contains_key("x-amz-copy-source")),
    };
    let id = log.arrived(operation, bucket, key);
    match latency.load(Ordering::Relaxed) {
        0 => {}
        micros => tokio::time::sleep(Duration::from_micros(micros)).await,
    }
    let answered = match other {
        Some(other) => Ok(others.answer(&other, request).await),
        None => {
            request.extensions_mut().insert(id);
            service.call(request.map(Body::from)).await
        }
    };
    let status = answered.as_ref().map_or(500, |response| response.status().as_u16());
    log.add(id, What::Answered { status });
    answered
}

/// Knows everybody.
#[derive(Debug)]
struct Anybody;

#[async_trait::async_trait]
impl S3Auth for Anybody {
    async fn get_secret_key(&self, _access_key: &str) -> S3Result<SecretKey> {
        Ok(SecretKey::from(SECRET))
    }
}
