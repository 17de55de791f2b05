//! What can be said on the command line. Everything can be said by environment variables as well.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use driftless_domain::{AppName, EnvName, Region};

/// Keeps every environment of every application on the release that people approved.
#[derive(Debug, Parser)]
#[command(name = "driftlessd", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) aws: Aws,
    /// How log lines look; which are shown is decided by DRIFTLESS_LOG (like `info,driftless_reconcile=debug`).
    #[arg(long, global = true, env = "DRIFTLESS_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where the records are. Workload accounts come from the specs.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Aws {
    /// The DynamoDB table with the records.
    #[arg(long, global = true, env = "DRIFTLESS_TABLE", default_value = "driftless")]
    pub(crate) table: String,
    /// The region of the table.
    #[arg(long, global = true, env = "AWS_REGION")]
    pub(crate) region: Option<Region>,
    /// An emulator to talk to instead of AWS, for example http://127.0.0.1:4566.
    #[arg(long, global = true, env = "DRIFTLESS_ENDPOINT", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the controller and the API until it is told to stop.
    Serve(Serve),
    /// Brings targets as far as they get at once, prints what was done, and ends: for CI jobs and people.
    ///
    /// Ends with 0 when all are converged, 3 when one needs a person, 6 when one waits for an approval, 7 when one was
    /// rejected, 8 when one is on its way or (with --dry-run) differs, 5 when another controller is at work.
    Reconcile(Reconcile),
    /// Makes the table (or what it lacks): index, TTL, point-in-time recovery, stream, deletion protection.
    Bootstrap(Bootstrap),
    /// Runs everything in one process without AWS: a simulated world, and records in an embedded DynamoDB.
    #[cfg(feature = "dev")]
    Dev(Dev),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where the API listens. Only loopback addresses, until people can sign in.
    #[arg(long, env = "DRIFTLESS_LISTEN", default_value = "127.0.0.1:7474")]
    pub(crate) listen: SocketAddr,
    /// The file with the API's token. It is made, readable by its owner alone, if it is not there.
    #[arg(long, env = "DRIFTLESS_TOKEN_FILE", default_value = "driftless.token")]
    pub(crate) token_file: PathBuf,
    /// Every target is looked at again after this many seconds, a little more or less.
    #[arg(long, env = "DRIFTLESS_RESYNC", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    pub(crate) resync: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reconcile {
    /// Required: without it, run `driftlessd serve`.
    #[arg(long, required = true)]
    pub(crate) once: bool,
    /// Only targets of this app.
    #[arg(long)]
    pub(crate) app: Option<AppName>,
    /// Only targets in this environment.
    #[arg(long)]
    pub(crate) env: Option<EnvName>,
    /// Print the plans and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bootstrap {
    /// Leave deletion protection off (for tables of tests).
    #[arg(long)]
    pub(crate) no_deletion_protection: bool,
}

#[cfg(feature = "dev")]
#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 7474)]
    pub(crate) port: u16,
    /// A directory that keeps the records over restarts. Without it they are gone at the end. The simulated AWS begins
    /// anew each time.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// A file to write the token to, readable by its owner alone.
    #[arg(long)]
    pub(crate) token_file: Option<PathBuf>,
    /// Every target is looked at again after this many seconds, a little more or less.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) resync: u64,
    /// Chance in the simulated AWS grows from this.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
