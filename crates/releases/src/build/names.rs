//! The names of the entries: each is a path that is written in exactly one way, and together they make one tree.

use std::collections::{BTreeMap, BTreeSet};

use driftless_domain::SitePath;

use super::bad::{BadBuild, BadEntry, bad, shown};
use super::directory::Entry;

/// The path that a name says, which for a directory is without the slash at its end.
pub(super) fn path_of(name: &[u8]) -> Result<SitePath, BadEntry> {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    // Names that are no UTF-8 by their flag and UTF-8 by their bytes are what `zip` makes on Linux: they are taken as they
    // are. What was meant in another alphabet is hardly ever UTF-8 by accident.
    let text = std::str::from_utf8(name).map_err(|_| BadEntry::NotUtf8)?;
    SitePath::parse(text).map_err(|_| BadEntry::Name)
}

/// The names make one tree: no file twice, and none where a directory must be. (A directory twice is no contradiction.)
pub(super) fn check(entries: &[Entry]) -> Result<(), BadBuild> {
    let mut files: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.directory) {
        if files.insert(entry.path.as_str(), entry).is_some() {
            return Err(bad(&entry.name, BadEntry::Twice));
        }
    }
    // Each directory is looked up once, however many entries lie in it.
    let mut checked: BTreeSet<&str> = BTreeSet::new();
    for entry in entries {
        let mut directory = if entry.directory { Some(entry.path.as_str()) } else { parent(entry.path.as_str()) };
        while let Some(name) = directory.filter(|name| checked.insert(name)) {
            if let Some(file) = files.get(name) {
                return Err(bad(&file.name, BadEntry::AlsoDirectory(shown(&entry.name))));
            }
            directory = parent(name);
        }
    }
    Ok(())
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}
