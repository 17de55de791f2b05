//! What the daemon calls beside S3: its records (an embedded DynamoDB, reached over a socket of its own), the parameters of
//! SSM, and STS, which says that the access key is the account.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper::{Request, Response, StatusCode};
use s3s::Body;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const TARGET: &str = "x-amz-target";

/// The other services.
#[derive(Debug)]
pub(crate) struct Others {
    http: reqwest::Client,
    dynamo: String,
    /// By account and name: the value and its version.
    parameters: Mutex<HashMap<(String, String), (String, u64)>>,
    _stop: oneshot::Sender<()>,
}

impl Others {
    pub(crate) async fn start() -> Result<Self> {
        let database = dynoxide::Database::memory().map_err(|error| anyhow!("open the records in memory: {error}"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen for the records")?;
        let dynamo = format!("http://{}/", listener.local_addr().context("learn the records' port")?);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
            // Stopped, or dropped: either way it is over.
            let _ = stopped.await;
        }));
        Ok(Self { http: reqwest::Client::new(), dynamo, parameters: Mutex::default(), _stop: stop })
    }

    /// What a request asks for, if it is not for S3.
    pub(crate) fn asked(request: &Request<Incoming>) -> Option<String> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        match header(TARGET) {
            Some(target) => Some(target.to_owned()),
            None => header(CONTENT_TYPE.as_str())
                .filter(|kind| request.uri().path() == "/" && kind.starts_with("application/x-www-form-urlencoded"))
                .map(|_| "STS".to_owned()),
        }
    }

    /// Answers it.
    pub(crate) async fn answer(&self, asked: &str, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return failed(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let account = account(&head.headers);
        if asked.starts_with("DynamoDB") {
            let forwarded = self.forward(&head.headers, body).await;
            return forwarded.unwrap_or_else(|error| failed(StatusCode::BAD_GATEWAY, &error.to_string()));
        }
        match asked {
            "AmazonSSM.GetParameters" => json_answer(&self.get_parameters(&account, &parsed(&body))),
            "AmazonSSM.PutParameter" => json_answer(&self.put_parameter(&account, &parsed(&body))),
            "STS" => caller(&account),
            _ => failed(StatusCode::NOT_IMPLEMENTED, asked),
        }
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> Result<Response<Body>> {
        let mut request = self.http.post(&self.dynamo).body(body);
        for (name, value) in headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length")) {
            request = request.header(name, value);
        }
        let answer = request.send().await.context("ask the records")?;
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let body = answer.bytes().await.context("read what the records say")?;
        response.body(Body::from(body)).context("hand on what the records say")
    }

    fn get_parameters(&self, account: &str, asked: &Value) -> Value {
        let parameters = self.parameters();
        let names = asked["Names"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match parameters.get(&(account.to_owned(), name.to_owned())) {
                Some((value, version)) => {
                    found.push(json!({ "Name": name, "Type": "String", "Value": value, "Version": version }));
                }
                None => missing.push(name),
            }
        }
        json!({ "Parameters": found, "InvalidParameters": missing })
    }

    fn put_parameter(&self, account: &str, asked: &Value) -> Value {
        let text = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
        let mut parameters = self.parameters();
        let version = parameters.get(&(account.to_owned(), text("Name"))).map_or(1, |(_, version)| version + 1);
        parameters.insert((account.to_owned(), text("Name")), (text("Value"), version));
        json!({ "Version": version, "Tier": "Standard" })
    }

    fn parameters(&self) -> MutexGuard<'_, HashMap<(String, String), (String, u64)>> {
        self.parameters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The access key, which at an emulator is the account.
fn account(headers: &HeaderMap) -> String {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = authorization.split("Credential=").nth(1).unwrap_or_default();
    credential.split('/').next().unwrap_or_default().to_owned()
}

fn parsed(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn json_answer(value: &Value) -> Response<Body> {
    with_type("application/x-amz-json-1.1", value.to_string())
}

fn caller(account: &str) -> Response<Body> {
    let space = "https://sts.amazonaws.com/doc/2011-06-15/";
    with_type(
        "text/xml",
        format!(
            "<GetCallerIdentityResponse xmlns=\"{space}\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::{account}:root</Arn><UserId>{account}</UserId><Account>{account}</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        ),
    )
}

fn with_type(kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

fn failed(status: StatusCode, why: &str) -> Response<Body> {
    let mut response =
        with_type("application/x-amz-json-1.1", json!({ "__type": "Failed", "message": why }).to_string());
    *response.status_mut() = status;
    response
}
