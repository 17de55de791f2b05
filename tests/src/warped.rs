//! A world seen through a reader that is broken on purpose: the mistakes that the tests must be able to catch.

use async_trait::async_trait;
use driftless_domain::{
    BucketName, CallError, ClusterName, DistributionId, EcsServiceName, InvalidationState, KeyPrefix, LiveService,
    ObjectHead, ObjectKey, ParameterName, ParameterValue, Place, Rollout, RunningContainer, StoppedTask, TaskDefArn,
    TaskDefinition, TaskFamily,
};
use driftless_observe::{LiveState, Objects, SiteState};
use driftless_sim::World;

/// What is wrong with the reader.
#[derive(Debug, Clone, Copy)]
pub enum Warp {
    /// It maps every failed read to "not there" (what S10 forbids).
    ErrorsAreAbsent,
    /// It panics over the answer about this service.
    PanicsAt(&'static str),
}

/// The reader.
pub struct Warped {
    /// The world behind it.
    pub world: World,
    /// What is wrong with it.
    pub warp: Warp,
}

impl Warped {
    fn warped<T>(&self, answer: Result<T, CallError>, nothing: T) -> Result<T, CallError> {
        match (self.warp, answer) {
            (Warp::ErrorsAreAbsent, Err(_)) => Ok(nothing),
            (Warp::ErrorsAreAbsent | Warp::PanicsAt(_), answer) => answer,
        }
    }
}

#[async_trait]
impl LiveState for Warped {
    async fn services(
        &self,
        place: &Place,
        cluster: &ClusterName,
        names: &[EcsServiceName],
    ) -> Result<Vec<Option<LiveService>>, CallError> {
        if let Warp::PanicsAt(service) = self.warp {
            assert!(!names.iter().any(|name| name.as_str() == service), "an answer that nobody expected");
        }
        self.warped(self.world.services(place, cluster, names).await, vec![None; names.len()])
    }
    async fn parameters(
        &self,
        place: &Place,
        names: &[ParameterName],
    ) -> Result<Vec<Option<ParameterValue>>, CallError> {
        self.warped(self.world.parameters(place, names).await, vec![None; names.len()])
    }
    async fn task_definition(&self, place: &Place, arn: &TaskDefArn) -> Result<Option<TaskDefinition>, CallError> {
        self.warped(self.world.task_definition(place, arn).await, None)
    }
    async fn revisions(&self, place: &Place, family: &TaskFamily, limit: usize) -> Result<Vec<TaskDefArn>, CallError> {
        self.warped(self.world.revisions(place, family, limit).await, Vec::new())
    }
    async fn rollouts(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Option<Vec<Rollout>>, CallError> {
        self.warped(self.world.rollouts(place, cluster, service).await, None)
    }
    async fn running_containers(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Vec<RunningContainer>, CallError> {
        self.warped(self.world.running_containers(place, cluster, service).await, Vec::new())
    }
    async fn last_stopped(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<Option<StoppedTask>, CallError> {
        self.warped(self.world.last_stopped(place, cluster, service, task_definition).await, None)
    }
}

#[async_trait]
impl SiteState for Warped {
    async fn list_objects(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
    ) -> Result<Option<Objects>, CallError> {
        // What a careless reader makes of a failed list: an empty bucket.
        self.warped(self.world.list_objects(place, bucket, prefix).await, Some(Objects::default()))
    }
    async fn head_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<ObjectHead>, CallError> {
        self.warped(self.world.head_object(place, bucket, key).await, None)
    }
    async fn invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        id: &str,
    ) -> Result<Option<InvalidationState>, CallError> {
        self.warped(self.world.invalidation(place, distribution, id).await, None)
    }
}
