//! The hands of others on buckets and distributions, and what is really there. Keys are text here: other people may
//! write keys that are none of ours.

use std::time::Duration;

use bytes::Bytes;
use driftless_domain::{AccountId, BucketName, DistributionId, KeyPrefix, Place};
use jiff::Timestamp;

use crate::call::{Site, bucket_text, distribution_text, object_text};
use crate::cloudfront::MadeInvalidation;
use crate::s3::{Bucket, NewObject, Object, ObjectHeaders, ObjectWrite, Writer};

use super::World;
use super::hands::{PERSON, Refused, TERRAFORM};

impl World {
    /// Infrastructure makes a bucket, without versioning and KMS.
    pub fn create_bucket(&self, place: &Place, bucket: &BucketName) {
        let site = Site::of(place);
        self.hand(TERRAFORM, "s3:CreateBucket", bucket_text(bucket), site.to_string(), |state, _| {
            if state.s3.get(bucket).is_some() {
                return Err("BucketAlreadyExists");
            }
            state.s3.create(state.seed, bucket, &site);
            Ok(())
        });
    }

    /// Infrastructure turns versioning on or off.
    pub fn bucket_keeps_versions(&self, bucket: &BucketName, versioned: bool) {
        let detail = if versioned { "Enabled" } else { "Suspended" };
        self.on_bucket(TERRAFORM, "s3:PutBucketVersioning", bucket, detail, |found, _| found.versioned = versioned);
    }

    /// Infrastructure has a bucket encrypt with KMS from now on: ETags of new objects say nothing of their content.
    pub fn bucket_encrypts_with_kms(&self, bucket: &BucketName) {
        self.on_bucket(TERRAFORM, "s3:PutEncryptionConfiguration", bucket, "aws:kms", |found, _| found.kms = true);
    }

    /// A person deletes a bucket with all that is in it.
    pub fn delete_bucket(&self, bucket: &BucketName) {
        self.hand(PERSON, "s3:DeleteBucket", bucket_text(bucket), String::new(), |state, _| {
            state.s3.delete(bucket).map(drop).ok_or("NoSuchBucket")
        });
    }

    /// A bucket is deleted, and somebody else's account makes an empty one with its name.
    pub fn bucket_moves_to_account(&self, bucket: &BucketName, account: &AccountId) {
        self.hand(PERSON, "s3:CreateBucket", bucket_text(bucket), format!("in account {account}"), |state, _| {
            let old = state.s3.delete(bucket).ok_or("NoSuchBucket")?;
            let site = Site { account: account.clone(), region: old.site().region.clone() };
            state.s3.create(state.seed, bucket, &site);
            Ok(())
        });
    }

    /// Where a site begins in a bucket: `/x` in a page below this prefix means the key `{prefix}x`. Without it, where the
    /// bucket begins. The monitor needs to know (S13).
    pub fn site_root(&self, bucket: &BucketName, prefix: &KeyPrefix) {
        self.with(|state, _| state.s3.root(bucket, prefix.as_str()));
    }

    /// A person puts an object, as the console does: without a SHA-256 checksum.
    pub fn put_by_person(
        &self,
        bucket: &BucketName,
        key: &str,
        body: impl Into<Bytes>,
        headers: impl Into<ObjectHeaders>,
    ) {
        let new = NewObject::whole(body.into(), headers.into(), false);
        let detail = format!("{} bytes", new.body.len());
        self.on_object("s3:PutObject", bucket, key, detail, |found, writer| {
            found.put(&writer, key, new);
            Ok(())
        });
    }

    /// A person gives an object other headers.
    pub fn set_headers_by_person(&self, bucket: &BucketName, key: &str, headers: impl Into<ObjectHeaders>) {
        let headers = headers.into();
        self.on_object("s3:PutObject", bucket, key, "copy onto itself".to_owned(), |found, writer| {
            let object = found.get(key).ok_or("NoSuchKey")?;
            let copy = NewObject::whole(object.body.clone(), headers, object.checksum.is_some());
            found.put(&writer, key, copy);
            Ok(())
        });
    }

    /// A person deletes an object.
    pub fn delete_by_person(&self, bucket: &BucketName, key: &str) {
        self.on_object("s3:DeleteObject", bucket, key, String::new(), |found, writer| {
            let (deleted, _) = found.delete(&writer, key);
            deleted.then_some(()).ok_or("NoSuchKey")
        });
    }

    /// A person deletes all that is in a bucket.
    pub fn empty_bucket_by_person(&self, bucket: &BucketName) {
        self.on_bucket(PERSON, "s3:DeleteObjects", bucket, "everything", |found, at| {
            let keys: Vec<String> = found.objects("").map(|(key, _)| key.to_owned()).collect();
            for key in keys {
                found.delete(&person(at), &key);
            }
        });
    }

    /// The next body that is put to such a key (or a part of it) arrives damaged, and S3 refuses it.
    pub fn corrupt_next_put(&self, bucket: &BucketName, key_contains: &str) {
        self.with(|state, _| state.s3.damage_next_put(bucket, key_contains));
    }

    /// An object as it is.
    #[must_use]
    pub fn object(&self, bucket: &BucketName, key: &str) -> Option<Object> {
        self.with(|state, _| state.s3.get(bucket)?.get(key).cloned())
    }

    /// All that is in a bucket, by key.
    #[must_use]
    pub fn objects(&self, bucket: &BucketName) -> std::collections::BTreeMap<String, Object> {
        self.with(|state, _| {
            let found = state.s3.get(bucket).into_iter();
            found.flat_map(|found| found.objects("")).map(|(key, object)| (key.to_owned(), object.clone())).collect()
        })
    }

    /// Every write of an object since its bucket was made, oldest first.
    #[must_use]
    pub fn object_history(&self, bucket: &BucketName, key: &str) -> Vec<ObjectWrite> {
        self.with(|state, _| state.s3.get(bucket).map(|found| found.history(key).to_vec()).unwrap_or_default())
    }

    /// How many uploads in parts were neither finished nor given up.
    #[must_use]
    pub fn unfinished_uploads(&self, bucket: &BucketName) -> usize {
        self.with(|state, _| state.s3.get(bucket).map_or(0, |found| found.uploads.unfinished()))
    }

    /// Infrastructure makes a distribution.
    pub fn create_distribution(&self, place: &Place, distribution: &DistributionId) {
        let object = distribution_text(place, distribution);
        self.hand(TERRAFORM, "cloudfront:CreateDistribution", object, String::new(), |state, _| {
            if state.cloudfront.get(distribution).is_some() {
                return Err("DistributionAlreadyExists");
            }
            state.cloudfront.create(distribution, &place.account);
            Ok(())
        });
    }

    /// Infrastructure deletes a distribution.
    pub fn delete_distribution(&self, place: &Place, distribution: &DistributionId) {
        let object = distribution_text(place, distribution);
        self.hand(TERRAFORM, "cloudfront:DeleteDistribution", object, String::new(), |state, _| {
            state.cloudfront.delete(distribution).then_some(()).ok_or("NoSuchDistribution")
        });
    }

    /// Infrastructure puts a distribution in front of a bucket; the origin path is what it puts before a request's path.
    pub fn distribution_serves(
        &self,
        distribution: &DistributionId,
        bucket: &BucketName,
        origin_path: Option<&KeyPrefix>,
    ) {
        let prefix = origin_path.map_or("", KeyPrefix::as_str).to_owned();
        self.with(|state, _| {
            if let Some(found) = state.cloudfront.get_mut(distribution) {
                found.origin = Some((bucket.clone(), prefix));
            }
        });
    }

    /// How long invalidations take that are made from now on; 20 s when nobody said otherwise.
    pub fn invalidations_take(&self, duration: Duration) {
        self.with(|state, _| state.cloudfront.take(Some(duration)));
    }

    /// Invalidations that are made from now on stay in progress for ever (or until [`Self::complete_invalidations`]).
    pub fn invalidations_never_end(&self) {
        self.with(|state, _| state.cloudfront.take(None));
    }

    /// What is under way for a distribution is completed now.
    pub fn complete_invalidations(&self, distribution: &DistributionId) {
        self.with(|state, now| {
            if let Some(found) = state.cloudfront.get_mut(distribution) {
                found.complete(now);
            }
        });
    }

    /// All invalidations of a distribution, oldest first.
    #[must_use]
    pub fn invalidations(&self, distribution: &DistributionId) -> Vec<MadeInvalidation> {
        self.with(|state, _| {
            state.cloudfront.get(distribution).map(|found| found.invalidations.clone()).unwrap_or_default()
        })
    }

    fn on_bucket(
        &self,
        actor: &str,
        operation: &'static str,
        bucket: &BucketName,
        detail: &str,
        change: impl FnOnce(&mut Bucket, Timestamp),
    ) {
        self.hand(actor, operation, bucket_text(bucket), detail.to_owned(), |state, now| {
            change(state.s3.get_mut(bucket).ok_or("NoSuchBucket")?, now);
            Ok(())
        });
    }

    fn on_object(
        &self,
        operation: &'static str,
        bucket: &BucketName,
        key: &str,
        detail: String,
        change: impl FnOnce(&mut Bucket, Writer) -> Result<(), Refused>,
    ) {
        self.hand(PERSON, operation, object_text(bucket, key), detail, |state, now| {
            change(state.s3.get_mut(bucket).ok_or("NoSuchBucket")?, person(now))
        });
    }
}

fn person(at: Timestamp) -> Writer {
    Writer { by: PERSON.to_owned(), call: 0, at }
}
