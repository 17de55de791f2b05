//! The buckets and what is in them. Every change is written to the log while the lock is held, so that the log has them in
//! the order in which others saw them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{Checksum, ETag, ETagCondition, Metadata};
use s3s::{S3Result, s3_error};

use super::log::{Log, RequestId, What};

/// Whether a bucket keeps what was overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Versioned,
    /// Large pieces are hashed and thrown away: what is uploaded can be compared, and not read again. Gigabytes of memory
    /// that was never touched before cost more than the transfer.
    Forgetful,
}

/// A piece of this size or more is not kept in a forgetful bucket.
const LARGE: i64 = 1024 * 1024;

/// Bytes that came together.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Kept(Bytes),
    Forgotten { size: u64, sha256: [u8; 32] },
}

impl Piece {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Kept(bytes) => bytes.len() as u64,
            Self::Forgotten { size, .. } => *size,
        }
    }
}

/// What a writer says of an object beside its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) metadata: Option<Metadata>,
}

/// One object, or one version of it.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Its bytes, in as many pieces as they came.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) headers: Headers,
    pub(crate) checksum: Checksum,
    pub(crate) modified: SystemTime,
    pub(crate) version: Option<String>,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Store {
    buckets: Mutex<HashMap<String, Bucket>>,
    versions: AtomicU64,
    log: Arc<Log>,
}

#[derive(Debug)]
struct Bucket {
    kind: Kind,
    objects: BTreeMap<String, Arc<Object>>,
    /// Of a versioned bucket: every version there ever was.
    versions: HashMap<(String, String), Arc<Object>>,
}

/// Under which circumstances something may be written or removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl Store {
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self { buckets: Mutex::default(), versions: AtomicU64::default(), log }
    }

    /// Makes a bucket; one that is there begins again, empty.
    pub(crate) fn make_bucket(&self, name: &str, kind: Kind) {
        let bucket = Bucket { kind, objects: BTreeMap::new(), versions: HashMap::new() };
        let old = self.buckets().insert(name.to_owned(), bucket);
        drop(old);
    }

    /// Forgets a bucket and all that is in it.
    pub(crate) fn drop_bucket(&self, name: &str) {
        let old = self.buckets().remove(name);
        drop(old);
    }

    /// Whether there is such a bucket.
    pub(crate) fn check_bucket(&self, name: &str) -> S3Result<()> {
        let there = self.buckets().contains_key(name);
        if there { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// Everything in a bucket, as it is now.
    pub(crate) fn contents(&self, bucket: &str) -> BTreeMap<String, Arc<Object>> {
        self.buckets().get(bucket).map(|bucket| bucket.objects.clone()).unwrap_or_default()
    }

    /// Whether the bytes of so long a body are kept.
    pub(crate) fn keeps(&self, bucket: &str, length: Option<i64>) -> bool {
        let forgetful = self.buckets().get(bucket).is_some_and(|bucket| bucket.kind == Kind::Forgetful);
        !forgetful || length.is_none_or(|length| length < LARGE)
    }

    /// Puts an object, for a request or from the side, and gives its version.
    pub(crate) fn put(
        &self,
        request: Option<RequestId>,
        bucket: &str,
        key: &str,
        mut object: Object,
        conditions: &Conditions,
    ) -> S3Result<Option<String>> {
        let mut buckets = self.buckets();
        let found = buckets.get_mut(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        conditions.check(found.objects.get(key).map(|object| &**object))?;
        if found.kind == Kind::Versioned {
            object.version = Some(format!("v{:08}", self.versions.fetch_add(1, Ordering::Relaxed)));
        }
        let version = object.version.clone();
        let object = Arc::new(object);
        if let Some(version) = &version {
            found.versions.insert((key.to_owned(), version.clone()), Arc::clone(&object));
        }
        let old = found.objects.insert(key.to_owned(), object);
        if let Some(request) = request {
            self.log.add(request, What::Appeared { bucket: bucket.to_owned(), key: key.to_owned() });
        }
        drop(buckets);
        drop(old);
        Ok(version)
    }

    /// Finds an object, or one version of it.
    pub(crate) fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
        let buckets = self.buckets();
        let bucket = buckets.get(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        match version {
            None => bucket.objects.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey)),
            Some(version) => {
                let found = bucket.versions.get(&(key.to_owned(), version.to_owned())).cloned();
                found.ok_or_else(|| s3_error!(NoSuchVersion))
            }
        }
    }

    /// Removes an object; one that is not there is removed already.
    pub(crate) fn remove(&self, request: RequestId, bucket: &str, key: &str, conditions: &Conditions) -> S3Result<()> {
        let mut buckets = self.buckets();
        let found = buckets.get_mut(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        conditions.check(found.objects.get(key).map(|object| &**object))?;
        let old = found.objects.remove(key);
        if old.is_some() {
            self.log.add(request, What::Gone { bucket: bucket.to_owned(), key: key.to_owned() });
        }
        drop(buckets);
        drop(old);
        Ok(())
    }

    /// Goes over the keys behind `after` (or from `prefix` on) in order, until the visitor names no next place to go on.
    pub(crate) fn walk(
        &self,
        bucket: &str,
        from: Bound<&str>,
        mut visit: impl FnMut(&str, &Object) -> Step,
    ) -> S3Result<()> {
        let buckets = self.buckets();
        let bucket = buckets.get(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        let mut range = bucket.objects.range::<str, _>((from, Bound::Unbounded));
        while let Some((key, object)) = range.next() {
            match visit(key, object) {
                Step::Next => {}
                Step::Jump(to) => range = bucket.objects.range::<str, _>((Bound::Included(&*to), Bound::Unbounded)),
                Step::Stop => break,
            }
        }
        Ok(())
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a walk goes on.
#[derive(Debug)]
pub(crate) enum Step {
    Next,
    /// At the first key that is not before this one.
    Jump(String),
    Stop,
}

impl Conditions {
    fn check(&self, found: Option<&Object>) -> S3Result<()> {
        let Self { if_match, if_none_match } = self;
        if let Some(wanted) = if_match {
            let found = found.ok_or_else(|| s3_error!(NoSuchKey))?;
            if !found.is(wanted) {
                return Err(s3_error!(PreconditionFailed));
            }
        }
        match (if_none_match, found) {
            (Some(unwanted), Some(found)) if found.is(unwanted) => Err(s3_error!(PreconditionFailed)),
            _ => Ok(()),
        }
    }
}

impl Object {
    /// An object that was not sent by anybody.
    pub(crate) fn of(bytes: Bytes, etag: String) -> Self {
        Self::in_pieces(vec![Piece::Kept(bytes)], etag)
    }

    /// The same in pieces.
    pub(crate) fn in_pieces(pieces: Vec<Piece>, etag: String) -> Self {
        Self {
            size: pieces.iter().map(Piece::size).sum(),
            pieces,
            etag,
            headers: Headers::default(),
            checksum: Checksum::default(),
            modified: super::clock::now(),
            version: None,
        }
    }

    /// Its ETag, as it goes into a header.
    pub(crate) fn tag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    /// Whether the condition means it.
    pub(crate) fn is(&self, condition: &ETagCondition) -> bool {
        condition.as_etag().is_none_or(|tag| tag.value() == self.etag)
    }

    /// All its bytes; none if they were not kept.
    pub(crate) fn bytes(&self) -> Option<Vec<Bytes>> {
        let kept = |piece: &Piece| match piece {
            Piece::Kept(bytes) => Some(bytes.clone()),
            Piece::Forgotten { .. } => None,
        };
        self.pieces.iter().map(kept).collect()
    }

    /// A part of its bytes, without copying them; none if they were not kept.
    pub(crate) fn slice(&self, from: u64, to: u64) -> Option<Vec<Bytes>> {
        let mut at = 0;
        let mut slices = Vec::new();
        for piece in self.bytes()? {
            let end = at + piece.len() as u64;
            let (first, last) = (from.clamp(at, end) - at, to.clamp(at, end) - at);
            if first < last {
                slices.push(piece.slice(first as usize..last as usize));
            }
            at = end;
        }
        Some(slices)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Object, Piece};

    #[test]
    fn a_slice_over_pieces_is_that_part_of_the_whole() {
        let pieces = ["abc", "def"].map(|text| Piece::Kept(Bytes::from_static(text.as_bytes())));
        let object = Object::in_pieces(pieces.into(), String::new());
        assert_eq!(object.slice(1, 5).unwrap().concat(), b"bcde");
        assert_eq!(object.slice(3, 6).unwrap(), [Bytes::from_static(b"def")]);
        assert_eq!(object.slice(0, 0).unwrap().len(), 0);
        let forgotten = Object::in_pieces(vec![Piece::Forgotten { size: 7, sha256: [0; 32] }], String::new());
        assert_eq!((forgotten.size, forgotten.slice(0, 7)), (7, None));
    }
}
