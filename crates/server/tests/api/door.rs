//! The door: who comes in, with what. The rows of "HTTP API" in the fault list that apply to this version.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use driftless_server::{Auth, Token, guarded};
use serde_json::json;

use crate::setup::{SECRET, SPEC, Setup, build};

#[tokio::test(start_paused = true)]
async fn without_the_token_nothing_but_three_routes_answers() {
    let setup = Setup::shop().await;
    let description = setup.get("/openapi.json").await.json();
    let mut routes = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        let path = path.replace("{app}", "shop").replace("{env}", "dev");
        for method in item.as_object().unwrap().keys() {
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
            let answer = setup.send(request.body(Body::empty()).unwrap()).await;
            routes += 1;
            if ["/livez", "/readyz"].contains(&path.as_str()) {
                assert_eq!(answer.status, 200, "{path}");
                continue;
            }
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert!(routes >= 14, "{routes} routes");
    // What does not exist is not told apart from what does.
    for path in ["/", "/v1", "/v1/apps/none/spec", "//livez", "/livez/", "/LIVEZ", "/v1/../livez", "/metrics"] {
        let answer = setup.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!(setup.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_wrong_or_sent_twice_is_refused() {
    let setup = Setup::empty();
    let good = format!("Bearer {SECRET}");
    let wrong = format!("Bearer {}", SECRET.replace('0', "1"));
    for values in [vec![wrong.as_str()], vec!["Bearer"], vec!["Basic x"], vec![&good, &good], vec![&good, &wrong]] {
        let mut request = Request::get("/v1/apps");
        for value in &values {
            request = request.header("authorization", *value);
        }
        let answer = setup.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{values:?}");
        assert!(!answer.text.contains(SECRET));
    }
}

#[tokio::test(start_paused = true)]
async fn the_actor_is_the_tokens_and_not_what_the_caller_writes() {
    let setup = Setup::empty();
    setup.put_spec("*", SPEC).await;
    let headers = [("content-type", "application/json"), ("x-driftless-actor", "the boss")];
    let answer = setup.ask("POST", "/v1/apps/shop/artifacts", &headers, build("v1", '1').to_string()).await;
    assert_eq!(answer.json()["artifact"]["announced_by"], "operator");
}

#[tokio::test(start_paused = true)]
async fn bodies_have_limits() {
    let setup = Setup::shop().await;
    let json = [("content-type", "application/json")];
    let path = "/v1/apps/shop/artifacts";
    let large = setup.ask("POST", path, &json, " ".repeat(64 * 1024 + 1)).await;
    assert_eq!(large.problem(), (413, "too-large".to_owned()));
    let announced = [("content-type", "application/json"), ("content-length", "10000000000")];
    assert_eq!(setup.ask("POST", path, &announced, "{}").await.status, 413, "refused before it is read");
    let spec = format!("{SPEC}# {}\n", "x".repeat(1024 * 1024));
    assert_eq!(setup.put_spec("*", &spec).await.problem(), (413, "too-large".to_owned()));
    let slow = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    assert_eq!(setup.ask("POST", path, &json, slow).await.problem(), (408, "request-timeout".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn bodies_are_of_the_right_type_and_say_nothing_unknown() {
    let setup = Setup::shop().await;
    let path = "/v1/apps/shop/artifacts";
    let good = build("v3", '3').to_string();
    for kind in ["", "text/plain", "application/xml", "application/json; charset=latin1", "application/jsonx"] {
        let answer = setup.ask("POST", path, &[("content-type", kind)], good.clone()).await;
        assert_eq!(answer.problem(), (415, "unsupported-type".to_owned()), "{kind}");
    }
    let json = [("content-type", "application/json")];
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let mut unknown = build("v3", '3');
    unknown["approvedBy"] = json!("me");
    let mut wrong = build("v3", '3');
    wrong["images"] = json!(["acme/web"]);
    let mut hidden = build("v3", '3');
    hidden["tag"] = json!("v\u{202e}3");
    let mut mutable = build("v3", '3');
    mutable["images"]["web"] = json!("acme/web:latest");
    for body in [deep, unknown.to_string(), wrong.to_string(), hidden.to_string(), mutable.to_string(), "{".to_owned()]
    {
        let answer = setup.ask("POST", path, &json, body.clone()).await;
        assert_eq!(answer.problem(), (400, "malformed-body".to_owned()), "{}", &body[..body.len().min(90)]);
    }
    let answer = setup.ask("POST", path, &json, vec![b'"', 0xff, b'"']).await;
    assert_eq!(answer.status, 400, "not UTF-8");
    let mut branch = build("v3", '3');
    branch["branch"] = json!("a\u{0000}b");
    assert_eq!(setup.announce(&branch).await.status, 400);
    let yaml = [("content-type", "text/yaml"), ("if-match", "*")];
    assert_eq!(setup.ask("PUT", "/v1/apps/shop/spec", &yaml, vec![0xff, 0xfe]).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn names_in_paths_are_names() {
    let setup = Setup::shop().await;
    for app in ["%2e%2e", "..%2fshop", "shop%00", "SHOP", "%ff", "a", "shop%E2%80%8B", "shop%20", "'or'1"] {
        let answer = setup.get(&format!("/v1/apps/{app}/spec")).await;
        assert_eq!(answer.status, 400, "{app}");
        assert_eq!(setup.get(&format!("/v1/apps/shop/environments/{app}")).await.status, 400, "{app}");
    }
    for path in ["/v1/apps//spec", "/v1//apps", "/v1/apps/shop/spec/", "/v1/apps/../spec", "/v1/nothing"] {
        let status = setup.get(path).await.status.as_u16();
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    for limit in ["0", "101", "-1", "1000000000", "x", "", "1&limit=2"] {
        let path = format!("/v1/apps/shop/artifacts?limit={limit}");
        assert_eq!(setup.get(&path).await.problem().0, 400, "{limit}");
    }
    assert_eq!(setup.get("/v1/apps?cursor=x").await.problem().0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_get_changes_nothing_and_no_header_makes_it_something_else() {
    let setup = Setup::shop().await;
    let headers = [("x-http-method-override", "PUT"), ("if-match", "*"), ("content-type", "application/json")];
    let path = "/v1/apps/shop/environments/dev/desired";
    let answer = setup.ask("GET", path, &headers, json!({"artifact": "v1", "reason": "x"}).to_string()).await;
    assert_eq!(answer.problem(), (405, "method-not-allowed".to_owned()));
    assert_eq!(setup.get("/v1/apps/shop/environments/dev/reconcile").await.status, 405);
    assert_eq!(setup.get("/v1/apps/shop/environments/dev").await.header("etag"), "\"0\"");
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_a_request_id_and_is_not_for_keeping() {
    let setup = Setup::empty();
    let answer = setup.ask("GET", "/v1/apps", &[("x-request-id", "ci-42")], Body::empty()).await;
    assert_eq!(answer.header("x-request-id"), "ci-42");
    assert_eq!(answer.header("cache-control"), "no-store");
    let odd = setup.ask("GET", "/v1/apps", &[("x-request-id", "a b<script>")], Body::empty()).await;
    assert!(!odd.header("x-request-id").contains('<') && !odd.header("x-request-id").is_empty());
}

#[tokio::test(start_paused = true)]
async fn readiness_follows_the_records_and_costs_little() {
    let setup = Setup::empty();
    for _ in 0..100 {
        assert_eq!(setup.get("/readyz").await.status, 200);
    }
    assert_eq!(setup.store.calls_on("heartbeats").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_answer_and_a_hung_store_is_one_too() {
    async fn boom() -> &'static str {
        panic!("a secret of the process")
    }
    let mut setup = Setup::shop().await;
    setup.store.faults().hang("dynamodb:", "");
    assert_eq!(setup.get("/v1/targets").await.problem(), (504, "timeout".to_owned()));
    assert_eq!(setup.get("/readyz").await.problem(), (503, "records-unreachable".to_owned()));

    let auth = Auth::Bearer(Token::operator(SECRET).unwrap());
    let own = guarded(Router::new().route("/own/boom", get(boom)), auth, &setup.clock);
    setup.router = setup.router.clone().merge(own);
    let answer = setup.get("/own/boom").await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    let outside = setup.send(Request::get("/own/boom").body(Body::empty()).unwrap()).await;
    assert_eq!(outside.status, 401);
}

#[tokio::test(start_paused = true)]
async fn records_that_cannot_be_reached_are_503_and_nothing_is_made_up() {
    let setup = Setup::shop().await;
    setup.store.faults().deny("dynamodb:", "");
    for path in ["/v1/apps", "/v1/targets", "/v1/apps/shop/spec", "/v1/apps/shop/environments/dev"] {
        assert_eq!(setup.get(path).await.problem(), (503, "records-unreachable".to_owned()), "{path}");
    }
    assert_eq!(setup.deploy("dev", "v1", "*").await.status, 503);
}
