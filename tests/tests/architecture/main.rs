//! The rules of the workspace that no compiler knows: who may depend on whom, what may come in from outside, what the
//! deciding part may not contain, and how files look.
//!
//! Every rule is a function over data that gives the violations, with a test beside it that breaks the rule on purpose: a
//! guard that cannot fail guards nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

mod edges;
mod files;
mod invariants;
mod policy;
mod pure;
mod repository;
mod spdx;
mod surface;
mod words;

/// Fails with every violation on a line of its own.
#[track_caller]
fn nothing_of(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n  {}", violations.len(), violations.join("\n  "));
}
