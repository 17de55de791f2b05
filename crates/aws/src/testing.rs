//! An HTTP client that answers from a script and remembers what it was asked; for tests of this crate.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use aws_sdk_ecs::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use driftless_domain::{AccountId, ClusterName, EcsServiceName, Place, Region, TaskDefArn};

use crate::{Accounts, Aws, CallCounter, Endpoint};

/// What the other end does.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// 200 with this JSON.
    Json(Value),
    /// A status with a body of any kind.
    Page(u16, String),
    /// A status with headers and bytes.
    Object(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// It never answers.
    Hangs,
    /// The connection breaks after the request was sent.
    Breaks,
    /// Nobody listens: the request is never sent.
    Refuses,
}

impl Reply {
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Page(status, json!({"__type": code, "message": message}).to_string())
    }

    /// An error as S3 words it.
    pub(crate) fn s3(status: u16, code: &str) -> Self {
        Self::Page(status, format!("<Error><Code>{code}</Code><Message>words</Message></Error>"))
    }

    /// A status and nothing else, as HEAD gets it.
    pub(crate) fn bare(status: u16) -> Self {
        Self::Page(status, String::new())
    }
}

/// One request as it went out.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `UpdateService`; for services without operations on the wire the method with what tells it apart.
    pub(crate) operation: String,
    /// Path and query.
    pub(crate) path: String,
    /// The body, for JSON services.
    pub(crate) body: Value,
    /// The body as text.
    pub(crate) text: String,
    pub(crate) headers: BTreeMap<String, String>,
}

type Script = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// The other end. The script gets each request and how many of its operation came before it.
#[derive(Clone)]
pub(crate) struct Fake {
    script: Arc<Script>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub(crate) fn new(script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), requests: Arc::default() }
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()))
    }

    pub(crate) fn accounts(&self) -> Accounts {
        let endpoint = Endpoint { url: "http://127.0.0.1:1".to_owned() };
        Accounts::at_with(endpoint, Some("driftless-test".to_owned()), self.client())
    }

    pub(crate) fn aws(&self) -> Aws {
        Aws::new(self.accounts(), CallCounter::default())
    }

    /// The requests of an operation.
    pub(crate) fn of(&self, operation: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|r| r.operation == operation).cloned().collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.of(operation).len()
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let text = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let target = request.headers().get("x-amz-target").and_then(|t| t.rsplit('.').next()).map(str::to_owned);
        let action = || text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
        let path = http::Uri::try_from(request.uri()).unwrap().path_and_query().unwrap().to_string();
        let request = Request {
            operation: target.or_else(action).unwrap_or_else(|| rest_operation(request.method(), &path)),
            path,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            headers: request.headers().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        };
        let before = self.count(&request.operation);
        self.requests.lock().unwrap().push(request.clone());
        let reply = match request.operation.as_str() {
            "GetCallerIdentity" => caller(&request),
            _ => (self.script)(&request, before),
        };
        HttpConnectorFuture::new(async move {
            let (status, headers, body) = match reply {
                Reply::Json(body) => (200, Vec::new(), body.to_string().into_bytes()),
                Reply::Page(status, body) => (status, Vec::new(), body.into_bytes()),
                Reply::Object(status, headers, body) => (status, headers, body),
                Reply::Hangs => std::future::pending().await,
                Reply::Breaks => return Err(io(ErrorKind::ConnectionReset)),
                Reply::Refuses => return Err(io(ErrorKind::ConnectionRefused)),
            };
            let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
            for (name, value) in headers {
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        })
    }
}

/// S3 and CloudFront: `PUT x-id=PutObject`, `GET list-type`, `POST invalidation`.
fn rest_operation(method: &str, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
    let name = query.split('&').find(|pair| pair.starts_with("x-id="));
    let name = name.or_else(|| ["list-type", "uploads", "uploadId"].into_iter().find(|name| names.contains(name)));
    let name = name.or_else(|| path.contains("/invalidation").then_some("invalidation"));
    format!("{method} {}", name.unwrap_or_default()).trim_end().to_owned()
}

fn io(kind: ErrorKind) -> ConnectorError {
    ConnectorError::io(std::io::Error::from(kind).into())
}

/// STS: the account is the access key; keys that were handed out end in the account of their role.
fn caller(request: &Request) -> Reply {
    let authorization = &request.headers["authorization"];
    let key = authorization.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let account = &key[key.len() - 12..];
    Reply::Page(
        200,
        format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn</Arn><UserId>u</UserId>\
             <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    )
}

pub(crate) fn place(account: &str) -> Place {
    Place { account: AccountId::parse(account).unwrap(), region: Region::parse("eu-west-1").unwrap(), role: None }
}

pub(crate) fn here() -> Place {
    place("111111111111")
}

pub(crate) fn main_cluster() -> ClusterName {
    ClusterName::parse("main").unwrap()
}

pub(crate) fn web() -> EcsServiceName {
    EcsServiceName::parse("web").unwrap()
}

pub(crate) fn revision(number: u32) -> TaskDefArn {
    TaskDefArn::parse(format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/web:{number}")).unwrap()
}
