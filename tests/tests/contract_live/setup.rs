//! What the suite needs of a world besides the ports: the hands of infrastructure and of people.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use driftless_domain::{
    ClusterName, EcsServiceName, LiveService, ParameterName, Place, RolloutState, TaskDefArn, TaskFamily,
};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;

/// A world to test in.
#[async_trait]
pub(crate) trait Setup: Send + Sync {
    /// The implementation under test.
    type Live: LiveState + LiveChanges;

    fn live(&self) -> &Self::Live;

    fn place(&self) -> Place {
        driftless_tests::emulator::place("111111111111").unwrap()
    }

    /// How often it is worth looking while something is under way.
    fn look_every(&self) -> Duration;

    /// Whether this world tells which digest really runs.
    fn shows_digests(&self) -> bool;

    /// The fields that this world shows as empty strings where a registration said nothing.
    fn shows_empty(&self) -> &'static [&'static str];

    async fn create_cluster(&self, cluster: &ClusterName);

    async fn infrastructure_registers(&self, document: &Value, tags: &BTreeMap<String, String>) -> TaskDefArn;

    /// Two tasks, and a circuit breaker that rolls back. Done when its first deployment is.
    async fn create_service(&self, cluster: &ClusterName, service: &EcsServiceName, runs: &TaskDefArn);

    async fn person_points_service(&self, cluster: &ClusterName, service: &EcsServiceName, to: &TaskDefArn);

    async fn person_deregisters(&self, revision: &TaskDefArn);

    async fn infrastructure_writes_parameter(&self, name: &ParameterName, value: &str);

    /// Looks at a service until it is as it should be.
    async fn until(
        &self,
        cluster: &ClusterName,
        service: &EcsServiceName,
        what: &str,
        holds: &(dyn for<'a> Fn(&'a LiveService) -> bool + Sync),
    ) -> LiveService {
        let mut last = None;
        for _ in 0..600 {
            let found = self.live().services(&self.place(), cluster, std::slice::from_ref(service)).await.unwrap();
            match found.into_iter().next().flatten() {
                Some(live) if holds(&live) => return live,
                other => last = other,
            }
            tokio::time::sleep(self.look_every()).await;
        }
        panic!("{service} never came to be {what}; it is {last:#?}");
    }

    /// The service runs this, and its deployment has succeeded.
    async fn until_settled(&self, cluster: &ClusterName, service: &EcsServiceName, runs: &TaskDefArn) -> LiveService {
        self.until(cluster, service, &format!("settled on {runs}"), &|live| {
            let primary = live.deployments.first();
            &live.task_definition == runs
                && live.running_count == live.desired_count
                && primary.is_some_and(|d| &d.task_definition == runs && d.state == RolloutState::Succeeded)
        })
        .await
    }
}

pub(crate) fn cluster(name: &str) -> ClusterName {
    ClusterName::parse(name.to_owned()).unwrap()
}

pub(crate) fn service(name: &str) -> EcsServiceName {
    EcsServiceName::parse(name.to_owned()).unwrap()
}

pub(crate) fn family(name: &str) -> TaskFamily {
    TaskFamily::parse(name.to_owned()).unwrap()
}

/// A task definition with one container, `web`.
pub(crate) fn document(family: &str, image: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "web", "image": image, "essential": true}],
    })
}

/// An image by digest; its name says how it behaves (`crash`, `nopull`).
pub(crate) fn image(name: &str) -> String {
    format!("registry.example/{name}@sha256:{}", "5".repeat(64))
}
