//! The whole loop over sockets: real adapters, real records, an emulator that nobody here wrote.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod converge;
mod daemon;
mod shop;
