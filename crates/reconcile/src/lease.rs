//! The right to change anything (DESIGN.md section 8). One controller now: it holds the lease of the one shard there is, so
//! that a second one, started by mistake or during a deployment of the controller itself, waits instead of mutating.
//! Callers ask [`Tenure`] and do not know how many shards there are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use driftless_domain::{Chain, Clock, Target};
use driftless_releases::{ControllerStore, Lease, StoreError};

/// How long a lease is good for after its renewal was sent. Renewed every third of it.
pub const LEASE_TIME: Duration = Duration::from_secs(30);

/// How long a new holder reads without changing anything, if there was a holder before: the longest time that a call of
/// the holder before may still be in flight (operation timeout 30 s) and slack.
pub const TAKEOVER_GRACE: Duration = Duration::from_secs(45);

/// This process may not change anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this controller does not hold the lease")]
pub struct NotHeld;

/// The right to change a target, asked last thing before each call.
pub trait Tenure: Send + Sync {
    /// Whether this process may change the target now, by its own monotonic clock.
    ///
    /// # Errors
    /// [`NotHeld`] when another holds the lease, or ours may have run out, or the takeover grace is not over.
    fn check(&self, target: &Target) -> Result<(), NotHeld>;

    /// Whether this process keeps any targets now; one that only waits for the lease does not speak for them (L8).
    fn active(&self) -> bool;
}

/// The tenure of a process that nobody contends with: tests, and the demonstration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sole;

impl Tenure for Sole {
    fn check(&self, _: &Target) -> Result<(), NotHeld> {
        Ok(())
    }

    fn active(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Copy)]
struct Term {
    /// Mutations are allowed from here.
    from: Duration,
    /// And up to here.
    until: Duration,
}

/// The tenure of a process that holds (or waits for) the lease in the table.
#[derive(Clone)]
pub struct Lessee {
    clock: Arc<dyn Clock>,
    term: Arc<Mutex<Option<Term>>>,
}

impl std::fmt::Debug for Lessee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lessee").finish_non_exhaustive()
    }
}

impl Lessee {
    /// A lessee that holds nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, term: Arc::default() }
    }

    /// Whether the lease is held now.
    #[must_use]
    pub fn holds(&self) -> bool {
        let now = self.clock.running_for();
        self.term().is_some_and(|term| term.from <= now && now < term.until)
    }

    fn term(&self) -> Option<Term> {
        *self.term.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, term: Option<Term>) {
        *self.term.lock().unwrap_or_else(PoisonError::into_inner) = term;
    }
}

impl Tenure for Lessee {
    fn check(&self, _: &Target) -> Result<(), NotHeld> {
        if self.holds() { Ok(()) } else { Err(NotHeld) }
    }

    fn active(&self) -> bool {
        self.holds()
    }
}

/// What a waiter has seen of somebody else's lease.
#[derive(Debug, Default)]
struct Watch {
    seen: Option<(u64, Duration)>,
}

/// Takes the lease when it is free, renews it, and gives it back when `stop` resolves.
///
/// # Guarantees
/// No absolute time is stored and none is compared between machines: a waiter takes over after it saw the same version
/// for a whole [`LEASE_TIME`] on its own clock. The holder's deadline counts from before its renewal was sent. Whatever a
/// renewal answers (also nothing), mutations stop at that deadline.
pub async fn keep_lease(
    store: Arc<dyn ControllerStore>,
    lessee: Lessee,
    holder: String,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let mut held: Option<Lease> = None;
    let mut watch = Watch::default();
    while !*stop.borrow() {
        let sent = lessee.clock.running_for();
        match turn(&*store, &holder, held.as_ref(), &mut watch, sent).await {
            Ok(Some((lease, new))) => {
                let from = match lessee.term() {
                    Some(term) if !new => term.from,
                    // The first holder ever, or one after a clean stop, has nobody's calls to wait for.
                    _ if lease.token == 1 || watch.seen.is_none() => sent,
                    _ => sent + TAKEOVER_GRACE,
                };
                if new {
                    tracing::info!(holder, token = lease.token, "took the lease");
                }
                watch = Watch::default();
                lessee.set(Some(Term { from, until: sent + LEASE_TIME }));
                held = Some(lease);
            }
            Ok(None) => {
                if held.take().is_some() {
                    tracing::warn!(holder, "another controller took the lease; this one only reads now");
                }
                lessee.set(None);
            }
            // The deadline that is set runs on; nothing is assumed from an error.
            Err(error) => tracing::warn!(holder, error = %Chain(&error), "the lease could not be renewed"),
        }
        let _ = tokio::time::timeout(LEASE_TIME / 3, stop.wait_for(|stop| *stop)).await;
    }
    lessee.set(None);
    if let Some(lease) = held {
        let free = Lease { holder: String::new(), version: lease.version + 1, ..lease };
        if let Err(error) = store.put_lease(&free).await {
            tracing::warn!(error = %Chain(&error), "the lease could not be given back; it runs out by itself");
        }
    }
}

/// One turn: renew, take, or watch. Answers with the lease that is held now, and whether it is new.
async fn turn(
    store: &dyn ControllerStore,
    holder: &str,
    held: Option<&Lease>,
    watch: &mut Watch,
    now: Duration,
) -> Result<Option<(Lease, bool)>, StoreError> {
    let stored = match held {
        Some(lease) => Some(lease.clone()),
        None => store.lease(0).await?,
    };
    let next = match stored {
        None => Lease { shard: 0, holder: holder.to_owned(), token: 1, version: 1 },
        Some(lease) if lease.holder == holder => Lease { version: lease.version + 1, ..lease },
        Some(lease) => {
            let free = lease.holder.is_empty();
            let unchanged_since = match watch.seen {
                Some((version, since)) if version == lease.version => since,
                _ => now,
            };
            // Who gave it back has no call under way, so nothing has to be waited for.
            watch.seen = if free { None } else { Some((lease.version, unchanged_since)) };
            if !free && now.saturating_sub(unchanged_since) < LEASE_TIME {
                return Ok(None);
            }
            Lease { shard: lease.shard, holder: holder.to_owned(), token: lease.token + 1, version: lease.version + 1 }
        }
    };
    let new = held.is_none();
    match store.put_lease(&next).await {
        Ok(()) => Ok(Some((next, new))),
        Err(StoreError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
