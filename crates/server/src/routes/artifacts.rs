//! Builds: announced once by CI, and listed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use driftless_domain::{Artifact, Content};
use driftless_releases::{Stored, announce};

use crate::auth::Caller;
use crate::body::Json;
use crate::path::{AppPath, Query, limit};
use crate::problem::Problem;
use crate::router::Shared;
use crate::wire::{AnnounceRequest, AnnouncedView, Artifacts};

/// Announces a build, and asks for it wherever the spec says `autoDeploy`. The same build again is the same answer, so
/// that a CI job can repeat itself.
#[utoipa::path(post, path = "/v1/apps/{app}/artifacts", operation_id = "announceArtifact", tag = "artifacts",
    params(("app" = String, Path, description = "The app.")),
    request_body = AnnounceRequest,
    responses((status = 201, description = "It is new.", body = AnnouncedView),
        (status = 200, description = "It was announced before.", body = AnnouncedView),
        (status = 404, description = "There is no such app.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The tag stands for another build.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The images are not those of the spec's services.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn announce_artifact(
    State(shared): State<Shared>,
    Extension(Caller(by)): Extension<Caller>,
    AppPath(app): AppPath,
    Json(request): Json<AnnounceRequest>,
) -> Result<(StatusCode, Answer<AnnouncedView>), Problem> {
    let AnnounceRequest { tag, images, git_sha, branch } = request;
    if branch.as_deref().is_some_and(|branch| !is_branch(branch)) {
        return Err(Problem::bad_request("branch must have 1 to 255 characters that can be seen"));
    }
    let artifact = Artifact {
        app,
        tag,
        content: Content::Container { images },
        git_sha,
        branch,
        announced_by: by,
        announced_at: shared.now(),
    };
    let announced = announce(shared.store.as_ref(), artifact).await?;
    let status = if announced.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answer(announced.into())))
}

/// An app's artifacts, newest announcement first.
#[utoipa::path(get, path = "/v1/apps/{app}/artifacts", operation_id = "listArtifacts", tag = "artifacts",
    params(("app" = String, Path, description = "The app."),
        ("limit" = Option<u32>, Query, description = "How many: 1 to 100, 20 when nothing is said.")),
    responses((status = 200, description = "The artifacts.", body = Artifacts),
        (status = 404, description = "There is no such app.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_artifacts(
    State(shared): State<Shared>,
    AppPath(app): AppPath,
    query: Query,
) -> Result<Answer<Artifacts>, Problem> {
    let limit = limit(query)?;
    if matches!(shared.store.spec(&app).await?, Stored::Missing) {
        return Err(Problem::not_found(format!("there is no app {app}")));
    }
    Ok(Answer(Artifacts { now: shared.now(), artifacts: shared.store.artifacts(&app, limit).await? }))
}

/// What git takes as a branch is wider than this; what people must be able to read is not.
fn is_branch(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    (1..=255).contains(&text.chars().count()) && !text.chars().any(hidden)
}
