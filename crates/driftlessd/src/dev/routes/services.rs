//! Hands on the services of the demonstration's app: what a person in the console, a bad build or autoscaling does to them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use driftless_domain::{Actor, AppName, Artifact, Content, EnvName, Place, Reason, ServiceName, Tag, Target};
use driftless_releases::{DeployRequest, announce, deploy};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::world::{self, APP, CRASHING, ENVIRONMENTS, SERVICES};
use super::{Asked, Hands, Refusal, broken};

/// There is no such service; what there is instead.
fn unknown(what: impl Display) -> Refusal {
    let envs: Vec<&str> = ENVIRONMENTS.iter().map(|(env, _)| *env).collect();
    let services: Vec<&str> = SERVICES.iter().map(|(service, _)| *service).collect();
    let there = format!("there are {} of {APP} in {}", services.join(", "), envs.join(", "));
    Refusal::unknown(format!("{what} in the simulated AWS; {there}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneService {
    app: AppName,
    env: EnvName,
    service: ServiceName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneTarget {
    app: AppName,
    env: EnvName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    app: AppName,
    env: EnvName,
    service: ServiceName,
    count: u32,
}

fn known(app: &AppName, env: &EnvName, service: Option<&ServiceName>) -> Result<Place, Refusal> {
    let service_known = service.is_none_or(|one| SERVICES.iter().any(|(name, _)| *name == one.as_str()));
    match world::place(env.as_str()) {
        Some(place) if app.as_str() == APP && service_known => Ok(place),
        Some(_) | None => {
            let service = service.map(|service| format!(" {service}")).unwrap_or_default();
            Err(unknown(format_args!("{app}/{env} has no service{service}")))
        }
    }
}

/// Somebody registers a copy of what runs with another image in the console, and points the service to it.
pub(super) async fn break_service(
    State(hands): State<Hands>,
    Asked(asked): Asked<OneService>,
) -> Result<Json<Value>, Refusal> {
    let OneService { app, env, service } = asked;
    let place = known(&app, &env, Some(&service))?;
    let cluster = world::cluster().map_err(broken)?;
    let name = world::service(env.as_str(), service.as_str()).map_err(broken)?;
    let live =
        hands.world.service(&place, &cluster, &name).ok_or_else(|| unknown(format_args!("{name} is not there")))?;
    let revisions = hands.world.revisions_of(&place, &live.task_definition.family());
    let runs = revisions
        .into_iter()
        .find(|one| one.arn == live.task_definition)
        .ok_or_else(|| unknown(format_args!("{name} is not there")))?;
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
pub(super) async fn break_parameter(
    State(hands): State<Hands>,
    Asked(asked): Asked<OneService>,
) -> Result<Json<Value>, Refusal> {
    let OneService { app, env, service } = asked;
    let place = known(&app, &env, Some(&service))?;
    let name = world::parameter(env.as_str(), service.as_str()).map_err(broken)?;
    let from = hands.world.parameter(&place, &name);
    hands.world.person_edits_parameter(&place, &name, "edited-by-hand");
    Ok(Json(json!({ "parameter": name, "from": from, "to": "edited-by-hand" })))
}

/// A build whose tasks crash is announced and asked for.
pub(super) async fn break_release(
    State(hands): State<Hands>,
    Asked(asked): Asked<OneTarget>,
) -> Result<Json<Value>, Refusal> {
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
pub(super) async fn scale(State(hands): State<Hands>, Asked(asked): Asked<Scale>) -> Result<Json<Value>, Refusal> {
    let Scale { app, env, service, count } = asked;
    let place = known(&app, &env, Some(&service))?;
    if count > 100 {
        return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "at most 100 tasks".to_owned()));
    }
    let cluster = world::cluster().map_err(broken)?;
    let name = world::service(env.as_str(), service.as_str()).map_err(broken)?;
    hands.world.autoscaling_scales(&place, &cluster, &name, count);
    Ok(Json(json!({ "service": name, "wanted": count })))
}

/// All services as they are.
pub(super) fn all(hands: &Hands) -> Result<Vec<Value>, Refusal> {
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
    Ok(services)
}
