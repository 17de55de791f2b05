//! `driftless`: the command line. It talks to the API and to nothing else; specs it checks by itself.
//!
//! A command is one function: it asks the API, prints, and says how it ended. `exit` owns the exit codes, `failure` the
//! words of what went wrong, `out` the only way to print.
//!
//! **Refuses:** AWS, and deciding how a target is: that word comes from the API.

mod api;
mod args;
mod commands;
mod exit;
mod failure;
mod model;
mod number;
mod out;
mod parse;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::out::Out;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = Out::new(args.global.output);
    match commands::run(args, &mut out).await {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out.failure(&failure);
            failure.exit.into()
        }
    }
}
