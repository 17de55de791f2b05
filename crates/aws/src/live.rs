//! The live world: what every call goes through, and the ports [`LiveState`] and [`LiveChanges`].

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;

use async_trait::async_trait;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};

use driftless_domain::{
    CallClass, CallError, ClusterName, EcsServiceName, LiveService, ParameterName, ParameterValue, Place, Region,
    Rollout, RunningContainer, StoppedTask, TaskDefArn, TaskDefinition, TaskDocument, TaskFamily,
};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;

use crate::classify::classify;
use crate::connect::{Accounts, PlaceClients};
use crate::counting::CallCounter;
use crate::limits::Limits;
use crate::operation::Operation;

/// AWS as the ports see it. Clones share connections, limits and counts.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) accounts: Accounts,
    /// The region that the controller runs in, where that is known.
    pub(crate) region: Option<Region>,
    limits: Limits,
    pub(crate) calls: CallCounter,
}

impl Aws {
    /// AWS through these accounts, counting into this counter.
    #[must_use]
    pub fn new(accounts: Accounts, calls: CallCounter) -> Self {
        let region = accounts.region();
        Self { accounts, region, limits: Limits::new(), calls }
    }

    /// The same, running in this region: where artifact buckets are whose region the spec does not say. Without it, the
    /// region that the environment gives.
    #[must_use]
    pub fn in_region(self, region: Region) -> Self {
        Self { region: Some(region), ..self }
    }

    /// The same without limits of our own: for emulators, which nobody else shares.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self { limits: self.limits.lifted(), ..self }
    }

    /// What was sent so far.
    #[must_use]
    pub fn calls(&self) -> &CallCounter {
        &self.calls
    }

    /// Sends one request: after the place's credentials were found to be for its account, within its limits, counted, and
    /// with its failure classified.
    pub(crate) async fn send<T, E, F>(
        &self,
        place: &Place,
        operation: &Operation,
        object: &(dyn Display + Sync),
        request: impl FnOnce(&PlaceClients) -> F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let clients = self.accounts.clients(place);
        self.check_caller(place, &clients).await?;
        self.send_unchecked(place, operation, object, || request(&clients)).await
    }

    pub(crate) async fn send_unchecked<T, E, F>(
        &self,
        place: &Place,
        operation: &Operation,
        object: &(dyn Display + Sync),
        request: impl FnOnce() -> F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let Operation { name, kind, bucket, codes } = *operation;
        let object = || format!("{object} ({place})");
        if let Some(bucket) = bucket
            && let Err(wait) = self.limits.enter(place, bucket, kind).await
        {
            let words = format!("our own limit for this account and region; the next turn is in {} s", wait.as_secs());
            return Err(CallError::new(name, object(), CallClass::Throttled, "NotSent", &words));
        }
        self.calls.sent(name, kind);
        request().await.map_err(|error| {
            let (class, said) = classify(codes, kind, &error);
            self.calls.failed(name, kind, class);
            if let (CallClass::Throttled, Some(bucket)) = (class, bucket) {
                self.limits.slow_down(place, bucket);
            }
            CallError { operation: name, object: object(), class, said }
        })
    }
}

/// An answer that holds something else than it should, or less.
pub(crate) fn unreadable(
    place: &Place,
    operation: &Operation,
    object: &(dyn Display + Sync),
    class: CallClass,
    problem: &str,
) -> CallError {
    CallError::new(operation.name, format!("{object} ({place})"), class, "UnreadableAnswer", problem)
}

#[async_trait]
impl LiveState for Aws {
    async fn services(
        &self,
        place: &Place,
        cluster: &ClusterName,
        names: &[EcsServiceName],
    ) -> Result<Vec<Option<LiveService>>, CallError> {
        self.describe_services(place, cluster, names).await
    }

    async fn parameters(
        &self,
        place: &Place,
        names: &[ParameterName],
    ) -> Result<Vec<Option<ParameterValue>>, CallError> {
        self.get_parameters(place, names).await
    }

    async fn task_definition(&self, place: &Place, arn: &TaskDefArn) -> Result<Option<TaskDefinition>, CallError> {
        self.describe_task_definition(place, arn).await
    }

    async fn revisions(&self, place: &Place, family: &TaskFamily, limit: usize) -> Result<Vec<TaskDefArn>, CallError> {
        self.list_revisions(place, family, limit).await
    }

    async fn rollouts(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Option<Vec<Rollout>>, CallError> {
        self.service_deployments(place, cluster, service).await
    }

    async fn running_containers(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Vec<RunningContainer>, CallError> {
        self.containers_of_running_tasks(place, cluster, service).await
    }

    async fn last_stopped(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<Option<StoppedTask>, CallError> {
        self.last_stopped_task(place, cluster, service, task_definition).await
    }
}

#[async_trait]
impl LiveChanges for Aws {
    async fn put_parameter(&self, place: &Place, name: &ParameterName, value: &str) -> Result<(), CallError> {
        self.overwrite_parameter(place, name, value).await
    }

    async fn register_task_definition(
        &self,
        place: &Place,
        document: &TaskDocument,
        tags: &BTreeMap<String, String>,
    ) -> Result<TaskDefArn, CallError> {
        self.register(place, document, tags).await
    }

    async fn update_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<(), CallError> {
        self.point_service(place, cluster, service, task_definition).await
    }
}
