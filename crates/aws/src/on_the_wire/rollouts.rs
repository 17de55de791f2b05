//! Service deployments: known, unknown to the endpoint, or not allowed.

use serde_json::{Value, json};

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

/// The brief of one service deployment.
fn brief(number: usize) -> Value {
    json!({
        "serviceDeploymentArn": format!("d/{number}"), "targetServiceRevisionArn": format!("r/{number}"),
        "createdAt": number, "status": "SUCCESSFUL",
    })
}

/// ECS with a list in pages, which describes what it is asked for.
fn paged(request: &Request, page: impl Fn(usize) -> (Value, Option<usize>)) -> Reply {
    let asked = |field: &str| request.body[field].as_array().unwrap().clone();
    match request.operation.as_str() {
        "ListServiceDeployments" => {
            let number = request.body["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
            let (deployments, next) = page(number);
            let next = next.map(|next| next.to_string());
            Reply::Json(json!({"serviceDeployments": deployments, "nextToken": next}))
        }
        "DescribeServiceDeployments" => {
            let arns = asked("serviceDeploymentArns").into_iter();
            let all: Vec<Value> = arns.map(|arn| json!({"serviceDeploymentArn": arn, "createdAt": 1.0})).collect();
            Reply::Json(json!({"serviceDeployments": all}))
        }
        _ => {
            let arns = asked("serviceRevisionArns").into_iter();
            let definition = revision(1);
            let of = |arn| json!({"serviceRevisionArn": arn, "taskDefinition": definition.as_str()});
            Reply::Json(json!({"serviceRevisions": arns.map(of).collect::<Vec<_>>()}))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_service_deployments_are_found_on_whichever_page_they_are() {
    let fake = Fake::new(|request, _| {
        paged(request, |number| match number {
            0 => ((1..=100).map(brief).collect(), Some(1)),
            _ => ((101..=103).map(brief).collect(), None),
        })
    });
    let rollouts = fake.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap().unwrap();
    let ids: Vec<&str> = rollouts.iter().map(|rollout| rollout.id.as_str()).collect();
    assert_eq!(ids, ["d/103", "d/102", "d/101", "d/100", "d/99", "d/98", "d/97", "d/96", "d/95", "d/94"]);
    assert_eq!((fake.count("ListServiceDeployments"), fake.count("DescribeServiceDeployments")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_list_longer_than_is_read_tells_something_only_when_its_newest_come_first() {
    let newest_first =
        Fake::new(|request, _| paged(request, |number| (json!([brief(1_000 - number)]), Some(number + 1))));
    let rollouts = newest_first.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap().unwrap();
    assert_eq!((rollouts[0].id.as_str(), newest_first.count("ListServiceDeployments")), ("d/1000", 10));

    let oldest_first = Fake::new(|request, _| paged(request, |number| (json!([brief(number)]), Some(number + 1))));
    let error = oldest_first.aws().rollouts(&here(), &main_cluster(), &web()).await.unwrap_err();
    assert_eq!((error.class, oldest_first.count("ListServiceDeployments")), (CallClass::Invalid, 10));
}
