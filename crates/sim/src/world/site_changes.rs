//! Website buckets and distributions, changed through the port, with the monitor watching each change after its effect.

use async_trait::async_trait;
use bytes::Bytes;
use driftless_domain::{
    BucketName, CallClass, CallError, DistributionId, ETag, Headers, InvalidationPath, ObjectKey, Place, Sha256,
    SiteBuild,
};
use driftless_execute::{SiteChanges, StoredObject, StoredPart};

use crate::call::{Kind, Request, Site, distribution_text, object_text};
use crate::cloudfront::{MadeInvalidation, NotInvalidated};
use crate::s3::{Bucket, Dangling, NewObject, Object, ObjectHeaders, PartRefused, Writer, hex, md5, no_such_bucket};
use crate::wire::Arrival;

use super::changes::said;
use super::site_reads::{no_such_distribution, reading, shown};
use super::state::State;
use super::{World, monitor};

#[async_trait]
impl SiteChanges for World {
    async fn read_build(&self, build: &SiteBuild, from: u64, length: u64) -> Result<Bytes, CallError> {
        let SiteBuild { place, bucket, key, version, .. } = build;
        let detail = format!("GET version {version}, {length} bytes from {from}");
        let object = object_text(bucket, key.as_str());
        let request = reading("s3:GetObject", place, object, shown(place, bucket, key), &detail);
        self.read_mut(request, |state, arrival| {
            let request = &arrival.request;
            let found = state.s3.find(request, &Site::of(place), bucket)?.ok_or_else(|| no_such_bucket(request))?;
            let object = found.version(key.as_str(), version);
            let object = object.filter(|_| !arrival.misses(&request.object));
            let gone = || request.invalid("NoSuchVersion", "The specified version does not exist.");
            let body = object.map(|object| object.body.clone()).ok_or_else(gone)?;
            let within = |at: u64| usize::try_from(at).ok().filter(|at| *at <= body.len());
            let range = within(from).zip(from.checked_add(length).and_then(within));
            let Some((from, until)) = range else {
                let message = format!("{length} bytes from {from} of an object of {} bytes", body.len());
                return Err(request.invalid("UnreadableAnswer", &message));
            };
            let bytes = body.slice(from..until);
            Ok(if state.s3.damages_read(bucket, key) { damaged(&bytes) } else { bytes })
        })
        .await
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
        let request = changing("s3:PutObject", place, bucket, key, format!("{} bytes", body.len()));
        self.change_object(request, place, bucket, key, Some((body.clone(), sha256)), |found, arrival, writer| {
            let written = found.put(&writer, key.as_str(), NewObject::whole(body, headers.into(), true));
            arrival.request.detail.push_str(&format!(", etag {}", written.object.etag));
            Ok((stored(&written.object), written.dangling))
        })
        .await
    }

    async fn begin_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
    ) -> Result<String, CallError> {
        let request = changing("s3:PutObject", place, bucket, key, "begin parts".to_owned());
        self.change_object(request, place, bucket, key, None, |found, _, _| {
            let id = found.id("upload");
            found.uploads.begin(id.clone(), key.as_str(), ObjectHeaders::from(headers));
            Ok((id, Vec::new()))
        })
        .await
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
        let request = changing("s3:PutObject", place, bucket, key, format!("part {number}, {} bytes", body.len()));
        self.change_object(request, place, bucket, key, Some((body.clone(), sha256)), |found, arrival, _| {
            let etag = found.etag(hex(&md5(&body)));
            let part = found.uploads.put(upload, key.as_str(), number, body, etag);
            Ok((part.map_err(|why| refused(&arrival.request, why))?, Vec::new()))
        })
        .await
    }

    async fn finish_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError> {
        let request = changing("s3:PutObject", place, bucket, key, format!("finish {} parts", parts.len()));
        self.change_object(request, place, bucket, key, None, |found, arrival, writer| {
            if let Some(known) = found.uploads.finished(upload, parts) {
                arrival.request.detail.push_str(", again");
                return Ok((known.clone(), Vec::new()));
            }
            let together = found.uploads.together(upload, key.as_str(), parts);
            let object = together.map_err(|why| refused(&arrival.request, why))?;
            let written = found.put(&writer, key.as_str(), object);
            let stored = stored(&written.object);
            found.uploads.close(upload, parts, stored.clone());
            let detail = format!(", {} bytes, etag {}", written.object.size(), written.object.etag);
            arrival.request.detail.push_str(&detail);
            Ok((stored, written.dangling))
        })
        .await
    }

    async fn abandon_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
    ) -> Result<(), CallError> {
        let request = changing("s3:AbortMultipartUpload", place, bucket, key, String::new());
        self.change_object(request, place, bucket, key, None, |found, arrival, _| {
            // The adapter takes 404 for what was asked for.
            if !found.uploads.abandon(upload, key.as_str()) {
                arrival.request.detail.push_str("not there");
            }
            Ok(((), Vec::new()))
        })
        .await
    }

    async fn replace_headers(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        etag: &ETag,
    ) -> Result<(), CallError> {
        let request = changing("s3:PutObject", place, bucket, key, format!("copy onto itself if etag {etag}"));
        self.change_object(request, place, bucket, key, None, |found, arrival, writer| {
            let object = found.get(key.as_str());
            let object = object.ok_or_else(|| conflict(&arrival.request, "NoSuchKey", NO_SUCH_KEY))?;
            if object.etag != *etag {
                return Err(conflict(&arrival.request, "PreconditionFailed", PRECONDITION_FAILED));
            }
            // A copy is one piece, whatever its source was: the ETag of an object that came in parts changes. The adapter
            // asks for a SHA-256, also when the source has none.
            let copy = NewObject::whole(object.body.clone(), headers.into(), true);
            let written = found.put(&writer, key.as_str(), copy);
            arrival.request.detail.push_str(&format!(", etag {}", written.object.etag));
            Ok(((), written.dangling))
        })
        .await
    }

    async fn delete_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &ETag,
    ) -> Result<(), CallError> {
        let request = changing("s3:DeleteObject", place, bucket, key, format!("if etag {etag}"));
        let site = Site::of(place);
        let by = self.wire.actor.to_string();
        self.change(request, |state, arrival| {
            let found = state.s3.find_mut(&arrival.request, &site, bucket)?;
            let mut wrong: Vec<String> = monitor::deletion(found, key, etag).into_iter().collect();
            let now = found.get(key.as_str()).map(|object| object.etag.clone());
            let done = match now {
                // The adapter takes 404 for what was asked for.
                None => {
                    arrival.request.detail.push_str(", not there");
                    Ok(())
                }
                Some(now) if now != *etag => Err(conflict(&arrival.request, "PreconditionFailed", PRECONDITION_FAILED)),
                Some(_) => {
                    let (_, dangling) = found.delete(&writer(&by, arrival), key.as_str());
                    wrong.extend(dangling.iter().map(monitor::dangling));
                    wrong.extend(monitor::emptied(found, bucket));
                    Ok(())
                }
            };
            blame(state, arrival, &wrong);
            done
        })
        .await
    }

    async fn invalidate(
        &self,
        place: &Place,
        distribution: &DistributionId,
        reference: &str,
        paths: &[InvalidationPath],
    ) -> Result<String, CallError> {
        let named: Vec<&str> = paths.iter().map(InvalidationPath::as_str).collect();
        let request = Request {
            operation: "cloudfront:CreateInvalidation",
            kind: Kind::Write,
            site: Some(Site::of(place)),
            object: distribution_text(place, distribution),
            shown: format!("{distribution} ({place})"),
            detail: format!("{reference}: {}", named.join(" ")),
        };
        let by = self.wire.actor.to_string();
        self.change(request, |state, arrival| {
            let seed = state.seed;
            let takes = state.cloudfront.takes();
            let found = state.cloudfront.get_mut(distribution).filter(|found| found.account == place.account);
            let found = found.ok_or_else(|| no_such_distribution(&arrival.request))?;
            let made = MadeInvalidation {
                id: String::new(),
                reference: reference.to_owned(),
                paths: paths.to_vec(),
                at: arrival.at,
                by,
                call: arrival.number,
                done_at: None,
            };
            let made = found.invalidate(made, takes, seed);
            let (id, new) = made.map_err(|why| not_invalidated(&arrival.request, why))?;
            arrival.request.detail.push_str(&if new { format!(", {id}") } else { format!(", {id} as before") });
            Ok(id)
        })
        .await
    }
}

const NO_SUCH_KEY: &str = "The specified key does not exist.";
const PRECONDITION_FAILED: &str = "At least one of the pre-conditions you specified did not hold";

impl World {
    /// A change of one object: the bucket must be there and belong to the account that is named, a body must fit its
    /// checksum, and what dangles after it is our fault.
    async fn change_object<T: Send>(
        &self,
        request: Request,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        body: Option<(Bytes, Sha256)>,
        change: impl FnOnce(&mut Bucket, &mut Arrival<'_>, Writer) -> Result<(T, Vec<Dangling>), CallError> + Send,
    ) -> Result<T, CallError> {
        let site = Site::of(place);
        let by = self.wire.actor.to_string();
        self.change(request, |state, arrival| {
            state.s3.find_mut(&arrival.request, &site, bucket)?;
            if let Some((body, sha256)) = &body {
                let damaged = state.s3.damages_put(bucket, key);
                check_body(&arrival.request, body, *sha256, damaged)?;
            }
            let found = state.s3.find_mut(&arrival.request, &site, bucket)?;
            let (answer, dangling) = change(found, arrival, writer(&by, arrival))?;
            blame(state, arrival, &dangling.iter().map(monitor::dangling).collect::<Vec<_>>());
            Ok(answer)
        })
        .await
    }
}

fn blame(state: &mut State, arrival: &Arrival<'_>, wrong: &[String]) {
    state.violations.extend(wrong.iter().map(|wrong| said(arrival, wrong)));
}

fn writer(by: &str, arrival: &Arrival<'_>) -> Writer {
    Writer { by: by.to_owned(), call: arrival.number, at: arrival.at }
}

/// S3 compares every body with the checksum that came with it.
fn check_body(request: &Request, body: &Bytes, sha256: Sha256, damaged_on_its_way: bool) -> Result<(), CallError> {
    if damaged_on_its_way || Sha256::of(body) != sha256 {
        let message = "The SHA256 you specified did not match the calculated checksum.";
        return Err(request.refused(CallClass::Transient, "BadDigest", message));
    }
    Ok(())
}

/// The bytes with one of them changed.
fn damaged(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first ^= 1;
    }
    bytes.into()
}

fn stored(object: &Object) -> StoredObject {
    StoredObject { etag: object.etag.clone(), checksum: object.checksum.clone() }
}

fn refused(request: &Request, why: PartRefused) -> CallError {
    let (code, message) = why.said();
    let class = match why {
        // Somebody gave it up.
        PartRefused::NoSuchUpload => CallClass::Conflict,
        PartRefused::InvalidPart
        | PartRefused::InvalidPartOrder
        | PartRefused::EntityTooSmall
        | PartRefused::InvalidPartNumber => CallClass::Invalid,
    };
    request.refused(class, code, message)
}

fn conflict(request: &Request, code: &str, message: &str) -> CallError {
    request.refused(CallClass::Conflict, code, message)
}

fn not_invalidated(request: &Request, why: NotInvalidated) -> CallError {
    let (class, code, message) = match why {
        NotInvalidated::OtherPaths => {
            (CallClass::Conflict, "InvalidationBatchAlreadyExists", "the caller reference was used with other paths")
        }
        NotInvalidated::TooManyInProgress => (
            CallClass::Throttled,
            "TooManyInvalidationsInProgress",
            "Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations.",
        ),
        NotInvalidated::NoPaths => (CallClass::Invalid, "InvalidArgument", "no paths are named"),
        NotInvalidated::BatchTooLarge => {
            (CallClass::Invalid, "BatchTooLarge", "Invalidation batch specified is too large.")
        }
    };
    request.refused(class, code, message)
}

fn changing(operation: &'static str, place: &Place, bucket: &BucketName, key: &ObjectKey, detail: String) -> Request {
    let (site, object) = (Some(Site::of(place)), object_text(bucket, key.as_str()));
    Request { operation, kind: Kind::Write, site, object, shown: shown(place, bucket, key), detail }
}
