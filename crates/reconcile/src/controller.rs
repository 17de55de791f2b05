//! The loop around the rounds: what is due, what woke up, when to look again, and how to stop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use driftless_domain::{Chain, Clock, Health, Sync as InSync, Target};
use driftless_execute::LiveChanges;
use driftless_observe::{LiveState, Observer};
use driftless_plan::Plan;
use driftless_releases::{Change, ControllerStore, Heartbeat};

use crate::backoff::{Delays, jittered};
use crate::lease::Tenure;
use crate::pass::{Ended, Next};
use crate::prepare::Kept;
use crate::queue::Queue;
use crate::round::{Context, UPLOADS_AT_ONCE, round};

/// Targets in one round. A round costs at least one batched read of the records (100 items a call).
const ROUND: usize = 100;
/// How often the index is asked what changed (DESIGN.md section 8).
const POLL: Duration = Duration::from_secs(1);
/// How far each question reaches back: the index is eventually consistent, and writers' clocks differ.
const POLL_OVERLAP: SignedDuration = SignedDuration::from_secs(15);
/// How often the heartbeat is written.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long running passes get when the process is told to stop: of the 20 s that are promised, 4 s are left for the
/// lease, open requests and the last words.
const STOP_WITHIN: Duration = Duration::from_secs(16);

/// How the controller is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who this process is: made at its start, never a host name.
    pub holder: String,
    /// Every target is looked at again after this long, a little more or less.
    pub resync: Duration,
    /// What the jitter grows from.
    pub seed: u64,
}

/// The loop. See the crate's documentation for what it keeps to.
pub struct Controller {
    context: Arc<Context>,
    settings: Settings,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Controller {
    /// A controller over these records and this world.
    pub fn new(
        store: Arc<dyn ControllerStore>,
        state: Arc<dyn LiveState>,
        changes: Arc<dyn LiveChanges>,
        clock: Arc<dyn Clock>,
        tenure: Arc<dyn Tenure>,
        settings: Settings,
    ) -> Self {
        let observer = Observer::new(state);
        let uploads = Semaphore::new(UPLOADS_AT_ONCE);
        let context = Context { store, live: changes, observer, clock, tenure, kept: Kept::default(), uploads };
        Self { context: Arc::new(context), settings }
    }

    /// Runs until `stop` says so, then lets running passes end within 16 s. Answers whether they all did: if not, calls may
    /// still be under way, and the lease must run out by itself instead of being given back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> bool {
        let (told, mut tells) = mpsc::unbounded_channel();
        let mut turn = Turn::new(&self.context, &self.settings);
        let mut rounds: JoinSet<()> = JoinSet::new();
        while !*stop.borrow() {
            // A table that hangs must not keep the process from stopping.
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = turn.keep_up(&self.context, &self.settings) => {}
            }
            let due = turn.queue.take_due(self.context.clock.running_for(), ROUND);
            if !due.is_empty() {
                let context = Arc::clone(&self.context);
                let told = told.clone();
                let asked = due.iter().filter_map(|target| turn.asked.take(target)).collect();
                rounds.spawn(async move {
                    round(&context, due, &asked, &move |ended| {
                        let _ = told.send(ended);
                    })
                    .await;
                });
            }
            let sleep = turn.until_next(self.context.clock.running_for());
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {}
                Some(ended) = tells.recv() => {
                    turn.over(&self.context, &self.settings, ended);
                    while let Ok(ended) = tells.try_recv() {
                        turn.over(&self.context, &self.settings, ended);
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
            while rounds.try_join_next().is_some() {}
        }
        let drained = tokio::time::timeout(STOP_WITHIN, async { while rounds.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            // Every crash point is an ordinary state (L2): the next process goes on from what is there.
            tracing::warn!("passes were still running after {} s and were dropped", STOP_WITHIN.as_secs());
            rounds.abort_all();
        }
        drained.is_ok()
    }
}

/// What the loop remembers between turns.
struct Turn {
    queue: Queue,
    delays: BTreeMap<Target, Delays>,
    looked_at: BTreeMap<Target, Timestamp>,
    rng: fastrand::Rng,
    next_poll: Duration,
    next_list: Duration,
    next_beat: Duration,
    last_change: Option<Timestamp>,
    seen: BTreeSet<Change>,
    /// Targets that were there when the process started and that it has not looked at yet. Until it has, it does not say
    /// how far back its oldest look is: it does not know (L8).
    unlooked: BTreeSet<Target>,
    listed: bool,
    /// Targets that changed or that somebody wants looked at: the report of their next pass is written in any case.
    asked: BTreeSet<Target>,
}

impl Turn {
    fn new(context: &Context, settings: &Settings) -> Self {
        let now = context.clock.running_for();
        Self {
            queue: Queue::default(),
            delays: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            rng: fastrand::Rng::with_seed(settings.seed),
            next_poll: now,
            next_list: now,
            next_beat: now + HEARTBEAT,
            last_change: None,
            seen: BTreeSet::new(),
            unlooked: BTreeSet::new(),
            listed: false,
            asked: BTreeSet::new(),
        }
    }

    async fn keep_up(&mut self, context: &Context, settings: &Settings) {
        self.look_for_changes(context).await;
        self.beat(context, settings).await;
    }

    /// Asks the index what changed: once a second for what is new, once per resync for everything (L3).
    async fn look_for_changes(&mut self, context: &Context) {
        let now = context.clock.running_for();
        if now < self.next_poll {
            return;
        }
        self.next_poll = now + POLL;
        let everything = now >= self.next_list;
        let since = if everything { None } else { self.last_change.and_then(|at| at.checked_sub(POLL_OVERLAP).ok()) };
        match context.store.changes(since).await {
            Ok(changes) => {
                if everything {
                    // Twice per shortest resync; adding what is known is free.
                    self.next_list = now + Duration::from_secs(30);
                }
                if !self.listed {
                    self.listed = true;
                    self.unlooked = changes.iter().map(|change| change.target.clone()).collect();
                }
                for change in changes {
                    self.changed(&change, everything, now, context.clock.now());
                }
            }
            Err(error) => tracing::warn!(error = %Chain(&error), "the index of changes could not be read"),
        }
    }

    fn changed(&mut self, change: &Change, everything: bool, now: Duration, at: Timestamp) {
        // A time in the future (a clock that is wrong, a hand that wrote it) must not hide what comes before it.
        let changed_at = change.at.min(at);
        self.last_change = Some(self.last_change.map_or(changed_at, |last| last.max(changed_at)));
        if self.seen.insert(change.clone()) {
            self.queue.wish(&change.target, now);
            if !everything {
                self.asked.insert(change.target.clone());
            }
        }
        if self.seen.len() > 10_000 {
            // Forgetting costs one more look per target.
            self.seen.clear();
        }
    }

    /// The controller's word that it is alive (L8).
    async fn beat(&mut self, context: &Context, settings: &Settings) {
        let now = context.clock.running_for();
        if now < self.next_beat || !context.tenure.active() || !self.listed || !self.unlooked.is_empty() {
            return;
        }
        self.next_beat = now + HEARTBEAT;
        let at = context.clock.now();
        let heartbeat = Heartbeat {
            holder: settings.holder.clone(),
            at,
            all_looked_at: self.looked_at.values().min().copied().unwrap_or(at),
            targets: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            resync_seconds: settings.resync.as_secs(),
        };
        if let Err(error) = context.store.put_heartbeat(&heartbeat).await {
            tracing::warn!(error = %Chain(&error), "the heartbeat could not be written");
        }
    }

    /// A pass is over: when is the target due again?
    fn over(&mut self, context: &Context, settings: &Settings, ended: Ended) {
        let Ended { target, next, plan: _, status, reported } = ended;
        let now = context.clock.running_for();
        if reported {
            self.unlooked.remove(&target);
            // A heartbeat vouches for what reads as good. What does not needs no vouching, and its growing delays must not
            // make the others look old.
            if status.is_some_and(|status| status.sync == InSync::InSync && status.health == Health::Healthy) {
                self.looked_at.insert(target.clone(), context.clock.now());
            } else {
                self.looked_at.remove(&target);
            }
        }
        let delays = self.delays.entry(target.clone()).or_default();
        let rng = &mut self.rng;
        let resync = jittered(settings.resync, rng);
        let delay = match next {
            Next::Resync => {
                delays.settled();
                resync
            }
            Next::Now => {
                delays.moved();
                Duration::ZERO
            }
            Next::Progress => delays.during_progress(rng).min(resync),
            Next::At(at) => {
                let wait = at.duration_since(context.clock.now());
                Duration::try_from(wait).unwrap_or_default().min(resync)
            }
            Next::Retry(class) => delays.after_failure(class, rng).unwrap_or(resync),
            Next::Gone => {
                self.queue.remove(&target);
                self.delays.remove(&target);
                self.looked_at.remove(&target);
                self.unlooked.remove(&target);
                return;
            }
        };
        self.queue.finished(&target, now + delay);
    }

    fn until_next(&self, now: Duration) -> Duration {
        let due = self.queue.next_due().unwrap_or(Duration::MAX);
        // Never zero: a turn that finds nothing to do must let others run.
        due.min(self.next_poll).min(self.next_beat).saturating_sub(now).max(Duration::from_millis(1))
    }
}

/// Takes these targets (or with none, all) through passes until each has nothing more to do at once: for CI jobs and
/// people. One round, and then again only those whose next step can be seen already.
///
/// # Errors
/// When the records cannot be read.
pub async fn once(
    controller: &Controller,
    targets: Option<Vec<Target>>,
) -> Result<Vec<Ended>, driftless_releases::StoreError> {
    let context = &controller.context;
    let mut due: Vec<Target> = match targets {
        Some(targets) => targets,
        None => all_targets(context).await?,
    };
    let mut last: BTreeMap<Target, Ended> = BTreeMap::new();
    // Parameter and revision, service, and a look at what came of it: three passes per service of an app, and a few more.
    for _ in 0..32 {
        let ended = std::sync::Mutex::new(Vec::new());
        for together in due.chunks(ROUND) {
            round(context, together.to_vec(), &BTreeSet::new(), &|one| {
                ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
            })
            .await;
        }
        let ended = ended.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        due = ended.iter().filter(|one| one.next == Next::Now).map(|one| one.target.clone()).collect();
        last.extend(ended.into_iter().map(|one| (one.target.clone(), one)));
        if due.is_empty() {
            break;
        }
    }
    Ok(last.into_values().collect())
}

/// What would be done about these targets (or with none, all), with nothing changed and nothing written: the plan of each,
/// or why there is none.
///
/// # Errors
/// When the records cannot be read.
pub async fn dry_run(
    controller: &Controller,
    targets: Option<Vec<Target>>,
) -> Result<Vec<(Target, Plan)>, driftless_releases::StoreError> {
    let context = &controller.context;
    let due = match targets {
        Some(targets) => targets,
        None => all_targets(context).await?,
    };
    let mut plans = Vec::new();
    for together in due.chunks(ROUND) {
        plans.extend(crate::round::plans(context, together).await?);
    }
    Ok(plans)
}

async fn all_targets(context: &Context) -> Result<Vec<Target>, driftless_releases::StoreError> {
    let mut all: Vec<Target> = context.store.changes(None).await?.into_iter().map(|one| one.target).collect();
    all.sort();
    all.dedup();
    Ok(all)
}
