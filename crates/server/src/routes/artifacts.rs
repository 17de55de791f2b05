//! Builds: announced once by CI, and listed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use driftless_domain::{Artifact, Content};
use driftless_releases::{Builds, SiteAnnouncement, Stored, announce, announce_site};

use crate::auth::Caller;
use crate::body::Json;
use crate::path::{AppPath, Query, limit};
use crate::problem::Problem;
use crate::router::{LONGEST, Shared};
use crate::shell::too_long;
use crate::wire::{AnnounceRequest, AnnouncedView, Artifacts, SiteZip};

/// Announces a build, and asks for it wherever the spec says `autoDeploy`. The same build again is the same answer, so
/// that a CI job can repeat itself. The zip of a site is read and checked before the answer, which may take minutes.
#[utoipa::path(post, path = "/v1/apps/{app}/artifacts", operation_id = "announceArtifact", tag = "artifacts",
    params(("app" = String, Path, description = "The app.")),
    request_body = AnnounceRequest,
    responses((status = 201, description = "It is new.", body = AnnouncedView),
        (status = 200, description = "It was announced before.", body = AnnouncedView),
        (status = 400, description = "It has neither `images` nor `site`, or both.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such app.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The tag stands for another build.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The images are not those of the spec's services; or the zip is not there (`build-missing`), its bucket has no versioning (`bucket-unversioned`), it is not the announced one (`unfit`) or not one that may be published (`build-refused`).", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The artifact bucket cannot be read; nothing was changed.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many zips are being checked (`busy`): come again after `Retry-After` seconds. Or the records cannot be reached.", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "It took too long; it may have been announced.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn announce_artifact(
    State(shared): State<Shared>,
    Extension(Caller(by)): Extension<Caller>,
    AppPath(app): AppPath,
    Json(request): Json<AnnounceRequest>,
) -> Result<(StatusCode, Answer<AnnouncedView>), Problem> {
    let AnnounceRequest { tag, images, site, git_sha, branch } = request;
    if branch.as_deref().is_some_and(|branch| !is_branch(branch)) {
        return Err(Problem::bad_request("branch must have 1 to 255 characters that can be seen"));
    }
    let at = shared.now();
    let announced = match (images, site) {
        (Some(images), None) => {
            let content = Content::Container { images };
            let artifact = Artifact { app, tag, content, git_sha, branch, announced_by: by, announced_at: at };
            let announced = tokio::time::timeout(LONGEST, announce(shared.store.as_ref(), artifact)).await;
            announced.map_err(|_| too_long(LONGEST))??
        }
        (None, Some(SiteZip { key, version_id: version, sha256 })) => {
            let request = SiteAnnouncement { app, tag, key, version, sha256, git_sha, branch, by, at };
            let store = Arc::clone(&shared.store);
            let check =
                |builds: Arc<dyn Builds>| async move { announce_site(store.as_ref(), builds.as_ref(), request).await };
            shared.checks.turn(check).await??
        }
        (None, None) => {
            return Err(Problem::bad_request(
                "a build has either `images` (of an app of services) or `site` (the zip of a static site); it has neither",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request(
                "a build has either `images` (of an app of services) or `site` (the zip of a static site), not both",
            ));
        }
    };
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
