//! The port to the table that keeps the records. Implemented by `aws` (DynamoDB) and `sim` (memory); the contract suite
//! in `tests/` runs on both.

use async_trait::async_trait;
use jiff::Timestamp;

use driftless_domain::{AppName, Artifact, CallError, Digest, Generation, Manifest, Status, Tag, Target};

use driftless_spec::Claim;

use crate::records::{DesiredRecord, Event, Heartbeat, InvalidRecord, Lease, SpecRecord, Stored, Versioned};

/// Why a read or write of records did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The condition did not hold: somebody else was first. Nothing was written.
    #[error("{what} was changed by somebody else")]
    Conflict {
        /// Which record.
        what: String,
    },
    /// Another target already names the resource. Nothing was written.
    #[error("{resource} already belongs to {owner}")]
    Claimed {
        /// The resource.
        resource: String,
        /// The target that has it.
        owner: Target,
    },
    /// One item that the answer depends on does not parse.
    #[error(transparent)]
    Invalid(#[from] InvalidRecord),
    /// The spec names more resources than one transaction takes. Nothing was written.
    #[error("the spec names {0} resources; one transaction takes 98")]
    TooManyClaims(usize),
    /// The table could not be reached or refused the call.
    #[error("the records could not be reached")]
    Call(#[from] CallError),
}

/// One target with the records that its pass needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The target.
    pub target: Target,
    /// What it should run.
    pub desired: Stored<DesiredRecord>,
    /// Its app's spec.
    pub spec: Stored<SpecRecord>,
    /// What was found last.
    pub status: Stored<Versioned<Status>>,
}

/// A desired record (or a request to look) that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When, as the writer said.
    pub at: Timestamp,
    /// Which target.
    pub target: Target,
}

/// What became of announcing an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of them, and it is taken apart at once")]
pub enum PutArtifact {
    /// It is new.
    New,
    /// The tag was taken: this is what it stands for. Nothing was written.
    Exists(Artifact),
}

/// What everybody may read.
#[async_trait]
pub trait ReadRecords: Send + Sync {
    /// Targets whose desired record (or wish to be looked at) changed at or after a time; with none, every target that has
    /// a desired record. Read from the index: eventually consistent, so callers overlap their reads, and a target that is
    /// missing here is not gone (S10).
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn changes(&self, since: Option<Timestamp>) -> Result<Vec<Change>, StoreError>;

    /// Consistent reads of everything a pass over these targets needs, in their order, batched.
    ///
    /// # Errors
    /// [`StoreError::Call`] for the whole batch. A record that does not parse is [`Stored::Invalid`] for its target only.
    async fn load(&self, targets: &[Target]) -> Result<Vec<Loaded>, StoreError>;

    /// A consistent read of one desired record alone (S5: the fence before each call).
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn desired(&self, target: &Target) -> Result<Stored<DesiredRecord>, StoreError>;

    /// The apps that have a spec, in order of name.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn apps(&self) -> Result<Vec<AppName>, StoreError>;

    /// An app's spec.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn spec(&self, app: &AppName) -> Result<Stored<SpecRecord>, StoreError>;

    /// One artifact.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn artifact(&self, app: &AppName, tag: &Tag) -> Result<Stored<Artifact>, StoreError>;

    /// An app's artifacts, newest announcement first, at most `limit`. Items that do not parse are left out of the list;
    /// reading one by its tag says what is wrong with it.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn artifacts(&self, app: &AppName, limit: usize) -> Result<Vec<Artifact>, StoreError>;

    /// A site's manifest, by its name. What is stored under a name and does not have its digest is
    /// [`Stored::Invalid`](crate::Stored).
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn manifest(&self, app: &AppName, digest: &Digest) -> Result<Stored<Manifest>, StoreError>;

    /// A target's history, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// The controllers' heartbeats.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError>;
}

/// What people ask for: written by the API's role alone.
#[async_trait]
pub trait DesiredWrites: Send + Sync {
    /// Writes a spec together with the claims on what it names, and lets go of claims that it no longer needs, as one
    /// transaction. `spec.version` must be the stored version plus one (1 for a new app).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the stored version is another, [`StoreError::Claimed`] when a resource belongs to
    /// another target, [`StoreError::TooManyClaims`], [`StoreError::Call`].
    async fn put_spec(&self, spec: &SpecRecord, claims: &[Claim]) -> Result<(), StoreError>;

    /// Writes an artifact unless its tag is taken.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the tag is taken by an item that does not parse; [`StoreError::Call`].
    async fn put_artifact(&self, artifact: &Artifact) -> Result<PutArtifact, StoreError>;

    /// Writes a site's manifest under its digest, which is returned. The same manifest again changes nothing. It may take
    /// several items: nothing refers to it until its artifact is written.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn put_manifest(&self, app: &AppName, manifest: &Manifest) -> Result<Digest, StoreError>;

    /// Writes a desired record with its history event as one transaction. `record.generation` must be the stored
    /// generation plus one (1 for a new target), so that generations are strictly monotone (S4).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the stored generation is another; [`StoreError::Call`].
    async fn put_desired(&self, record: &DesiredRecord, event: &Event) -> Result<(), StoreError>;

    /// Asks the controller to look at a target soon. Carries nothing but the target.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn nudge(&self, target: &Target, at: Timestamp) -> Result<(), StoreError>;
}

/// What the controller found: written by its role alone.
#[async_trait]
pub trait StatusWrites: Send + Sync {
    /// Writes a status with its history events as one transaction. `status.version` is the version that was read
    /// (0: none); it is stored as one more, which is returned.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the stored version is another; [`StoreError::Call`].
    async fn put_status(&self, status: &Versioned<Status>, events: &[Event]) -> Result<u64, StoreError>;

    /// Writes a heartbeat over the earlier one of the same holder. It disappears by itself some time after the last.
    ///
    /// # Errors
    /// [`StoreError::Call`].
    async fn put_heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError>;

    /// The lease of a shard.
    ///
    /// # Errors
    /// [`StoreError::Call`]; [`StoreError::Invalid`].
    async fn lease(&self, shard: u16) -> Result<Option<Lease>, StoreError>;

    /// Writes a lease if the stored version is `lease.version - 1` (no item counts as version 0).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else was first; [`StoreError::Call`].
    async fn put_lease(&self, lease: &Lease) -> Result<(), StoreError>;
}

/// All that the API needs.
pub trait ApiStore: ReadRecords + DesiredWrites {}
impl<T: ReadRecords + DesiredWrites> ApiStore for T {}

/// All that the controller needs.
pub trait ControllerStore: ReadRecords + StatusWrites {}
impl<T: ReadRecords + StatusWrites> ControllerStore for T {}

impl Loaded {
    /// The generation of the desired record, if it can be read.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.desired.as_valid().map(|record| record.generation)
    }
}
