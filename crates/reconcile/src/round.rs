//! One round: the targets that are due are loaded together and looked at together, place by place, and then each goes
//! through its own pass. What one does (a panic, a poison record, an account that hangs) does not reach the others (L4).

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use driftless_domain::{
    CallClass, Chain, Clock, DesiredRelease, Generation, Health, Observed, Place, Status, Sync as Axis, Target,
};
use driftless_execute::LiveChanges;
use driftless_observe::Observer;
use driftless_plan::{Plan, WaitReason};
use driftless_releases::{ControllerStore, Loaded, StoreError, Stored, Versioned};

use crate::lease::Tenure;
use crate::pass::{Ended, Next, intended, pass};
use crate::prepare::{Kept, Prepared, Unprepared, prepare};
use crate::report;

/// The longest a pass may take: a plan of a few steps at the adapters' operation timeout (30 s), and slack. What hangs
/// longer is dropped and looked at again (L4).
const PASS_DEADLINE: Duration = Duration::from_secs(240);

/// The longest a pass over a site may take: as many bytes as a build may have, at a few MB a second. It asks again before
/// every object whether it may go on, and each call has its own time limit, so nothing hangs meanwhile.
const SITE_PASS_DEADLINE: Duration = Duration::from_secs(4 * 60 * 60);

/// Whoever wants to know how each pass ended.
pub(crate) type Told<'a> = &'a (dyn Fn(Ended) + Send + Sync);

/// All that rounds share.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn ControllerStore>,
    pub(crate) live: Arc<dyn LiveChanges>,
    pub(crate) observer: Observer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tenure: Arc<dyn Tenure>,
    pub(crate) kept: Kept,
    /// The right to upload files: see [`UPLOADS_AT_ONCE`].
    pub(crate) uploads: Semaphore,
}

/// Sites whose files are uploaded at the same time. Each step holds up to 64 MiB of content (`execute`), so a controller of
/// many sites holds 256 MiB of it at most; the others wait for their turn, and container targets do not notice.
pub(crate) const UPLOADS_AT_ONCE: usize = 4;

/// Takes these targets through one pass each, and tells of each as soon as it is over. Somebody `asked` for some of them.
pub(crate) async fn round(context: &Context, targets: Vec<Target>, asked: &BTreeSet<Target>, over: Told<'_>) {
    let (ours, others): (Vec<Target>, Vec<Target>) =
        targets.into_iter().partition(|target| context.tenure.check(target).is_ok());
    for target in others {
        over(ended(target, Next::Progress, "this controller does not hold the lease"));
    }
    if ours.is_empty() {
        return;
    }
    let loaded = match context.store.load(&ours).await {
        Ok(loaded) => loaded,
        Err(error) => {
            // Act as if paused (S12): nothing is concluded and nothing is changed.
            tracing::error!(error = %Chain(&error), targets = ours.len(), "the records could not be read");
            for target in ours {
                over(ended(target, Next::Retry(CallClass::Transient), "the records could not be read"));
            }
            return;
        }
    };
    let prepared = join_all(loaded.into_iter().map(|loaded| one_prepared(context, loaded, over))).await;
    let mut places: BTreeMap<Place, Vec<Prepared>> = BTreeMap::new();
    for prepared in prepared.into_iter().flatten() {
        places.entry(prepared.desired.binding.place.clone()).or_default().push(prepared);
    }
    join_all(places.into_values().map(|together| one_place(context, together, asked, over))).await;
}

/// The plans of these targets as they stand: read, nothing written. A target without a plan (its records do not add up, or
/// nothing is wanted there) says so as a wait.
pub(crate) async fn plans(context: &Context, targets: &[Target]) -> Result<Vec<(Target, Plan)>, StoreError> {
    let mut plans = Vec::with_capacity(targets.len());
    let mut ready = Vec::new();
    for loaded in context.store.load(targets).await? {
        let target = loaded.target.clone();
        match prepare(&*context.store, &context.kept, loaded).await {
            Ok(prepared) => ready.push(prepared),
            Err(Unprepared::Gone) => plans.push((target, Plan::Wait(unplanned("there is no desired record")))),
            Err(Unprepared::Unresolved(problem)) => {
                plans.push((target, Plan::Wait(unplanned(&Chain(&problem).to_string()))));
            }
            Err(Unprepared::Store(error)) => return Err(error),
        }
    }
    let desired: Vec<DesiredRelease> = ready.iter().map(|one| one.desired.clone()).collect();
    let observed = context.observer.observe(&desired, context.clock.now()).await;
    plans.extend(ready.iter().zip(&observed).map(|(one, seen)| (one.desired.target.clone(), intended(one, seen))));
    plans.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(plans)
}

fn unplanned(reason: &str) -> WaitReason {
    WaitReason::Unplanned { reason: reason.to_owned() }
}

async fn one_prepared(context: &Context, loaded: Loaded, over: Told<'_>) -> Option<Prepared> {
    let target = loaded.target.clone();
    let broken_status = matches!(loaded.status, Stored::Invalid(_));
    let status = loaded.status.as_valid().cloned();
    let generation = loaded.generation();
    let work = AssertUnwindSafe(prepare(&*context.store, &context.kept, loaded)).catch_unwind().await;
    let (next, reason) = match work {
        Ok(Ok(prepared)) => return Some(prepared),
        Ok(Err(Unprepared::Gone)) => {
            over(ended(target, Next::Gone, "there is no desired record"));
            return None;
        }
        Ok(Err(Unprepared::Store(error))) => {
            over(ended(target, Next::Retry(CallClass::Transient), &Chain(&error).to_string()));
            return None;
        }
        Ok(Err(Unprepared::Unresolved(problem))) => (Next::Resync, Chain(&problem).to_string()),
        Err(panic) => (Next::Retry(CallClass::Transient), internal_error(&*panic)),
    };
    if broken_status {
        // It says what is wrong with it to everybody who reads it, and cannot be written over without losing what it says.
        tracing::error!(%target, reason, "the status record does not parse; put it right or delete it");
        over(Ended { reported: true, ..ended(target, next, &reason) });
        return None;
    }
    over(shown(context, target, status, generation, next, &reason).await);
    None
}

async fn one_place(context: &Context, mut together: Vec<Prepared>, asked: &BTreeSet<Target>, over: Told<'_>) {
    let at = context.clock.now();
    for prepared in &mut together {
        // A person asked, and nothing new is wanted: then every header is looked at, and not only a sample.
        let target = &prepared.desired.target;
        if let Some(files) = prepared.desired.files.as_mut().filter(|_| asked.contains(target)) {
            files.every_header = files.memory.settled.as_ref() == Some(&files.build.manifest);
        }
    }
    let desired: Vec<_> = together.iter().map(|prepared| prepared.desired.clone()).collect();
    let look = AssertUnwindSafe(context.observer.observe(&desired, at)).catch_unwind();
    let looks: Vec<Result<Observed, String>> = match tokio::time::timeout(PASS_DEADLINE, look).await {
        Ok(Ok(observed)) => observed.into_iter().map(Ok).collect(),
        // One answer that cannot be digested, or never comes, must not blind the others: look again, one by one.
        Ok(Err(_)) | Err(_) => join_all(desired.iter().map(|one| look_alone(context, one, at))).await,
    };
    join_all(together.into_iter().zip(looks).map(|(prepared, observed)| async move {
        let target = prepared.desired.target.clone();
        let generation = prepared.desired.generation;
        let deadline = if prepared.desired.files.is_some() { SITE_PASS_DEADLINE } else { PASS_DEADLINE };
        let reason = match observed {
            Err(reason) => reason,
            Ok(observed) => {
                let work = AssertUnwindSafe(pass(context, prepared, observed, asked.contains(&target))).catch_unwind();
                match tokio::time::timeout(deadline, work).await {
                    Ok(Ok(done)) => return over(done),
                    Ok(Err(panic)) => internal_error(&*panic),
                    Err(_) => {
                        format!("the pass did not come to an end within {} s and was dropped", deadline.as_secs())
                    }
                }
            }
        };
        over(failed(context, target, generation, &reason).await);
    }))
    .await;
}

async fn look_alone(context: &Context, one: &DesiredRelease, at: Timestamp) -> Result<Observed, String> {
    let look = AssertUnwindSafe(context.observer.observe(std::slice::from_ref(one), at)).catch_unwind();
    match tokio::time::timeout(PASS_DEADLINE, look).await {
        Ok(Ok(mut observed)) => observed.pop().ok_or_else(|| "InternalError: the look had no answer".to_owned()),
        Ok(Err(panic)) => Err(internal_error(&*panic)),
        Err(_) => Err(format!("the look did not come to an end within {} s and was dropped", PASS_DEADLINE.as_secs())),
    }
}

/// A pass that broke: the status is read again, for the pass may have written it before it broke.
async fn failed(context: &Context, target: Target, generation: Generation, reason: &str) -> Ended {
    tracing::error!(%target, reason, "a pass broke; other targets are not affected");
    let again = Next::Retry(CallClass::Transient);
    match context.store.load(std::slice::from_ref(&target)).await.map(|mut loaded| loaded.pop()) {
        Ok(Some(Loaded { status: Stored::Valid(status), .. })) => {
            shown(context, target, Some(status), Some(generation), again, reason).await
        }
        Ok(Some(Loaded { status: Stored::Missing, .. })) => {
            shown(context, target, None, Some(generation), again, reason).await
        }
        Ok(Some(Loaded { status: Stored::Invalid(_), .. }) | None) | Err(_) => ended(target, again, reason),
    }
}

/// Writes a status that says only why there was no pass.
async fn shown(
    context: &Context,
    target: Target,
    stored: Option<Versioned<Status>>,
    generation: Option<Generation>,
    next: Next,
    reason: &str,
) -> Ended {
    let now = context.clock.now();
    let before = stored.as_ref().map(|stored| stored.record.clone());
    let mut status = stored.unwrap_or_else(|| Versioned {
        version: 0,
        record: report::first(&target, generation.unwrap_or_default(), None, now),
    });
    let record = &mut status.record;
    let generation = generation.unwrap_or(record.observed_generation);
    if record.observed_generation != generation {
        record.contested = None;
        record.heals.clear();
        record.rejected = None;
    }
    record.observed_generation = generation;
    record.sync = Axis::Unknown;
    record.health = Health::Degraded;
    record.plan = format!("wait: {reason}");
    if before.as_ref().is_none_or(|before| before.reason != reason) {
        record.since = now;
    }
    reason.clone_into(&mut record.reason);
    let plan = record.plan.clone();
    let mut reported = true;
    if before.is_none_or(|before| !report::same_meaning(&before, record)) {
        record.observed_at = now;
        if let Err(error) = context.store.put_status(&status, &[]).await {
            tracing::warn!(%target, error = %Chain(&error), "the status could not be written");
            reported = false;
        }
    }
    Ended { target, next, plan, status: Some(status.record), reported }
}

fn ended(target: Target, next: Next, reason: &str) -> Ended {
    Ended { target, next, plan: format!("wait: {reason}"), status: None, reported: false }
}

fn internal_error(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    format!("InternalError: {said}; this is a defect of Driftless, please report it")
}
