//! Reads are repeated, and an error is never an absence.

use serde_json::json;

use driftless_domain::{CallClass, ParameterName, TaskFamily};
use driftless_observe::LiveState;

use crate::testing::{Fake, Reply, here, main_cluster, revision, web};

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_on_the_way_is_repeated() {
    let fake = Fake::new(|_, before| match before {
        0 => Reply::Breaks,
        1 => Reply::error(500, "ServerException", "oops"),
        _ => Reply::Json(json!({"services": [], "failures": [{"arn": "x/web", "reason": "MISSING"}]})),
    });
    assert_eq!(fake.aws().services(&here(), &main_cluster(), &[web()]).await.unwrap(), [None]);
    assert_eq!(fake.count("DescribeServices"), 3);
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_not_an_absence_s10() {
    let fake = Fake::new(|_, _| Reply::Json(json!({})));
    let aws = fake.aws();
    let services = aws.services(&here(), &main_cluster(), &[web()]).await.unwrap_err();
    let parameters = aws.parameters(&here(), &[ParameterName::parse("/a").unwrap()]).await.unwrap_err();
    let definition = aws.task_definition(&here(), &revision(1)).await.unwrap_err();
    for error in [services, parameters, definition] {
        assert_eq!((error.class, error.said.code.as_str()), (CallClass::Transient, "UnreadableAnswer"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_not_missing_is_an_error() {
    let fake = Fake::new(|_, _| Reply::Json(json!({"failures": [{"arn": "x/web", "reason": "ACCESS_DENIED"}]})));
    let error = fake.aws().services(&here(), &main_cluster(), &[web()]).await.unwrap_err();
    assert_eq!(error.said.message, "web: ACCESS_DENIED");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_gone_since_it_was_listed_is_none_and_any_other_failure_is_an_error() {
    let fake = |reason: &'static str| {
        Fake::new(move |request, _| match request.operation.as_str() {
            "ListTasks" => Reply::Json(json!({"taskArns": ["t/1", "t/2"]})),
            _ => Reply::Json(json!({"tasks": [], "failures": [
                {"arn": "t/1", "reason": "MISSING"}, {"arn": "t/2", "reason": reason},
            ]})),
        })
    };
    let gone = fake("MISSING").aws().running_containers(&here(), &main_cluster(), &web()).await.unwrap();
    assert!(gone.is_empty(), "{gone:?}");
    let error = fake("ACCESS_DENIED").aws().running_containers(&here(), &main_cluster(), &web()).await.unwrap_err();
    assert_eq!((error.class, error.said.message.as_str()), (CallClass::Transient, "t/2: ACCESS_DENIED"));
}

#[tokio::test(start_paused = true)]
async fn a_field_that_the_sdk_does_not_know_survives_a_description_s15() {
    let fake = Fake::new(|_, _| {
        Reply::Json(json!({
            "taskDefinition": {
                "taskDefinitionArn": revision(3).as_str(), "family": "web", "revision": 3, "status": "ACTIVE",
                "registeredAt": 1_700_000_000.5,
                "containerDefinitions": [{"name": "web", "image": "web:1", "newerThanTheSdk": {"deep": [1]}}],
                "newerThanTheSdk": "yes",
            },
            "tags": [{"key": "team", "value": "shop"}],
        }))
    });
    let found = fake.aws().task_definition(&here(), &revision(3)).await.unwrap().unwrap();
    let document = serde_json::Value::Object(found.document.as_json().clone());
    let expected = json!({
        "family": "web",
        "containerDefinitions": [{"name": "web", "image": "web:1", "newerThanTheSdk": {"deep": [1]}}],
        "newerThanTheSdk": "yes",
    });
    assert_eq!((document, found.active), (expected, true));
    assert_eq!(found.tags["team"], "shop");
    assert_eq!(fake.of("DescribeTaskDefinition")[0].body["include"], json!(["TAGS"]));
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_ecs_does_not_know_is_absent_and_other_client_errors_are_not() {
    let gone = Fake::new(|_, _| Reply::error(400, "ClientException", "Unable to describe task definition."));
    assert_eq!(gone.aws().task_definition(&here(), &revision(1)).await.unwrap(), None);
    let bad = Fake::new(|_, _| Reply::error(400, "ClientException", "Something else is wrong."));
    assert_eq!(bad.aws().task_definition(&here(), &revision(1)).await.unwrap_err().class, CallClass::Invalid);
}

#[tokio::test(start_paused = true)]
async fn revisions_of_families_with_the_same_beginning_are_left_out() {
    let fake = Fake::new(|request, _| {
        let arn = |short: &str| format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/{short}");
        match request.body["nextToken"].as_str() {
            None => Reply::Json(json!({"taskDefinitionArns": [arn("web-admin:9"), arn("web:2")], "nextToken": "1"})),
            Some(_) => Reply::Json(json!({"taskDefinitionArns": [arn("web:1"), arn("webs:4")]})),
        }
    });
    let family = TaskFamily::parse("web").unwrap();
    assert_eq!(fake.aws().revisions(&here(), &family, 5).await.unwrap(), [revision(2), revision(1)]);
    assert_eq!(fake.aws().revisions(&here(), &family, 1).await.unwrap(), [revision(2)]);
    let body = &fake.of("ListTaskDefinitions")[0].body;
    assert_eq!((&body["sort"], &body["status"]), (&json!("DESC"), &json!("ACTIVE")));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_ends_is_an_error() {
    let fake = Fake::new(|_, _| Reply::Json(json!({"taskDefinitionArns": [], "nextToken": "again"})));
    let error = fake.aws().revisions(&here(), &TaskFamily::parse("web").unwrap(), 5).await.unwrap_err();
    assert_eq!(error.class, CallClass::Invalid);
}

#[tokio::test(start_paused = true)]
async fn parameters_are_answered_in_the_order_of_the_names_and_never_decrypted() {
    let fake = Fake::new(|_, _| {
        Reply::Json(json!({
            "Parameters": [{"Name": "/b", "Value": "two", "Version": 2}],
            "InvalidParameters": ["/a"],
        }))
    });
    let names = ["/a", "/b", "/a"].map(|name| ParameterName::parse(name).unwrap());
    let found = fake.aws().parameters(&here(), &names).await.unwrap();
    let values: Vec<_> = found.iter().map(|p| p.as_ref().map(|p| (p.value.as_str(), p.version))).collect();
    assert_eq!(values, [None, Some(("two", 2)), None]);
    let body = &fake.of("GetParameters")[0].body;
    assert!(body.get("WithDecryption").is_none_or(|with| with == false), "{body}");
    assert_eq!(body["Names"].as_array().map(Vec::len), Some(2), "SSM refuses a name that is given twice");
}
