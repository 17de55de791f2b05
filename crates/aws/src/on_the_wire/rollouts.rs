//! Service deployments: known, unknown to the endpoint, or not allowed.

use serde_json::json;

use driftless_domain::{CallClass, RolloutState};
use driftless_observe::LiveState;

use crate::testing::{Fake, Reply, Request, here, main_cluster, revision, web};

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_know_service_deployments_is_asked_once() {
    for code in ["UnknownOperationException", "InvalidAction"] {
        let fake = Fake::new(move |_, _| Reply::error(400, code, "Unknown ECS action"));
        let aws = fake.aws();
        for _ in 0..3 {
            assert_eq!(aws.rollouts(&here(), &main_cluster(), &web()).await.unwrap(), None);
        }
        assert_eq!(fake.count("ListServiceDeployments"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_emulator_that_lists_nothing_for_any_cluster_does_not_know_them_either() {
    let fake = Fake::new(|_, _| Reply::Json(json!({"serviceDeployments": []})));
    let aws = fake.aws();
    for _ in 0..3 {
        assert_eq!(aws.rollouts(&here(), &main_cluster(), &web()).await.unwrap(), None);
    }
    assert_eq!(fake.count("ListServiceDeployments"), 2, "the service, and a cluster that nobody has");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_had_one_has_none() {
    let fake = Fake::new(|request, _| match request.body["cluster"].as_str() {
        Some("main") => Reply::Json(json!({"serviceDeployments": []})),
        _ => Reply::error(400, "ClusterNotFoundException", "Cluster not found."),
    });
    assert_eq!(fake.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap(), Some(vec![]));
}

#[tokio::test(start_paused = true)]
async fn not_being_allowed_to_list_service_deployments_is_an_error() {
    let fake = Fake::new(|_, _| Reply::error(400, "AccessDeniedException", "not authorized"));
    let error = fake.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap_err();
    assert_eq!(error.class, CallClass::Denied);
}

fn ecs(request: &Request) -> Reply {
    match request.operation.as_str() {
        "ListServiceDeployments" => Reply::Json(json!({"serviceDeployments": [
            {"serviceDeploymentArn": "d/1", "targetServiceRevisionArn": "r/1", "createdAt": 100.0, "status": "SUCCESSFUL"},
            {"serviceDeploymentArn": "d/2", "targetServiceRevisionArn": "r/2", "createdAt": 200.0, "status": "PENDING"},
        ]})),
        "DescribeServiceDeployments" => Reply::Json(json!({"serviceDeployments": [
            {"serviceDeploymentArn": "d/1", "status": "SUCCESSFUL", "createdAt": 100.0},
            {"serviceDeploymentArn": "d/2", "status": "ROLLBACK_SUCCESSFUL", "createdAt": 200.5,
             "statusReason": "circuit breaker", "deploymentCircuitBreaker": {"failureCount": 3, "threshold": 3}},
        ]})),
        "DescribeServiceRevisions" => Reply::Json(json!({"serviceRevisions": [
            {"serviceRevisionArn": "r/1", "taskDefinition": revision(1).as_str()},
            {"serviceRevisionArn": "r/2", "taskDefinition": revision(2).as_str()},
        ]})),
        other => Reply::error(400, "UnknownOperationException", other),
    }
}

#[tokio::test(start_paused = true)]
async fn service_deployments_come_newest_first_with_their_revisions_which_are_asked_for_once() {
    let fake = Fake::new(|request, _| ecs(request));
    let aws = fake.aws();
    for _ in 0..2 {
        let rollouts = aws.rollouts(&here(), &main_cluster(), &web()).await.unwrap().unwrap();
        let [newest, older] = rollouts.as_slice() else { panic!("{rollouts:?}") };
        assert_eq!((&newest.task_definition, &newest.state), (&revision(2), &RolloutState::RolledBack));
        assert_eq!((newest.failed_tasks, newest.reason.as_deref()), (3, Some("circuit breaker")));
        assert_eq!(newest.created_at.as_millisecond(), 200_500);
        assert_eq!((&older.task_definition, &older.state), (&revision(1), &RolloutState::Succeeded));
    }
    assert_eq!((fake.count("DescribeServiceDeployments"), fake.count("DescribeServiceRevisions")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_list_without_its_newest_deployment_tells_nothing() {
    let fake = Fake::new(|request, _| match request.operation.as_str() {
        "DescribeServiceDeployments" => Reply::Json(json!({"serviceDeployments": []})),
        _ => ecs(request),
    });
    let error = fake.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap_err();
    assert_eq!(error.class, CallClass::Transient);
}
