//! An API over records in memory, asked in process.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use driftless_domain::{Status, Target};
use driftless_releases::{ReadRecords, StatusWrites, Stored, Versioned};
use driftless_server::{Api, Auth, Token, router};
use driftless_sim::{MemoryStore, SimClock, World};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SPEC: &str = "apiVersion: driftless/v1
kind: container
app: shop
services:
  - name: web
environments:
  - name: dev
    account: \"111111111111\"
    region: eu-west-1
    cluster: main
  - name: staging
    account: \"222222222222\"
    region: eu-west-1
    cluster: main
    after: [dev]
";

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the last part of the problem's type.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        let kind = json["type"].as_str().unwrap().strip_prefix("https://driftless.dev/problems/").unwrap().to_owned();
        (self.status.as_u16(), kind)
    }
}

pub(crate) struct Setup {
    pub(crate) store: MemoryStore,
    pub(crate) clock: SimClock,
    /// Where the builds of sites lie.
    pub(crate) world: World,
    pub(crate) router: Router,
}

impl Setup {
    pub(crate) fn empty() -> Self {
        let clock = SimClock::new();
        let store = MemoryStore::new(1, clock.clone());
        let world = World::new(1, clock.clone());
        let api = Api {
            store: Arc::new(store.clone()),
            builds: Arc::new(world.clone()),
            clock: Arc::new(clock.clone()),
            resync: Duration::from_secs(60),
            auth: Auth::Bearer(Token::operator(SECRET).unwrap()),
        };
        Self { store, clock, world, router: router(api).0 }
    }

    /// With the app `shop` and its artifacts `v1` and `v2`.
    pub(crate) async fn shop() -> Self {
        let setup = Self::empty();
        assert_eq!(setup.put_spec("\"0\"", SPEC).await.status, 200);
        for (tag, digit) in [("v1", '1'), ("v2", '2')] {
            assert_eq!(setup.announce(&build(tag, digit)).await.status, 201);
        }
        setup
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request with the token.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {SECRET}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn put_spec(&self, if_match: &str, document: &str) -> Answer {
        let headers = [("if-match", if_match), ("content-type", "text/yaml")];
        self.ask("PUT", "/v1/apps/shop/spec", &headers, document.to_owned()).await
    }

    pub(crate) async fn announce(&self, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.ask("POST", "/v1/apps/shop/artifacts", &headers, body.to_string()).await
    }

    pub(crate) async fn deploy(&self, env: &str, tag: &str, if_match: &str) -> Answer {
        let headers = [("if-match", if_match), ("content-type", "application/json; charset=utf-8")];
        let path = format!("/v1/apps/shop/environments/{env}/desired");
        self.ask("PUT", &path, &headers, json!({"artifact": tag, "reason": "a test"}).to_string()).await
    }

    /// The controller writes what it found; `change` is made to the stored status.
    pub(crate) async fn found(&self, target: &str, change: Value) {
        let target = Target::parse(target).unwrap();
        let loaded = self.store.load(std::slice::from_ref(&target)).await.unwrap().remove(0);
        let (version, mut status) = match loaded.status {
            Stored::Valid(Versioned { version, record }) => (version, serde_json::to_value(record).unwrap()),
            Stored::Missing | Stored::Invalid(_) => (0, first_status(&target, &self.clock.now().to_string())),
        };
        for (key, value) in change.as_object().unwrap() {
            status[key] = value.clone();
        }
        let record: Status = serde_json::from_value(status).unwrap();
        self.store.put_status(&Versioned { version, record }, &[]).await.unwrap();
    }
}

pub(crate) fn build(tag: &str, digit: char) -> Value {
    let digest = digit.to_string().repeat(64);
    json!({"tag": tag, "images": {"web": format!("acme/web@sha256:{digest}")}, "gitSha": "abcdef1", "branch": "main"})
}

/// A status of a target that runs what it should at generation 1.
fn first_status(target: &Target, now: &str) -> Value {
    json!({
        "target": target, "observed_generation": 1, "wanted": "v1", "observed_at": now, "sync": "in-sync",
        "health": "healthy", "gate": "open", "plan": "converged", "reason": "runs v1 (generation 1)", "since": now,
        "converged": {"generation": 1, "tag": "v1", "since": now}, "last_good": null, "attempt": null,
        "rejected": null, "heals": [], "contested": null, "services": [],
    })
}
