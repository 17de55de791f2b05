//! `cargo xtask test` and `lint`: what is checked, in which order, and what needs what.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process::{Program, cargo};
use crate::steps::Steps;
use crate::totals::Totals;
use crate::{demo, doctests, prerequisites, repository, say, sites, venv};

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All there is.
    Everything,
    /// What needs no Python and no demo.
    Fast,
    /// No tests at all.
    Lint,
}

/// Runs the checks and prints how they ended; the closing line is `N passed, N failed`.
pub(crate) fn run(extent: Extent) -> Result<ExitCode> {
    let mut steps = Steps::default();
    prerequisites::check()?;
    let everything = extent == Extent::Everything;
    let python = everything && steps.run("set up the Python environment", venv::install);
    let sites = everything && steps.run("build the test sites", sites::build);
    lint(&mut steps);
    if everything {
        // The end-to-end tests run them as processes, and so does the demo.
        steps.run("build driftlessd and driftless", || {
            cargo(&["build", "--package", "driftless-driftlessd", "--package", "driftless-cli", "--bins"]).run()
        });
    }
    match extent {
        Extent::Lint => {}
        Extent::Fast => tests(&mut steps, "fast"),
        Extent::Everything if python && sites => tests(&mut steps, "ci"),
        // What does not need what is missing still runs.
        Extent::Everything if python => {
            tests(&mut steps, "ci-without-sites");
            steps.leave_out("tests that publish the test sites", "they could not be built");
        }
        Extent::Everything => {
            tests(&mut steps, "fast");
            steps.leave_out("tests with the emulator", "there is no Python environment");
        }
    }
    if everything {
        steps.run("demo --check", || {
            let observed = demo::check()?;
            say::note(&observed.line());
            Ok(())
        });
    }
    let (lines, passed) = steps.report();
    for line in lines {
        say::line(&line);
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What looks at the code without running it.
fn lint(steps: &mut Steps) {
    steps.run("formatting", || cargo(&["fmt", "--all", "--check"]).run());
    steps.run("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run());
    steps.run("the daemon without `dev`", || {
        cargo(&["clippy", "--package", "driftless-driftlessd", "--no-default-features", "--", "-D", "warnings"]).run()
    });
    if let Ok(version) = cargo(&["deny", "--version"]).read() {
        steps.run(&format!("dependency policy ({})", version.trim()), || {
            cargo(&["deny", "check", "bans", "licenses", "sources"]).run()
        });
    } else {
        say::note("cargo-deny is not installed: the architecture tests check bans, licences and sources of deny.toml");
    }
}

/// The tests, under a profile of `.config/nextest.toml`, and the examples in the documentation if there are any.
fn tests(steps: &mut Steps, profile: &str) {
    steps.run_tests("tests", || {
        let (runner, nextest) = runner(profile);
        count(&with_venv(runner)?, nextest)
    });
    match doctests::exist() {
        Ok(false) => {}
        Ok(true) => {
            steps
                .run_tests("examples in the documentation", || count(&cargo(&["test", "--workspace", "--doc"]), false));
        }
        Err(error) => {
            steps.run("examples in the documentation", || Err(error));
        }
    }
}

/// nextest where it is installed, cargo's own runner elsewhere; and whether it is nextest.
fn runner(profile: &str) -> (Program, bool) {
    if cargo(&["nextest", "--version"]).read().is_ok() {
        (cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--profile", profile]), true)
    } else {
        say::note("cargo-nextest is not installed: tests run under `cargo test`, one binary after the other");
        (cargo(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]), false)
    }
}

/// With the programs of the Python environment on the path.
fn with_venv(runner: Program) -> Result<Program> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = repository::venv().join("bin");
    let joined = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path)))
        .context("put .venv on the path")?;
    Ok(runner.env("PATH", &joined.to_string_lossy()))
}

/// Runs the tests and counts them.
fn count(runner: &Program, nextest: bool) -> Result<Totals> {
    let (lines, passed) = runner.watch()?;
    let totals = Totals::read(&lines);
    match totals {
        Totals { passed: 0, failed: 0, skipped: _ } if nextest || !passed => bail!("no test was run"),
        Totals { failed: 0, .. } if !passed => bail!("the tests did not run to their end"),
        _ => Ok(totals),
    }
}
