//! Real sites, published into an emulator's buckets and looked at there as a browser would, and drift made by the AWS CLI.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod drift;
mod objects;
mod publish;
mod rollback;
mod sites;
