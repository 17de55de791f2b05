//! Histories in the simulated world. Each asserts on the calls and what they left, not only on the end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests, some of which print what they measured"
)]

mod crashes;
mod deploy;
mod drift;
mod isolation;
mod rollback;
mod sites;
mod unsteady;
