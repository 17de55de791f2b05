//! `cargo xtask demo`: the product in front of a simulated AWS, for a person to look at, or unattended for CI.
//!
//! **Refuses:** to look inside. What it reports was seen through the API of the daemon, as anybody would see it.

mod attended;
mod build;
mod check;
mod daemon;
mod docs;
mod http;
mod observed;
mod shop;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

pub(crate) use attended::attended;
pub(crate) use check::check;

use crate::say;

/// How the attended demo is started.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Where the API listens; 0 picks a free port.
    pub(crate) port: u16,
    /// Where the records are kept; nowhere when nothing is said.
    pub(crate) data: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 7474, data: None }
    }
}

/// Runs the check; the last line on standard output is the JSON line.
pub(crate) fn check_and_print() -> Result<ExitCode> {
    let observed = check()?;
    say::line(&observed.line());
    Ok(ExitCode::SUCCESS)
}
