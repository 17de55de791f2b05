//! Whether the API can work: can the records be read?
//!
//! The question needs no token, so its answer is kept for a while: asking a thousand times costs the table one read.

use std::time::Duration;

use driftless_domain::Clock;
use driftless_releases::ApiStore;
use tokio::sync::Mutex;

/// How long an answer is good for.
const KEPT: Duration = Duration::from_secs(2);
/// How long the records may take. A load balancer asks again after about this time.
const LONGEST: Duration = Duration::from_secs(4);

/// The last answer, and when it was found. Who asks meanwhile waits for the same answer.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Duration, bool)>>);

impl Readiness {
    pub(crate) async fn ask(&self, store: &dyn ApiStore, clock: &dyn Clock) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && clock.running_for().saturating_sub(at) < KEPT
        {
            return ready;
        }
        let ready = matches!(tokio::time::timeout(LONGEST, store.heartbeats()).await, Ok(Ok(_)));
        *last = Some((clock.running_for(), ready));
        ready
    }
}
