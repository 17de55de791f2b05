//! Uploads in parts.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use driftless_domain::{BucketName, CallClass, CallError, Headers, ObjectKey, Place, Sha256};
use driftless_execute::{StoredObject, StoredPart};

use super::write::encoding;
use super::{InBucket, etag, quoted};
use crate::live::{Aws, unreadable};
use crate::operation::{ABORT_MULTIPART_UPLOAD, COMPLETE_MULTIPART_UPLOAD, CREATE_MULTIPART_UPLOAD, UPLOAD_PART};

/// A part of an upload.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) upload: &'a str,
    pub(super) number: u16,
    pub(super) sha256: Sha256,
    pub(super) body: Bytes,
}

impl Aws {
    pub(super) async fn create_upload(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        headers: &Headers,
    ) -> Result<String, CallError> {
        let Headers { content_type, cache_control, content_encoding } = headers;
        let (operation, object) = (&CREATE_MULTIPART_UPLOAD, InBucket { bucket, key: Some(key) });
        let answer = self
            .send_s3(place, operation, object, |c| {
                // Once: a second one would leave an upload behind that nobody knows of.
                c.once
                    .create_multipart_upload()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .content_type(content_type)
                    .cache_control(cache_control)
                    .set_content_encoding(encoding(*content_encoding))
                    .checksum_algorithm(ChecksumAlgorithm::Sha256)
                    .send()
            })
            .await?;
        answer
            .upload_id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| unreadable(place, operation, &object, CallClass::Ambiguous, "the answer names no upload"))
    }

    pub(super) async fn upload_part(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        part: Part<'_>,
    ) -> Result<StoredPart, CallError> {
        let Part { upload, number, sha256, body } = part;
        let object = InBucket { bucket, key: Some(key) };
        let answer = self
            .send_s3(place, &UPLOAD_PART, object, |c| {
                c.puts
                    .upload_part()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .upload_id(upload)
                    .part_number(i32::from(number))
                    .checksum_sha256(sha256.to_base64())
                    .body(ByteStream::from(body))
                    .customize()
                    .disable_payload_signing()
                    .send()
            })
            .await?;
        let etag = etag(place, &UPLOAD_PART, object, CallClass::Ambiguous, answer.e_tag())?;
        Ok(StoredPart { number, etag, sha256 })
    }

    pub(super) async fn complete_upload(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError> {
        let parts = parts.iter().map(|StoredPart { number, etag, sha256 }| {
            let part = CompletedPart::builder().part_number(i32::from(*number)).e_tag(quoted(etag));
            part.checksum_sha256(sha256.to_base64()).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let (operation, object) = (&COMPLETE_MULTIPART_UPLOAD, InBucket { bucket, key: Some(key) });
        let answer = self
            .send_s3(place, operation, object, |c| {
                c.once
                    .complete_multipart_upload()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .upload_id(upload)
                    .multipart_upload(parts)
                    .send()
            })
            .await?;
        let etag = etag(place, operation, object, CallClass::Ambiguous, answer.e_tag())?;
        Ok(StoredObject { etag, checksum: answer.checksum_sha256 })
    }

    pub(super) async fn abort_upload(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
    ) -> Result<(), CallError> {
        let answer = self
            .send_s3(place, &ABORT_MULTIPART_UPLOAD, InBucket { bucket, key: Some(key) }, |c| {
                c.once
                    .abort_multipart_upload()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .upload_id(upload)
                    .send()
            })
            .await;
        match answer {
            Ok(_) => Ok(()),
            // It is finished or given up already: nothing is kept.
            Err(error) if error.said.code == "NoSuchUpload" => Ok(()),
            Err(error) => Err(error),
        }
    }
}
