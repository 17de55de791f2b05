//! Every invariant of this version is named where code or a test guards it, so that one search finds who does.

use crate::nothing_of;
use crate::repository::{File, files, made_up, rust};

/// Those that the container path holds: what must never happen (S), and what must come about (L).
const GUARDED: [&str; 13] = ["S2", "S5", "S6", "S7", "S8", "S9", "S10", "S15", "S16", "L1", "L2", "L3", "L4"];

/// The one that is about time alone.
const ALSO: &str = "L6";

/// Names that a text mentions: `S5`, and what lies between in `S5 to S10`.
fn named(text: &str) -> Vec<String> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate() {
        // In the name of a test, too: `s9_a_rollback_is_not_drift`.
        let word = word.split('_').next().unwrap_or_default();
        let Some((kind, number)) = numbered(word) else { continue };
        names.push(format!("{kind}{number}"));
        if words.get(at + 1) == Some(&"to")
            && let Some((other, last)) = words.get(at + 2).and_then(|word| numbered(word))
            && other == kind
        {
            names.extend((number..=last).map(|n| format!("{kind}{n}")));
        }
    }
    names
}

fn numbered(word: &str) -> Option<(char, u32)> {
    let kind = word.chars().next().map(|c| c.to_ascii_uppercase()).filter(|c| ['S', 'L'].contains(c))?;
    Some((kind, word.get(1..)?.parse().ok()?))
}

/// Those of `wanted` that no file names.
fn unnamed(files: &[File], wanted: &[&str]) -> Vec<String> {
    let all: Vec<String> = files.iter().flat_map(|file| named(&file.text)).collect();
    wanted.iter().filter(|name| !all.iter().any(|other| other == *name)).map(ToString::to_string).collect()
}

fn wanted() -> Vec<&'static str> {
    GUARDED.into_iter().chain([ALSO]).collect()
}

#[test]
fn every_invariant_is_named_by_the_code_that_holds_it() {
    let mut code = rust();
    code.retain(|file| file.path.starts_with("crates/") && file.path.contains("/src/"));
    nothing_of(&unnamed(&code, &wanted()));
}

#[test]
fn every_invariant_is_named_by_a_test() {
    let mut tests = rust();
    tests.retain(|file| file.path.contains("tests/") && !file.path.contains("/architecture/"));
    nothing_of(&unnamed(&tests, &wanted()));
}

#[test]
fn the_map_says_where_each_invariant_is_guarded() {
    nothing_of(&unnamed(&files(&["docs/ARCHITECTURE.md"]), &wanted()));
}

#[test]
fn names_are_found_alone_in_ranges_and_in_test_names_and_nowhere_else() {
    let found = |text| unnamed(&[made_up("x.rs", text)], &["S5", "S6", "S9"]);
    assert_eq!(found("/// Guards S5, S6 and S9."), Vec::<String>::new());
    assert_eq!(found("Guards S5 to S10."), Vec::<String>::new());
    assert_eq!(found("fn s9_a_rollback_is_not_drift() {} // S6, (S5)"), Vec::<String>::new());
    assert_eq!(found("S3 buckets, S50, IS5, S_6"), ["S5", "S6", "S9"]);
}
