//! Words that mean something else to this product's readers, and so have no place in its text.

use crate::nothing_of;
use crate::repository::{File, files, made_up};

/// Spelled in two halves, so that this file does not contain them.
const HALVES: [(&str, &str); 3] = [("ses", "sion"), ("ag", "ent"), ("pro", "mpt")];

/// Where other people's terms hold one of them: AWS's and HTTP's own names, as they are written there.
const TERMS_OF_OTHERS: [(&str, &str); 4] = [
    ("user-ag", "ent"),
    ("user ag", "ent"),
    // STS: the name under which a role is taken, and the token that it gives.
    ("role ses", "sion"),
    ("ses", "sion token"),
];

/// Files that speak of somebody else's things, and whose: here such words are theirs.
const FILES_ABOUT_OTHERS: [(&str, &str); 4] = [
    ("crates/aws/src/credentials.rs", "STS gives a role for a time and calls that so"),
    ("examples/task-definitions/", "documents of other people, unchanged"),
    ("docs/design/aws-facts.md", "STS's own term"),
    ("docs/design/faults.md", "STS's own term"),
];

/// The product: everything in a clone but the lock file.
fn product() -> Vec<File> {
    let folders = ["crates", "tests", "xtask", "docs", "examples", "deploy", ".ci", ".config", ".cargo"];
    let top = ["README.md", "CHANGELOG.md", "Cargo.toml", "clippy.toml", "deny.toml"];
    let mut all = files(&folders);
    all.extend(files(&top));
    all
}

fn said(all: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    let ours = |file: &&File| !FILES_ABOUT_OTHERS.iter().any(|(start, _)| file.path.starts_with(start));
    for File { path, text } in all.iter().filter(ours) {
        for (at, line) in text.lines().enumerate() {
            let mut plain = line.to_lowercase();
            for (before, after) in TERMS_OF_OTHERS {
                plain = plain.replace(&format!("{before}{after}"), "");
            }
            // An underscore joins: `role_session_name` is one word, and AWS's.
            let words = plain.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words {
                let singular = word.strip_suffix('s').unwrap_or(word);
                if HALVES.iter().any(|(a, b)| singular == format!("{a}{b}") || word == format!("{a}{b}")) {
                    violations.push(format!("{path}:{}: `{word}`", at + 1));
                }
            }
        }
    }
    violations
}

#[test]
fn the_product_does_not_use_words_that_mean_something_else() {
    nothing_of(&said(&product()));
}

#[test]
fn such_a_word_is_found_and_other_peoples_terms_are_not() {
    for (a, b) in HALVES {
        assert_eq!(said(&[made_up("README.md", &format!("Begin a new {a}{b}."))]).len(), 1, "{a}{b}");
        assert_eq!(said(&[made_up("README.md", &format!("All {a}{b}s end."))]).len(), 1, "{a}{b}s");
    }
    let fine = "reagents react promptly; role_session_name(\"d\"); AWS_SESSION_TOKEN; obsession";
    assert_eq!(said(&[made_up("README.md", fine)]), Vec::<String>::new());
    let [(_, _), (a, b), _] = HALVES;
    assert_eq!(said(&[made_up("README.md", &format!("User-{a}{b}: driftless"))]), Vec::<String>::new());
}
