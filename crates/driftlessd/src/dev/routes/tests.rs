//! What the hands answer, and what they leave behind.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use driftless_sim::{MemoryStore, ObjectHeaders, SimClock, World};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::super::site::Site;
use super::super::world;
use super::Hands;

struct Lab {
    world: World,
    hands: Hands,
}

impl Lab {
    fn new() -> Self {
        let clock = SimClock::new();
        let site = Arc::new(Site::of_the_example().unwrap());
        let world = world::build(1, clock.clone(), &site).unwrap();
        let hands = Hands::new(world.clone(), site, Arc::new(MemoryStore::beside(&world)), Arc::new(clock));
        Self { world, hands }
    }

    /// The status and the answer, or the detail of the refusal.
    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.hands.clone().routes().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        (status, if status == 200 { answer } else { answer["detail"].clone() })
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask("POST", path, body).await
    }

    /// What a page and its picture would be after a release.
    fn publish(&self) {
        let bucket = "docs-dev".parse().unwrap();
        let json = ObjectHeaders { cache_control: Some("max-age=0".to_owned()), ..ObjectHeaders::of_type("text/x") };
        for key in ["logo.svg", "index.html", "search.json"] {
            self.world.put_by_person(&bucket, key, "as published", json.clone());
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_what_is() {
    let lab = Lab::new();
    let object = |app: &str, env: &str, kind: &str| json!({"app": app, "env": env, "kind": kind});
    let sites = "is no static site of the simulated AWS; it has docs in dev, staging, prod";
    for (app, env) in [("shop", "dev"), ("docs", "qa")] {
        let refused = lab.post("/dev/break/object", &object(app, env, "changed")).await;
        assert_eq!(refused, (422, json!(format!("{app}/{env} {sites}"))));
    }
    assert_eq!(lab.ask("GET", "/dev/objects/docs/d%20v", &json!({})).await, (422, json!(format!("docs/d v {sites}"))));
    let (status, detail) = lab.post("/dev/break/object", &object("docs", "dev", "burnt")).await;
    let known = "unknown variant `burnt`, expected one of `changed`, `deleted`, `headers`, `foreign`";
    assert!(status == 422 && detail.as_str().unwrap().contains(known), "{detail}");
    let (status, detail) = lab.post("/dev/builds", &json!({"app": "shop", "tag": "v1"})).await;
    assert_eq!((status, detail), (422, json!("shop is no static site of the simulated AWS; it builds docs")));
    let service = json!({"app": "docs", "env": "dev", "service": "web"});
    let services = "in the simulated AWS; there are web, worker of shop in dev, staging, prod";
    let refused = lab.post("/dev/break/service", &service).await;
    assert_eq!(refused, (422, json!(format!("docs/dev has no service web {services}"))));
    let refused = lab.post("/dev/break/release", &json!({"app": "docs", "env": "dev"})).await;
    assert_eq!(refused, (422, json!(format!("docs/dev has no service {services}"))));
    let refused = lab.post("/dev/break/object", &object("docs", "dev", "deleted")).await;
    let why = "logo.svg is not in the bucket docs-dev: nothing was published yet, or it is about to be put back";
    assert_eq!(refused, (409, json!(why)));
}

#[tokio::test]
async fn a_build_is_uploaded_once_and_the_same_tag_is_the_same_build() {
    let lab = Lab::new();
    let build = json!({"app": "docs", "tag": "v1"});
    let (_, first) = lab.post("/dev/builds", &build).await;
    assert_eq!((&first["key"], &first["new"]), (&json!("builds/docs/v1.zip"), &json!(true)));
    let (_, again) = lab.post("/dev/builds", &build).await;
    assert_eq!((&again["version"], &again["sha256"]), (&first["version"], &first["sha256"]));
    assert_eq!(again["new"], false);
    let (_, other) = lab.post("/dev/builds", &json!({"app": "docs", "tag": "v2"})).await;
    assert_ne!(other["sha256"], first["sha256"]);
    let (_, world) = lab.ask("GET", "/dev/world", &json!({})).await;
    let keys: Vec<&Value> = world["builds"].as_array().unwrap().iter().map(|build| &build["key"]).collect();
    assert_eq!(keys, ["builds/docs/v1.zip", "builds/docs/v2.zip"]);
    assert_eq!((world["sites"].as_array().unwrap().len(), &world["violations"]), (3, &json!([])));
}

#[tokio::test]
async fn objects_are_broken_as_they_are_named_and_told_with_who_wrote_them() {
    let lab = Lab::new();
    lab.publish();
    for kind in ["changed", "deleted", "headers", "foreign"] {
        let (status, answer) = lab.post("/dev/break/object", &json!({"app": "docs", "env": "dev", "kind": kind})).await;
        assert_eq!((status, &answer["bucket"]), (200, &json!("docs-dev")), "{answer}");
    }
    let (_, told) = lab.ask("GET", "/dev/objects/docs/dev", &json!({})).await;
    let objects = told["objects"].as_array().unwrap();
    let shown: Vec<Value> =
        objects.iter().map(|one| json!([one["key"], one["size"], one["cacheControl"], one["by"]])).collect();
    let page = "as published".len() + "<p>edited by hand</p>\n".len();
    assert_eq!(
        shown,
        [
            json!(["index.html", page, "max-age=0", "person"]),
            json!(["search.json", 12, "public, max-age=31536000", "person"]),
            json!(["uploads/cat.svg", 64, null, "person"]),
        ]
    );
}
