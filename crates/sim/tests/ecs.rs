//! ECS as it behaves by itself, and what it refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::time::Duration;

use common::*;
use driftless_domain::{CallClass, RolloutState, ServiceState};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;
use driftless_sim::{Breaker, ImageBehaviour, ServiceOptions};
use expect_test::expect;

fn crashes() -> ImageBehaviour {
    ImageBehaviour::Crashes { after: Duration::from_secs(5), exit_code: 137, reason: "OutOfMemoryError".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_healthy_image_succeeds_and_its_tasks_show_its_digest() {
    let (world, base) = world(1, ServiceOptions { desired_count: 2, ..ServiceOptions::default() });
    let next = register(&world, &base, "good").await;
    push(&world, &next).await;
    assert_eq!(newest(&world).state, RolloutState::Pending);
    seconds(2).await;
    assert_eq!(newest(&world).state, RolloutState::InProgress);
    seconds(20).await;
    assert_eq!(states(&world), [RolloutState::Succeeded, RolloutState::Succeeded]);
    let live = world.service(&place(), &cluster(), &service()).unwrap();
    assert_eq!((live.running_count, live.deployments.len()), (2, 1));
    let running = world.running_containers(&place(), &cluster(), &service()).await.unwrap();
    let ours: Vec<_> = running.iter().filter(|c| c.container == container()).collect();
    assert_eq!(ours.len(), 2);
    assert!(ours.iter().all(|c| c.digest.as_ref() == Some(&image("good").digest) && c.task_definition == next));
    world.live_digest_lies(true);
    let running = world.running_containers(&place(), &cluster(), &service()).await.unwrap();
    assert!(running.iter().all(|c| c.digest.is_some() && c.digest.as_ref() != Some(&image("good").digest)));
}

#[tokio::test(start_paused = true)]
async fn the_breaker_rolls_back_and_leaves_primary_on_the_old_revision() {
    let (world, base) = world(1, ServiceOptions { desired_count: 2, ..ServiceOptions::default() });
    world.image_behaves("bad", crashes());
    let bad = register(&world, &base, "bad").await;
    push(&world, &bad).await;
    seconds(10).await;
    assert_eq!((newest(&world).state, newest(&world).failed_tasks), (RolloutState::InProgress, 2));
    seconds(13).await;
    assert_eq!(newest(&world).state, RolloutState::RollbackInProgress);
    let live = world.service(&place(), &cluster(), &service()).unwrap();
    let lines: Vec<_> = live.deployments.iter().map(|line| (&line.task_definition, line.state.clone())).collect();
    assert_eq!(lines, [(&base, RolloutState::InProgress), (&bad, RolloutState::Failed)]);
    seconds(60).await;
    assert_eq!(states(&world), [RolloutState::RolledBack, RolloutState::Succeeded]);
    let live = world.service(&place(), &cluster(), &service()).unwrap();
    assert_eq!((&live.task_definition, live.running_count, live.deployments.len()), (&base, 2, 1));
    assert!(
        newest(&world)
            .reason
            .unwrap()
            .starts_with("ECS deployment circuit breaker: task failed to start. rolling back to deploymentId ecs-svc/")
    );
    let stopped = world.last_stopped(&place(), &cluster(), &service(), &bad).await.unwrap().unwrap();
    expect!["Essential container in task exited: OutOfMemoryError (exit code 137)"].assert_eq(&stopped.to_string());
    seconds(3_600).await;
    assert_eq!(world.last_stopped(&place(), &cluster(), &service(), &bad).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_to_an_image_that_is_gone_fails() {
    let (world, base) = world(1, ServiceOptions::default());
    let bad = register(&world, &base, "bad").await;
    world.image_behaves("bad", crashes());
    world.image_behaves("first", ImageBehaviour::CannotPull);
    push(&world, &bad).await;
    seconds(600).await;
    assert_eq!(newest(&world).state, RolloutState::RollbackFailed);
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_has_nothing_to_go_back_to() {
    let options = ServiceOptions { settled: false, ..ServiceOptions::default() };
    let (world, base) = world(1, options.clone());
    world.image_behaves("first", ImageBehaviour::CannotPull);
    seconds(600).await;
    assert_eq!((states(&world), newest(&world).failed_tasks), (vec![RolloutState::Failed], 3));
    let stopped = world.last_stopped(&place(), &cluster(), &service(), &base).await.unwrap().unwrap();
    assert!(stopped.reason.starts_with("CannotPullContainerError: pull image manifest has been retried 5 time(s)"));
    assert!(stopped.reason.ends_with("registry.example/first:1: not found"));

    let (world, _) = common::world(1, ServiceOptions { circuit_breaker: Breaker::Off, ..options });
    world.image_behaves("first", ImageBehaviour::CannotPull);
    seconds(24 * 3_600).await;
    assert_eq!(states(&world), [RolloutState::InProgress]);
    assert!(newest(&world).failed_tasks > 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_newer_deployment_stops_the_one_under_way() {
    let (world, base) = world(1, ServiceOptions::default());
    let (one, two) = (register(&world, &base, "stuck").await, register(&world, &base, "good").await);
    world.image_behaves("stuck", ImageBehaviour::NeverReady);
    push(&world, &one).await;
    seconds(9_000).await;
    assert_eq!(newest(&world).state, RolloutState::InProgress);
    push(&world, &two).await;
    seconds(30).await;
    assert_eq!(states(&world), [RolloutState::Succeeded, RolloutState::Stopped, RolloutState::Succeeded]);
}

#[tokio::test(start_paused = true)]
async fn the_same_revision_again_is_no_new_deployment() {
    let (world, base) = world(1, ServiceOptions::default());
    push(&world, &base).await;
    assert_eq!(states(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_gets_well_ends_the_wait() {
    let (world, base) = world(1, ServiceOptions::default());
    world.image_behaves("stuck", ImageBehaviour::NeverReady);
    push(&world, &register(&world, &base, "stuck").await).await;
    seconds(3_600).await;
    world.image_behaves("stuck", ImageBehaviour::Healthy { after: Duration::from_secs(1) });
    seconds(25).await;
    assert_eq!(newest(&world).state, RolloutState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_set_is_refused_as_invalid() {
    let (world, base) = world(1, ServiceOptions::default());
    let next = register(&world, &base, "good").await;
    let gone = register(&world, &base, "gone").await;
    world.person_deregisters(&place(), &gone);
    let refused = async |world: &driftless_sim::World, service, arn| {
        let error = world.update_service(&place(), &cluster(), &service, &arn).await.unwrap_err();
        assert_eq!(error.class, CallClass::Invalid);
        error.said.code
    };
    assert_eq!(refused(&world, service(), gone.clone()).await, "ClientException");
    assert_eq!(refused(&world, service(), base.sibling("web:99").unwrap()).await, "ClientException");
    assert_eq!(refused(&world, "other".parse().unwrap(), next.clone()).await, "ServiceNotFoundException");
    let shown = world.task_definition(&place(), &gone).await.unwrap().unwrap();
    assert!(!shown.active);
    assert!(!world.revisions(&place(), &family(), 10).await.unwrap().contains(&gone));
    seconds(3_601).await;
    assert_eq!(world.task_definition(&place(), &gone).await.unwrap(), None);

    world.person_deletes_service(&place(), &cluster(), &service());
    assert_eq!(refused(&world, service(), next.clone()).await, "ServiceNotActiveException");
    let names = [service()];
    let look = async || world.services(&place(), &cluster(), &names).await.unwrap().remove(0).map(|live| live.state);
    assert_eq!(look().await, Some(ServiceState::Other("DRAINING".to_owned())));
    seconds(60).await;
    assert_eq!(look().await, Some(ServiceState::Other("INACTIVE".to_owned())));
    seconds(3_600).await;
    assert_eq!(look().await, None);
    assert_eq!(refused(&world, service(), next).await, "ServiceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn descriptions_are_reordered_and_mean_the_same_s16() {
    let (world, base) = world(3, ServiceOptions::default());
    let mut orders = std::collections::BTreeSet::new();
    let hash = revision(&world, &base).document.content_hash();
    for _ in 0..20 {
        let shown = world.task_definition(&place(), &base).await.unwrap().unwrap();
        assert_eq!(shown.document.content_hash(), hash);
        orders.insert(shown.document.as_json()["containerDefinitions"][0]["environment"].to_string());
    }
    assert!(orders.len() > 1);
}

#[tokio::test(start_paused = true)]
async fn other_actors_are_in_the_history_by_name() {
    let (world, base) = world(1, ServiceOptions::default());
    world.autoscaling_scales(&place(), &cluster(), &service(), 5);
    let mine = world.person_registers(&place(), document(), tags(&base)).unwrap();
    world.person_points_service(&place(), &cluster(), &service(), &mine);
    world.person_edits_parameter(&place(), &parameter(), "by-hand");
    world.person_deletes_parameter(&place(), &parameter());
    world.person_scales(&place(), &cluster(), &"nobody".parse().unwrap(), 1);
    seconds(30).await;
    assert_eq!(world.parameter(&place(), &parameter()), None);
    assert_eq!(world.service(&place(), &cluster(), &service()).unwrap().running_count, 5);
    assert_eq!(world.counts().writes, 0);
    let history: Vec<String> = world.history().iter().map(ToString::to_string).collect();
    expect![[r#"
        2026-01-01T00:00:00Z #0 terraform ecs:RegisterTaskDefinition task-definition 111111111111/eu-west-1/web
        2026-01-01T00:00:00Z #0 terraform ecs:CreateService ecs-service 111111111111/eu-west-1/main/web [web:1]
        2026-01-01T00:00:00Z #0 autoscaling ecs:UpdateService ecs-service 111111111111/eu-west-1/main/web [desiredCount 5]
        2026-01-01T00:00:00Z #0 person ecs:RegisterTaskDefinition task-definition 111111111111/eu-west-1/web
        2026-01-01T00:00:00Z #0 person ecs:UpdateService ecs-service 111111111111/eu-west-1/main/web [web:2]
        2026-01-01T00:00:00Z #0 person ssm:PutParameter ssm-parameter 111111111111/eu-west-1/shop/dev/version [by-hand]
        2026-01-01T00:00:00Z #0 person ssm:DeleteParameter ssm-parameter 111111111111/eu-west-1/shop/dev/version
        2026-01-01T00:00:00Z #0 person ecs:UpdateService ecs-service 111111111111/eu-west-1/main/nobody [desiredCount 1] ServiceNotFoundException
        2026-01-01T00:00:01Z #0 ecs ecs:DeploymentStateChange ecs-service 111111111111/eu-west-1/main/web [web:2 in progress, 0 failed tasks: no reason given]
        2026-01-01T00:00:21Z #0 ecs ecs:DeploymentStateChange ecs-service 111111111111/eu-west-1/main/web [web:2 successful, 0 failed tasks: no reason given]
    "#]]
    .assert_eq(&(history.join("\n") + "\n"));
}
