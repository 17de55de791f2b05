//! The ports through which the live world is changed, and through which a change is allowed and written down first.

use std::collections::BTreeMap;

use async_trait::async_trait;

use driftless_domain::{
    CallError, ClusterName, EcsServiceName, Generation, ParameterName, Place, Progress, TaskDefArn, TaskDocument,
};
use driftless_plan::Action;

use crate::site_port::SiteChanges;

/// The live world, changed. Implemented by `aws` and `sim`.
///
/// # Guarantees
/// Every method sends at most one request that changes something, and never repeats it by itself (aws-facts.md: none of
/// these calls takes an idempotency token). A failure whose effect is not known is [`CallClass::Ambiguous`]; every other
/// class means that nothing was changed.
///
/// [`CallClass::Ambiguous`]: driftless_domain::CallClass::Ambiguous
#[async_trait]
pub trait LiveChanges: SiteChanges + Send + Sync {
    /// Writes a parameter (type String) over what is there.
    ///
    /// # Errors
    /// When SSM refuses it, or the outcome is not known.
    async fn put_parameter(&self, place: &Place, name: &ParameterName, value: &str) -> Result<(), CallError>;

    /// Registers a revision with exactly this document and these tags, and answers with its ARN.
    ///
    /// # Errors
    /// When ECS refuses it, or the outcome is not known.
    async fn register_task_definition(
        &self,
        place: &Place,
        document: &TaskDocument,
        tags: &BTreeMap<String, String>,
    ) -> Result<TaskDefArn, CallError>;

    /// Points a service to a revision. Nothing else of the service is named in the call, so nothing else changes.
    ///
    /// # Errors
    /// When ECS refuses it, or the outcome is not known.
    async fn update_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<(), CallError>;
}

/// Why a step was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The desired record moved on while the plan was made (S5).
    #[error("the desired record is at generation {found}, and the plan was made for {planned}")]
    Stale {
        /// What the plan was made for.
        planned: Generation,
        /// What is stored.
        found: Generation,
    },
    /// The spec changed while the plan was made: its gates and names are to be read again (S1, S17).
    #[error("the spec is at version {found}, and the plan was made with {planned}")]
    SpecChanged {
        /// What the plan was made with.
        planned: u64,
        /// What is stored.
        found: u64,
    },
    /// This process may not change anything now: another holds the lease, or ours may have run out.
    #[error("this controller does not hold the lease")]
    NotOurs,
    /// The records cannot be read or written: act as if paused (S12).
    #[error("the records could not be reached: {0}")]
    Records(String),
}

/// Where every step is allowed and written down before it is sent, and its answer after.
///
/// # Guarantees
/// [`execute`](crate::execute) sends nothing that [`allow`](Self::allow) did not allow just before, and reports every
/// answer through [`answered`](Self::answered) before it goes on.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Asked last thing before each step that changes the live world: is it still wanted and ours to send (S5)? Records
    /// the intent, so that a process that dies here leaves word of it (S7).
    ///
    /// # Errors
    /// [`Refused`]: the step is not sent, and neither is any after it.
    async fn allow(&self, action: &Action) -> Result<(), Refused>;

    /// Asked before each call of a step that consists of many: may it go on? Cheap, so that it can be asked thousands of
    /// times: the lease is checked each time, the records are read again when the last look is a second old. `progress` is
    /// shown to people now and then.
    ///
    /// # Errors
    /// [`Refused`]: nothing more of the step is sent; what was sent stands.
    async fn go_on(&self, progress: Progress) -> Result<(), Refused>;

    /// What became of a step that was sent.
    async fn answered(&self, action: &Action, answer: &Result<Effect, CallError>);

    /// Writes down that the release did not live here: one conditional write.
    ///
    /// # Errors
    /// [`Refused`] when the record could not be written.
    async fn reject(&self, rejection: &Action) -> Result<(), Refused>;
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The parameter says what it should.
    ParameterWritten,
    /// There is a new revision.
    Registered(TaskDefArn),
    /// The service was told.
    ServiceUpdated,
    /// The files are in the bucket.
    FilesUploaded {
        /// How many.
        files: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// The headers of this many files are right.
    HeadersReplaced(u64),
    /// CloudFront calls the invalidation this.
    Invalidated(String),
    /// Files of earlier releases are gone.
    FilesDeleted {
        /// How many.
        deleted: u64,
        /// How many somebody had changed, which are left as they are.
        left: u64,
    },
    /// The rejection is written down.
    Rejected,
}
