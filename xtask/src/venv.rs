//! The Python environment of the tests: the emulator, the engine library it needs, the AWS command line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::program;
use crate::repository::{venv, venv_program};
use crate::say;

/// Every package with its version.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// Says what is installed: the requirements as they were when installing them had succeeded.
const STAMP: &str = "installed-requirements.txt";

/// Installs what is pinned, unless it already is.
///
/// # Errors
///
/// When the environment cannot be made or pip fails twice.
pub(crate) fn install() -> Result<()> {
    let stamp = venv().join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        say::note("the Python environment in .venv is up to date");
        return Ok(());
    }
    say::note("installing the Python environment in .venv");
    // Begun again from nothing: half of an old one is worse than none.
    if venv().exists() {
        fs::remove_dir_all(venv()).context("remove the old .venv")?;
    }
    let directory = venv().to_string_lossy().into_owned();
    program(Path::new("python3"), &["-m", "venv", &directory])
        .read()
        .context("make a Python environment (on Debian this needs the package python3-venv)")?;
    let requirements = venv().join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).context("write the list of packages")?;
    let requirements = requirements.to_string_lossy().into_owned();
    let pip = program(
        &venv_program("pip"),
        &["install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements],
    );
    if let Err(error) = pip.run() {
        say::note(&format!("{error:#}; once more"));
        pip.run().context("install the Python packages, the second time")?;
    }
    fs::write(&stamp, REQUIREMENTS).context("note what is installed")
}

#[cfg(test)]
mod tests {
    use super::REQUIREMENTS;

    #[test]
    fn every_package_is_pinned_and_the_engine_library_is_among_them() {
        let packages: Vec<&str> =
            REQUIREMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        for package in &packages {
            assert!(package.contains("=="), "`{package}` is not pinned");
        }
        for name in ["ministack==1.5.33", "docker==", "awscli=="] {
            assert!(packages.iter().any(|package| package.starts_with(name)), "{name}");
        }
    }
}
