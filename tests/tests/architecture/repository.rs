//! The files of the repository, as a fresh clone has them.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// Not in a clone: built, installed, or written by a run (`.gitignore`).
const NOT_OURS: [&str; 4] = ["target", ".git", ".venv", ".data"];

/// One file: its path from the root, with `/`, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The names at the top.
pub(crate) fn top() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !NOT_OURS.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// All text files below the given folders and files of the root, sorted by path.
pub(crate) fn files(below: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for start in below {
        let start = root().join(start);
        if start.exists() {
            collect(&start, &mut found);
        }
    }
    found.sort_by(|a: &File, b: &File| a.path.cmp(&b.path));
    found
}

/// All Rust files of the workspace.
pub(crate) fn rust() -> Vec<File> {
    let mut all = files(&["crates", "tests", "xtask"]);
    all.retain(|file| file.path.ends_with(".rs"));
    assert!(all.len() > 50, "the walk over the repository finds its files");
    all
}

/// What cargo knows of the workspace and of everything it builds with.
pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .unwrap()
}

/// A file made up for a test of a guard.
pub(crate) fn made_up(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

fn collect(path: &Path, found: &mut Vec<File>) {
    if path.is_dir() {
        if path.file_name().is_some_and(|name| NOT_OURS.iter().any(|other| name == *other) || name == "node_modules") {
            return;
        }
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        found.push(File { path, text });
    }
}
