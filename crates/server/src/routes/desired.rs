//! Asking for a release.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json as Answer};
use driftless_domain::Generation;
use driftless_releases::{DeployRequest, deploy};

use crate::auth::Caller;
use crate::body::Json;
use crate::conditions::{IfMatch, etag};
use crate::path::TargetPath;
use crate::problem::Problem;
use crate::router::Shared;
use crate::wire::{DeployedView, DesiredRequest};

/// Asks for an artifact in a target: one new generation. Asking again for one that was rejected there tries it once more.
#[utoipa::path(put, path = "/v1/apps/{app}/environments/{env}/desired", operation_id = "putDesired", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment."),
        ("If-Match" = String, Header, description = "The generation that was seen, `\"0\"` when there was none, or `*`.")),
    request_body = DesiredRequest,
    responses((status = 200, description = "It is asked for.", body = DeployedView),
        (status = 404, description = "There is no such target or artifact.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A gate is closed (`unmet` says which), or a record does not parse.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The stored generation is another; `current` says which.", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put_desired(
    State(shared): State<Shared>,
    Extension(Caller(by)): Extension<Caller>,
    TargetPath(target): TargetPath,
    IfMatch(expected): IfMatch,
    Json(DesiredRequest { artifact, reason }): Json<DesiredRequest>,
) -> Result<impl IntoResponse, Problem> {
    let request =
        DeployRequest { target, tag: artifact, expected: expected.map(Generation), by, reason, at: shared.now() };
    let deployed = deploy(shared.store.as_ref(), request).await?;
    Ok((etag(deployed.generation.0), Answer(DeployedView::from(deployed))))
}
