//! What people see: the compiled `driftless` against an API that answers what it is told to.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod change;
#[cfg(feature = "dev")]
mod dev;
mod fake;
mod look;
mod sites;
mod spec;
mod trouble;
mod wait;
