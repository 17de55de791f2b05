//! The simulated world as a world to test in.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use driftless_domain::{ClusterName, EcsServiceName, ParameterName, TaskDefArn};
use driftless_sim::{Breaker, ImageBehaviour, ServiceOptions, SimClock, World};

use crate::setup::Setup;

pub(crate) struct Simulated {
    pub(crate) world: World,
}

impl Simulated {
    pub(crate) fn new() -> Self {
        let world = World::new(7, SimClock::new());
        let crashes =
            ImageBehaviour::Crashes { after: Duration::from_secs(1), exit_code: 1, reason: "boom".to_owned() };
        world.image_behaves("crash", crashes);
        world.image_behaves("nopull", ImageBehaviour::CannotPull);
        Self { world }
    }
}

#[async_trait]
impl Setup for Simulated {
    type Live = World;

    fn live(&self) -> &World {
        &self.world
    }

    fn look_every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn shows_digests(&self) -> bool {
        true
    }

    fn shows_empty(&self) -> &'static [&'static str] {
        &[]
    }

    async fn create_cluster(&self, cluster: &ClusterName) {
        self.world.create_cluster(&self.place(), cluster);
    }

    async fn infrastructure_registers(&self, document: &Value, tags: &BTreeMap<String, String>) -> TaskDefArn {
        self.world.register_by_infrastructure(&self.place(), document.clone(), tags.clone())
    }

    async fn create_service(&self, cluster: &ClusterName, service: &EcsServiceName, runs: &TaskDefArn) {
        let options = ServiceOptions {
            desired_count: 2,
            circuit_breaker: Breaker::On { rollback: true },
            ..ServiceOptions::default()
        };
        self.world.create_service(&self.place(), cluster, service, runs, options);
        self.until_settled(cluster, service, runs).await;
    }

    async fn person_points_service(&self, cluster: &ClusterName, service: &EcsServiceName, to: &TaskDefArn) {
        self.world.person_points_service(&self.place(), cluster, service, to);
    }

    async fn person_deregisters(&self, revision: &TaskDefArn) {
        self.world.person_deregisters(&self.place(), revision);
    }

    async fn infrastructure_writes_parameter(&self, name: &ParameterName, value: &str) {
        self.world.set_parameter_by_infrastructure(&self.place(), name, value);
    }
}
