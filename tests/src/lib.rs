//! Shared set-up for the tests in this package.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "everything here is only for tests"
)]

pub mod lab;
pub mod site_lab;

pub mod emulator;
pub mod raw_aws;
pub mod site_zip;
pub mod warped;
