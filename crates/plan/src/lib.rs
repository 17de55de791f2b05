//! Desired against observed gives a [`Plan`].
//!
//! **Invariant:** no async, no clock, no randomness, no I/O, and [`plan`] returns no `Result`: it is total. Time is an
//! argument ([`Observed::at`](driftless_domain::Observed)).
//!
//! What it holds, by the numbers of docs/design/invariants.md; the tests beside it and the scenarios in `tests/` use the
//! same numbers:
//!
//! - S2: what is registered names a digest, and `Converged` needs the running tasks to show it (`service::digests`).
//! - S6, L1: a target that is as it should be needs nothing, and every other plan brings it nearer (`golden/properties`).
//! - S7, L2: a revision with our content is used again, a push that may be under way is awaited, and a plan stops where the
//!   next step's input is not known yet, so that every crash point is an ordinary state.
//! - S8: a release that ended badly is rejected, once, and not pushed again.
//! - S9: what ECS is taking back, or took back, is an answer and not drift (`rollout`).
//! - S10: unknown and missing make a plan wait.
//! - S15, S16: one image changes and nothing else; documents are compared by what they mean.
//! - S13: of a site, what is referred to goes before what refers to it (`site`); S14: what is deleted is ours, as we put it
//!   there, and of neither the current nor the previous release (`site::old`).
//! - L6: a rollout that passes its deadline has failed.
//!
//! What it never does: write what it does not own (S15), call something gone because it could not be read (S10), touch a
//! service while ECS rolls it back (S9), or push again what was rejected (S8).

mod action;
mod decide;
mod rollout;
mod service;
mod site;
mod wait;

pub use action::{Action, FileChange, OldFile, Plan};
pub use decide::plan;
pub use service::SETTLE;
pub use site::{Comparison, PATHS_AT_MOST, compare, deletions_at_most, fold};
pub use wait::{WaitKind, WaitReason};
