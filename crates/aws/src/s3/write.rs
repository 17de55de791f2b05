//! Changing objects of website buckets.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective};
use bytes::Bytes;

use driftless_domain::{BucketName, CallClass, CallError, ContentEncoding, ETag, Headers, ObjectKey, Place, Sha256};
use driftless_execute::StoredObject;

use super::keys::encoded;
use super::{InBucket, etag, quoted};
use crate::live::Aws;
use crate::operation::{COPY_OBJECT, DELETE_OBJECT, PUT_OBJECT};

impl Aws {
    /// Called for every file of a site, so it allocates only what the SDK asks for.
    pub(super) async fn put_whole(
        &self,
        place: &Place,
        object: InBucket<'_>,
        headers: &Headers,
        sha256: Sha256,
        body: Bytes,
    ) -> Result<StoredObject, CallError> {
        let Headers { content_type, cache_control, content_encoding } = headers;
        let answer = self
            .send_s3(place, &PUT_OBJECT, object, |c| {
                c.puts
                    .put_object()
                    .bucket(object.bucket.as_str())
                    .key(object.key.map_or("", |key| key.as_str()))
                    .expected_bucket_owner(place.account.as_str())
                    .content_type(content_type)
                    .cache_control(cache_control)
                    .set_content_encoding(encoding(*content_encoding))
                    .checksum_sha256(sha256.to_base64())
                    .body(ByteStream::from(body))
                    .customize()
                    // S3 compares the bytes with the checksum above, which is signed; hashing them again would only cost.
                    .disable_payload_signing()
                    .send()
            })
            .await?;
        let etag = etag(place, &PUT_OBJECT, object, CallClass::Ambiguous, answer.e_tag())?;
        Ok(StoredObject { etag, checksum: answer.checksum_sha256 })
    }

    pub(super) async fn copy_in_place(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
        etag: &ETag,
    ) -> Result<(), CallError> {
        let Headers { content_type, cache_control, content_encoding } = headers;
        self.send_s3(place, &COPY_OBJECT, InBucket { bucket, key: Some(key) }, |c| {
            c.puts
                .copy_object()
                .bucket(bucket.as_str())
                .key(key.as_str())
                .copy_source(format!("{bucket}/{}", encoded(key.as_str())))
                .copy_source_if_match(quoted(etag))
                .expected_bucket_owner(place.account.as_str())
                .expected_source_bucket_owner(place.account.as_str())
                .metadata_directive(MetadataDirective::Replace)
                .content_type(content_type)
                .cache_control(cache_control)
                .set_content_encoding(encoding(*content_encoding))
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .send()
        })
        .await
        .map(|_| ())
        .map_err(|error| match error.said.code.as_str() {
            // Deleted since it was listed: the next look shows it, and no person has to.
            "NoSuchKey" => CallError { class: CallClass::Conflict, ..error },
            _ => error,
        })
    }

    pub(super) async fn delete_if(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        etag: &ETag,
    ) -> Result<(), CallError> {
        let answer = self
            .send_s3(place, &DELETE_OBJECT, InBucket { bucket, key: Some(key) }, |c| {
                c.once
                    .delete_object()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .if_match(quoted(etag))
                    .send()
            })
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.said.code.as_str(), "NoSuchKey" | "NotFound") => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn encoding(encoding: Option<ContentEncoding>) -> Option<String> {
    encoding.map(|encoding| encoding.as_str().to_owned())
}
