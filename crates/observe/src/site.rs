//! What a site target needs: a list of its part of the bucket, a HEAD where the list alone does not tell, and the
//! invalidation that is under way.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use futures::StreamExt as _;
use futures::stream;

use driftless_domain::{
    BucketName, DesiredRelease, InvalidationState, ListedObject, Listing, ObjectKey, ObservedSite, ParameterValue,
    Place, Seen, SiteBinding, SiteFile, SiteFiles,
};

use crate::look::{Observer, Parameters, not_asked};
use crate::site_port::Objects;

/// How many files' headers are looked at each time without a reason: 5,000 files are gone through in about ten hours of
/// resyncs a minute apart. Content is compared at every look; headers change only by somebody's hand.
const SAMPLE: usize = 8;

/// HEADs under way at once, of one target.
const HEADS_AT_ONCE: usize = 64;

/// Looks at a site target.
pub(crate) async fn observe_site(
    observer: &Observer,
    desired: &DesiredRelease,
    bound: &SiteBinding,
    parameters: &Parameters,
) -> ObservedSite {
    let place = &desired.binding.place;
    let parameter: Seen<ParameterValue> = parameters
        .get(&(place.clone(), bound.parameter.clone()))
        .cloned()
        .unwrap_or_else(|| not_asked("ssm:GetParameters", bound.parameter.as_str()));
    let (listing, invalidation) =
        futures::join!(observer.listing(desired, bound), observer.invalidation(desired, bound));
    ObservedSite { parameter, listing, invalidation }
}

impl Observer {
    async fn invalidation(&self, desired: &DesiredRelease, bound: &SiteBinding) -> Seen<InvalidationState> {
        let made = desired.files.as_ref().and_then(|files| files.memory.invalidation.as_ref());
        let (Some(made), Some(distribution)) = (made, &bound.distribution) else { return Seen::Absent };
        Seen::of(self.live.invalidation(&desired.binding.place, distribution, &made.id).await)
    }

    async fn listing(&self, desired: &DesiredRelease, bound: &SiteBinding) -> Seen<Listing> {
        let place = &desired.binding.place;
        let objects = match self.live.list_objects(place, &bound.bucket, bound.prefix.as_ref()).await {
            Ok(Some(objects)) => objects,
            Ok(None) => return Seen::Absent,
            Err(error) => return Seen::Unknown(error),
        };
        let Some(files) = &desired.files else { return Seen::Known(plain(objects)) };
        let mut listing = plain(objects);
        let asked = {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            let known = cache.bucket(place, &bound.bucket);
            for (key, object) in &mut listing.objects {
                object.checksum = known.checksum_of(key, object);
            }
            questions(files, bound, &mut listing, known)
        };
        let heads = stream::iter(asked)
            .map(|key| async {
                let seen = Seen::of(self.live.head_object(place, &bound.bucket, &key).await);
                (key, seen)
            })
            .buffer_unordered(HEADS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.bucket(place, &bound.bucket);
        for (key, head) in heads {
            if let (Seen::Known(head), Some(object)) = (&head, listing.objects.get_mut(&key))
                && head.etag == object.etag
            {
                object.checksum.clone_from(&head.checksum);
                known.checked(&key, object);
            }
            listing.heads.insert(key, head);
        }
        Seen::Known(listing)
    }

    /// Remembers that this process gave an object these headers.
    pub fn wrote(&self, place: &Place, bucket: &BucketName, key: &ObjectKey, file: &Arc<SiteFile>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.bucket(place, bucket).written.insert(key.clone(), Arc::clone(file));
    }

    /// Forgets what this process wrote to a site: what is there now is remembered as settled, or has to be looked at.
    pub fn forget_written(&self, place: &Place, bucket: &BucketName) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.bucket(place, bucket).written.clear();
    }
}

fn plain(objects: Objects) -> Listing {
    let Objects { objects, unnamed } = objects;
    Listing { objects, unnamed, ..Listing::default() }
}

/// What is known of a bucket besides what a list shows.
#[derive(Debug, Default)]
pub(crate) struct KnownBucket {
    /// What this process wrote and has not settled yet.
    written: BTreeMap<ObjectKey, Arc<SiteFile>>,
    /// Objects whose ETag is no MD5: the checksum that HEAD said they had with it.
    checksums: BTreeMap<ObjectKey, ListedObject>,
    /// Where the next sample begins.
    cursor: usize,
}

impl KnownBucket {
    fn checksum_of(&self, key: &ObjectKey, object: &ListedObject) -> Option<String> {
        let known = self.checksums.get(key).filter(|known| known.etag == object.etag && known.size == object.size)?;
        known.checksum.clone()
    }

    fn checked(&mut self, key: &ObjectKey, object: &ListedObject) {
        self.checksums.insert(key.clone(), object.clone());
    }
}

/// The objects that a HEAD is needed of, each once.
fn questions(files: &SiteFiles, bound: &SiteBinding, listing: &mut Listing, known: &mut KnownBucket) -> Vec<ObjectKey> {
    let mut asked = Vec::new();
    let mut presumed = Vec::new();
    for file in &files.manifest.files {
        let Ok(key) = bound.key_of(&file.path) else { continue };
        let Some(object) = listing.objects.get(&key) else { continue };
        let doubtful = object.is_doubtful(file);
        if !doubtful && !object.holds(file) {
            continue;
        }
        let written =
            known.written.get(&key).is_some_and(|one| one.headers == file.headers && one.sha256 == file.sha256);
        if written {
            listing.written.insert(key.clone());
        }
        if doubtful || files.every_header || !(written || files.presumes_headers_of(file)) {
            asked.push(key);
        } else {
            presumed.push(key);
        }
    }
    // Files of releases that may be deleted: whether they still are what we put there.
    let old = files.earlier.iter().flat_map(|earlier| &earlier.manifest.files);
    for file in old.filter(|file| files.manifest.get(&file.path).is_none()) {
        let Ok(key) = bound.key_of(&file.path) else { continue };
        if listing.objects.get(&key).is_some_and(|object| object.is_doubtful(file)) {
            asked.push(key);
        }
    }
    if !presumed.is_empty() {
        let from = known.cursor % presumed.len();
        asked.extend(presumed.iter().cycle().skip(from).take(SAMPLE.min(presumed.len())).cloned());
        known.cursor = from + SAMPLE;
    }
    asked.sort();
    asked.dedup();
    asked
}
