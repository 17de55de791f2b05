//! App specs: what apps are made of and where they run.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use driftless_releases::{ApiStore, SpecRecord, Stored, apply_spec};
use driftless_spec::{AppSpec, Strictness, parse};

use crate::auth::Caller;
use crate::body::Document;
use crate::conditions::{IfMatch, etag};
use crate::path::{AppPath, Query};
use crate::problem::Problem;
use crate::router::Shared;
use crate::wire::{AppView, AppliedView, Apps};

/// All apps that have a spec, in order of name.
#[utoipa::path(get, path = "/v1/apps", operation_id = "listApps", tag = "specs",
    responses((status = 200, description = "The apps.", body = Apps)))]
pub(crate) async fn list_apps(State(shared): State<Shared>, query: Query) -> Result<Json<Apps>, Problem> {
    query.only(&[])?;
    let store = shared.store.as_ref();
    let mut apps = Vec::new();
    for app in store.apps().await? {
        let (version, environments, invalid) = match store.spec(&app).await? {
            Stored::Missing => continue,
            Stored::Invalid(problem) => (None, Vec::new(), Some(problem.to_string())),
            Stored::Valid(record) => match read(&record) {
                Ok(spec) => (
                    Some(record.version),
                    spec.environments.into_iter().map(|environment| environment.name).collect(),
                    None,
                ),
                Err(problem) => (Some(record.version), Vec::new(), Some(problem)),
            },
        };
        apps.push(AppView { app, version, environments, invalid });
    }
    Ok(Json(Apps { apps }))
}

/// The spec as it was applied.
#[utoipa::path(get, path = "/v1/apps/{app}/spec", operation_id = "getSpec", tag = "specs",
    params(("app" = String, Path, description = "The app.")),
    responses((status = 200, description = "The YAML; the ETag is its version.", body = String, content_type = "text/yaml"),
        (status = 404, description = "There is no such app.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_spec(
    State(shared): State<Shared>,
    AppPath(app): AppPath,
) -> Result<impl IntoResponse, Problem> {
    match shared.store.spec(&app).await? {
        Stored::Valid(record) => {
            let kind = [(header::CONTENT_TYPE, "text/yaml; charset=utf-8")];
            Ok((etag(record.version), kind, record.document))
        }
        Stored::Missing => Err(Problem::not_found(format!("there is no app {app}"))),
        Stored::Invalid(problem) => Err(problem.into()),
    }
}

/// Applies a spec. The same document again changes nothing.
#[utoipa::path(put, path = "/v1/apps/{app}/spec", operation_id = "putSpec", tag = "specs",
    params(("app" = String, Path, description = "The app."),
        ("If-Match" = String, Header, description = "The ETag that was seen, `\"0\"` for a new app, or `*`.")),
    request_body(content = String, content_type = "application/yaml", description = "The spec, at most 1 MiB; also as text/yaml."),
    responses((status = 200, description = "It is stored.", body = AppliedView),
        (status = 409, description = "It names a resource of another target.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The stored version is another.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is not valid; `findings` has all that is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put_spec(
    State(shared): State<Shared>,
    Extension(Caller(by)): Extension<Caller>,
    AppPath(app): AppPath,
    IfMatch(expected): IfMatch,
    Document(document): Document,
) -> Result<impl IntoResponse, Problem> {
    let applied = apply_spec(shared.store.as_ref(), &app, &document, expected, by, shared.now()).await?;
    Ok((etag(applied.version), Json(AppliedView::from(applied))))
}

/// A stored spec, parsed, or why not.
pub(super) fn read(record: &SpecRecord) -> Result<AppSpec, String> {
    parse(&record.document, Strictness::Lenient).map(|parsed| parsed.spec).map_err(|errors| errors.to_string())
}

/// A spec, parsed; none when there is none or it cannot be read.
pub(super) async fn readable(
    store: &dyn ApiStore,
    app: &driftless_domain::AppName,
) -> Result<Stored<AppSpec>, Problem> {
    Ok(match store.spec(app).await? {
        Stored::Missing => Stored::Missing,
        Stored::Invalid(problem) => Stored::Invalid(problem),
        Stored::Valid(record) => match read(&record) {
            Ok(spec) => Stored::Valid(spec),
            Err(problem) => Stored::Invalid(driftless_releases::InvalidRecord { key: format!("spec#{app}"), problem }),
        },
    })
}
