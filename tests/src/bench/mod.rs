//! How fast and how well a site is deployed, beside the tools that people use today: the same builds, the same S3, in turn.
//!
//! **Refuses:** to compare with a tool that failed, and to leave anything behind but the Python environment of the others.

mod build;
mod checks;
mod driftless;
pub(crate) mod measure;
mod options;
mod peers;
mod report;
mod rounds;
mod say;
mod site;
mod tool;

use anyhow::{Context as _, Result, ensure};

use options::Options;
use tool::Tool;

/// Measures, and prints the table and, as the last line, the JSON.
///
/// # Errors
/// When the command line is wrong or a tool fails.
pub(crate) async fn bench(words: impl Iterator<Item = String>) -> Result<()> {
    let options = Options::read(words)?;
    measure::allow_many_connections();
    let gone_at_the_end =
        tempfile::Builder::new().prefix("driftless-bench-").tempdir().context("make a folder for the builds")?;
    let tools = tools(&options)?;
    let place = options.keep.as_deref().unwrap_or(gone_at_the_end.path());
    let samples = rounds::all(&options, &tools, place).await?;
    say::line(&report::table(&samples));
    say::line(&report::json(&samples));
    Ok(())
}

/// The tools that are to run.
fn tools(options: &Options) -> Result<Vec<Box<dyn Tool>>> {
    let mut tools: Vec<Box<dyn Tool>> = Vec::new();
    for peer in peers::peers(&options.venv)? {
        tools.push(Box::new(peer));
    }
    if let Some(daemon) = &options.daemon {
        tools.push(Box::new(driftless::Driftless::new(daemon.clone())));
    }
    let wanted =
        |tool: &str| options.only.is_empty() || options.only.iter().any(|name| tool.starts_with(name.as_str()));
    tools.retain(|tool| wanted(tool.name()));
    ensure!(!tools.is_empty(), "no tool is left");
    Ok(tools)
}
