//! Waiting for a generation: a long poll that ends when its fate is decided.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use driftless_domain::Generation;

use super::targets::look;
use crate::outcome::outcome;
use crate::path::{Query, TargetPath};
use crate::problem::Problem;
use crate::router::Shared;
use crate::wire::Waited;

/// How often the records are read. The controller's own poll has the same period.
const EVERY: Duration = Duration::from_secs(1);

/// Waits until the fate of a generation is decided (converged, rolled back, failed or superseded), or for `timeout`
/// seconds, and says what has become of it.
#[utoipa::path(get, path = "/v1/apps/{app}/environments/{env}/wait", operation_id = "waitForTarget", tag = "targets",
    params(("app" = String, Path, description = "The app."), ("env" = String, Path, description = "The environment."),
        ("generation" = Option<u64>, Query, description = "Which generation; the stored one when nothing is said."),
        ("timeout" = Option<u32>, Query, description = "How many seconds at most: 0 to 60, 30 when nothing is said.")),
    responses((status = 200, description = "What has become of it.", body = Waited),
        (status = 404, description = "There is no such target or generation.", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn wait_for_target(
    State(shared): State<Shared>,
    TargetPath(target): TargetPath,
    query: Query,
) -> Result<Json<Waited>, Problem> {
    let query = query.only(&["generation", "timeout"])?;
    let asked = query.number("generation", 1, u64::MAX)?.map(Generation);
    let longest = Duration::from_secs(query.number("timeout", 0, 60)?.unwrap_or(30));
    let deadline = shared.clock.running_for() + longest;
    let mut view = look(&shared, &target).await?;
    let stored = view.desired.as_ref().map(|desired| desired.generation);
    let generation = match (asked, stored) {
        (Some(asked), Some(stored)) if asked > stored => {
            return Err(Problem::not_found(format!("{target} is at generation {stored}; there is no {asked} yet")));
        }
        (Some(asked), Some(_)) => asked,
        (None, Some(stored)) => stored,
        // A record that does not parse hides its generation; the caller's is as good as any.
        (Some(asked), None) if view.invalid.is_some() => asked,
        (Some(_) | None, None) => {
            let reason = &view.reason;
            return Err(Problem::not_found(format!("{target} has no generation to wait for: {reason}")));
        }
    };
    loop {
        let outcome = outcome(&view, generation);
        if outcome.is_decided() || shared.clock.running_for() >= deadline {
            return Ok(Json(Waited { generation, outcome, view }));
        }
        tokio::time::sleep(EVERY.min(deadline.saturating_sub(shared.clock.running_for()))).await;
        view = look(&shared, &target).await?;
    }
}
