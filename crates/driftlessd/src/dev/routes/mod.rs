//! Hands that break things in the simulated AWS, so that one can watch them heal. Behind the same token as the API.

mod services;
mod sites;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use driftless_domain::Clock;
use driftless_releases::ApiStore;
use driftless_sim::World;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::site::Site;

/// Who breaks and looks.
#[derive(Clone)]
pub(crate) struct Hands {
    world: World,
    site: Arc<Site>,
    store: Arc<dyn ApiStore>,
    clock: Arc<dyn Clock>,
    crashes: Arc<AtomicU32>,
}

impl Hands {
    /// Hands on this world.
    pub(crate) fn new(world: World, site: Arc<Site>, store: Arc<dyn ApiStore>, clock: Arc<dyn Clock>) -> Self {
        Self { world, site, store, clock, crashes: Arc::default() }
    }

    /// The routes under `/dev`.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/dev/break/service", post(services::break_service))
            .route("/dev/break/parameter", post(services::break_parameter))
            .route("/dev/break/release", post(services::break_release))
            .route("/dev/break/object", post(sites::break_object))
            .route("/dev/builds", post(sites::build))
            .route("/dev/objects/{app}/{env}", get(sites::objects))
            .route("/dev/scale", post(services::scale))
            .route("/dev/world", get(show))
            .route("/dev/calls", get(calls))
            .route("/dev/calls/reset", post(reset_calls))
            .with_state(self)
    }
}

/// Why a hand does not do what it was told.
struct Refusal(StatusCode, String);

impl Refusal {
    /// What it was told to touch is not there. (Not 404: the route is there, and other daemons do not have it.)
    fn unknown(detail: String) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        let body = json!({ "type": "https://driftless.dev/problems/dev", "title": "the simulated AWS cannot do that",
            "status": status.as_u16(), "detail": detail });
        (status, [("content-type", "application/problem+json")], body.to_string()).into_response()
    }
}

fn broken(error: impl Display) -> Refusal {
    Refusal(StatusCode::CONFLICT, error.to_string())
}

/// What was asked, as JSON; what cannot be read is refused as everything else is.
struct Asked<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = Json::<T>::from_request(request, state).await;
        let refused = |refused: JsonRejection| Refusal(refused.status(), refused.body_text());
        read.map(|Json(asked)| Self(asked)).map_err(refused)
    }
}

/// The true state of the simulated AWS, and what the monitor found that must never be.
async fn show(State(hands): State<Hands>) -> Result<Json<Value>, Refusal> {
    let services = services::all(&hands)?;
    let (sites, builds) = (sites::all(&hands), sites::builds(&hands));
    let violations = hands.world.violations();
    Ok(Json(json!({ "services": services, "sites": sites, "builds": builds, "violations": violations })))
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
