//! The commands, one function each: ask, print, say how it ended.

mod deploy;
#[cfg(feature = "dev")]
mod dev;
mod release;
mod site;
mod spec;
mod status;
mod target;
mod wait;

use crate::api::Api;
use crate::args::{Args, Command, Spec};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;

/// Runs what the command line says.
pub(crate) async fn run(args: Args, out: &mut Out) -> Result<Exit, Failure> {
    let Args { global, command } = args;
    let api = || Api::new(&global);
    match command {
        Command::Spec(Spec::Validate { file, strict }) => spec::validate(&file, strict, out),
        Command::Spec(Spec::Schema) => spec::schema(out),
        Command::Spec(Spec::Apply { file, dry_run, strict }) => spec::apply(&api()?, &file, dry_run, strict, out).await,
        Command::Release(command) => release::run(&api()?, command, out).await,
        Command::Deploy(command) => deploy::run(&api()?, command, out).await,
        Command::Status(command) => status::run(&api()?, command, out).await,
        Command::Diff(at) => target::diff(&api()?, &at.target(), out).await,
        Command::History(command) => target::history(&api()?, &command, out).await,
        Command::Wait(command) => wait::run(&api()?, &command, out).await,
        Command::Reconcile(at) => target::reconcile(&api()?, &at.target(), out).await,
        #[cfg(feature = "dev")]
        Command::Dev(command) => dev::run(&api()?, command, out).await,
    }
}

/// The API's path of a target.
fn path_of(target: &driftless_domain::Target) -> String {
    let driftless_domain::Target { app, env } = target;
    format!("/v1/apps/{app}/environments/{env}")
}
