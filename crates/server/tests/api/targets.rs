//! How targets are told.

use driftless_domain::{AppName, Tag, Target};
use driftless_releases::{ReadRecords, Stored};
use serde_json::json;

use crate::setup::{SPEC, Setup};

#[tokio::test(start_paused = true)]
async fn every_environment_is_listed_also_those_where_nothing_is_wanted() {
    let setup = Setup::shop().await;
    setup.deploy("dev", "v1", "*").await;
    let list = setup.get("/v1/targets?app=shop").await.json();
    let lines: Vec<_> = list["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| format!("{} {} {}", target["target"], target["headline"], target["reason"]))
        .collect();
    assert_eq!(
        lines,
        [
            r#""shop/dev" "pending" "the controller has not looked at generation 1 yet""#,
            r#""shop/staging" "pending" "nothing is wanted here yet""#
        ]
    );
    assert_eq!(setup.get("/v1/targets?app=blog").await.problem().0, 404);
    assert_eq!(setup.get("/v1/targets").await.json()["targets"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_target_says_what_is_wanted_what_was_found_and_when() {
    let setup = Setup::shop().await;
    setup.deploy("dev", "v1", "*").await;
    setup.found("shop/dev", json!({})).await;
    let answer = setup.get("/v1/apps/shop/environments/dev").await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let view = answer.json();
    assert_eq!((&view["headline"], &view["fresh"]), (&json!("converged"), &json!(true)));
    assert_eq!(view["desired"]["requestedBy"], "operator");
    assert_eq!(view["status"]["observed_generation"], 1);
    tokio::time::sleep(std::time::Duration::from_secs(200)).await;
    let later = setup.get("/v1/apps/shop/environments/dev").await.json();
    assert_eq!(
        (&later["headline"], &later["fresh"], &later["ageSeconds"]),
        (&json!("unknown"), &json!(false), &json!(200))
    );
    assert_eq!(setup.get("/v1/apps/shop/environments/prod").await.problem().0, 404);
}

#[tokio::test(start_paused = true)]
async fn the_diff_is_the_plan_of_the_last_look_and_unknown_for_another_generation() {
    let setup = Setup::shop().await;
    let path = "/v1/apps/shop/environments/dev/diff";
    assert_eq!(setup.get(path).await.json()["inSync"], json!(null));
    setup.deploy("dev", "v1", "*").await;
    setup.found("shop/dev", json!({})).await;
    let same = setup.get(path).await.json();
    assert_eq!((&same["inSync"], &same["steps"]), (&json!(true), &json!([])));
    setup.found("shop/dev", json!({"sync": "out-of-sync", "plan": "one\ntwo"})).await;
    let differs = setup.get(path).await.json();
    assert_eq!((&differs["inSync"], &differs["steps"]), (&json!(false), &json!(["one", "two"])));
    setup.deploy("dev", "v2", "*").await;
    let newer = setup.get(path).await.json();
    assert_eq!(
        (&newer["inSync"], &newer["observedGeneration"], &newer["generation"]),
        (&json!(null), &json!(1), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn history_is_newest_first_and_a_request_to_look_is_noted() {
    let setup = Setup::shop().await;
    let (history, look) =
        ("/v1/apps/shop/environments/dev/history?limit=5", "/v1/apps/shop/environments/dev/reconcile");
    assert_eq!(setup.ask("POST", look, &[], "").await.problem().0, 404, "nothing is wanted yet");
    setup.deploy("dev", "v1", "*").await;
    setup.deploy("dev", "v2", "*").await;
    let events = setup.get(history).await.json();
    assert_eq!((&events["events"][0]["generation"], &events["events"][0]["kind"]), (&json!(2), &json!("requested")));
    assert_eq!(events["events"][1]["text"], "v1: a test");
    let noted = setup.ask("POST", look, &[], "").await;
    assert_eq!((noted.status.as_u16(), &noted.json()["target"]), (202, &json!("shop/dev")));
    assert!(noted.json()["requestedAt"].is_string());
    assert_eq!(setup.store.calls_on("nudge shop/dev").len(), 1);
    assert_eq!(setup.get("/v1/apps/blog/environments/dev/history").await.problem().0, 404);
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_spec_does_not_parse_is_told_and_not_left_out() {
    let setup = Setup::shop().await;
    setup.store.put_raw_invalid_spec(&AppName::parse("shop").unwrap(), "document: missing");
    for path in ["/v1/targets", "/v1/targets?app=shop"] {
        let answer = setup.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let list = answer.json();
        assert_eq!(list["targets"], json!([]), "its environments are not known");
        assert_eq!(list["invalid"][0]["app"], "shop");
        assert!(list["invalid"][0]["problem"].as_str().unwrap().contains("document: missing"), "{list}");
    }
    let one = setup.get("/v1/apps/shop/environments/dev").await;
    assert_eq!(one.problem(), (409, "invalid-record".to_owned()));
    assert_eq!(setup.get("/v1/targets?app=blog").await.problem().0, 404);
    assert_eq!(setup.put_spec("*", SPEC).await.problem(), (409, "invalid-record".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_a_hand_changed_beneath_its_generation_is_not_green() {
    let setup = Setup::shop().await;
    setup.deploy("dev", "v1", "*").await;
    setup.found("shop/dev", json!({})).await;
    let target = Target::parse("shop/dev").unwrap();
    let Stored::Valid(mut record) = setup.store.desired(&target).await.unwrap() else { panic!("it is there") };
    record.artifact = Tag::parse("v2").unwrap();
    setup.store.edit_desired_by_hand(record);
    let view = setup.get("/v1/apps/shop/environments/dev").await.json();
    assert_eq!(view["headline"], "pending", "{view}");
    assert_eq!(setup.get("/v1/apps/shop/environments/dev/diff").await.json()["inSync"], json!(null));
    let waited = setup.get("/v1/apps/shop/environments/dev/wait?generation=1&timeout=0").await.json();
    assert_eq!(waited["outcome"], "pending");
}
