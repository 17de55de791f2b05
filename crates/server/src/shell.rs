//! What is around every request: a name for it, a line in the log, a time limit, and an answer even after a panic.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::problem::{Problem, ProblemKind};

/// The header that names a request, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names requests that come without a name.
#[derive(Debug)]
pub(crate) struct RequestNames {
    process: String,
    count: AtomicU64,
}

impl RequestNames {
    pub(crate) fn new(process: String) -> Arc<Self> {
        Arc::new(Self { process, count: AtomicU64::new(0) })
    }

    fn next(&self) -> String {
        format!("{}-{}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// Names the request, logs it, and says that answers are not for keeping.
pub(crate) async fn name_and_log(State(names): State<Arc<RequestNames>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    let id = given.map_or_else(|| names.next(), str::to_owned);
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", method = %request.method(), route, request_id = id);
    let mut response = async {
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Gives up on an answer after a while.
pub(crate) async fn within(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_long(longest).into_response(),
    }
}

/// There was no answer in time.
pub(crate) fn too_long(longest: Duration) -> Problem {
    let message = format!("there was no answer within {} s; look before you repeat a change", longest.as_secs());
    Problem::new(ProblemKind::Timeout, message)
}

/// The answer after a panic. The panic itself is in the log, not in the answer.
// The signature is tower-http's.
#[expect(clippy::needless_pass_by_value, reason = "tower-http hands the panic over by value")]
pub(crate) fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no words)");
    tracing::error!(panic = words, "a request panicked");
    Problem::new(ProblemKind::Internal, "this is a bug; the log has it under this request's id").into_response()
}

/// Any route that is not there.
pub(crate) async fn no_route() -> Problem {
    Problem::not_found("there is no such route; /openapi.json lists them")
}

/// A route that is there, with other methods.
pub(crate) async fn no_method() -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, "the route does not take this method; /openapi.json lists them")
}
