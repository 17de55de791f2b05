//! Hands that break things in the simulated AWS, so that one can watch them heal. Behind the same token as the API.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use driftless_domain::{Actor, AppName, Artifact, Clock, Content, EnvName, Reason, ServiceName, Tag, Target};
use driftless_releases::{ApiStore, DeployRequest, announce, deploy};
use driftless_sim::World;
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{self, CRASHING, ENVIRONMENTS, SERVICES};

#[derive(Clone)]
struct Hands {
    world: World,
    store: Arc<dyn ApiStore>,
    clock: Arc<dyn Clock>,
    crashes: Arc<AtomicU32>,
}

/// The routes under `/dev`.
pub(crate) fn routes(world: World, store: Arc<dyn ApiStore>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/dev/break/service", post(break_service))
        .route("/dev/break/parameter", post(break_parameter))
        .route("/dev/break/release", post(break_release))
        .route("/dev/scale", post(scale))
        .route("/dev/world", get(show))
        .route("/dev/calls", get(calls))
        .route("/dev/calls/reset", post(reset_calls))
        .with_state(Hands { world, store, clock, crashes: Arc::default() })
}

/// What the hand was told to touch is not there.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        let body = json!({ "type": "https://driftless.dev/problems/dev", "title": "the simulated AWS cannot do that",
            "status": status.as_u16(), "detail": detail });
        (status, [("content-type", "application/problem+json")], body.to_string()).into_response()
    }
}

fn unknown(what: impl Display) -> Refusal {
    let envs: Vec<&str> = ENVIRONMENTS.iter().map(|(env, _)| *env).collect();
    let services: Vec<&str> = SERVICES.iter().map(|(service, _)| *service).collect();
    let known = format!("it has shop in {} with {}", envs.join(", "), services.join(", "));
    Refusal(StatusCode::NOT_FOUND, format!("{what} is not in the simulated AWS; {known}"))
}

fn broken(error: impl Display) -> Refusal {
    Refusal(StatusCode::CONFLICT, error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneService {
    app: AppName,
    env: EnvName,
    service: ServiceName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneTarget {
    app: AppName,
    env: EnvName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    app: AppName,
    env: EnvName,
    service: ServiceName,
    count: u32,
}

fn known(app: &AppName, env: &EnvName, service: Option<&ServiceName>) -> Result<driftless_domain::Place, Refusal> {
    let service_known = service.is_none_or(|one| SERVICES.iter().any(|(name, _)| *name == one.as_str()));
    match world::place(env.as_str()) {
        Some(place) if app.as_str() == "shop" && service_known => Ok(place),
        Some(_) | None => {
            let service = service.map(|service| format!(" {service}")).unwrap_or_default();
            Err(unknown(format_args!("{app}/{env}{service}")))
        }
    }
}

/// Somebody registers a copy of what runs with another image in the console, and points the service to it.
async fn break_service(State(hands): State<Hands>, Json(asked): Json<OneService>) -> Result<Json<Value>, Refusal> {
    let OneService { app, env, service } = asked;
    let place = known(&app, &env, Some(&service))?;
    let cluster = world::cluster().map_err(broken)?;
    let name = world::service(env.as_str(), service.as_str()).map_err(broken)?;
    let live = hands.world.service(&place, &cluster, &name).ok_or_else(|| unknown(&name))?;
    let revisions = hands.world.revisions_of(&place, &live.task_definition.family());
    let runs = revisions.into_iter().find(|one| one.arn == live.task_definition).ok_or_else(|| unknown(&name))?;
    let mut copy = Value::Object(runs.document.as_json().clone());
    if let Some(container) = copy.pointer_mut("/containerDefinitions/0/image") {
        *container = Value::String("registry.example/shop/by-hand:latest".to_owned());
    }
    let other = hands
        .world
        .person_registers(&place, copy, BTreeMap::new())
        .ok_or_else(|| broken("the copy could not be registered"))?;
    hands.world.person_points_service(&place, &cluster, &name, &other);
    Ok(Json(json!({ "service": name, "from": live.task_definition.short(), "to": other.short() })))
}

/// Somebody edits the version parameter in the console.
async fn break_parameter(State(hands): State<Hands>, Json(asked): Json<OneService>) -> Result<Json<Value>, Refusal> {
    let OneService { app, env, service } = asked;
    let place = known(&app, &env, Some(&service))?;
    let name = world::parameter(env.as_str(), service.as_str()).map_err(broken)?;
    let from = hands.world.parameter(&place, &name);
    hands.world.person_edits_parameter(&place, &name, "edited-by-hand");
    Ok(Json(json!({ "parameter": name, "from": from, "to": "edited-by-hand" })))
}

/// A build whose tasks crash is announced and asked for.
async fn break_release(State(hands): State<Hands>, Json(asked): Json<OneTarget>) -> Result<Json<Value>, Refusal> {
    let OneTarget { app, env } = asked;
    known(&app, &env, None)?;
    let number = hands.crashes.fetch_add(1, Ordering::Relaxed) + 1;
    let now = hands.clock.now();
    let tag = Tag::parse(format!("sha-{CRASHING}-{}-{number}", now.as_second())).map_err(broken)?;
    let images = SERVICES
        .iter()
        .map(|(service, _)| {
            let digest = format!("{number:064x}");
            let image = format!("registry.example/shop/{CRASHING}-{service}@sha256:{digest}").parse()?;
            Ok((ServiceName::parse(*service)?, image))
        })
        .collect::<Result<_, driftless_domain::NameError>>()
        .map_err(broken)?;
    let by = Actor::parse("dev-break").map_err(broken)?;
    let artifact = Artifact {
        app: app.clone(),
        tag: tag.clone(),
        content: Content::Container { images },
        git_sha: None,
        branch: None,
        announced_by: by.clone(),
        announced_at: now,
    };
    announce(&*hands.store, artifact).await.map_err(broken)?;
    let reason = Reason::parse("a release that crashes, to see it rolled back").map_err(broken)?;
    let request =
        DeployRequest { target: Target::new(app, env), tag: tag.clone(), expected: None, by, reason, at: now };
    let deployed = deploy(&*hands.store, request).await.map_err(broken)?;
    Ok(Json(json!({ "tag": tag, "generation": deployed.generation })))
}

/// Autoscaling changes the number of tasks: not drift.
async fn scale(State(hands): State<Hands>, Json(asked): Json<Scale>) -> Result<Json<Value>, Refusal> {
    let Scale { app, env, service, count } = asked;
    let place = known(&app, &env, Some(&service))?;
    if count > 100 {
        return Err(Refusal(StatusCode::BAD_REQUEST, "at most 100 tasks".to_owned()));
    }
    let cluster = world::cluster().map_err(broken)?;
    let name = world::service(env.as_str(), service.as_str()).map_err(broken)?;
    hands.world.autoscaling_scales(&place, &cluster, &name, count);
    Ok(Json(json!({ "service": name, "wanted": count })))
}

/// The true state of the simulated AWS.
async fn show(State(hands): State<Hands>) -> Result<Json<Value>, Refusal> {
    let cluster = world::cluster().map_err(broken)?;
    let mut services = Vec::new();
    for (env, account) in ENVIRONMENTS {
        let Some(place) = world::place(env) else { continue };
        for (name, _) in SERVICES {
            let service = world::service(env, name).map_err(broken)?;
            let parameter = world::parameter(env, name).map_err(broken)?;
            let Some(live) = hands.world.service(&place, &cluster, &service) else { continue };
            let deployments: Vec<String> = hands
                .world
                .deployments_of(&place, &cluster, &service)
                .iter()
                .take(3)
                .map(|one| format!("{} {}", one.task_definition, one.state))
                .collect();
            services.push(json!({
                "env": env, "account": account, "service": service, "taskDefinition": live.task_definition.short(),
                "running": live.running_count, "wanted": live.desired_count, "deployments": deployments,
                "parameter": { "name": parameter, "value": hands.world.parameter(&place, &parameter) },
            }));
        }
    }
    Ok(Json(json!({ "services": services, "violations": hands.world.violations() })))
}

/// How many calls the controller sent to the simulated AWS.
async fn calls(State(hands): State<Hands>) -> Json<Value> {
    let counts = hands.world.counts();
    Json(json!({ "reads": counts.reads, "writes": counts.writes, "byOperation": counts.by_operation }))
}

async fn reset_calls(State(hands): State<Hands>) -> StatusCode {
    hands.world.reset_counts();
    StatusCode::NO_CONTENT
}
