//! A change goes out once, whatever comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use driftless_domain::{CallClass, CallError, ParameterName, TaskDocument};
use driftless_execute::LiveChanges;

use crate::counting::Kind;
use crate::testing::{Fake, Reply, here, main_cluster, revision, web};

async fn update(fake: &Fake) -> Result<(), CallError> {
    fake.aws().update_service(&here(), &main_cluster(), &web(), &revision(2)).await
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_never_comes_is_sent_exactly_once_and_is_ambiguous() {
    let fake = Fake::new(|_, _| Reply::Hangs);
    let within = tokio::time::timeout(Duration::from_secs(11), update(&fake));
    let answer = within.await.expect("the attempt timeout bounds it");
    assert_eq!(answer.unwrap_err().class, CallClass::Ambiguous);
    assert_eq!(fake.count("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_on_the_way_is_sent_exactly_once_and_is_ambiguous() {
    for reply in [
        Reply::Breaks,
        Reply::error(500, "ServerException", "oops"),
        Reply::Page(502, "<html>bad gateway</html>".to_owned()),
        Reply::Page(200, "not JSON".to_owned()),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        assert_eq!(update(&fake).await.unwrap_err().class, CallClass::Ambiguous);
        assert_eq!(fake.count("UpdateService"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_throttled_is_sent_once_and_did_not_happen() {
    let fake = Fake::new(|_, _| Reply::error(400, "ThrottlingException", "Rate exceeded"));
    assert_eq!(update(&fake).await.unwrap_err().class, CallClass::Throttled);
    assert_eq!(fake.count("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_is_told_its_revision_and_nothing_else() {
    let fake = Fake::new(|_, _| Reply::Json(json!({"service": {}})));
    update(&fake).await.unwrap();
    let body = &fake.of("UpdateService")[0].body;
    let expected = json!({"cluster": "main", "service": "web", "taskDefinition": revision(2).as_str()});
    assert_eq!(body, &expected);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_the_sdk_does_not_know_goes_out_with_a_registration_s15() {
    let fake = Fake::new(|_, _| {
        Reply::Json(json!({"taskDefinition": {"taskDefinitionArn": revision(7).as_str(), "family": "web"}}))
    });
    let document = json!({
        "family": "web",
        "containerDefinitions": [{"name": "web", "image": "web:1", "newerThanTheSdk": {"a": [1, 2.5, null, "ü"]}}],
        "newerThanTheSdk": true,
    });
    let Value::Object(fields) = document.clone() else { unreachable!() };
    let tags = BTreeMap::from([("driftless:app".to_owned(), "shop".to_owned())]);
    let aws = fake.aws();
    let registered = aws.register_task_definition(&here(), &TaskDocument::of(fields), &tags).await.unwrap();
    assert_eq!(registered, revision(7));
    let sent = &fake.of("RegisterTaskDefinition")[0];
    let mut expected = document;
    expected["tags"] = json!([{"key": "driftless:app", "value": "shop"}]);
    assert_eq!(sent.body, expected);
    assert_eq!(sent.headers["content-length"], sent.text.len().to_string());
    assert_eq!((aws.calls().of("ecs:RegisterTaskDefinition"), aws.calls().total(Kind::Change)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_registration_whose_answer_names_no_revision_may_have_happened() {
    let fake = Fake::new(|_, _| Reply::Json(json!({})));
    let document = TaskDocument::of(serde_json::Map::new());
    let error = fake.aws().register_task_definition(&here(), &document, &BTreeMap::new()).await.unwrap_err();
    assert_eq!(error.class, CallClass::Ambiguous);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_is_written_as_a_plain_string_over_what_is_there() {
    let fake = Fake::new(|_, _| Reply::Json(json!({"Version": 2, "Tier": "Standard"})));
    let name = ParameterName::parse("/shop/dev/container-image-tag").unwrap();
    fake.aws().put_parameter(&here(), &name, "v2").await.unwrap();
    let expected = json!({"Name": name.as_str(), "Value": "v2", "Type": "String", "Overwrite": true});
    assert_eq!(fake.of("PutParameter")[0].body, expected);
}
