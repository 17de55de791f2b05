//! Bytes of a pinned object, with our own credentials: asked for from an offset on, and handed on as they come.
//!
//! **Refuses:** to check whose account the credentials are for. They are our own, and the policy of the artifact bucket says
//! what they may read; whom the bucket must belong to is said in the call.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};

use driftless_domain::{BucketName, CallClass, CallError, ObjectKey, Place, SiteBuild, VersionId};

use super::{InBucket, explained};
use crate::live::{Aws, unreadable};
use crate::operation::GET_OBJECT;

/// How long nothing may come.
pub(super) const STALL: Duration = Duration::from_secs(10);
/// How long one range may take: 16 MiB at 3 Mbit/s.
const RANGE: Duration = Duration::from_secs(45);
/// How often a range is asked for again whose answer broke off.
const TRIES: u32 = 3;

/// An object in the artifact bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pinned<'a> {
    pub(super) place: &'a Place,
    pub(super) bucket: &'a BucketName,
    pub(super) key: &'a ObjectKey,
    /// None: the newest.
    pub(super) version: Option<&'a VersionId>,
}

impl Pinned<'_> {
    pub(super) fn object(&self) -> InBucket<'_> {
        InBucket { bucket: self.bucket, key: Some(self.key) }
    }

    pub(super) fn unreadable(&self, class: CallClass, problem: &str) -> CallError {
        unreadable(self.place, &GET_OBJECT, &self.object(), class, problem)
    }
}

impl Aws {
    pub(super) async fn read_range(&self, build: &SiteBuild, from: u64, length: u64) -> Result<Bytes, CallError> {
        let SiteBuild { place, bucket, key, version, .. } = build;
        let pinned = Pinned { place, bucket, key, version: Some(version) };
        // Also keeps what is set aside for the answer within what a build may have.
        if from.checked_add(length).is_none_or(|end| end > build.size) {
            let problem = format!("it has {} bytes, not {length} from {from} on", build.size);
            return Err(pinned.unreadable(CallClass::Invalid, &problem));
        }
        let mut tries = 1;
        loop {
            let answer = tokio::time::timeout(RANGE, self.range(pinned, from, length)).await;
            let answer = answer.unwrap_or_else(|_| {
                let problem = format!("{length} bytes did not come within {} s", RANGE.as_secs());
                Err(pinned.unreadable(CallClass::Transient, &problem))
            });
            match answer {
                // The SDK repeats what fails before the body; what breaks off within is for us to repeat.
                Err(error)
                    if tries < TRIES
                        && error.said.code == "UnreadableAnswer"
                        && error.class == CallClass::Transient =>
                {
                    tries += 1;
                }
                Err(error) => return Err(gone(error, build)),
                Ok(bytes) => return Ok(bytes),
            }
        }
    }

    async fn range(&self, pinned: Pinned<'_>, from: u64, length: u64) -> Result<Bytes, CallError> {
        let short = || {
            pinned.unreadable(CallClass::Invalid, &format!("it has fewer than {} bytes", from.saturating_add(length)))
        };
        let Some(last) = length.checked_sub(1) else { return Ok(Bytes::new()) };
        let last = from.checked_add(last).ok_or_else(short)?;
        let answer = self.get(pinned, Some(format!("bytes={from}-{last}"))).await;
        let answer = answer.map_err(|error| if error.said.code == "InvalidRange" { short() } else { error })?;
        // A server may leave the range out of account and answer with everything.
        let mut skip = from - begins_at(pinned, &answer, from)?;
        let wanted = usize::try_from(length).map_err(|_| short())?;
        let mut kept = BytesMut::with_capacity(wanted);
        let mut body = answer.body;
        while kept.len() < wanted {
            let Some(mut piece) = next(pinned, &mut body).await? else { return Err(short()) };
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            let _ = piece.split_to(skipped);
            skip -= skipped as u64;
            piece.truncate(wanted - kept.len());
            kept.extend_from_slice(&piece);
        }
        Ok(kept.freeze())
    }

    /// Asks for an object, or for a range of it.
    pub(super) async fn get(&self, pinned: Pinned<'_>, range: Option<String>) -> Result<GetObjectOutput, CallError> {
        let Pinned { place, bucket, key, version } = pinned;
        let clients = self.accounts.ourselves(&place.region);
        let request = || {
            clients
                .s3_reads
                .get_object()
                .bucket(bucket.as_str())
                .key(key.as_str())
                .expected_bucket_owner(place.account.as_str())
                .set_version_id(version.map(|version| version.as_str().to_owned()))
                .set_range(range)
                .send()
        };
        let answer = self.send_unchecked(place, &GET_OBJECT, &pinned.object(), request).await;
        answer.map_err(|error| explained(error, place))
    }
}

/// Where the body of an answer begins in the object.
pub(super) fn begins_at(pinned: Pinned<'_>, answer: &GetObjectOutput, asked: u64) -> Result<u64, CallError> {
    let Some(range) = answer.content_range() else { return Ok(0) };
    let first = range.strip_prefix("bytes ").and_then(|range| range.split_once('-')?.0.parse::<u64>().ok());
    first.filter(|first| *first == asked).ok_or_else(|| {
        let problem = format!("bytes from {asked} on were asked for, and the answer holds {range:?}");
        pinned.unreadable(CallClass::Transient, &problem)
    })
}

/// The next piece of a body.
pub(super) async fn next(pinned: Pinned<'_>, body: &mut ByteStream) -> Result<Option<Bytes>, CallError> {
    match tokio::time::timeout(STALL, body.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(piece))) => Ok(Some(piece)),
        Ok(Some(Err(error))) => Err(pinned.unreadable(CallClass::Transient, &format!("the answer broke off: {error}"))),
        Err(_) => {
            let problem = format!("nothing came for {} s", STALL.as_secs());
            Err(pinned.unreadable(CallClass::Transient, &problem))
        }
    }
}

/// Says what a pinned version that is not there means.
fn gone(mut error: CallError, build: &SiteBuild) -> CallError {
    if matches!(error.said.code.as_str(), "NoSuchVersion" | "NoSuchKey" | "MethodNotAllowed") {
        let SiteBuild { version, .. } = build;
        error.said.message = format!(
            "the pinned version of the build is gone (version {version}): restore it, or announce the build again under \
             another tag ({})",
            error.said.message
        );
    }
    error
}
