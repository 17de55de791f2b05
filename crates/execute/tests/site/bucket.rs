//! A bucket in memory, and a journal that counts: what was sent, what was in flight, and one call that goes wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use driftless_domain::{
    BucketName, CallClass, CallError, ClusterName, DistributionId, ETag, EcsServiceName, Generation, Headers,
    InvalidationPath, ObjectKey, ParameterName, Place, Progress, Sha256, SiteBuild, Target, TaskDefArn, TaskDocument,
};
use driftless_execute::{
    Effect, Journal, LiveChanges, Refused, SiteChanges, StepError, StoredObject, StoredPart, execute,
};
use driftless_plan::Action;

use crate::builds::{Build, bucket, checksum_of_parts, etag_of, etag_of_parts, place};

/// What becomes of one changing call, by its number from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// It fails, and nothing happened.
    Fails,
    /// The body does not arrive as it was sent.
    BadDigest,
    /// S3 stores something else, and says so.
    OtherChecksum,
}

/// What S3 tells of what it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tells {
    Everything,
    /// A bucket with KMS: ETags are not MD5s.
    Checksum,
    /// And an adapter or emulator that hears nothing of checksums.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) etag: ETag,
}

/// An upload in parts that was begun: of which object, with which headers, and what is there.
type InParts = (String, Headers, BTreeMap<u16, Bytes>);

/// How much at once: now, and at most.
#[derive(Default)]
pub(crate) struct Gauge(AtomicU64, AtomicU64);

impl Gauge {
    fn add(&self, count: u64) {
        let now = self.0.fetch_add(count, SeqCst) + count;
        self.1.fetch_max(now, SeqCst);
    }
    fn take(&self, count: u64) {
        self.0.fetch_sub(count, SeqCst);
    }
    pub(crate) fn most(&self) -> u64 {
        self.1.load(SeqCst)
    }
}

pub(crate) struct World {
    pub(crate) zip: Bytes,
    pub(crate) objects: Mutex<BTreeMap<String, Object>>,
    uploads: Mutex<BTreeMap<String, InParts>>,
    /// The changing calls that were sent, abandoning not among them.
    pub(crate) sent: Mutex<Vec<String>>,
    /// How many were answered.
    pub(crate) answered: AtomicUsize,
    /// A call has failed or was refused: from then on nothing may be sent.
    over: AtomicBool,
    pub(crate) reads: Mutex<Vec<(u64, u64)>>,
    pub(crate) fault: Option<(usize, Fault)>,
    /// From this number on they all go wrong.
    pub(crate) and_after: bool,
    pub(crate) failing_read: Option<usize>,
    pub(crate) tells: Tells,
    pub(crate) latency: Duration,
    pub(crate) bytes: Gauge,
    pub(crate) requests: Gauge,
    // The journal.
    pub(crate) asked: AtomicUsize,
    pub(crate) refuse: Option<usize>,
    pub(crate) thinks: Duration,
    thoughts: AtomicU32,
    pub(crate) progress: Mutex<Vec<Progress>>,
    pub(crate) written: Mutex<Vec<Result<Effect, CallError>>>,
}

impl World {
    pub(crate) fn of(build: &Build) -> Self {
        Self {
            zip: build.zip.clone(),
            objects: Mutex::default(),
            uploads: Mutex::default(),
            sent: Mutex::default(),
            answered: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            reads: Mutex::default(),
            fault: None,
            and_after: false,
            failing_read: None,
            tells: Tells::Everything,
            latency: Duration::from_millis(25),
            bytes: Gauge::default(),
            requests: Gauge::default(),
            asked: AtomicUsize::new(0),
            refuse: None,
            thinks: Duration::ZERO,
            thoughts: AtomicU32::new(0),
            progress: Mutex::default(),
            written: Mutex::default(),
        }
    }

    pub(crate) async fn run(&self, action: Action) -> Result<Effect, StepError> {
        let target = Target::parse("shop/dev").unwrap();
        let (place, actions) = (place(), [action]);
        let done = execute(self, self, &target, &place, &actions);
        // The controller drives passes on a runtime of many threads.
        fn can_be_spawned<T: Send>(done: T) -> T {
            done
        }
        can_be_spawned(done).await.map(|mut effects| effects.remove(0))
    }

    /// The same world a pass later, without faults.
    pub(crate) fn mended(&mut self) {
        self.fault = None;
        self.over = AtomicBool::new(false);
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub(crate) fn put(&self, key: &str, headers: Headers, body: Bytes) -> ETag {
        let etag = etag_of(&body);
        let object = Object { headers, body, etag: etag.clone() };
        self.objects.lock().unwrap().insert(key.to_owned(), object);
        etag
    }

    /// Every file is there with its bytes and headers, nothing else is, and no parts are lying about.
    pub(crate) fn holds_exactly(&self, build: &Build) {
        let objects = self.objects.lock().unwrap();
        assert_eq!(objects.len(), build.contents.len());
        for ((path, content), change) in build.contents.iter().zip(&build.files) {
            let object = &objects[path];
            assert!(object.body == content, "{path}: {} bytes, not {}", object.body.len(), content.len());
            assert_eq!(object.headers, change.file.headers);
        }
        self.holds_no_parts();
    }

    pub(crate) fn holds_no_parts(&self) {
        assert_eq!(self.uploads.lock().unwrap().keys().collect::<Vec<_>>(), Vec::<&String>::new());
    }

    /// One changing call: counted, allowed before, and with what may go wrong.
    async fn changing(&self, what: String, body: u64) -> Result<Option<Fault>, CallError> {
        let number = {
            let mut sent = self.sent.lock().unwrap();
            sent.push(what.clone());
            sent.len()
        };
        let allowed = self.asked.load(SeqCst) - usize::from(self.refuse.is_some_and(|n| self.asked.load(SeqCst) >= n));
        assert!(number <= allowed, "{what} was sent before it was allowed");
        assert!(!self.over.load(SeqCst), "{what} was sent when the step was over");
        self.requests.add(1);
        self.bytes.add(body);
        tokio::time::sleep(self.latency).await;
        self.bytes.take(body);
        self.requests.take(1);
        self.answered.fetch_add(1, SeqCst);
        match self.fault.filter(|(at, _)| number == *at || self.and_after && number > *at) {
            Some((_, Fault::Fails)) => {
                self.over.store(true, SeqCst);
                Err(CallError::new("s3:Some", what, CallClass::Ambiguous, "InternalError", &format!("{number}")))
            }
            Some((_, Fault::BadDigest)) => {
                Err(CallError::new("s3:Some", what, CallClass::Transient, "BadDigest", &format!("{number}")))
            }
            Some((_, Fault::OtherChecksum)) => Ok(Some(Fault::OtherChecksum)),
            None => Ok(None),
        }
    }

    fn stored(&self, etag: ETag, checksum: String, fault: Option<Fault>) -> StoredObject {
        let opaque = ETag::parse("opaque").unwrap();
        match (fault, self.tells) {
            (Some(_), _) => StoredObject { etag: opaque, checksum: Some(Sha256::of(b"else").to_base64()) },
            (None, Tells::Everything) => StoredObject { etag, checksum: Some(checksum) },
            (None, Tells::Checksum) => StoredObject { etag: opaque, checksum: Some(checksum) },
            (None, Tells::Nothing) => StoredObject { etag: opaque, checksum: None },
        }
    }
}

fn right_place(place: &Place, name: &BucketName) {
    assert_eq!((place, name), (&self::place(), &bucket()));
}

#[async_trait]
impl SiteChanges for World {
    async fn read_build(&self, build: &SiteBuild, from: u64, length: u64) -> Result<Bytes, CallError> {
        assert_eq!(build.version.as_str(), "v-1");
        assert!(length > 0 && from + length <= self.zip.len() as u64, "{from}+{length} is outside of the zip");
        let number = {
            let mut reads = self.reads.lock().unwrap();
            reads.push((from, length));
            reads.len()
        };
        self.requests.add(1);
        self.bytes.add(length);
        tokio::time::sleep(self.latency).await;
        self.bytes.take(length);
        self.requests.take(1);
        if self.failing_read == Some(number) {
            self.over.store(true, SeqCst);
            return Err(CallError::new("s3:GetObject", "zip", CallClass::Transient, "SlowDown", &format!("{number}")));
        }
        Ok(self.zip.slice(from as usize..(from + length) as usize))
    }

    async fn put_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        sha256: Sha256,
        body: Bytes,
    ) -> Result<StoredObject, CallError> {
        right_place(place, bucket);
        let fault = self.changing(format!("put {key}"), body.len() as u64).await?;
        let etag = self.put(key.as_str(), headers.clone(), body);
        Ok(self.stored(etag, sha256.to_base64(), fault))
    }

    async fn begin_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
    ) -> Result<String, CallError> {
        right_place(place, bucket);
        self.changing(format!("begin {key}"), 0).await?;
        let mut uploads = self.uploads.lock().unwrap();
        let id = format!("{key}#{}", self.sent());
        uploads.insert(id.clone(), (key.to_string(), headers.clone(), BTreeMap::new()));
        Ok(id)
    }

    async fn put_part(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        number: u16,
        sha256: Sha256,
        body: Bytes,
    ) -> Result<StoredPart, CallError> {
        right_place(place, bucket);
        let fault = self.changing(format!("part {number} of {key}"), body.len() as u64).await?;
        let etag = etag_of(&body);
        self.uploads.lock().unwrap().get_mut(upload).unwrap().2.insert(number, body);
        let sha256 = if fault.is_some() { Sha256::of(b"else") } else { sha256 };
        Ok(StoredPart { number, etag, sha256 })
    }

    async fn finish_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError> {
        right_place(place, bucket);
        let fault = self.changing(format!("finish {key}"), 0).await?;
        let (name, headers, there) = self.uploads.lock().unwrap().remove(upload).unwrap();
        assert_eq!(name, key.as_str());
        let numbers: Vec<u16> = parts.iter().map(|part| part.number).collect();
        assert_eq!(numbers, there.keys().copied().collect::<Vec<_>>(), "all parts, in order");
        let bodies: Vec<Bytes> = there.into_values().collect();
        let etag = etag_of_parts(&bodies);
        let checksum = checksum_of_parts(parts.iter().map(|part| part.sha256));
        let object = Object { headers, body: bodies.concat().into(), etag: etag.clone() };
        self.objects.lock().unwrap().insert(name, object);
        Ok(self.stored(etag, checksum, fault))
    }

    async fn abandon_parts(&self, _: &Place, _: &BucketName, key: &ObjectKey, upload: &str) -> Result<(), CallError> {
        assert_eq!(self.in_flight_of(key), 0, "parts are abandoned only when none is on its way");
        self.uploads.lock().unwrap().remove(upload).unwrap();
        Ok(())
    }

    async fn replace_headers(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        etag: &ETag,
    ) -> Result<(), CallError> {
        right_place(place, bucket);
        self.changing(format!("copy {key}"), 0).await?;
        let mut objects = self.objects.lock().unwrap();
        let object = objects.get_mut(key.as_str()).filter(|object| object.etag == *etag);
        object.ok_or_else(|| conflict("s3:CopyObject", key))?.headers = headers.clone();
        Ok(())
    }

    async fn delete_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &ETag,
    ) -> Result<(), CallError> {
        right_place(place, bucket);
        self.changing(format!("delete {key}"), 0).await?;
        let mut objects = self.objects.lock().unwrap();
        if objects.get(key.as_str()).is_some_and(|object| object.etag != *etag) {
            return Err(conflict("s3:DeleteObject", key));
        }
        objects.remove(key.as_str());
        Ok(())
    }

    async fn invalidate(
        &self,
        _: &Place,
        _: &DistributionId,
        _: &str,
        _: &[InvalidationPath],
    ) -> Result<String, CallError> {
        Err(not_here())
    }
}

impl World {
    fn in_flight_of(&self, key: &ObjectKey) -> usize {
        let sent = self.sent.lock().unwrap();
        let only = sent.iter().all(|call| call.ends_with(key.as_str()));
        // Only where nothing but this file is uploaded is it known which calls are its own.
        if only { sent.len() - self.answered.load(SeqCst) } else { 0 }
    }
}

fn conflict(operation: &'static str, key: &ObjectKey) -> CallError {
    CallError::new(operation, key.as_str(), CallClass::Conflict, "PreconditionFailed", "")
}

fn not_here() -> CallError {
    CallError::new("none", "", CallClass::Invalid, "NotHere", "")
}

#[async_trait]
impl LiveChanges for World {
    async fn put_parameter(&self, _: &Place, _: &ParameterName, _: &str) -> Result<(), CallError> {
        Err(not_here())
    }
    async fn register_task_definition(
        &self,
        _: &Place,
        _: &TaskDocument,
        _: &BTreeMap<String, String>,
    ) -> Result<TaskDefArn, CallError> {
        Err(not_here())
    }
    async fn update_service(
        &self,
        _: &Place,
        _: &ClusterName,
        _: &EcsServiceName,
        _: &TaskDefArn,
    ) -> Result<(), CallError> {
        Err(not_here())
    }
}

/// What the journal answers when it refuses.
pub(crate) fn refusal() -> Refused {
    Refused::Stale { planned: Generation(1), found: Generation(2) }
}

#[async_trait]
impl Journal for World {
    async fn allow(&self, _: &Action) -> Result<(), Refused> {
        Ok(())
    }
    async fn go_on(&self, progress: Progress) -> Result<(), Refused> {
        if !self.thinks.is_zero() {
            // Not for all the same time, so that some think while others are answered.
            tokio::time::sleep(self.thinks * (1 + self.thoughts.fetch_add(1, SeqCst) % 4)).await;
        }
        let number = self.asked.fetch_add(1, SeqCst) + 1;
        self.progress.lock().unwrap().push(progress);
        if self.refuse.is_some_and(|at| number >= at) {
            self.over.store(true, SeqCst);
            return Err(refusal());
        }
        Ok(())
    }
    async fn answered(&self, _: &Action, answer: &Result<Effect, CallError>) {
        self.written.lock().unwrap().push(answer.clone());
    }
    async fn reject(&self, _: &Action) -> Result<(), Refused> {
        Ok(())
    }
}
