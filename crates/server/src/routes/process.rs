//! Whether the process lives and can work. No token is needed, so nothing else is said.

use axum::Json;
use axum::extract::State;

use crate::problem::{Problem, ProblemKind};
use crate::router::Shared;
use crate::wire::Alive;

/// Whether the process answers.
#[utoipa::path(get, path = "/livez", operation_id = "livez", tag = "process", security(()),
    responses((status = 200, description = "It does.", body = Alive)))]
pub(crate) async fn livez() -> Json<Alive> {
    Json(Alive { ok: true })
}

/// Whether the records can be read. The answer is up to 2 s old.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "process", security(()),
    responses((status = 200, description = "They can.", body = Alive),
        (status = 503, description = "They cannot.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn readyz(State(shared): State<Shared>) -> Result<Json<Alive>, Problem> {
    if shared.readiness.ask(shared.store.as_ref(), shared.clock.as_ref()).await {
        return Ok(Json(Alive { ok: true }));
    }
    Err(Problem::new(ProblemKind::RecordsUnreachable, "the records could not be read"))
}
