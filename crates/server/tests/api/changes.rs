//! Changes: specs, builds, releases; conditions, refusals, and that a refusal changes nothing.

use driftless_domain::{AppName, Target};
use serde_json::json;

use crate::setup::{SPEC, Setup, build};

#[tokio::test(start_paused = true)]
async fn a_spec_is_stored_once_and_given_back_as_it_was() {
    let setup = Setup::empty();
    assert_eq!(setup.get("/v1/apps/shop/spec").await.problem(), (404, "not-found".to_owned()));
    let first = setup.put_spec("\"0\"", SPEC).await;
    assert_eq!((first.status.as_u16(), first.header("etag")), (200, "\"1\""));
    assert_eq!(first.json(), json!({"app": "shop", "version": 1, "changed": true, "warnings": []}));
    assert_eq!(setup.put_spec("\"1\"", SPEC).await.json()["changed"], false);
    let stored = setup.get("/v1/apps/shop/spec").await;
    assert_eq!((stored.text.as_str(), stored.header("etag")), (SPEC, "\"1\""));
    assert_eq!(stored.header("content-type"), "text/yaml; charset=utf-8");
    let apps = setup.get("/v1/apps").await.json();
    assert_eq!(
        apps["apps"][0],
        json!({"app": "shop", "version": 1, "environments": ["dev", "staging"], "invalid": null})
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_without_or_with_an_old_condition_is_refused() {
    let setup = Setup::shop().await;
    let yaml = [("content-type", "application/yaml")];
    let none = setup.ask("PUT", "/v1/apps/shop/spec", &yaml, SPEC).await;
    assert_eq!(none.problem(), (428, "condition-required".to_owned()));
    let stale = setup.put_spec("\"0\"", SPEC).await;
    assert_eq!(stale.problem(), (412, "stale".to_owned()));
    assert_eq!(stale.json()["current"], 1);

    let path = "/v1/apps/shop/environments/dev/desired";
    let body = json!({"artifact": "v1", "reason": "x"}).to_string();
    let none = setup.ask("PUT", path, &[("content-type", "application/json")], body).await;
    assert_eq!(none.problem(), (428, "condition-required".to_owned()));
    assert_eq!(setup.deploy("dev", "v1", "1").await.status, 400, "not quoted");
    let first = setup.deploy("dev", "v1", "\"0\"").await;
    assert_eq!((first.status.as_u16(), first.header("etag")), (200, "\"1\""));
    assert_eq!(first.json(), json!({"target": "shop/dev", "artifact": "v1", "generation": 1, "changed": true}));
    let stale = setup.deploy("dev", "v2", "\"0\"").await;
    assert_eq!((stale.problem(), stale.json()["current"].as_u64()), ((412, "stale".to_owned()), Some(1)));
    assert_eq!(setup.deploy("dev", "v1", "*").await.json()["changed"], false, "it is asked for already");
    assert_eq!(setup.deploy("dev", "v2", "*").await.json()["generation"], 2);
}

#[tokio::test(start_paused = true)]
async fn two_people_at_the_same_moment_are_told_and_one_of_them_has_it() {
    let setup = Setup::shop().await;
    let other = format!("{SPEC}# another\n");
    let (one, two) = tokio::join!(setup.put_spec("\"1\"", &other), setup.put_spec("*", &other));
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(won.json()["version"], 2);
    assert_eq!(lost.problem(), (409, "conflict".to_owned()));
    let said = lost.json()["detail"].as_str().unwrap().to_owned();
    assert!(said.ends_with("somebody changed it at the same moment; look again and repeat"), "{said}");
    let (one, two) = tokio::join!(setup.deploy("dev", "v1", "*"), setup.deploy("dev", "v2", "*"));
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((won.json()["generation"].as_u64(), lost.problem()), (Some(1), (412, "stale".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_largest_spec_that_is_valid_can_be_stored() {
    let setup = Setup::empty();
    let with = |services: usize| {
        let services: String = (0..services).map(|index| format!("  - name: s{index}\n")).collect();
        let spec = SPEC.replace("  - name: web\n", &services);
        spec.split("  - name: staging").next().unwrap().to_owned()
    };
    // An ECS service and a parameter each.
    assert_eq!(setup.put_spec("*", &with(49)).await.status, 200);
    let more = setup.put_spec("*", &with(50)).await;
    assert_eq!(more.problem(), (422, "invalid-spec".to_owned()));
    assert_eq!(more.json()["findings"][0]["field"], "environments");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_spec_is_refused_with_all_its_findings_and_changes_nothing() {
    let setup = Setup::shop().await;
    let bad = SPEC.replace("eu-west-1", "Europe");
    let answer = setup.put_spec("*", &bad).await;
    assert_eq!(answer.problem(), (422, "invalid-spec".to_owned()));
    let json = answer.json();
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.len() >= 2 && findings.iter().all(|finding| finding["line"].as_u64().unwrap() > 1), "{json}");
    assert_eq!(setup.get("/v1/apps/shop/spec").await.text, SPEC);
    let other = setup.put_spec("*", &SPEC.replace("app: shop", "app: blog")).await;
    assert_eq!(other.problem(), (400, "bad-request".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_resource_of_another_app_is_refused_by_name() {
    let setup = Setup::shop().await;
    let blog = SPEC
        .replace("app: shop", "app: blog")
        .replace("    cluster: main\n", "    cluster: main\n    service: shop-dev-web\n");
    let headers = [("if-match", "*"), ("content-type", "text/yaml")];
    let answer = setup.ask("PUT", "/v1/apps/blog/spec", &headers, blog).await;
    assert_eq!(answer.problem(), (409, "claimed".to_owned()), "{}", answer.text);
    assert_eq!(answer.json()["owner"], "shop/dev");
    assert!(answer.json()["resource"].as_str().unwrap().contains("shop-dev-web"));
    assert_eq!(setup.get("/v1/apps/blog/spec").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_build_is_announced_once_and_its_tag_stays_its_own() {
    let setup = Setup::shop().await;
    let again = setup.announce(&build("v1", '1')).await;
    assert_eq!((again.status.as_u16(), again.json()["new"].as_bool()), (200, Some(false)));
    let taken = setup.announce(&build("v1", '9')).await;
    assert_eq!(taken.problem(), (409, "tag-taken".to_owned()));
    assert_eq!(taken.json()["existing"]["announced_by"], "operator");
    let mut unfit = build("v3", '3');
    unfit["images"]["worker"] = unfit["images"]["web"].clone();
    assert_eq!(setup.announce(&unfit).await.problem(), (422, "unfit".to_owned()));
    let list = setup.get("/v1/apps/shop/artifacts?limit=1").await.json();
    assert_eq!(list["artifacts"].as_array().unwrap().len(), 1);
    assert_eq!(setup.get("/v1/apps/blog/artifacts").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_build_is_wanted_at_once_where_the_spec_says_so() {
    let setup = Setup::empty();
    let spec = SPEC.replace("    cluster: main\n", "    cluster: main\n    autoDeploy: true\n");
    assert_eq!(setup.put_spec("*", &spec).await.status, 200, "{spec}");
    let announced = setup.announce(&build("v1", '1')).await.json();
    assert_eq!(announced["deployed"], json!([{"environment": "dev", "generation": 1}]));
    assert_eq!(announced["notDeployed"][0]["environment"], "staging");
    assert!(announced["notDeployed"][0]["why"].as_str().unwrap().contains("has not converged in dev"));
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_is_a_conflict_that_names_it() {
    let setup = Setup::shop().await;
    let gated = setup.deploy("staging", "v1", "*").await;
    assert_eq!(gated.problem(), (409, "gated".to_owned()));
    assert_eq!(
        (&gated.json()["unmet"][0]["gate"], &gated.json()["unmet"][0]["needsPerson"]),
        (&json!("order"), &json!(false))
    );
    setup.deploy("dev", "v1", "*").await;
    setup.found("shop/dev", json!({})).await;
    assert_eq!(setup.deploy("staging", "v1", "*").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let setup = Setup::shop().await;
    for (env, tag) in [("dev", "v9"), ("prod", "v1")] {
        assert_eq!(setup.deploy(env, tag, "*").await.problem(), (404, "not-found".to_owned()), "{env} {tag}");
    }
    let targets = setup.get("/v1/targets").await.json();
    assert!(targets["targets"].as_array().unwrap().iter().all(|target| target["desired"].is_null()));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_parse_is_said_and_is_the_only_one_that_suffers() {
    let setup = Setup::shop().await;
    setup.store.put_raw_invalid(&Target::parse("shop/dev").unwrap(), "generation: not a number");
    let answer = setup.deploy("dev", "v1", "*").await;
    assert_eq!(answer.problem(), (409, "invalid-record".to_owned()));
    assert!(answer.text.contains("generation: not a number"), "{}", answer.text);
    setup.store.put_raw_invalid_spec(&AppName::parse("shop").unwrap(), "document: missing");
    assert_eq!(setup.get("/v1/apps/shop/spec").await.status, 409);
    assert!(setup.get("/v1/apps").await.json()["apps"][0]["invalid"].is_string());
    // The target is still shown, and why it is in trouble.
    let target = setup.get("/v1/apps/shop/environments/dev").await.json();
    assert_eq!(target["headline"], "degraded");
}
