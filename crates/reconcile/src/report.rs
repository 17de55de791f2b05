//! What a pass found, as the status that people read.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use driftless_domain::{
    CallClass, Chain, Contested, DesiredRelease, Gate, Generation, Health, Observed, ObservedService, Release,
    ServiceStatus, Status, Sync, Tag, Target,
};
use driftless_execute::{Refused, StepError, StepFailure};
use driftless_plan::{Plan, WaitKind, WaitReason};
use driftless_releases::Unmet;

/// How long a service must be missing, seen again and again, before a person is told so (S10; docs/design/faults.md:
/// "re-observe ×3 over ≥60 s").
const MISSING_CONFIRMED: SignedDuration = SignedDuration::from_secs(60);

/// A status that says nothing yet.
pub(crate) fn first(target: &Target, generation: Generation, wanted: Option<Tag>, now: Timestamp) -> Status {
    Status {
        target: target.clone(),
        observed_generation: generation,
        wanted,
        observed_at: now,
        sync: Sync::Unknown,
        health: Health::Unknown,
        gate: Gate::Open,
        plan: String::new(),
        reason: "not looked at yet".to_owned(),
        since: now,
        converged: None,
        last_good: None,
        attempt: None,
        rejected: None,
        heals: Vec::new(),
        contested: None,
        services: Vec::new(),
        site: None,
    }
}

/// How a pass went.
pub(crate) struct Finding<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) failure: Option<&'a StepError>,
    pub(crate) gated: &'a [Unmet],
    pub(crate) now: Timestamp,
}

/// Brings the status up to what the pass found. `before` is the status as it was stored.
pub(crate) fn describe(status: &mut Status, before: Option<&Status>, desired: &DesiredRelease, finding: &Finding<'_>) {
    let Finding { plan, failure, gated, now } = *finding;
    // Gates are in the way of a change; what runs as it should needs none.
    let gated = if plan == &Plan::Converged { &[] } else { gated };
    let (sync, mut health, mut reason) = match (plan, failure) {
        (_, Some(failure)) if crate::site::only_tidies(plan) => {
            (Sync::InSync, Health::Healthy, format!("{}; {}", runs(desired), Chain(failure)))
        }
        (_, Some(failure)) => (Sync::OutOfSync, health_of(failure), Chain(failure).to_string()),
        (Plan::Converged, None) => (Sync::InSync, Health::Healthy, runs(desired)),
        // The release is live; what it takes the place of is cleared away.
        (Plan::Apply(_), None) if crate::site::only_tidies(plan) => (Sync::InSync, Health::Healthy, runs(desired)),
        (Plan::Apply(_), None) => (Sync::OutOfSync, Health::Progressing, plan.to_string().replace('\n', "; ")),
        (Plan::Wait(waiting), None) => {
            let text = waiting.to_string();
            match waiting.kind() {
                WaitKind::Progress => (Sync::OutOfSync, Health::Progressing, text),
                WaitKind::Blocked => (Sync::OutOfSync, Health::Degraded, text),
                WaitKind::Unreadable => (Sync::Unknown, Health::Unknown, text),
                WaitKind::Drifted => (Sync::OutOfSync, Health::Healthy, text),
            }
        }
    };
    if let Plan::Wait(WaitReason::ServiceMissing { .. }) = plan {
        let since = before.filter(|before| before.reason == reason).map_or(now, |before| before.since);
        if now.duration_since(since) < MISSING_CONFIRMED {
            health = Health::Unknown;
        }
    }
    let rejected = status.rejected.as_ref().filter(|rejected| rejected.generation == desired.generation);
    let gate = if rejected.is_some() {
        Gate::Rejected
    } else if gated.is_empty() {
        Gate::Open
    } else {
        Gate::AwaitingApproval
    };
    if let (Some(rejected), Sync::InSync) = (rejected, sync) {
        reason = format!("release {} was rejected: {}; {reason}", rejected.tag, rejected.reason);
    }
    if !gated.is_empty() {
        reason = gated.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    }
    let unchanged = before.is_some_and(|before| {
        (before.sync, before.health, before.gate, &before.reason, before.observed_generation)
            == (sync, health, gate, &reason, desired.generation)
    });
    status.since = before.filter(|_| unchanged).map_or(now, |before| before.since);
    status.observed_generation = desired.generation;
    status.sync = sync;
    status.health = health;
    status.gate = gate;
    status.plan = plan.to_string();
    status.reason = reason;
}

/// The services as seen. What could not be seen this time is left as it was.
pub(crate) fn services(
    before: &[ServiceStatus],
    desired: &DesiredRelease,
    observed: &Observed,
    converged: bool,
) -> Vec<ServiceStatus> {
    let earlier: BTreeMap<_, _> = before.iter().map(|service| (&service.name, service)).collect();
    let bound = desired.binding.services.iter();
    observed
        .services
        .iter()
        .zip(bound)
        .map(|(seen, bound)| {
            let ObservedService { name, parameter, live, running, family: _, rollouts: _, containers: _, stopped: _ } =
                seen;
            let old = earlier.get(name);
            let live = live.known();
            let family = match live.filter(|_| converged) {
                Some(live) => Some(live.task_definition.family()),
                None => old.and_then(|old| old.family.clone()),
            };
            ServiceStatus {
                name: name.clone(),
                family,
                task_definition: live.map(|live| live.task_definition.to_string()),
                image: running
                    .known()
                    .and_then(|running| running.document.image_of(&bound.container))
                    .map(str::to_owned),
                parameter: parameter.known().map(|parameter| parameter.value.clone()),
                running: live.map(|live| live.running_count),
                wanted: live.map(|live| live.desired_count),
                rollout: live
                    .and_then(|live| live.deployments.first())
                    .map(|rollout| format!("{} {}", rollout.task_definition, rollout.state)),
            }
        })
        .collect()
}

/// Whether two statuses say the same, the time of the look aside.
pub(crate) fn same_meaning(one: &Status, other: &Status) -> bool {
    let timeless = |status: &Status| Status { observed_at: Timestamp::UNIX_EPOCH, ..status.clone() };
    timeless(one) == timeless(other)
}

/// A field that is contested from now on, for the history.
pub(crate) fn contested_text(contested: &Contested) -> String {
    let Contested { field, theirs, ours, heals, since: _ } = contested;
    format!("{field} was put back {heals} times and comes back as {theirs}; it should be {ours}")
}

fn runs(desired: &DesiredRelease) -> String {
    match desired.release() {
        Some(Release { generation, tag, images: _, site: _ }) => format!("runs {tag} (generation {generation})"),
        None => "nothing is wanted".to_owned(),
    }
}

fn health_of(failure: &StepError) -> Health {
    match &failure.source {
        StepFailure::Call(error) => match error.class {
            CallClass::Denied | CallClass::Invalid => Health::Degraded,
            CallClass::Throttled | CallClass::Transient | CallClass::Ambiguous | CallClass::Conflict => {
                Health::Progressing
            }
        },
        StepFailure::Refused(Refused::Records(_)) => Health::Unknown,
        StepFailure::Refused(Refused::Stale { .. } | Refused::SpecChanged { .. } | Refused::NotOurs) => {
            Health::Progressing
        }
    }
}
