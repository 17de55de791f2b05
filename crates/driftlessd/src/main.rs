//! `driftlessd`: the controller and the API of Driftless. Configuration and wiring; what it wires is in the other crates.

mod args;
mod bootstrap;
mod clock;
#[cfg(feature = "dev")]
mod dev;
mod listen;
mod logging;
mod once;
mod say;
mod secret;
mod serve;
mod stop;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    logging::start(args.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say::failed(&anyhow::Error::new(error).context("start the runtime")),
    };
    let done = runtime.block_on(async {
        match args.command {
            Command::Serve(serve) => serve::serve(&args.aws, serve).await,
            Command::Reconcile(once) => once::reconcile(&args.aws, once).await,
            Command::Bootstrap(bootstrap) => bootstrap::bootstrap(&args.aws, bootstrap).await,
            #[cfg(feature = "dev")]
            Command::Dev(dev) => dev::dev(dev).await,
        }
    });
    // Passes that hang must not keep the process from ending.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    done.unwrap_or_else(|error| say::failed(&error))
}
