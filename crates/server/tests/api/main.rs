//! The API, asked in process: what it answers, what it refuses, and that a refusal changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod changes;
mod door;
mod openapi;
mod setup;
mod sites;
mod targets;
mod waiting;
