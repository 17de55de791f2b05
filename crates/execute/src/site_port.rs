//! The port through which website buckets and distributions are changed, and the bytes of builds are read.

use async_trait::async_trait;
use bytes::Bytes;

use driftless_domain::{
    BucketName, CallError, DistributionId, ETag, Headers, InvalidationPath, ObjectKey, Place, Sha256, SiteBuild,
};

/// What S3 answers when an object is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its ETag.
    pub etag: ETag,
    /// `x-amz-checksum-sha256`, if S3 tells.
    pub checksum: Option<String>,
}

/// What S3 answers when a part is there; it is needed to put the parts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number, from 1.
    pub number: u16,
    /// Its ETag.
    pub etag: ETag,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
}

/// Website buckets and distributions, changed; and builds, read.
///
/// # Guarantees
/// Those of [`LiveChanges`](crate::LiveChanges), but for one: putting an object, a part or headers is the same when done
/// twice, so the adapter may repeat it within its time limit. Every call on a bucket names the account that it must belong
/// to (S14). S3 checks the SHA-256 of everything that is put; a body that does not fit is refused as `Transient` with the
/// code `BadDigest`.
#[async_trait]
pub trait SiteChanges: Send + Sync {
    /// Bytes of a pinned build: exactly `length` of them, from `from` on.
    ///
    /// # Errors
    /// When the call fails; `Invalid` with the code `NoSuchVersion` or `NoSuchKey` when the pinned version is gone, and
    /// with `UnreadableAnswer` when it gives less than was asked for.
    async fn read_build(&self, build: &SiteBuild, from: u64, length: u64) -> Result<Bytes, CallError>;

    /// Puts an object with these headers over what is there.
    ///
    /// # Errors
    /// When S3 refuses it, or the outcome is not known.
    async fn put_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        sha256: Sha256,
        body: Bytes,
    ) -> Result<StoredObject, CallError>;

    /// Begins an upload in parts, and answers with its id.
    ///
    /// # Errors
    /// When S3 refuses it, or the outcome is not known.
    async fn begin_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
    ) -> Result<String, CallError>;

    /// Puts one part.
    ///
    /// # Errors
    /// When S3 refuses it, or the outcome is not known.
    #[expect(clippy::too_many_arguments, reason = "the parameters of UploadPart")]
    async fn put_part(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        number: u16,
        sha256: Sha256,
        body: Bytes,
    ) -> Result<StoredPart, CallError>;

    /// Puts the parts together: only now the object is there.
    ///
    /// # Errors
    /// When S3 refuses it, or the outcome is not known.
    async fn finish_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError>;

    /// Gives up an upload in parts, so that S3 does not keep (and bill) what was put.
    ///
    /// # Errors
    /// When S3 refuses it, or the outcome is not known.
    async fn abandon_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
    ) -> Result<(), CallError>;

    /// Copies an object onto itself with other headers, if it still has this ETag.
    ///
    /// # Errors
    /// `Conflict` when it has another; when S3 refuses it, or the outcome is not known.
    async fn replace_headers(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        etag: &ETag,
    ) -> Result<(), CallError>;

    /// Deletes an object, if it still has this ETag. One that is not there any more counts as deleted.
    ///
    /// # Errors
    /// `Conflict` when it has another; when S3 refuses it, or the outcome is not known.
    async fn delete_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &ETag,
    ) -> Result<(), CallError>;

    /// Makes an invalidation and answers with its id. The same reference with the same paths is the same invalidation.
    ///
    /// # Errors
    /// `Conflict` when the reference was used with other paths, `Throttled` when too many are under way; when CloudFront
    /// refuses it, or the outcome is not known.
    async fn invalidate(
        &self,
        place: &Place,
        distribution: &DistributionId,
        reference: &str,
        paths: &[InvalidationPath],
    ) -> Result<String, CallError>;
}
