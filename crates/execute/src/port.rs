//! The ports through which the live world is changed, and through which a change is allowed and written down first.

use std::collections::BTreeMap;

use async_trait::async_trait;

use driftless_domain::{CallError, ClusterName, EcsServiceName, ParameterName, Place, TaskDefArn, TaskDocument};

/// The live world, changed. Implemented by `aws` and `sim`.
///
/// # Guarantees
/// Every method sends at most one request that changes something, and never repeats it by itself (aws-facts.md: none of
/// these calls takes an idempotency token). A failure whose effect is not known is [`CallClass::Ambiguous`]; every other
/// class means that nothing was changed.
///
/// [`CallClass::Ambiguous`]: driftless_domain::CallClass::Ambiguous
#[async_trait]
pub trait LiveChanges: Send + Sync {
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
