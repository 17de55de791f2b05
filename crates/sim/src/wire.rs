//! The way of a call to AWS and back: its number, its time, its faults, its line in the history.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use driftless_domain::{CallClass, CallError};
use driftless_releases::{FetchError, StoreError};
use jiff::Timestamp;

use crate::call::{Kind, Request, dice};
use crate::clock::{SimClock, before};
use crate::faults::{Departure, Faults, Verdict, Where, lost};
use crate::history::{Call, History, Outcome};

/// How long a call takes there and back when nobody said otherwise.
const LATENCY: Duration = Duration::from_millis(20);

/// One actor's line to the world.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) seed: u64,
    pub(crate) clock: SimClock,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    pub(crate) actor: Arc<str>,
    latency_millis: Arc<AtomicU64>,
}

/// What the world knows of a call while it is there.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) request: Request,
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    faults: &'a Faults,
}

impl Arrival<'_> {
    /// The time as of which this look at an object is answered.
    pub(crate) fn as_of(&self, object: &str) -> Timestamp {
        before(self.at, self.faults.lag(object, self.number))
    }

    /// Whether this look at an object shows nothing.
    pub(crate) fn misses(&self, object: &str) -> bool {
        self.faults.misses(object)
    }
}

/// An error that a call can end with.
pub(crate) trait Refusal: From<CallError> {
    /// Its code, for the history.
    fn code(&self) -> &str;
}

impl Refusal for CallError {
    fn code(&self) -> &str {
        &self.said.code
    }
}

impl Refusal for StoreError {
    fn code(&self) -> &str {
        match self {
            Self::Conflict { .. } | Self::Claimed { .. } => "ConditionalCheckFailedException",
            Self::Invalid(_) => "InvalidRecord",
            Self::TooManyClaims(_) => "TooManyClaims",
            Self::Call(error) => error.code(),
        }
    }
}

impl Refusal for FetchError {
    fn code(&self) -> &str {
        match self {
            Self::Missing(_) => "NoSuchKey",
            Self::Unversioned(_) => "Unversioned",
            Self::TooLarge { .. } => "TooLarge",
            Self::Call(error) => error.code(),
            Self::Disk(_) => "Disk",
        }
    }
}

impl Wire {
    pub(crate) fn new(seed: u64, clock: SimClock) -> Self {
        Self {
            seed,
            clock,
            faults: Faults::new(seed),
            history: History::default(),
            actor: Arc::from("driftless"),
            latency_millis: Arc::new(AtomicU64::new(u64::try_from(LATENCY.as_millis()).unwrap_or(0))),
        }
    }

    pub(crate) fn acting_as(&self, actor: &str, faults: &Faults) -> Self {
        Self { actor: Arc::from(actor), faults: faults.clone(), ..self.clone() }
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.latency_millis.store(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Sends a request. `effect` is what AWS does when it arrives.
    pub(crate) async fn send<T: Send, E: Refusal + Send>(
        &self,
        request: Request,
        effect: impl FnOnce(&mut Arrival<'_>) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let Some(departure) = self.faults.depart(&request, self.clock.now()) else { return pending().await };
        self.travel("there", departure.number).await;
        if let Verdict::Hang(limit) = departure.verdict {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => return pending().await,
            }
        }
        if !self.faults.alive(&departure) {
            return pending().await;
        }
        let answer = self.arrive(request, &departure, effect);
        if matches!(departure.verdict, Verdict::Crash(_)) {
            self.faults.crash();
            return pending().await;
        }
        self.travel("back", departure.number).await;
        if !self.faults.alive(&departure) {
            return pending().await;
        }
        answer
    }

    /// What happens at the far end, and what the sender will see of it.
    fn arrive<T, E: Refusal>(
        &self,
        request: Request,
        departure: &Departure,
        effect: impl FnOnce(&mut Arrival<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Departure { number, verdict, .. } = departure;
        let error = match verdict {
            Verdict::Pass => None,
            Verdict::Refuse(class) => Some(request.refused_as(*class)),
            Verdict::Lose(_) | Verdict::Hang(_) => Some(lost(&request)),
            Verdict::Spoil(class) => Some(match request.kind {
                Kind::Read => request.refused_as(*class),
                Kind::Write => request.refused_as(CallClass::Ambiguous),
            }),
            Verdict::Crash(_) => Some(request.refused(CallClass::Ambiguous, "Crash", "the caller is no more")),
        };
        let happens = match verdict {
            Verdict::Pass | Verdict::Lose(Where::After) | Verdict::Crash(Where::After) | Verdict::Spoil(_) => true,
            Verdict::Refuse(_) | Verdict::Lose(Where::Before) | Verdict::Crash(Where::Before) | Verdict::Hang(_) => {
                false
            }
        };
        let mut arrival = Arrival { request, number: *number, at: self.clock.now(), faults: &self.faults };
        let answer = happens.then(|| effect(&mut arrival));
        let took_effect = matches!(answer, Some(Ok(_)));
        let answer = match (error, answer) {
            (None, Some(answer)) => answer,
            (Some(error), _) => Err(E::from(error)),
            // A verdict without an error lets the call happen; this arm keeps the match total.
            (None, None) => Err(E::from(lost(&arrival.request))),
        };
        let Arrival { request: Request { operation, kind, object, detail, .. }, at, .. } = arrival;
        let outcome = match &answer {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed { code: error.code().to_owned(), took_effect },
        };
        let actor = self.actor.to_string();
        let writes = kind == Kind::Write;
        self.history.record(Call { at, number: *number, actor, operation, object, detail, outcome, writes });
        answer
    }

    /// Half of the latency, more or less, so that calls that set out together do not arrive together.
    async fn travel(&self, way: &str, number: u64) {
        let half = self.latency_millis.load(Ordering::Relaxed) / 2;
        if half > 0 {
            let millis =
                dice(self.seed, &["latency", &self.actor, way], number).u64(half / 2..=half.saturating_add(half / 2));
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }
}
