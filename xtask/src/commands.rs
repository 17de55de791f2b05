//! The commands and their flags.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process::cargo;
use crate::{bench, demo, prerequisites, say, sites, test, venv};

const HELP: &str = "\
cargo xtask <command>

  test [--fast]          all checks and tests, after installing what they need
                         --fast: without the emulator, the demo and their set-up
  demo [--port N] [--data DIR]
                         services and a site in three environments of a simulated AWS, to look at and to break
                         --port: where the API listens (7474); --data: keep the records over restarts
  demo --check           the same, unattended on a free port; the last line is one JSON line of what was observed
  bench site [--rounds N] [--quick]
                         a site of 5,000 files deployed by s5cmd, rclone, aws and Driftless; the last line is JSON of ratios
  setup                  only what the tests need: a Python environment in .venv, the sites to publish in target/sites
  lint                   formatting, clippy, the daemon without `dev`, the dependency policy
  schema                 write the generated files again: JSON Schema and OpenAPI
  help                   this text

Needed on the machine: Rust (the version of rust-toolchain.toml), Python 3.10 or later, Node 20.19 or later.
Exit codes: 0 all of it passed, 1 something failed, 2 wrong usage.";

/// Runs the command that `words` spell.
pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["test"] => test::run(test::Extent::Everything),
        ["test", "--fast"] => test::run(test::Extent::Fast),
        ["lint"] => test::run(test::Extent::Lint),
        ["setup"] => {
            prerequisites::check()?;
            venv::install()?;
            sites::build()?;
            Ok(ExitCode::SUCCESS)
        }
        ["schema"] => schema(),
        ["bench", "site", flags @ ..] => bench::site(flags),
        ["demo", "--check"] => demo::check_and_print(),
        ["demo", flags @ ..] => match demo_flags(flags) {
            Ok(options) => demo::attended(&options),
            Err(wrong) => Ok(usage(&wrong.to_string())),
        },
        ["help" | "--help" | "-h"] => {
            say::line(HELP);
            Ok(ExitCode::SUCCESS)
        }
        [] => Ok(usage("which command?")),
        other => Ok(usage(&format!("there is no `cargo xtask {}`", other.join(" ")))),
    }
}

/// The flags of `demo` without `--check`.
fn demo_flags(mut flags: &[&str]) -> Result<demo::Options> {
    let mut options = demo::Options::default();
    loop {
        flags = match flags {
            [] => return Ok(options),
            ["--port", port, rest @ ..] => {
                options.port = port.parse().with_context(|| format!("`{port}` is not a port"))?;
                rest
            }
            ["--data", directory, rest @ ..] => {
                options.data = Some(directory.into());
                rest
            }
            [other, ..] => bail!("`demo` has no `{other}`"),
        };
    }
}

/// Says what is wrong with how it was called.
fn usage(wrong: &str) -> ExitCode {
    say::note(&format!("{wrong}\n\n{HELP}"));
    ExitCode::from(2)
}

/// Writes the generated files by running the tests that compare them.
fn schema() -> Result<ExitCode> {
    let spec = cargo(&["test", "--package", "driftless-spec", "--test", "schema"]);
    let openapi = cargo(&["test", "--package", "driftless-server", "openapi"]);
    for (command, variable) in [(spec, "UPDATE_SCHEMA"), (openapi, "UPDATE_OPENAPI")] {
        command.env(variable, "1").run()?;
    }
    cargo(&["test", "--package", "driftless-spec", "--test", "schema"]).run()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::demo_flags;

    #[test]
    fn the_flags_of_the_demo_are_read_in_any_order_and_an_unknown_one_is_refused() {
        let options = demo_flags(&["--data", "/tmp/records", "--port", "0"]).unwrap();
        assert_eq!((options.port, options.data), (0, Some("/tmp/records".into())));
        assert_eq!(demo_flags(&["--colour"]).unwrap_err().to_string(), "`demo` has no `--colour`");
        assert_eq!(demo_flags(&["--port", "http"]).unwrap_err().to_string(), "`http` is not a port");
        assert_eq!(demo_flags(&["--port"]).unwrap_err().to_string(), "`demo` has no `--port`");
    }
}
