//! `cargo xtask demo`: the product as a person meets it, with the commands that a person would type.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::daemon::Daemon;
use super::http::Client;
use super::shop::{APP, ENVIRONMENTS, FIRST, SERVICES, SPEC_FILE};
use super::{Options, build, docs};
use crate::repository::root;
use crate::say;

/// Often enough to watch things heal, seldom enough to see them broken.
const RESYNC: Duration = Duration::from_secs(15);
/// How often the state is looked at, to tell of changes.
const EVERY: Duration = Duration::from_secs(1);

/// Deploys the applications of the demo, shows how to play with it, and tells what changes until it is stopped.
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

/// What a person types for the services, in order; records of an earlier run stay as they are.
fn services() -> Vec<Vec<String>> {
    let mut create = words(&["release", "create", APP, "--tag", FIRST.tag]);
    for service in SERVICES {
        create.extend(["--image".to_owned(), format!("{service}={}", FIRST.image(service))]);
    }
    [vec![words(&["spec", "apply", SPEC_FILE]), create], promote(APP, FIRST.tag)].concat()
}

/// One build to all environments, each after the one before.
fn promote(app: &str, tag: &str) -> Vec<Vec<String>> {
    ENVIRONMENTS.map(|env| words(&["deploy", app, env, tag, "--reason", "the demo", "--wait"])).to_vec()
}

/// What a person types after a site was built: what the command that built it said.
fn announcement(said: &str) -> Result<Vec<String>> {
    let next = said.lines().find_map(|line| line.trim().strip_prefix("next: driftless "));
    next.map(|line| line.split(' ').map(str::to_owned).collect()).with_context(|| format!("no next command in {said}"))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Types it all.
fn deploy(cli: &Path, daemon: &Daemon) -> Result<()> {
    for arguments in services() {
        typed(cli, daemon, &arguments)?;
    }
    typed(cli, daemon, &words(&["spec", "apply", docs::SPEC_FILE]))?;
    for tag in [docs::FIRST, docs::SECOND] {
        let said = typed_and_read(cli, daemon, &words(&["dev", "build", docs::APP, tag]))?;
        typed(cli, daemon, &announcement(&said)?)?;
    }
    for arguments in promote(docs::APP, docs::FIRST) {
        typed(cli, daemon, &arguments)?;
    }
    typed(cli, daemon, &words(&["status"]))
}

/// Types one command.
fn typed(cli: &Path, daemon: &Daemon, arguments: &[String]) -> Result<()> {
    let status = command(cli, daemon, arguments).status().with_context(|| format!("start {}", cli.display()))?;
    if !status.success() {
        bail!("driftless {}: {status}", shown(arguments));
    }
    Ok(())
}

/// Types one command, and reads what it says.
fn typed_and_read(cli: &Path, daemon: &Daemon, arguments: &[String]) -> Result<String> {
    let output = command(cli, daemon, arguments).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("start {}", cli.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    say::line(said.trim_end());
    if !output.status.success() {
        bail!("driftless {}: {}", shown(arguments), output.status);
    }
    Ok(said)
}

/// A command, told before it is started.
fn command(cli: &Path, daemon: &Daemon, arguments: &[String]) -> Command {
    say::line(&format!("\n$ driftless {}", shown(arguments)));
    let mut command = Command::new(cli);
    command.args(arguments).current_dir(root());
    command.env("DRIFTLESS_API", &daemon.api).env("DRIFTLESS_TOKEN", &daemon.token);
    command
}

/// As one would type it in a shell.
fn shown(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() });
    quoted.collect::<Vec<_>>().join(" ")
}

/// What to type in another terminal.
fn welcome(cli: &Path, daemon: &Daemon) -> String {
    let Daemon { api, token, .. } = daemon;
    let (site, first, second) = (docs::APP, docs::FIRST, docs::SECOND);
    format!(
        "
{APP} and the site {site} run in {} environments of a simulated AWS. In another terminal:

  export DRIFTLESS_API={api} DRIFTLESS_TOKEN={token}
  alias driftless={}

  driftless status --watch
  driftless dev break service {APP} dev web         # somebody points a service at another revision
  driftless dev break parameter {APP} staging web   # somebody edits a version parameter
  driftless dev break release {APP} dev             # a release whose tasks crash: ECS rolls it back
  driftless wait {APP} dev                          # its exit code says so: 7
  driftless history {APP} dev

  driftless dev objects {site} dev                   # what is in the bucket, and who put it there
  driftless dev break object {site} dev              # somebody edits a page; also: deleted, headers, foreign
  driftless reconcile {site} dev                     # look now, at every header
  driftless deploy {site} dev {second} --reason 'the next one' --wait
  driftless deploy {site} dev {first} --reason 'back' --wait

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

    use super::{announcement, changes, services, shown};

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
        let typed: Vec<String> = services().iter().map(|words| shown(words)).collect();
        assert_eq!(typed[0], "spec apply examples/demo/driftless.yaml");
        assert!(
            typed[1].starts_with("release create shop --tag sha-abc1234 --image web=registry.example/shop/web@sha256:")
        );
        assert_eq!(typed[2], "deploy shop dev sha-abc1234 --reason 'the demo' --wait");
        assert_eq!(typed[3], "deploy shop staging sha-abc1234 --reason 'the demo' --wait");
    }

    #[test]
    fn a_built_site_is_announced_as_the_command_that_built_it_says() {
        let said = "builds/docs/v1.zip is uploaded to the bucket b (5 kB)\n  next: driftless release create docs v1 --sha256 22\n";
        assert_eq!(announcement(said).unwrap(), ["release", "create", "docs", "v1", "--sha256", "22"]);
        assert!(announcement("it is uploaded").is_err());
    }
}
