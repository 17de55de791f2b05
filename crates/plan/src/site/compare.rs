//! A build's manifest beside what the bucket shows: which files differ, and which objects are of earlier releases.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_domain::{
    CallError, ETag, Listing, NameError, ObjectKey, Seen, SiteBinding, SiteFile, SiteFiles, SitePath,
};

use crate::action::FileChange;

/// How the bucket differs from the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Files that are not there, or are there with other content. Those without [`FileChange::replaces`] are not there.
    pub uploads: Vec<FileChange>,
    /// Files whose headers are known to be others.
    pub headers: Vec<FileChange>,
    /// Files whose headers are not known: the first failed look at one of them.
    pub unreadable: Option<CallError>,
    /// A file whose key S3 would not take.
    pub too_long: Option<SitePath>,
    /// Objects that only earlier releases of ours have.
    pub kept: Vec<ObjectKey>,
    /// Objects that no release of ours has.
    pub foreign: Vec<ObjectKey>,
}

/// Compares what should be there with what is.
#[must_use]
pub fn compare(files: &SiteFiles, bound: &SiteBinding, listing: &Listing) -> Comparison {
    let SiteFiles { build: _, manifest, settled, previous, earlier, every_header: _, memory: _ } = files;
    let mut comparison = Comparison::default();
    let mut wanted = BTreeSet::new();
    for file in &manifest.files {
        let key = match bound.key_of(&file.path) {
            Ok(key) => key,
            Err(NameError { .. }) => {
                comparison.too_long.get_or_insert_with(|| file.path.clone());
                continue;
            }
        };
        match listing.objects.get(&key) {
            None => comparison.uploads.push(change(&key, file, None)),
            Some(object) if !object.holds(file) => {
                // That a HEAD failed is not that the content is another: nothing is concluded (S10).
                match (object.is_doubtful(file), listing.heads.get(&key)) {
                    (true, Some(Seen::Unknown(error))) => {
                        comparison.unreadable.get_or_insert_with(|| error.clone());
                    }
                    (_, _) => comparison.uploads.push(change(&key, file, Some(object.etag.clone()))),
                }
            }
            Some(object) => match listing.heads.get(&key) {
                Some(Seen::Known(head)) if head.etag == object.etag && !head.serves(&file.headers) => {
                    comparison.headers.push(change(&key, file, Some(object.etag.clone())));
                }
                Some(Seen::Unknown(error)) if !presumed(files, listing, &key, file) => {
                    comparison.unreadable.get_or_insert_with(|| error.clone());
                }
                // Exchanged or deleted between list and HEAD: the next look shows it.
                Some(Seen::Known(_) | Seen::Absent | Seen::Unknown(_)) | None => {}
            },
        }
        wanted.insert(key);
    }
    let ours = settled.iter().chain(previous).chain(earlier.iter().map(|earlier| &earlier.manifest));
    let ours: BTreeSet<ObjectKey> =
        ours.flat_map(|manifest| &manifest.files).filter_map(|file| bound.key_of(&file.path).ok()).collect();
    for key in listing.objects.keys().filter(|key| !wanted.contains(*key)) {
        let list = if ours.contains(key) { &mut comparison.kept } else { &mut comparison.foreign };
        list.push(key.clone());
    }
    comparison
}

fn presumed(files: &SiteFiles, listing: &Listing, key: &ObjectKey, file: &SiteFile) -> bool {
    listing.written.contains(key) || files.presumes_headers_of(file)
}

fn change(key: &ObjectKey, file: &Arc<SiteFile>, replaces: Option<ETag>) -> FileChange {
    FileChange { key: key.clone(), file: Arc::clone(file), replaces }
}
