//! The routes, put together with what is around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use driftless_domain::Clock;
use driftless_releases::{ApiStore, Builds, Heartbeat, Loaded};
use jiff::Timestamp;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{self, Auth};
use crate::checks::{CHECK, Checks, TURN};
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::routes as handlers;
use crate::shell::{self, RequestNames};
use crate::view::{Seen, view};
use crate::wire::TargetView;

/// How long an answer may take.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);
/// How long a long poll may take: its own 60 s and time for the last read.
const LONGEST_WAIT: Duration = Duration::from_secs(70);

/// How long announcing a build may take: to read and check a zip, to wait for its turn before that, and to write it down.
const LONGEST_CHECK: Duration = Duration::from_secs(CHECK.as_secs() + TURN.as_secs() + LONGEST.as_secs());

/// What the API works with.
#[derive(Clone)]
pub struct Api {
    /// The records.
    pub store: Arc<dyn ApiStore>,
    /// The artifact buckets of static sites.
    pub builds: Arc<dyn Builds>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The resync period to judge by when no controller says its own.
    pub resync: Duration,
    /// Who may ask.
    pub auth: Auth,
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn ApiStore>,
    pub(crate) checks: Checks,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) readiness: Arc<Readiness>,
    resync: Duration,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How a target is, now.
    pub(crate) fn view(&self, loaded: &Loaded, heartbeats: &[Heartbeat]) -> TargetView {
        view(loaded, Seen { heartbeats, resync: self.resync, now: self.now() })
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Driftless",
        version = "1",
        description = "What every environment of every application should run, and how far it is.\n\nErrors are RFC 9457 \
                       problem details. Changes of stored records need `If-Match` with the ETag that was seen, `\"0\"` \
                       when there was nothing, or `*`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    security(("bearer" = [])),
    components(schemas(Problem)),
    tags(
        (name = "specs", description = "What apps are made of and where they run."),
        (name = "artifacts", description = "Builds, announced once."),
        (name = "targets", description = "What runs where, and what should."),
        (name = "process", description = "Whether the API works.")
    )
)]
struct ApiDoc;

/// The API and its description.
pub fn router(api: Api) -> (Router, utoipa::openapi::OpenApi) {
    let Api { store, builds, clock, resync, auth } = api;
    let shared = Shared { store, checks: Checks::new(builds), clock, readiness: Arc::default(), resync };
    let quick = OpenApiRouter::<Shared>::with_openapi(ApiDoc::openapi())
        .routes(routes!(handlers::specs::list_apps))
        .routes(routes!(handlers::specs::get_spec, handlers::specs::put_spec))
        .routes(routes!(handlers::artifacts::list_artifacts))
        .routes(routes!(handlers::targets::list_targets))
        .routes(routes!(handlers::targets::get_target))
        .routes(routes!(handlers::desired::put_desired))
        .routes(routes!(handlers::targets::get_history))
        .routes(routes!(handlers::targets::get_diff))
        .routes(routes!(handlers::targets::reconcile_target))
        .routes(routes!(handlers::process::livez))
        .routes(routes!(handlers::process::readyz))
        .layer(from_fn_with_state(LONGEST, shell::within));
    let slow = OpenApiRouter::<Shared>::default()
        .routes(routes!(handlers::wait::wait_for_target))
        .layer(from_fn_with_state(LONGEST_WAIT, shell::within));
    let checked = OpenApiRouter::<Shared>::default()
        .routes(routes!(handlers::artifacts::announce_artifact))
        .layer(from_fn_with_state(LONGEST_CHECK, shell::within));
    let process = format!("{:x}", shared.now().as_millisecond());
    let (router, mut description) = quick.merge(slow).merge(checked).split_for_parts();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    description.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    // The description is made of constants; without it the API still works.
    let text: Arc<str> = description.to_pretty_json().unwrap_or_default().into();
    let router = router
        .route(
            "/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()) }),
        )
        .with_state(shared);
    let router = router.fallback(shell::no_route);
    (around(router, auth, process), description)
}

/// Puts other routes (of the daemon's own) behind the same door: the token, a request id, problems for errors. The result
/// can be merged with [`router`]'s.
pub fn guarded(router: Router, auth: Auth, clock: &dyn Clock) -> Router {
    around(router, auth, format!("{:x}d", clock.now().as_millisecond()))
}

fn around(router: Router, auth: Auth, process: String) -> Router {
    router
        .method_not_allowed_fallback(shell::no_method)
        .layer(from_fn_with_state(Arc::new(auth), auth::check))
        .layer(CatchPanicLayer::custom(shell::after_panic))
        .layer(from_fn_with_state(RequestNames::new(process), shell::name_and_log))
}
