//! `cargo xtask demo`: the product as a person meets it, with the commands that a person would type.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::daemon::Daemon;
use super::http::Client;
use super::shop::{APP, ENVIRONMENTS, FIRST, SERVICES, SPEC_FILE};
use super::{Options, build};
use crate::repository::root;
use crate::say;

/// Often enough to watch things heal, seldom enough to see them broken.
const RESYNC: Duration = Duration::from_secs(15);
/// How often the state is looked at, to tell of changes.
const EVERY: Duration = Duration::from_secs(1);

/// Deploys the application of the demo, shows how to play with it, and tells what changes until it is stopped.
///
/// # Errors
///
/// When the daemon does not start, a command fails, or the daemon ends by itself.
pub(crate) fn attended(options: &Options) -> Result<ExitCode> {
    let programs = build::programs()?;
    let mut daemon = Daemon::start(&programs.daemon, options, RESYNC)?;
    if let Err(error) = deploy(&programs.cli, &daemon) {
        return Err(error.context(format!("the demo did not come up{}", daemon.log_tail())));
    }
    say::line(&welcome(&programs.cli, &daemon));
    // ctrl-C reaches the daemon as well; it stops by itself, and so does this loop.
    let client = Client::new(&daemon.api, &daemon.token)?;
    let mut known = BTreeMap::new();
    while !daemon.has_ended() {
        if let Ok(targets) = client.get("/v1/targets") {
            for line in changes(&mut known, &targets) {
                say::line(&line);
            }
        }
        std::thread::sleep(EVERY);
    }
    bail!("driftlessd ended by itself{}", daemon.log_tail())
}

/// What a person types, in order; records of an earlier run stay as they are.
fn commands() -> Vec<Vec<String>> {
    let mut create = words(&["release", "create", APP, "--tag", FIRST.tag]);
    for service in SERVICES {
        create.extend(["--image".to_owned(), format!("{service}={}", FIRST.image(service))]);
    }
    let mut all = vec![words(&["spec", "apply", SPEC_FILE]), create];
    for env in ENVIRONMENTS {
        all.push(words(&["deploy", APP, env, FIRST.tag, "--reason", "the demo", "--wait"]));
    }
    all.push(words(&["status"]));
    all
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Types them.
fn deploy(cli: &Path, daemon: &Daemon) -> Result<()> {
    for arguments in commands() {
        say::line(&format!("\n$ driftless {}", shown(&arguments)));
        let status = Command::new(cli)
            .args(&arguments)
            .current_dir(root())
            .env("DRIFTLESS_API", &daemon.api)
            .env("DRIFTLESS_TOKEN", &daemon.token)
            .status()
            .with_context(|| format!("start {}", cli.display()))?;
        if !status.success() {
            bail!("driftless {}: {status}", shown(&arguments));
        }
    }
    Ok(())
}

/// As one would type it in a shell.
fn shown(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() });
    quoted.collect::<Vec<_>>().join(" ")
}

/// What to type in another terminal.
fn welcome(cli: &Path, daemon: &Daemon) -> String {
    let Daemon { api, token, .. } = daemon;
    format!(
        "
{APP} runs in {} environments of a simulated AWS. In another terminal:

  export DRIFTLESS_API={api} DRIFTLESS_TOKEN={token}
  alias driftless={}

  driftless status --watch
  driftless dev break service {APP} dev web         # somebody points a service at another revision
  driftless dev break parameter {APP} staging web   # somebody edits a version parameter
  driftless dev break release {APP} dev             # a release whose tasks crash: ECS rolls it back
  driftless wait {APP} dev                          # its exit code says so: 7
  driftless history {APP} dev

What changes is told here. ctrl-C ends it all.
",
        ENVIRONMENTS.len(),
        cli.display(),
    )
}

/// A line for each target that is not as it was.
fn changes(known: &mut BTreeMap<String, String>, targets: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for target in targets["targets"].as_array().into_iter().flatten() {
        let word = |key: &str| target[key].as_str().unwrap_or("-");
        let state = format!("{:<14} {:<12} {}", word("headline"), word("runs"), word("reason"));
        let before = known.insert(word("target").to_owned(), state.clone());
        if before.is_some_and(|before| before != state) {
            lines.push(format!("{:<14} {state}", word("target")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{changes, commands, shown};

    #[test]
    fn only_changes_are_told() {
        let mut known = BTreeMap::new();
        let at = |headline: &str| json!({"targets": [{"target": "shop/dev", "headline": headline, "runs": "v1", "reason": "runs v1"}]});
        assert_eq!(changes(&mut known, &at("converged")), Vec::<String>::new());
        assert_eq!(changes(&mut known, &at("converged")), Vec::<String>::new());
        assert_eq!(changes(&mut known, &at("drifted")), ["shop/dev       drifted        v1           runs v1"]);
    }

    #[test]
    fn each_environment_is_waited_for_before_the_next() {
        let typed: Vec<String> = commands().iter().map(|words| shown(words)).collect();
        assert_eq!(typed[0], "spec apply examples/demo/driftless.yaml");
        assert!(
            typed[1].starts_with("release create shop --tag sha-abc1234 --image web=registry.example/shop/web@sha256:")
        );
        assert_eq!(typed[2], "deploy shop dev sha-abc1234 --reason 'the demo' --wait");
        assert_eq!(typed[3], "deploy shop staging sha-abc1234 --reason 'the demo' --wait");
    }
}
