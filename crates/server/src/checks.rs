//! Turns at reading and checking the zips of static sites: each keeps a file of up to its size, and a processor busy.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use driftless_releases::Builds;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::problem::{Problem, ProblemKind};
use crate::shell::too_long;

/// How many zips are checked at a time.
const AT_ONCE: usize = 2;
/// How long a request waits for its turn before it is sent away.
pub(crate) const TURN: Duration = Duration::from_secs(30);
/// How long one check may take: the largest zip over a slow line.
pub(crate) const CHECK: Duration = Duration::from_secs(10 * 60);
/// When a request that was sent away may come again, in seconds.
const AGAIN: u32 = 60;

/// The artifact buckets, and turns at them.
#[derive(Clone)]
pub(crate) struct Checks {
    builds: Arc<dyn Builds>,
    turns: Arc<Semaphore>,
}

impl Checks {
    pub(crate) fn new(builds: Arc<dyn Builds>) -> Self {
        Self { builds, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Does a check when its turn has come. It goes on when the caller goes away, so that its turn is taken exactly as long
    /// as its file is there; what it announces is announced then, and announcing it again says so.
    pub(crate) async fn turn<T, F>(&self, check: impl FnOnce(Arc<dyn Builds>) -> F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(TURN, turn).await else {
            let message =
                format!("{AT_ONCE} builds are being checked already; nothing was changed, so try again later");
            return Err(Problem::new(ProblemKind::Busy, message).retry_after(AGAIN));
        };
        let check = check(Arc::clone(&self.builds));
        let check = async move {
            let _turn = turn;
            tokio::time::timeout(CHECK, check).await
        };
        match tokio::spawn(check.in_current_span()).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(too_long(CHECK)),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Problem::new(ProblemKind::Internal, "the check was stopped; announce the build again")),
        }
    }
}
