//! `cargo xtask <command>`: every set-up step and check of this repository, so that one command does it all.
//!
//! **Refuses:** to install anything outside the repository (`.venv` and `target` are all it writes), and to hide a failure:
//! steps that do not need each other all run, and what failed is listed last.

mod bench;
mod commands;
mod demo;
mod doctests;
mod prerequisites;
mod process;
mod repository;
mod say;
mod sites;
mod steps;
mod stopwatch;
mod test;
mod totals;
mod venv;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match commands::run(&words) {
        Ok(code) => code,
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
