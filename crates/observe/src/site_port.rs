//! The port through which website buckets and distributions are read.

use std::collections::BTreeMap;

use async_trait::async_trait;

use driftless_domain::{
    BucketName, CallError, DistributionId, InvalidationState, KeyPrefix, ListedObject, ObjectHead, ObjectKey, Place,
};

/// All objects of our part of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Objects {
    /// By key.
    pub objects: BTreeMap<ObjectKey, ListedObject>,
    /// How many have a key that cannot be one of ours and are left out of [`Self::objects`].
    pub unnamed: u64,
}

/// The most objects that are listed: 250 calls. A bucket with more needs a prefix for the site.
pub const OBJECTS_AT_MOST: usize = 250_000;

/// Website buckets and distributions, read.
///
/// # Guarantees
/// Those of [`LiveState`](crate::LiveState). Every call names the account that the bucket must belong to (S14).
#[async_trait]
pub trait SiteState: Send + Sync {
    /// Every object under a prefix (or in the whole bucket), in as many calls as it takes; `None` when there is no such
    /// bucket.
    ///
    /// # Errors
    /// When a call fails (also when the bucket belongs to another account: `Denied`), or when there are more than
    /// [`OBJECTS_AT_MOST`]: `Invalid`.
    async fn list_objects(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
    ) -> Result<Option<Objects>, CallError>;

    /// One object with its headers and its SHA-256 checksum; `None` when it is not there.
    ///
    /// # Errors
    /// When the call fails.
    async fn head_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<ObjectHead>, CallError>;

    /// How far an invalidation is; `None` when CloudFront does not know it (any more).
    ///
    /// # Errors
    /// When the call fails, also when there is no such distribution (`Invalid`).
    async fn invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        id: &str,
    ) -> Result<Option<InvalidationState>, CallError>;
}
