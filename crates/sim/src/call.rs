//! Requests on their way: what they are called in histories and in errors, and the randomness that belongs to each.

use std::fmt;

use driftless_domain::{
    AccountId, BucketName, CallClass, CallError, ClusterName, DistributionId, EcsServiceName, ParameterName, Place,
    Region,
};

/// An account and a region: where things are. The role that opens it does not matter here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Site {
    pub(crate) fn of(place: &Place) -> Self {
        Self { account: place.account.clone(), region: place.region.clone() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region } = self;
        write!(f, "{account}/{region}")
    }
}

/// Whether a call changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    pub(crate) kind: Kind,
    /// Where it goes; the store has no place.
    pub(crate) site: Option<Site>,
    /// The stable text of the history.
    pub(crate) object: String,
    /// The text for people.
    pub(crate) shown: String,
    pub(crate) detail: String,
}

impl Request {
    /// This request, refused by AWS with a code.
    pub(crate) fn refused(&self, class: CallClass, code: &str, message: &str) -> CallError {
        CallError::new(self.operation, self.shown.clone(), class, code, message)
    }

    /// This request, refused for what it asks.
    pub(crate) fn invalid(&self, code: &str, message: &str) -> CallError {
        self.refused(CallClass::Invalid, code, message)
    }
}

pub(crate) fn cluster_text(site: &Site, cluster: &ClusterName) -> String {
    format!("ecs-cluster {site}/{cluster}")
}

pub(crate) fn service_text(site: &Site, cluster: &ClusterName, service: &EcsServiceName) -> String {
    format!("ecs-service {site}/{cluster}/{service}")
}

/// A revision (`web:3`) or a family (`web`).
pub(crate) fn task_definition_text(site: &Site, short: &str) -> String {
    format!("task-definition {site}/{short}")
}

/// The name begins with its own slash.
pub(crate) fn parameter_text(site: &Site, name: &ParameterName) -> String {
    format!("ssm-parameter {site}{name}")
}

/// Names of buckets are global.
pub(crate) fn bucket_text(bucket: &BucketName) -> String {
    format!("s3-bucket {bucket}")
}

pub(crate) fn object_text(bucket: &BucketName, key: &str) -> String {
    format!("s3-object {bucket}/{key}")
}

/// CloudFront is in no region.
pub(crate) fn distribution_text(place: &Place, distribution: &DistributionId) -> String {
    format!("cloudfront {}/{distribution}", place.account)
}

/// The dice of one decision: the same seed, words and number always roll the same.
pub(crate) fn dice(seed: u64, words: &[&str], number: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(mixed(seed, words, number))
}

/// A number made of a seed, words and a number: FNV-1a, with the finish of SplitMix64 so that near inputs lie far apart.
pub(crate) fn mixed(seed: u64, words: &[&str], number: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for word in words {
        word.bytes().for_each(&mut eat);
        eat(0xff);
    }
    number.to_le_bytes().into_iter().for_each(&mut eat);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
