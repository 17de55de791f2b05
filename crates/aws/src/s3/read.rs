//! Looking at website buckets.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{ChecksumMode, EncodingType};

use driftless_domain::{BucketName, CallClass, CallError, KeyPrefix, ListedObject, ObjectHead, ObjectKey, Place};
use driftless_observe::{OBJECTS_AT_MOST, Objects};

use super::keys::decoded;
use super::{InBucket, etag};
use crate::live::{Aws, unreadable};
use crate::operation::{HEAD_OBJECT, LIST_OBJECTS};

/// The most that one page of a list holds.
const PAGE: i32 = 1000;

impl Aws {
    pub(super) async fn list_bucket(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
    ) -> Result<Option<Objects>, CallError> {
        let object = InBucket { bucket, key: None };
        let mut found = Objects::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.page(place, bucket, prefix, after.clone()).await;
            let page = match page {
                Ok(page) => page,
                Err(error) if error.said.code == "NoSuchBucket" => return Ok(None),
                Err(error) => return Err(error),
            };
            add(place, object, &mut found, &page)?;
            if !page.is_truncated.unwrap_or_default() {
                return Ok(Some(found));
            }
            // Those that cannot be ours take as many calls.
            if found.objects.len() as u64 + found.unnamed > OBJECTS_AT_MOST as u64 {
                let words = format!(
                    "there are more than {OBJECTS_AT_MOST} objects; give the site a bucket or a prefix of its own"
                );
                let object = format!("{object} ({place})");
                return Err(CallError::new(LIST_OBJECTS.name, object, CallClass::Invalid, "TooManyObjects", &words));
            }
            after = page.next_continuation_token.filter(|next| !next.is_empty() && after.as_ref() != Some(next));
            if after.is_none() {
                let problem = "the list is cut, and the answer does not say where it goes on";
                return Err(unreadable(place, &LIST_OBJECTS, &object, CallClass::Transient, problem));
            }
        }
    }

    async fn page(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
        after: Option<String>,
    ) -> Result<ListObjectsV2Output, CallError> {
        self.send_s3(place, &LIST_OBJECTS, InBucket { bucket, key: None }, |c| {
            c.reads
                .list_objects_v2()
                .bucket(bucket.as_str())
                .expected_bucket_owner(place.account.as_str())
                .set_prefix(prefix.map(|prefix| prefix.as_str().to_owned()))
                // A key with a control character makes a plain list ill-formed XML, for all its neighbours.
                .encoding_type(EncodingType::Url)
                .max_keys(PAGE)
                .set_continuation_token(after)
                .send()
        })
        .await
    }

    pub(super) async fn head(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<ObjectHead>, CallError> {
        let object = InBucket { bucket, key: Some(key) };
        let answer = self
            .send_s3(place, &HEAD_OBJECT, object, |c| {
                c.reads
                    .head_object()
                    .bucket(bucket.as_str())
                    .key(key.as_str())
                    .expected_bucket_owner(place.account.as_str())
                    .checksum_mode(ChecksumMode::Enabled)
                    .send()
            })
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if matches!(error.said.code.as_str(), "NotFound" | "NoSuchKey") => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = size(place, object, answer.content_length)?;
        Ok(Some(ObjectHead {
            etag: etag(place, &HEAD_OBJECT, object, CallClass::Transient, answer.e_tag())?,
            size,
            checksum: answer.checksum_sha256,
            content_type: answer.content_type,
            cache_control: answer.cache_control,
            content_encoding: answer.content_encoding,
        }))
    }
}

/// Adds the objects of a page.
fn add(place: &Place, bucket: InBucket<'_>, found: &mut Objects, page: &ListObjectsV2Output) -> Result<(), CallError> {
    let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
    for listed in page.contents() {
        let key = listed.key().unwrap_or_default();
        let key = if is_encoded { decoded(key) } else { Some(key.into()) };
        let Some(key) = key.and_then(|key| ObjectKey::parse(key).ok()) else {
            found.unnamed += 1;
            continue;
        };
        let object = InBucket { key: Some(&key), ..bucket };
        let etag = etag(place, &LIST_OBJECTS, object, CallClass::Transient, listed.e_tag())?;
        let size = size(place, object, listed.size())?;
        found.objects.insert(key, ListedObject { size, etag, checksum: None });
    }
    Ok(())
}

fn size(place: &Place, object: InBucket<'_>, size: Option<i64>) -> Result<u64, CallError> {
    size.and_then(|size| u64::try_from(size).ok())
        .ok_or_else(|| unreadable(place, &LIST_OBJECTS, &object, CallClass::Transient, "the answer names no size"))
}
