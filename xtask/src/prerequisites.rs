//! What must be on the machine before anything can be installed.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::program;
use crate::say;

/// A program that must be there, and from which version on.
struct Prerequisite {
    name: &'static str,
    program: &'static str,
    at_least: (u32, u32),
    why: &'static str,
}

const PREREQUISITES: [Prerequisite; 3] = [
    Prerequisite {
        name: "Rust",
        program: "rustc",
        at_least: (1, 95),
        why: "everything; rustup reads rust-toolchain.toml",
    },
    Prerequisite {
        name: "Python",
        program: "python3",
        at_least: (3, 10),
        why: "the AWS emulator of the contract tests",
    },
    Prerequisite { name: "Node", program: "node", at_least: (20, 19), why: "the test site that Vite builds" },
];

/// Looks for all of them.
///
/// # Errors
///
/// One line that names everything that is missing or too old.
pub(crate) fn check() -> Result<()> {
    let missing: Vec<String> = PREREQUISITES.iter().filter_map(|wanted| lack(wanted, &said_by(wanted))).collect();
    if !missing.is_empty() {
        bail!("missing on this machine: {}", missing.join("; "));
    }
    Ok(())
}

/// What the program says of its version; nothing if it is not there.
fn said_by(wanted: &Prerequisite) -> String {
    let said = program(Path::new(wanted.program), &["--version"]).read().unwrap_or_default();
    let said = said.lines().next().unwrap_or_default().to_owned();
    if !said.is_empty() {
        say::note(&format!("{}: {said}", wanted.name));
    }
    said
}

/// What is wrong, in a few words.
fn lack(wanted: &Prerequisite, said: &str) -> Option<String> {
    let Prerequisite { name, program, at_least: (major, minor), why } = wanted;
    match version(said) {
        None => Some(format!("{name} {major}.{minor} or later (`{program}`, for {why})")),
        Some((a, b)) if (a, b) < (*major, *minor) => {
            Some(format!("{name} {major}.{minor} or later (`{program}` is {a}.{b}, for {why})"))
        }
        Some(_) => None,
    }
}

/// The first `major.minor` in what a program says of its version.
fn version(said: &str) -> Option<(u32, u32)> {
    said.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{PREREQUISITES, lack, version};

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert_eq!(version(""), None);
    }

    #[test]
    fn what_is_missing_or_too_old_is_said_in_a_few_words() {
        let [rust, python, _node] = &PREREQUISITES;
        assert_eq!(lack(rust, "rustc 1.95.0"), None);
        let old = lack(python, "Python 3.9.2").unwrap();
        assert_eq!(old, "Python 3.10 or later (`python3` is 3.9, for the AWS emulator of the contract tests)");
        assert!(lack(python, "").unwrap().starts_with("Python 3.10 or later (`python3`, for"));
    }
}
