//! One place with one service, for the tests of this crate.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use driftless_domain::{
    AccountId, BucketName, CallError, ClusterName, ContainerName, EcsServiceName, Headers, ImageRef, ObjectKey,
    ParameterName, Place, Region, Rollout, RolloutState, Sha256, TaskDefArn, TaskDefinition, TaskFamily, tag_keys,
};
use driftless_execute::{LiveChanges, SiteChanges, StoredObject};
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

pub(crate) fn elsewhere() -> Place {
    Place { account: AccountId::parse("222222222222").unwrap(), ..place() }
}

pub(crate) fn bucket() -> BucketName {
    BucketName::parse("shop-dev").unwrap()
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.to_owned()).unwrap()
}

pub(crate) fn headers(content_type: &str, cache_control: &str) -> Headers {
    let (content_type, cache_control) = (content_type.to_owned(), cache_control.to_owned());
    Headers { content_type, cache_control, content_encoding: None }
}

/// A world with an empty bucket.
pub(crate) fn site(seed: u64) -> World {
    let world = World::new(seed, SimClock::new());
    world.create_bucket(&place(), &bucket());
    world
}

/// Puts an object as Driftless would.
pub(crate) async fn put(world: &World, to: &str, body: &str) -> Result<StoredObject, CallError> {
    let content_type = if to.ends_with(".html") { "text/html; charset=utf-8" } else { "text/plain" };
    let (headers, body) = (headers(content_type, "max-age=0, must-revalidate"), Bytes::from(body.to_owned()));
    world.put_object(&place(), &bucket(), &key(to), &headers, Sha256::of(&body), body).await
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
