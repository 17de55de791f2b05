//! From the zip of a build to its manifest: every entry checked, unpacked once and hashed, every header decided. Or a
//! refusal of the whole build that names the entry (docs/design/faults.md, "Zip artifacts").
//!
//! The zip is read by our own strict reader. Readers in use rewrite names, fold repetitions, look for an end where there is
//! none and search for entries behind other bytes; each of these makes two readings of one file, and here there is exactly
//! one: the entries lie behind each other from the first byte to the directory, and what is said twice is said alike. Tests
//! hold it against the `zip` crate.
//!
//! **Refuses:** writing anything of a zip to disk, and holding more of it in memory than its directory and two buffers.

mod bad;
mod bytes;
mod directory;
mod end;
mod hashed_names;
mod hashes;
mod headers;
mod inflate;
mod limits;
mod media_types;
mod names;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use driftless_domain::{Manifest, SiteFile};
use driftless_spec::SiteApp;

pub use bad::{BadBuild, BadEntry, BadZip};

use directory::Entry;
use headers::Serving;

pub(crate) use limits::ZIP_BYTES;

/// How much of the zip is read at a time.
const BUFFER: usize = 64 * 1024;

/// Reads the zip of a build from its first to its last byte, once.
///
/// # Guarantees
/// For every file of the manifest, unpacking exactly the bytes that `packed` names by its method gives `size` bytes with the
/// hash `sha256`: that is how they were computed.
///
/// # Errors
/// [`BadBuild`], naming the entry where there is one. [`BadBuild::Unreadable`] says nothing about the build.
pub fn inspect(mut zip: impl Read + Seek, site: &SiteApp) -> Result<Manifest, BadBuild> {
    let length = zip.seek(SeekFrom::End(0))?;
    let end = end::read(&mut zip, length)?;
    let entries = directory::parse(&end::bytes_at(&mut zip, end.directory, end.size)?, &end)?;
    names::check(&entries)?;
    check_is_site(&entries, site)?;
    limits::check(&entries)?;

    let paths: BTreeSet<&str> =
        entries.iter().filter(|entry| !entry.directory).map(|entry| entry.path.as_str()).collect();
    let serving = Serving::new(&site.headers, &paths)?;
    let mut by_place: Vec<&Entry> = entries.iter().collect();
    by_place.sort_by_key(|entry| entry.header);
    zip.seek(SeekFrom::Start(0))?;
    let mut files = Vec::with_capacity(paths.len());
    walk::walk(BufReader::with_capacity(BUFFER, zip), &by_place, end.directory, |entry, packed, hashed| {
        if entry.directory {
            return;
        }
        let (headers, class) = serving.of(&entry.path);
        files.push(Arc::new(SiteFile {
            path: entry.path.clone(),
            size: entry.size,
            sha256: hashed.sha256,
            etag: hashed.etag,
            parts_checksum: hashed.parts_checksum,
            headers,
            class,
            packed,
        }));
    })?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Manifest { files })
}

/// It holds something, and the page that people come to (S10: an empty build never empties a bucket).
fn check_is_site(entries: &[Entry], site: &SiteApp) -> Result<(), BadZip> {
    let mut files = entries.iter().filter(|entry| !entry.directory).peekable();
    if files.peek().is_none() {
        return Err(BadZip::Empty);
    }
    if files.any(|file| file.path == site.entry_page) {
        Ok(())
    } else {
        Err(BadZip::NoEntryPage(site.entry_page.clone()))
    }
}
