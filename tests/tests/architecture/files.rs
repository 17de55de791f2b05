//! How files look: short, and each begins with what it is. And what there is at the top of the repository.

use crate::nothing_of;
use crate::repository::{File, made_up, rust, top};

/// Past this many lines a file is two files (STYLE.md 22).
const LONGEST: usize = 500;

/// What a clone has at the top.
const AT_THE_TOP: [&str; 19] = [
    ".cargo",
    ".ci",
    ".config",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "examples",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
    "xtask",
    // Templates and images come with the issues that need them.
    "deploy",
];

/// Of these, what need not be there yet.
const NOT_YET: [&str; 1] = ["deploy"];

fn unlike_the_others(all: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for File { path, text } in all {
        let lines = text.lines().count();
        if lines > LONGEST {
            violations.push(format!("{path}: {lines} lines; split it at {LONGEST}"));
        }
        // A crate's README is its documentation, or its documentation stands in its first file.
        if !text.starts_with("//!") && !text.starts_with("#![doc = include_str!(") {
            violations.push(format!("{path}: begins with `//!`, what it is and what it refuses to do"));
        }
    }
    violations
}

fn unexpected_at_the_top(names: &[String]) -> Vec<String> {
    let unknown = names
        .iter()
        .filter(|name| !AT_THE_TOP.contains(&name.as_str()))
        .map(|name| format!("`{name}` is new at the top"));
    let wanted = AT_THE_TOP.iter().filter(|name| !NOT_YET.contains(name));
    let missing =
        wanted.filter(|wanted| !names.iter().any(|name| name == *wanted)).map(|name| format!("`{name}` is missing"));
    unknown.chain(missing).collect()
}

#[test]
fn every_file_is_short_and_says_what_it_is() {
    nothing_of(&unlike_the_others(&rust()));
}

#[test]
fn the_top_of_the_repository_holds_what_it_should() {
    nothing_of(&unexpected_at_the_top(&top()));
}

#[test]
fn a_long_file_and_a_silent_one_are_found() {
    let long = format!("//! Long.\n{}", "\n".repeat(LONGEST));
    assert_eq!(unlike_the_others(&[made_up("long.rs", &long)]).len(), 1);
    assert_eq!(unlike_the_others(&[made_up("silent.rs", "fn f() {}\n")]).len(), 1);
    assert_eq!(unlike_the_others(&[made_up("fine.rs", "//! Fine.\n")]), Vec::<String>::new());
}

#[test]
fn a_new_name_at_the_top_and_a_missing_one_are_found() {
    let mut names: Vec<String> = AT_THE_TOP.iter().map(ToString::to_string).collect();
    assert_eq!(unexpected_at_the_top(&names), Vec::<String>::new());
    names.retain(|name| name != "LICENSE");
    names.push("notes.txt".to_owned());
    assert_eq!(unexpected_at_the_top(&names), ["`notes.txt` is new at the top", "`LICENSE` is missing"]);
}
