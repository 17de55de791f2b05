//! The steps of a site, through `execute`, against a bucket in memory and real zips.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]
#![expect(
    clippy::disallowed_methods,
    reason = "the virtual clock of a paused test is the one these tests measure with"
)]

mod bucket;
mod budget;
mod builds;
mod changes;
mod content;
mod damage;
mod stops;
