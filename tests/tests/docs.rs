//! What the documents say about the repository is so: links lead somewhere, and the map names files that exist and that
//! name the invariant they guard.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Markdown files of the repository, by path from its root.
fn documents() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// The targets of `[text](target)` that are files.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|target| !target.is_empty() && !target.contains("://")).map(str::to_owned).collect()
}

/// What is between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let documents = documents();
    assert!(documents.iter().any(|(path, _)| path.ends_with("README.md")), "the documents are found");
    for (path, text) in documents {
        for link in links(&text) {
            let target = root().join(&path).parent().unwrap().join(&link);
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
}

#[test]
fn the_map_names_files_that_exist_and_that_name_what_they_guard() {
    let map = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let mut rows = 0;
    for line in map.lines().filter(|line| line.starts_with("| S") || line.starts_with("| L")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, invariant, _, held_by, tests, _] = cells.as_slice() else { panic!("not a row of the table: {line}") };
        rows += 1;
        for cell in [held_by, tests] {
            let files = quoted(cell);
            assert!(!files.is_empty(), "{invariant}: nobody is named in `{cell}`");
            for file in files {
                assert!(root().join(&file).is_file(), "{invariant}: {file} does not exist");
            }
        }
        let guards = quoted(tests);
        let named = guards.iter().any(|file| fs::read_to_string(root().join(file)).unwrap().contains(*invariant));
        assert!(named, "{invariant}: none of {guards:?} names it");
    }
    assert_eq!(rows, 16, "every invariant of this version has a row");
}

#[test]
fn every_decision_is_listed_and_every_listed_one_is_there() {
    let folder = root().join("docs/decisions");
    let list = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut listed = links(&list);
    let mut there: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    listed.sort();
    there.sort();
    assert_eq!(listed, there);
    for name in there {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        let number = name.split('-').next().unwrap();
        assert!(text.starts_with(&format!("# {number} ")), "{name} begins with its number");
        assert!(text.contains("## Context") && text.contains("## Choice") && text.contains("## Rejected"), "{name}");
    }
}

#[test]
fn links_are_found_and_those_to_elsewhere_are_not_looked_at() {
    let text = "[a](docs/SPEC.md#keys) [b](https://one.example/x) [c](#here) `[d]` (e)";
    assert_eq!(links(text), ["docs/SPEC.md"]);
}
