//! The monitor fires for each of its rules, and for nothing else. S10 and bare families cannot come through the ports:
//! their tests are beside the monitor.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::*;
use driftless_domain::TaskDocument;
use driftless_execute::LiveChanges;
use driftless_sim::{ImageBehaviour, ServiceOptions};
use serde_json::{Value, json};

fn of(value: &Value) -> TaskDocument {
    TaskDocument::of(value.as_object().unwrap().clone())
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_release_breaks_no_rule() {
    let (world, base) = world(1, ServiceOptions::default());
    push(&world, &register(&world, &base, "good").await).await;
    seconds(60).await;
    world.put_parameter(&place(), &parameter(), "good").await.unwrap();
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn updating_against_a_rollback_or_a_stop_is_found_s9() {
    let (world, base) = world(1, ServiceOptions::default());
    world.image_behaves("bad", ImageBehaviour::CannotPull);
    world.image_behaves("first", ImageBehaviour::Healthy { after: Duration::from_secs(60) });
    let (bad, good) = (register(&world, &base, "bad").await, register(&world, &base, "good").await);
    push(&world, &bad).await;
    seconds(70).await;
    push(&world, &good).await;
    assert_eq!(world.violations().len(), 1);
    assert!(world.violations()[0].starts_with("S9: UpdateService while the deployment of web:2 is rolling back"));
    seconds(60).await;

    world.image_behaves("slow", ImageBehaviour::NeverReady);
    let slow = register(&world, &base, "slow").await;
    push(&world, &slow).await;
    seconds(10).await;
    world.person_stops_deployment(&place(), &cluster(), &service(), false);
    seconds(4).await;
    push(&world, &good).await;
    assert!(world.violations()[1].starts_with("S9: UpdateService while the deployment of web:4 is stop requested"));
}

#[tokio::test(start_paused = true)]
async fn updating_after_a_rollback_is_over_is_fine_s9() {
    let (world, base) = world(1, ServiceOptions::default());
    world.image_behaves("bad", ImageBehaviour::CannotPull);
    let (bad, good) = (register(&world, &base, "bad").await, register(&world, &base, "good").await);
    push(&world, &bad).await;
    seconds(600).await;
    push(&world, &good).await;
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_image_by_tag_is_found_s2() {
    let (world, base) = world(1, ServiceOptions::default());
    let mut by_tag = document();
    by_tag["containerDefinitions"][0]["image"] = json!("registry.example/web:latest");
    world.register_task_definition(&place(), &of(&by_tag), &tags(&base)).await.unwrap();
    assert_eq!(world.violations().len(), 1);
    assert!(world.violations()[0].starts_with("S2: the image of web is registry.example/web:latest"));
    world.register_task_definition(&place(), &of(&document()), &tags(&base)).await.unwrap();
    assert!(world.violations()[1].starts_with("S2: no image"));
}

#[tokio::test(start_paused = true)]
async fn a_change_beyond_one_image_is_found_s15() {
    let (world, base) = world(1, ServiceOptions::default());
    let mut changed = document();
    changed["containerDefinitions"][0]["image"] = json!(image("web").to_string());
    world.register_task_definition(&place(), &of(&changed), &tags(&base)).await.unwrap();
    assert_eq!(world.violations(), Vec::<String>::new());
    changed["containerDefinitions"][0]["environment"][0]["value"] = json!("other");
    world.register_task_definition(&place(), &of(&changed), &tags(&base)).await.unwrap();
    assert!(world.violations()[0].starts_with("S15: more than one container's image differs"));
    world.register_task_definition(&place(), &of(&changed), &BTreeMap::new()).await.unwrap();
    assert!(world.violations()[1].starts_with("S15: a registration that names no base"));
    let nowhere = tags(&base.sibling("web:99").unwrap());
    world.register_task_definition(&place(), &of(&changed), &nowhere).await.unwrap();
    assert!(world.violations()[2].starts_with("S15: the base web:99 is not there"));
}
