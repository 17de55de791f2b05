//! Who may ask: everybody who has the token. The header is parsed strictly and compared in constant time.
//!
//! **Refuses:** to believe a name that the caller writes. Who acts comes from the token.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use driftless_domain::Actor;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::{Problem, ProblemKind};

/// The fewest characters of a token: 16 bytes of randomness in hexadecimal.
const SHORTEST: usize = 32;
/// The most characters of a token. More are not hashed.
const LONGEST: usize = 512;
/// What answers without a token: whether the process lives, whether it can work, and what the API looks like.
const OPEN: [&str; 3] = ["/livez", "/readyz", "/openapi.json"];

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has {SHORTEST} to {LONGEST} letters, digits or any of -._~+/= (`openssl rand -hex 32` makes one)")]
pub struct TokenError;

/// A bearer token, kept as its hash, with the name of who holds it. Prints neither.
#[derive(Clone)]
pub struct Token {
    hash: [u8; 32],
    holder: Actor,
}

impl Token {
    /// A token of a holder.
    ///
    /// # Errors
    /// [`TokenError`] when it is too short to be a secret, too long, or not what fits into a header.
    pub fn new(secret: &str, holder: Actor) -> Result<Self, TokenError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if !(SHORTEST..=LONGEST).contains(&secret.len()) || !secret.bytes().all(fits) {
            return Err(TokenError);
        }
        Ok(Self { hash: hash(secret), holder })
    }

    /// The one token of an installation. Its holder is called `operator`.
    ///
    /// # Errors
    /// [`TokenError`], as [`Self::new`].
    pub fn operator(secret: &str) -> Result<Self, TokenError> {
        Self::new(secret, Actor::parse("operator").map_err(|_| TokenError)?)
    }

    fn is(&self, secret: &str) -> bool {
        secret.len() <= LONGEST && bool::from(self.hash.ct_eq(&hash(secret)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// How callers show who they are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// One token for all, in `Authorization: Bearer …`.
    Bearer(Token),
}

impl Auth {
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let Self::Bearer(token) = self;
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(only), None) = (given.next(), given.next()) else { return None };
        let (scheme, secret) = only.to_str().ok()?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && token.is(secret)).then(|| Caller(token.holder.clone()))
    }
}

/// Who asks: put into the request by [`check`], and the only source of an actor.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Actor);

/// Lets a request through if it may come in.
pub(crate) async fn check(State(auth): State<Arc<Auth>>, mut request: Request, next: Next) -> Response {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match auth.caller(request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => Problem::new(
            ProblemKind::Unauthenticated,
            "send the token as `Authorization: Bearer …`, once; the one that was sent, if any, is not valid",
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn caller(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        Auth::Bearer(Token::operator(SECRET).unwrap()).caller(&headers).is_some()
    }

    #[test]
    fn only_exactly_one_header_with_the_token_is_let_in() {
        let good = format!("Bearer {SECRET}");
        assert!(caller(&[&good]));
        assert!(caller(&[&format!("bearer {SECRET}")]));
        let (basic, long) = (format!("Basic {SECRET}"), format!("Bearer {SECRET}0"));
        let (spaced, short) = (format!("Bearer  {SECRET}"), format!("Bearer {}", &SECRET[1..]));
        for bad in [&[][..], &[""], &["Bearer"], &["Bearer "], &[SECRET], &[&basic], &[&long], &[&short], &[&spaced]] {
            assert!(!caller(bad), "{bad:?}");
        }
        assert!(!caller(&[&good, &good]), "two headers");
    }

    #[test]
    fn a_token_is_a_secret_and_never_printed() {
        assert_eq!(format!("{:?}", Auth::Bearer(Token::operator(SECRET).unwrap())), "Bearer(Token(…))");
        for bad in ["", "short", &"a".repeat(513), "0123456789abcdef 0123456789abcdef", &"ä".repeat(40)] {
            assert_eq!(Token::operator(bad).err(), Some(TokenError), "{bad}");
        }
    }
}
