//! One place with one service, for the tests of this crate.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{
    AccountId, ClusterName, ContainerName, EcsServiceName, ImageRef, ParameterName, Place, Region, Rollout,
    RolloutState, TaskDefArn, TaskDefinition, TaskFamily, tag_keys,
};
use driftless_execute::LiveChanges;
use driftless_sim::{ServiceOptions, SimClock, World};
use serde_json::{Value, json};

pub(crate) fn place() -> Place {
    Place {
        account: AccountId::parse("111111111111").unwrap(),
        region: Region::parse("eu-west-1").unwrap(),
        role: None,
    }
}

pub(crate) fn cluster() -> ClusterName {
    ClusterName::parse("main").unwrap()
}

pub(crate) fn service() -> EcsServiceName {
    EcsServiceName::parse("web").unwrap()
}

pub(crate) fn family() -> TaskFamily {
    TaskFamily::parse("web").unwrap()
}

pub(crate) fn parameter() -> ParameterName {
    ParameterName::parse("/shop/dev/version").unwrap()
}

pub(crate) fn container() -> ContainerName {
    ContainerName::parse("web").unwrap()
}

/// An image whose name says how it behaves.
pub(crate) fn image(name: &str) -> ImageRef {
    format!("registry.example/{name}@sha256:{}", "a".repeat(64)).parse().unwrap()
}

pub(crate) fn document() -> Value {
    json!({"family": "web", "networkMode": "awsvpc", "containerDefinitions": [
        {"name": "web", "image": "registry.example/first:1", "portMappings": [{"containerPort": 80}],
         "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}]},
        {"name": "log", "image": "registry.example/log:1"},
    ]})
}

/// A world with the service on its first revision, its first deployment completed.
pub(crate) fn world(seed: u64, options: ServiceOptions) -> (World, TaskDefArn) {
    let world = World::new(seed, SimClock::new());
    let base = world.register_by_infrastructure(&place(), document(), BTreeMap::new());
    world.create_service(&place(), &cluster(), &service(), &base, options);
    (world, base)
}

pub(crate) fn tags(base: &TaskDefArn) -> BTreeMap<String, String> {
    [(tag_keys::APP, "shop"), (tag_keys::BASE, base.short())].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

pub(crate) fn revision(world: &World, arn: &TaskDefArn) -> TaskDefinition {
    world.revisions_of(&place(), &family()).into_iter().find(|revision| revision.arn == *arn).unwrap()
}

/// Registers what Driftless would for an image.
pub(crate) async fn register(world: &World, base: &TaskDefArn, name: &str) -> TaskDefArn {
    let document = revision(world, base).document.with_image(&container(), &image(name)).unwrap();
    world.register_task_definition(&place(), &document, &tags(base)).await.unwrap()
}

pub(crate) async fn push(world: &World, to: &TaskDefArn) {
    world.update_service(&place(), &cluster(), &service(), to).await.unwrap();
}

pub(crate) async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

pub(crate) fn newest(world: &World) -> Rollout {
    world.deployments_of(&place(), &cluster(), &service()).remove(0)
}

pub(crate) fn states(world: &World) -> Vec<RolloutState> {
    world.deployments_of(&place(), &cluster(), &service()).into_iter().map(|rollout| rollout.state).collect()
}
