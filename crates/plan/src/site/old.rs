//! Which files of earlier releases are deleted now (S14): only what a manifest of ours lists, what is still as we put it
//! there, what neither the current nor the previous release has, after its time, and not more than the cap.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_domain::{
    DesiredRelease, EarlierFiles, Listing, Manifest, ObjectKey, RELEASES_KEPT, SiteBinding, SiteFiles, SitePath,
};
use jiff::{SignedDuration, Timestamp};

use crate::action::{Action, OldFile};
use crate::site::is_html;

/// The share of the objects in our part of the bucket that one generation may delete, in percent. A site that exchanges
/// all its assets with every release settles at four releases' worth of them.
const SHARE: u64 = 25;
/// Small sites may delete this many all the same.
const AT_LEAST: u64 = 25;

/// How many files one generation may delete, of so many that are there.
#[must_use]
pub fn deletions_at_most(objects: usize) -> u64 {
    (u64::try_from(objects).unwrap_or(u64::MAX) / 100 * SHARE).max(AT_LEAST)
}

/// The deletion that is due, if one is.
pub(crate) fn deletions(
    desired: &DesiredRelease,
    files: &SiteFiles,
    bound: &SiteBinding,
    listing: &Listing,
    at: Timestamp,
) -> Option<Action> {
    let SiteFiles { build: _, manifest, settled: _, previous, earlier, every_header: _, memory } = files;
    let (over, staying): (Vec<_>, Vec<_>) = earlier.iter().enumerate().partition(|(index, one)| {
        // `previous` is one of those that are kept.
        index + 1 >= RELEASES_KEPT || is_over(one, bound, at)
    });
    if over.is_empty() {
        return None;
    }
    let stays: Vec<&Arc<Manifest>> =
        [manifest].into_iter().chain(previous).chain(staying.into_iter().map(|(_, one)| &one.manifest)).collect();
    let stays: BTreeSet<&SitePath> =
        stays.into_iter().flat_map(|one| one.files.iter().map(|file| &file.path)).collect();

    let mut pages: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut page_left = false;
    let mut old: Vec<(bool, OldFile)> = Vec::new();
    let mut named: BTreeSet<ObjectKey> = BTreeSet::new();
    for file in over.iter().flat_map(|(_, one)| &one.manifest.files).filter(|file| !stays.contains(&file.path)) {
        let Ok(key) = bound.key_of(&file.path) else { continue };
        let Some(object) = listing.objects.get(&key) else { continue };
        let html = is_html(file);
        if html {
            pages.insert(key.clone());
        }
        if object.holds(file) && named.insert(key.clone()) {
            old.push((html, OldFile { key, etag: object.etag.clone() }));
        }
    }
    for page in &pages {
        // Somebody changed it: it is theirs now, and may refer to any of the others (S13).
        page_left |= !named.contains(page);
    }
    let only_pages = old.iter().any(|(html, _)| *html);
    let mut due: Vec<OldFile> = old
        .into_iter()
        .filter(|(html, _)| *html == only_pages && (*html || !page_left))
        .map(|(_, file)| file)
        .collect();
    let done =
        memory.pruned.as_ref().filter(|pruned| pruned.generation == desired.generation).map_or(0, |one| one.files);
    let left = deletions_at_most(listing.objects.len()).saturating_sub(done);
    due.sort_by(|one, other| one.key.cmp(&other.key));
    due.truncate(usize::try_from(left).unwrap_or(usize::MAX));
    (!due.is_empty()).then(|| Action::DeleteFiles { bucket: bound.bucket.clone(), files: Arc::new(due) })
}

fn is_over(earlier: &EarlierFiles, bound: &SiteBinding, at: Timestamp) -> bool {
    let keep = SignedDuration::try_from(bound.keep).unwrap_or(SignedDuration::MAX);
    at.duration_since(earlier.until) >= keep
}
