//! The port through which the zip of a site's build is fetched when it is announced.

use std::fs::File;

use async_trait::async_trait;

use driftless_domain::{CallError, ObjectKey, Place, Sha256, VersionId};
use driftless_spec::ArtifactBucket;

/// The artifact bucket, read. Implemented by `aws` and `sim`.
#[async_trait]
pub trait Builds: Send + Sync {
    /// Fetches a build into a file that disappears with its handle: that version, or without one the newest, which is
    /// pinned by this.
    ///
    /// # Errors
    /// [`FetchError`].
    async fn fetch(
        &self,
        bucket: &ArtifactBucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        at_most: u64,
    ) -> Result<FetchedBuild, FetchError>;
}

/// A build as it was fetched.
#[derive(Debug)]
pub struct FetchedBuild {
    /// The account and region of the bucket, where the spec did not say: those that we run in.
    pub place: Place,
    /// The version that was read.
    pub version: VersionId,
    /// The bytes, from the beginning. Nothing else has the file open, and it has no name.
    pub file: File,
    /// How many.
    pub size: u64,
    /// Their sha256.
    pub sha256: Sha256,
}

/// Why a build could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no such object, or not in that version.
    #[error("{0} is not there; upload the zip first, and then announce it")]
    Missing(String),
    /// The bucket has no versioning, so nothing pins what lies under a key.
    #[error(
        "bucket {0} has no versioning, so the bytes of a build could be exchanged later; enable versioning and upload again"
    )]
    Unversioned(String),
    /// It is larger than a build may be.
    #[error("the zip has {size} bytes; at most {at_most} are read")]
    TooLarge {
        /// What it has.
        size: u64,
        /// The limit.
        at_most: u64,
    },
    /// The bucket could not be read.
    #[error("the build could not be read")]
    Call(#[from] CallError),
    /// It could not be kept on disk while it was checked.
    #[error("the build could not be kept in a temporary file: {0}")]
    Disk(String),
}
