//! The two programs of the demo, built from the working tree.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::cargo;
use crate::say;

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) daemon: PathBuf,
    pub(crate) cli: PathBuf,
}

/// Builds them (debug profile) and asks cargo where it put them.
///
/// # Errors
///
/// When the build fails.
pub(crate) fn programs() -> Result<Programs> {
    say::step("build driftlessd and driftless");
    let build = cargo(&[
        "build",
        "--package",
        "driftless-driftlessd",
        "--package",
        "driftless-cli",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    let output = build.command().stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start cargo")?;
    if !output.status.success() {
        bail!("{build}: {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Programs { daemon: built(&messages, "driftlessd")?, cli: built(&messages, "driftless")? })
}

/// The executable of a binary target, as cargo's messages name it.
fn built(messages: &str, name: &str) -> Result<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = messages
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.with_context(|| format!("cargo built no `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::built;

    #[test]
    fn the_executable_is_found_among_other_messages() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"driftless_domain\"},\"executable\":null}\n",
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"driftlessd\"},\"executable\":\"/t/debug/driftlessd\"}\n",
            "not json\n"
        );
        assert_eq!(built(messages, "driftlessd").unwrap().to_str(), Some("/t/debug/driftlessd"));
        assert_eq!(built(messages, "driftless").unwrap_err().to_string(), "cargo built no `driftless`");
    }
}
