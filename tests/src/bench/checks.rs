//! What a deployment did to the people who looked at the site meanwhile: read from the server's log and from what is in the
//! bucket in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::site::Release;
use crate::s3::{Event, Object, Operation, Piece, What};

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Files of the wanted release that are missing in the end or have other bytes.
    pub(crate) stale: usize,
    /// Pages that appeared while an asset that they refer to was not there.
    pub(crate) html_before_assets: usize,
    /// Objects removed by a request that arrived before the last object appeared.
    pub(crate) early_deletes: usize,
    /// Requests of every kind.
    pub(crate) requests: usize,
    /// Requests that put, copy or remove something.
    pub(crate) writes: usize,
    /// Answers of 500 and more.
    pub(crate) failures: usize,
}

/// Looks at one deployment to `bucket`: what was there `before`, what happened, and what is there `after`.
pub(crate) fn look(
    release: &Release,
    bucket: &str,
    before: BTreeSet<String>,
    events: &[Event],
    after: &BTreeMap<String, Arc<Object>>,
) -> Findings {
    let mut findings = Findings { stale: stale(release, after), ..Findings::default() };
    let mut there = before;
    let mut arrived = HashMap::new();
    let ours = |other: &str| other == bucket;
    let last = events.iter().rposition(|event| matches!(&event.what, What::Appeared { bucket, .. } if ours(bucket)));
    for (at, Event { request, what, .. }) in events.iter().enumerate() {
        match what {
            What::Arrived { operation, .. } => {
                findings.requests += 1;
                findings.writes += usize::from(writes(*operation));
                arrived.insert(*request, at);
            }
            What::Appeared { bucket, key } if ours(bucket) => {
                let refers_to = release.files.get(key).map(|file| &*file.refers_to).unwrap_or_default();
                findings.html_before_assets += usize::from(refers_to.iter().any(|asset| !there.contains(asset)));
                there.insert(key.clone());
            }
            What::Gone { bucket, key } if ours(bucket) => {
                let asked = arrived.get(request).copied().unwrap_or(at);
                findings.early_deletes += usize::from(last.is_some_and(|last| asked < last));
                there.remove(key);
            }
            What::Appeared { .. } | What::Gone { .. } => {}
            What::Answered { status } => findings.failures += usize::from(*status >= 500),
        }
    }
    findings
}

fn writes(operation: Operation) -> bool {
    match operation {
        Operation::Put
        | Operation::Begin
        | Operation::Part
        | Operation::Complete
        | Operation::Abort
        | Operation::Copy
        | Operation::Delete
        | Operation::DeleteMany => true,
        Operation::Get | Operation::Head | Operation::List | Operation::Bucket | Operation::Other => false,
    }
}

fn stale(release: &Release, after: &BTreeMap<String, Arc<Object>>) -> usize {
    let fresh = |path: &String, bytes: &Bytes| after.get(path).is_some_and(|object| same(&object.pieces, bytes));
    release.files.iter().filter(|(path, file)| !fresh(path, &file.bytes)).count()
}

/// Whether the pieces are these bytes.
fn same(pieces: &[Piece], bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for piece in pieces {
        let end = usize::try_from(piece.size()).unwrap_or(usize::MAX);
        let Some((these, behind)) = rest.split_at_checked(end) else { return false };
        let equal = match piece {
            Piece::Kept(bytes) => these == bytes,
            Piece::Forgotten { size: _, sha256 } => Sha256::digest(these)[..] == sha256[..],
        };
        if !equal {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use bytes::Bytes;
    use sha2::{Digest as _, Sha256};

    use super::{Findings, look};
    use crate::bench::site::{File, Release};
    use crate::s3::{Conditions, Kind, Log, Object, Operation, Piece, Store};

    const ASSET: &str = "assets/a-12345678.js";

    fn release() -> Release {
        let file = |text: &'static str, refers_to: &[&str]| File {
            bytes: Bytes::from_static(text.as_bytes()),
            refers_to: refers_to.iter().map(ToString::to_string).collect(),
            changed: true,
        };
        let files = [(ASSET.to_owned(), file("asset", &[])), ("index.html".to_owned(), file("page", &[ASSET]))];
        Release { name: "r", files: BTreeMap::from(files) }
    }

    /// What is found when requests do this one after the other: put a key with a text, or remove a key.
    fn found_after(story: &[(&str, Option<&'static str>)]) -> Findings {
        let log = Arc::new(Log::new());
        let store = Store::new(Arc::clone(&log));
        store.make_bucket("b", Kind::Plain);
        for (key, text) in story {
            let operation = if text.is_some() { Operation::Put } else { Operation::Delete };
            let request = log.arrived(operation, "b".to_owned(), (*key).to_owned());
            let always = Conditions::default();
            match text {
                Some(text) => {
                    let object = Object::of(Bytes::from_static(text.as_bytes()), String::new());
                    store.put(Some(request), "b", key, object, &always).unwrap();
                }
                None => store.remove(request, "b", key, &always).unwrap(),
            }
        }
        let (events, _) = log.take();
        look(&release(), "b", BTreeSet::new(), &events, &store.contents("b"))
    }

    #[test]
    fn assets_then_pages_then_removals_is_as_it_should_be() {
        let found = found_after(&[
            ("old.html", Some("old")),
            (ASSET, Some("asset")),
            ("index.html", Some("page")),
            ("old.html", None),
        ]);
        assert_eq!(found, Findings { requests: 4, writes: 4, ..Findings::default() });
    }

    #[test]
    fn a_page_before_its_asset_a_removal_before_the_last_object_and_other_bytes_are_counted() {
        let found = found_after(&[
            ("old.html", Some("old")),
            ("index.html", Some("another page")),
            ("old.html", None),
            (ASSET, Some("asset")),
        ]);
        let wanted =
            Findings { stale: 1, html_before_assets: 1, early_deletes: 1, requests: 4, writes: 4, failures: 0 };
        assert_eq!(found, wanted);
    }

    #[test]
    fn pieces_are_compared_as_a_whole() {
        let forgotten = Piece::Forgotten { size: 2, sha256: Sha256::digest(b"ab").into() };
        for first in [Piece::Kept(Bytes::from_static(b"ab")), forgotten] {
            let pieces = [first, Piece::Kept(Bytes::from_static(b"c"))];
            assert!(super::same(&pieces, b"abc"));
            for other in ["abcd", "ab", "abd", "xbc"] {
                assert!(!super::same(&pieces, other.as_bytes()), "{other}");
            }
        }
    }
}
