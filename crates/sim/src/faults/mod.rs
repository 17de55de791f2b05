//! What goes wrong on purpose. Refuses chance that is not seeded: every random fault is a function of the seed and the
//! number of the call.

mod rules;
mod throttle;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use driftless_domain::CallClass;
use jiff::Timestamp;
use tokio::sync::Notify;

pub use throttle::Throttle;

use crate::call::{Request, dice};
use crate::history::lock;
use crate::timeline::KEPT;
use rules::{Matching, Rules, Stale};
pub(crate) use rules::{Verdict, lost};

/// Where on its way a call is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On the way to AWS: nothing happens there.
    Before,
    /// On the way back: it happened, and the answer is lost.
    After,
}

/// What the caller sees of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A timeout, which does not say whether it happened: `Ambiguous` for changes and `Transient` for reads.
    Lost,
    /// An error of this class. A change that failed [`Where::After`] is `Ambiguous` whatever was asked for: every other
    /// class promises that nothing was changed.
    As(CallClass),
}

/// The faults of one process: all the handles that share it are numbered together and crash together.
///
/// Operations and objects are matched by substring, the empty text matching all: `"ecs:"`, `"UpdateService"`,
/// `"/main/web"`. The number of the first call is 1.
#[derive(Debug, Clone)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    rules: Mutex<Rules>,
    crashed: Notify,
}

/// A call as it sets out.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) number: u64,
    pub(crate) verdict: Verdict,
    incarnation: u64,
}

impl Faults {
    /// No faults yet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { inner: Arc::new(Inner { seed, rules: Mutex::default(), crashed: Notify::new() }) }
    }

    /// The n-th call fails, once.
    pub fn fail_call(&self, n: u64, at: Where, failure: Failure) {
        self.rules().planned.insert(n, Verdict::failing(at, failure));
    }

    /// The next call that matches fails, once. Several of these for the same calls hit one each.
    pub fn fail_next(&self, operation: &str, object_contains: &str, at: Where, failure: Failure) {
        let matching = Matching::new(operation, object_contains);
        self.rules().next.push((matching, Verdict::failing(at, failure)));
    }

    /// The n-th call never returns, and [`Self::crashed`] wakes. From there on no call of this process goes out, nor do
    /// those arrive that were on their way, until [`Self::restart`].
    pub fn crash_at(&self, n: u64, at: Where) {
        self.rules().planned.insert(n, Verdict::Crash(at));
    }

    /// Waits until the process has crashed. The harness then drops the controller, calls [`Self::restart`], and starts a
    /// new one.
    pub async fn crashed(&self) {
        loop {
            // Made before the look, so that a crash in between is not missed.
            let crash = self.inner.crashed.notified();
            if self.has_crashed() {
                return;
            }
            crash.await;
        }
    }

    /// Whether the process has crashed and was not started again.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.rules().down
    }

    /// Lets the calls of a new process through. Calls of the one that crashed stay where they are.
    pub fn restart(&self) {
        self.rules().down = false;
    }

    /// Every call fails with this probability, half of them before and half after their effect.
    pub fn lose(&self, percent: u8) {
        self.rules().lost_percent = percent;
    }

    /// AWS asks to slow down.
    pub fn throttle(&self, throttle: Throttle) {
        self.rules().throttles.push(throttle);
    }

    /// Calls that match are refused as not allowed.
    pub fn deny(&self, operation: &str, object_contains: &str) {
        self.rules().denied.push(Matching::new(operation, object_contains));
    }

    /// Calls that match do not reach AWS: `Transient`, nothing happens.
    pub fn unreachable(&self, operation: &str, object_contains: &str) {
        self.rules().unreachable.push(Matching::new(operation, object_contains));
    }

    /// Calls that match never return: a hung socket, for an adapter without a time limit.
    pub fn hang(&self, operation: &str, object_contains: &str) {
        self.rules().hung.push((Matching::new(operation, object_contains), None));
    }

    /// Calls that match hang until the adapter's time limit, and are lost before their effect.
    pub fn hang_for(&self, operation: &str, object_contains: &str, limit: Duration) {
        self.rules().hung.push((Matching::new(operation, object_contains), Some(limit)));
    }

    /// Reads of ECS and SSM, and the index behind [`ReadRecords::changes`], show the state as it was up to `max_lag` ago
    /// (ten minutes at most), for `percent` of the looks, object by object. Consistent reads of records never do, nor do
    /// those of S3 and CloudFront.
    ///
    /// [`ReadRecords::changes`]: driftless_releases::ReadRecords::changes
    pub fn stale_reads(&self, max_lag: Duration, percent: u8) {
        self.rules().stale = Some(Stale { max_lag: max_lag.min(KEPT), percent });
    }

    /// The next `times` looks at objects that match answer that there is nothing: `MISSING`, an empty list, a page of the
    /// index without it.
    pub fn missing(&self, object_contains: &str, times: u32) {
        self.rules().missing.push((object_contains.to_owned(), times));
    }

    /// The end of all faults. The count of calls goes on; a process that crashed stays down.
    pub fn cease(&self) {
        self.rules().cease();
    }

    /// How many calls set out so far.
    #[must_use]
    pub fn calls_made(&self) -> u64 {
        self.rules().made
    }

    /// Numbers a call and decides its fate; `None` when the process is down.
    pub(crate) fn depart(&self, request: &Request, now: Timestamp) -> Option<Departure> {
        let mut rules = self.rules();
        if rules.down {
            return None;
        }
        rules.made = rules.made.saturating_add(1);
        let number = rules.made;
        let verdict = rules.verdict(request, number, now, self.inner.seed);
        Some(Departure { number, verdict, incarnation: rules.crashes })
    }

    /// Whether the process that sent a call still lives.
    pub(crate) fn alive(&self, departure: &Departure) -> bool {
        let rules = self.rules();
        !rules.down && rules.crashes == departure.incarnation
    }

    pub(crate) fn crash(&self) {
        let mut rules = self.rules();
        rules.down = true;
        rules.crashes = rules.crashes.saturating_add(1);
        drop(rules);
        self.inner.crashed.notify_waiters();
    }

    /// How far behind one look at an object is.
    pub(crate) fn lag(&self, object: &str, number: u64) -> Duration {
        let Some(Stale { max_lag, percent }) = self.rules().stale else { return Duration::ZERO };
        let mut dice = dice(self.inner.seed, &["lag", object], number);
        if dice.u8(0..100) >= percent {
            return Duration::ZERO;
        }
        let millis = u64::try_from(max_lag.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(dice.u64(0..=millis))
    }

    /// How far behind a look can be.
    pub(crate) fn longest_lag(&self) -> Duration {
        self.rules().stale.map_or(Duration::ZERO, |stale| stale.max_lag)
    }

    /// Whether this look shows nothing, and one such look less is left.
    pub(crate) fn misses(&self, object: &str) -> bool {
        let mut rules = self.rules();
        let rule = rules.missing.iter_mut().find(|(part, times)| *times > 0 && object.contains(part.as_str()));
        match rule {
            Some((_, times)) => {
                *times -= 1;
                true
            }
            None => false,
        }
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.inner.rules)
    }
}
