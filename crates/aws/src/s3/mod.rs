//! Buckets: website buckets through the roles of their places, artifact buckets with our own credentials. Implements
//! [`SiteState`] and [`SiteChanges`]; `Builds` is in [`builds`].
//!
//! **Refuses:** a call that does not name the account that the bucket must belong to (S14), and to take an ETag for a hash.

mod builds;
mod keys;
mod parts;
mod ranges;
mod read;
mod write;

use std::error::Error;
use std::fmt;
use std::future::Future;

use async_trait::async_trait;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use bytes::Bytes;

use driftless_domain::{
    BucketName, CallClass, CallError, DistributionId, ETag, Headers, InvalidationPath, InvalidationState, KeyPrefix,
    ObjectHead, ObjectKey, Place, Sha256, SiteBuild,
};
use driftless_execute::{SiteChanges, StoredObject, StoredPart};
use driftless_observe::{Objects, SiteState};

use crate::connect::site::SiteClients;
use crate::live::{Aws, unreadable};
use crate::operation::Operation;

/// What a call is about, written out only when it failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InBucket<'a> {
    pub(crate) bucket: &'a BucketName,
    pub(crate) key: Option<&'a ObjectKey>,
}

impl fmt::Display for InBucket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key } = self;
        match key {
            Some(key) => write!(f, "s3://{bucket}/{key}"),
            None => write!(f, "bucket {bucket}"),
        }
    }
}

impl Aws {
    /// Sends one request about an object (or a bucket) of a place.
    async fn send_s3<T, E, F>(
        &self,
        place: &Place,
        operation: &Operation,
        object: InBucket<'_>,
        request: impl FnOnce(&SiteClients) -> F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let answer = self.send(place, operation, &object, |clients| request(clients.site())).await;
        answer.map_err(|error| explained(error, place))
    }
}

/// Adds to S3's words what they leave out.
fn explained(mut error: CallError, place: &Place) -> CallError {
    let Place { account, region, role: _ } = place;
    let more = match error.said.code.as_str() {
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            format!("the bucket is not in {region}: correct the region in the spec")
        }
        "AccessDenied" => format!("S3 also says so of a bucket that does not belong to account {account}"),
        "NoSuchBucket" => "correct its name in the spec, or create it".to_owned(),
        _ => return error,
    };
    let message = &mut error.said.message;
    if !message.is_empty() {
        message.push_str("; ");
    }
    message.push_str(&more);
    error
}

/// The ETag in an answer, without its quotes.
fn etag(
    place: &Place,
    operation: &Operation,
    object: InBucket<'_>,
    class: CallClass,
    text: Option<&str>,
) -> Result<ETag, CallError> {
    let text = text.unwrap_or_default();
    ETag::parse(text.trim_matches('"'))
        .map_err(|error| unreadable(place, operation, &object, class, &error.to_string()))
}

/// An ETag as conditions take it.
fn quoted(etag: &ETag) -> String {
    format!("\"{etag}\"")
}

#[async_trait]
impl SiteState for Aws {
    async fn list_objects(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
    ) -> Result<Option<Objects>, CallError> {
        self.list_bucket(place, bucket, prefix).await
    }

    async fn head_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<ObjectHead>, CallError> {
        self.head(place, bucket, key).await
    }

    async fn invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        id: &str,
    ) -> Result<Option<InvalidationState>, CallError> {
        self.get_invalidation(place, distribution, id).await
    }
}

#[async_trait]
impl SiteChanges for Aws {
    async fn read_build(&self, build: &SiteBuild, from: u64, length: u64) -> Result<Bytes, CallError> {
        self.read_range(build, from, length).await
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
        self.put_whole(place, InBucket { bucket, key: Some(key) }, headers, sha256, body).await
    }

    async fn begin_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
    ) -> Result<String, CallError> {
        self.create_upload(place, bucket, key, headers).await
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
        let part = parts::Part { upload, number, sha256, body };
        self.upload_part(place, bucket, key, part).await
    }

    async fn finish_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError> {
        self.complete_upload(place, bucket, key, upload, parts).await
    }

    async fn abandon_parts(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
    ) -> Result<(), CallError> {
        self.abort_upload(place, bucket, key, upload).await
    }

    async fn replace_headers(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        etag: &ETag,
    ) -> Result<(), CallError> {
        self.copy_in_place(place, bucket, key, headers, etag).await
    }

    async fn delete_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &ETag,
    ) -> Result<(), CallError> {
        self.delete_if(place, bucket, key, etag).await
    }

    async fn invalidate(
        &self,
        place: &Place,
        distribution: &DistributionId,
        reference: &str,
        paths: &[InvalidationPath],
    ) -> Result<String, CallError> {
        self.create_invalidation(place, distribution, reference, paths).await
    }
}
