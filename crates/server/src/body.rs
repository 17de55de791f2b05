//! Reading bodies: within limits of size and time, of the right type, with nothing in them that we do not know.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, ProblemKind};

/// The largest JSON body. An artifact of 50 services has about 10 KiB.
const MOST_JSON: usize = 64 * 1024;
/// The largest spec; `driftless_spec` has its own limit below this.
const MOST_SPEC: usize = 1024 * 1024;
/// How long a body may take to arrive. 1 MiB in 10 s is slower than any line that people deploy over.
const LONGEST: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        of_type(request.headers(), &["application/json"])?;
        let bytes = read(request, MOST_JSON).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::new(ProblemKind::MalformedBody, error.to_string()))
    }
}

/// A spec as it was written.
pub(crate) struct Document(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        of_type(request.headers(), &["text/yaml", "application/yaml"])?;
        let bytes = read(request, MOST_SPEC).await?;
        String::from_utf8(bytes).map(Self).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Problem::new(ProblemKind::MalformedBody, format!("the body is not UTF-8: byte {at}"))
        })
    }
}

/// Checks `Content-Type`: one of these, without a charset or with UTF-8.
fn of_type(headers: &HeaderMap, wanted: &[&str]) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let right_type = parts.next().is_some_and(|kind| wanted.iter().any(|wanted| kind.eq_ignore_ascii_case(wanted)));
    let right_charset = parts.all(|part| {
        part.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    if right_type && right_charset {
        return Ok(());
    }
    let message = format!("send `Content-Type: {}`, in UTF-8", wanted.join("` or `"));
    Err(Problem::new(ProblemKind::UnsupportedType, message))
}

/// Reads the whole body. One that announces itself as too large is refused before a byte of it is read.
async fn read(request: Request, most: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(ProblemKind::TooLarge, format!("the body may have {most} bytes"));
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.is_some_and(|length| length.parse::<usize>().is_ok_and(|length| length > most)) {
        return Err(too_large());
    }
    let body: Body = request.into_body();
    match tokio::time::timeout(LONGEST, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(ProblemKind::MalformedBody, "the body broke off")),
        Err(_) => {
            let message = format!("the body did not arrive within {} s", LONGEST.as_secs());
            Err(Problem::new(ProblemKind::RequestTimeout, message))
        }
    }
}
