//! Plans as texts: what is wanted, what was seen, and the words that people read. One `check` for all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod held_back;
mod properties;
mod released;
mod rolled_back;
mod site_properties;
mod site_world;
mod sites;
mod world;
