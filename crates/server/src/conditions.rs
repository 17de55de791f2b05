//! `If-Match` and `ETag`: a change names the state that it was made from, so that nobody overwrites what they did not see.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use crate::problem::{Problem, ProblemKind};

/// The state that a change was made from: a generation or version, or none for "whatever is stored" (`*`).
/// `"0"` means that there is nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(header::IF_MATCH).iter();
        match (given.next(), given.next()) {
            (None, _) => Err(Problem::new(
                ProblemKind::ConditionRequired,
                "send `If-Match` with the ETag that you saw, `\"0\"` when there was nothing, or `*` for whatever is there",
            )),
            (Some(only), None) => parse(only).ok_or_else(|| {
                Problem::bad_request("`If-Match` must be `*` or one quoted number, as the ETag says it: `\"3\"`")
            }),
            (Some(_), Some(_)) => Err(Problem::bad_request("`If-Match` was sent twice")),
        }
    }
}

fn parse(value: &HeaderValue) -> Option<IfMatch> {
    let text = value.to_str().ok()?.trim();
    if text == "*" {
        return Some(IfMatch(None));
    }
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().map(|number| IfMatch(Some(number)))
}

/// The `ETag` of a generation or version.
pub(crate) fn etag(number: u64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{number}\""))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_star_or_one_quoted_number() {
        let parse = |text: &str| parse(&HeaderValue::from_str(text).unwrap());
        assert_eq!(parse("*"), Some(IfMatch(None)));
        assert_eq!(parse("\"0\""), Some(IfMatch(Some(0))));
        assert_eq!(parse(" \"12\" "), Some(IfMatch(Some(12))));
        for bad in ["", "12", "\"\"", "\"+1\"", "W/\"1\"", "\"1\", \"2\"", "\"99999999999999999999\"", "\"a\""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
