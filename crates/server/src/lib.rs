//! The HTTP API over the records: what `driftless`, CI jobs and people's scripts talk to.
//!
//! One request is read (`body`, `path`), checked (`auth`), answered by a use case of `driftless_releases` or by the
//! records as they are, and put into words (`wire`, `problem`). [`view()`] is the one place that says how a target is.
//!
//! # Guarantees
//! - Deny by default: everything but `/livez`, `/readyz` and `/openapi.json` needs the token, routes that do not exist
//!   included.
//! - Every error is RFC 9457 `application/problem+json`; a refusal changed nothing.
//! - A change of a stored record names the state it was made from (`If-Match`), or says `*`.
//! - No answer calls a target converged for a generation that the controller has not looked at (L8).
//!
//! **Refuses:** AWS (it has the port of the records and that of the artifact buckets, and no other), and deciding anything that `driftless_releases` decides.

mod auth;
mod body;
mod checks;
mod conditions;
mod outcome;
mod path;
mod problem;
mod readiness;
mod router;
mod routes;
mod shell;
mod view;
pub mod wire;

pub use auth::{Auth, Token, TokenError};
pub use outcome::{Outcome, outcome};
pub use problem::{Problem, ProblemKind};
pub use router::{Api, guarded, router};
pub use view::{Seen, view};
