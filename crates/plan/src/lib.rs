//! Desired against observed gives a [`Plan`].
//!
//! **Invariant:** no async, no clock, no randomness, no I/O, and [`plan`] returns no `Result`: it is total. Time is an
//! argument ([`Observed::at`](driftless_domain::Observed)). Guards S2, S7, S9, S10, S15, S16, L1, L2 and L6; the tests
//! here and the scenarios in `tests/` name them.
//!
//! What it never does: write what it does not own (S15), call something gone because it could not be read (S10), touch a
//! service while ECS rolls it back (S9), or push again what was rejected (S8).

mod action;
mod decide;
mod rollout;
mod service;
mod wait;

pub use action::{Action, Plan};
pub use decide::plan;
pub use service::SETTLE;
pub use wait::{WaitKind, WaitReason};
