//! The port through which the live world is read. Implemented by `aws` (the SDK) and `sim` (memory); the contract suite
//! in `tests/` runs on both. Reads only: nothing here changes anything.

use async_trait::async_trait;

use driftless_domain::{
    CallError, ClusterName, EcsServiceName, LiveService, ParameterName, ParameterValue, Place, Rollout,
    RunningContainer, StoppedTask, TaskDefArn, TaskDefinition, TaskFamily,
};

use crate::site_port::SiteState;

/// The most services in one call (ECS DescribeServices; aws-facts.md).
pub const SERVICES_PER_CALL: usize = 10;
/// The most parameters in one call (SSM GetParameters; aws-facts.md).
pub const PARAMETERS_PER_CALL: usize = 10;

/// The live world, read.
///
/// # Guarantees
/// An error is never an empty answer: what AWS said is not there is `None` (or left out of a list whose doc says so), and
/// everything else that went wrong is a [`CallError`]. Reads are retried inside the adapter within its time limit.
#[async_trait]
pub trait LiveState: SiteState + Send + Sync {
    /// Services of one cluster, one answer per name in the order of the names; `None` is ECS's `MISSING`. At most
    /// [`SERVICES_PER_CALL`] names.
    ///
    /// # Errors
    /// When the call fails, also when the cluster is not there.
    async fn services(
        &self,
        place: &Place,
        cluster: &ClusterName,
        names: &[EcsServiceName],
    ) -> Result<Vec<Option<LiveService>>, CallError>;

    /// Parameters, one answer per name in the order of the names; `None` is SSM's `InvalidParameters`. At most
    /// [`PARAMETERS_PER_CALL`] names. Values are not decrypted.
    ///
    /// # Errors
    /// When the call fails.
    async fn parameters(
        &self,
        place: &Place,
        names: &[ParameterName],
    ) -> Result<Vec<Option<ParameterValue>>, CallError>;

    /// One revision with all its fields and tags, ACTIVE or not; `None` when ECS no longer knows it.
    ///
    /// # Errors
    /// When the call fails.
    async fn task_definition(&self, place: &Place, arn: &TaskDefArn) -> Result<Option<TaskDefinition>, CallError>;

    /// The ACTIVE revisions of exactly this family, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the call fails. A family that nobody registered is an empty list.
    async fn revisions(&self, place: &Place, family: &TaskFamily, limit: usize) -> Result<Vec<TaskDefArn>, CallError>;

    /// The newest service deployments of a service, newest first; `None` when this endpoint does not know service
    /// deployments at all (the emulator): [`LiveService::deployments`] is then all there is.
    ///
    /// # Errors
    /// When the call fails; not allowed is an error, not `None`.
    async fn rollouts(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Option<Vec<Rollout>>, CallError>;

    /// The containers of the service's running tasks.
    ///
    /// # Errors
    /// When a call fails.
    async fn running_containers(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Vec<RunningContainer>, CallError>;

    /// The task of the service that stopped last with this revision; `None` when ECS remembers none (it forgets after an
    /// hour).
    ///
    /// # Errors
    /// When a call fails.
    async fn last_stopped(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<Option<StoppedTask>, CallError>;
}
