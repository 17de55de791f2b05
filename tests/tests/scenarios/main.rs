//! Histories in the simulated world. Each asserts on the calls and what they left, not only on the end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod crashes;
mod deploy;
mod drift;
mod isolation;
mod rollback;
mod unsteady;
