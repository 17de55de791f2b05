//! How targets are, what happened to them, and what is to be done.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use driftless_domain::{AppName, Status, Sync, Target};
use driftless_releases::{ApiStore, Loaded, Stored};
use futures::{StreamExt, TryStreamExt};

use super::specs::readable;
use crate::conditions::etag;
use crate::path::{Query, TargetPath, limit};
use crate::problem::{Problem, ProblemKind};
use crate::router::Shared;
use crate::view::is_of;
use crate::wire::{DiffView, History, InvalidApp, Nudged, TargetView, Targets};

/// How many specs are read at the same time.
const TOGETHER: usize = 16;

/// How all targets are: every environment of every spec, and every target that has a desired record. An app whose spec
/// does not parse is told as such.
#[utoipa::path(get, path = "/v1/targets", operation_id = "listTargets", tag = "targets",
    params(("app" = Option<String>, Query, description = "Only this app's.")),
    responses((status = 200, description = "The targets.", body = Targets),
        (status = 404, description = "There is no such app.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_targets(State(shared): State<Shared>, query: Query) -> Result<Json<Targets>, Problem> {
    let app = query.only(&["app"])?.text("app").map(AppName::parse).transpose()?;
    let store = shared.store.as_ref();
    let apps = match &app {
        Some(app) => vec![app.clone()],
        None => store.apps().await?,
    };
    let specs: Vec<_> = futures::stream::iter(apps)
        .map(|app| async move { readable(store, &app).await.map(|spec| (app, spec)) })
        .buffered(TOGETHER)
        .try_collect()
        .await?;
    let (mut targets, mut invalid) = (Vec::new(), Vec::new());
    for (app, spec) in &specs {
        match spec {
            Stored::Valid(spec) => {
                let environments = spec.environments.iter();
                targets.extend(environments.map(|environment| Target::new(app.clone(), environment.name.clone())));
            }
            Stored::Invalid(problem) => invalid.push(InvalidApp { app: app.clone(), problem: problem.to_string() }),
            Stored::Missing => {}
        }
    }
    let known: BTreeSet<Target> = targets.iter().cloned().collect();
    let recorded = store.changes(None).await?.into_iter().map(|change| change.target);
    let others: BTreeSet<Target> = recorded
        .filter(|target| !known.contains(target) && app.as_ref().is_none_or(|app| app == &target.app))
        .collect();
    targets.extend(others);
    if let Some(app) = app.filter(|_| targets.is_empty() && invalid.is_empty()) {
        return Err(Problem::not_found(format!("there is no app {app}")));
    }
    targets.sort_by(|one, other| one.app.cmp(&other.app));
    let (loaded, heartbeats) = (store.load(&targets).await?, store.heartbeats().await?);
    let views = loaded.iter().map(|loaded| shared.view(loaded, &heartbeats)).collect();
    Ok(Json(Targets { now: shared.now(), targets: views, invalid }))
}

/// How one target is.
#[utoipa::path(get, path = "/v1/apps/{app}/environments/{env}", operation_id = "getTarget", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment.")),
    responses((status = 200, description = "The target; the ETag is its generation, `\"0\"` when nothing is wanted.", body = TargetView),
        (status = 404, description = "There is no such target.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_target(
    State(shared): State<Shared>,
    TargetPath(target): TargetPath,
) -> Result<impl IntoResponse, Problem> {
    let view = look(&shared, &target).await?;
    let generation = view.desired.as_ref().map_or(0, |desired| desired.generation.0);
    Ok((etag(generation), Json(view)))
}

/// What happened to a target, newest first.
#[utoipa::path(get, path = "/v1/apps/{app}/environments/{env}/history", operation_id = "getHistory", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment."),
        ("limit" = Option<u32>, Query, description = "How many: 1 to 100, 20 when nothing is said.")),
    responses((status = 200, description = "The events.", body = History),
        (status = 404, description = "There is no such target.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_history(
    State(shared): State<Shared>,
    TargetPath(target): TargetPath,
    query: Query,
) -> Result<Json<History>, Problem> {
    let limit = limit(query)?;
    load(shared.store.as_ref(), &target).await?;
    let events = shared.store.history(&target, limit).await?;
    Ok(Json(History { now: shared.now(), events }))
}

/// What the controller would do next, as it found at its last look.
#[utoipa::path(get, path = "/v1/apps/{app}/environments/{env}/diff", operation_id = "getDiff", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment.")),
    responses((status = 200, description = "The plan.", body = DiffView),
        (status = 404, description = "There is no such target.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_diff(
    State(shared): State<Shared>,
    TargetPath(target): TargetPath,
) -> Result<Json<DiffView>, Problem> {
    let TargetView { desired, status, reason, looked_at, fresh, now, .. } = look(&shared, &target).await?;
    let (generation, artifact) = desired.map(|desired| (desired.generation, desired.artifact)).unzip();
    let plan = status.as_ref().map(|status| status.plan.clone()).unwrap_or_default();
    let of_this = |status: &&Status| {
        Some(status.observed_generation) == generation
            && artifact.as_ref().is_some_and(|artifact| is_of(status, artifact))
    };
    let current = status.as_ref().filter(|_| fresh).filter(of_this);
    let in_sync = current.and_then(|status| match status.sync {
        Sync::InSync => Some(true),
        Sync::OutOfSync => Some(false),
        Sync::Unknown => None,
    });
    let steps = if in_sync == Some(true) { Vec::new() } else { plan.lines().map(str::to_owned).collect() };
    let observed_generation = status.map(|status| status.observed_generation);
    Ok(Json(DiffView { target, observed_generation, generation, in_sync, plan, steps, reason, looked_at, now }))
}

/// Asks the controller to look at a target soon. It looks anyway, once per resync period.
#[utoipa::path(post, path = "/v1/apps/{app}/environments/{env}/reconcile", operation_id = "reconcileTarget", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment.")),
    responses((status = 202, description = "It was asked.", body = Nudged),
        (status = 404, description = "There is no such target.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn reconcile_target(
    State(shared): State<Shared>,
    TargetPath(target): TargetPath,
) -> Result<(StatusCode, Json<Nudged>), Problem> {
    let loaded = load(shared.store.as_ref(), &target).await?;
    if matches!(loaded.desired, Stored::Missing) {
        return Err(Problem::not_found(format!("nothing is wanted in {target} yet; there is nothing to look at")));
    }
    let requested_at = shared.now();
    shared.store.nudge(&target, requested_at).await?;
    Ok((StatusCode::ACCEPTED, Json(Nudged { target, requested_at })))
}

/// Reads a target and how it is.
pub(super) async fn look(shared: &Shared, target: &Target) -> Result<TargetView, Problem> {
    let store = shared.store.as_ref();
    let loaded = load(store, target).await?;
    Ok(shared.view(&loaded, &store.heartbeats().await?))
}

/// A target's records. It exists when its app's spec has the environment, or when anything was ever recorded of it.
async fn load(store: &dyn ApiStore, target: &Target) -> Result<Loaded, Problem> {
    let unanswered = || Problem::new(ProblemKind::Internal, "the records left a target out");
    let loaded = store.load(std::slice::from_ref(target)).await?.pop().ok_or_else(unanswered)?;
    let recorded = !matches!((&loaded.desired, &loaded.status), (Stored::Missing, Stored::Missing));
    if recorded {
        return Ok(loaded);
    }
    match readable(store, &target.app).await? {
        Stored::Valid(spec) if spec.environment(&target.env).is_some() => Ok(loaded),
        Stored::Valid(_) | Stored::Missing => Err(Problem::not_found(format!("there is no target {target}"))),
        Stored::Invalid(problem) => Err(problem.into()),
    }
}
