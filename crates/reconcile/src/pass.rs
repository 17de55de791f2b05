//! One pass over one target: plan, execute, report. (It was loaded and observed together with others, in `round`.)

use jiff::Timestamp;

use driftless_domain::{
    Attempt, CallClass, Cause, Chain, Clock, Converged, DesiredRelease, Effective, Generation, Observed, Seen, Status,
    Tag, Target,
};
use driftless_execute::{Effect, Refused, StepError, StepFailure, execute};
use driftless_plan::{Action, Plan, SETTLE, WaitKind, WaitReason, plan};
use driftless_releases::{EventKind, StoreError, Versioned};

use crate::heal::{recent, restrain};
use crate::journal::{Pages, PassJournal};
use crate::prepare::Prepared;
use crate::report::{self, Finding};
use crate::round::Context;
use crate::site;

/// When the queue brings a target back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// At the next resync.
    Resync,
    /// At once: a step was done and the next can be seen.
    Now,
    /// Soon: something goes on by itself.
    Progress,
    /// At a time.
    At(Timestamp),
    /// After a delay that fits the failure.
    Retry(CallClass),
    /// When there is a desired record again.
    Gone,
}

/// How a pass ended, for whoever ran it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The target.
    pub target: Target,
    /// When to look again.
    pub next: Next,
    /// The plan, as it prints.
    pub plan: String,
    /// The status, unless the records could not be read.
    pub status: Option<Status>,
    /// Whether the stored status says so: it was written, or it said so already.
    pub reported: bool,
}

/// Plans, executes and reports. When a person `asked` for the look, the report is written also when nothing changed, so
/// that they see that it was made.
#[tracing::instrument(skip_all, fields(
    app = %prepared.desired.target.app,
    env = %prepared.desired.target.env,
    generation = prepared.desired.generation.0,
    plan,
))]
pub(crate) async fn pass(context: &Context, prepared: Prepared, observed: Observed, asked: bool) -> Ended {
    let Prepared { record, mut desired, spec_version, status: stored, gated } = prepared;
    let clock = &*context.clock;
    let now = observed.at;
    let target = desired.target.clone();
    let before = stored.as_ref().map(|stored| stored.record.clone());
    let status = stored.unwrap_or_else(|| Versioned {
        version: 0,
        record: report::first(&target, desired.generation, Some(record.artifact.clone()), now),
    });
    let mut pages = Pages::new(status);
    mark_taken(&mut pages.status.record, &observed);
    site::mark_propagated(&mut pages.status.record, &desired, &observed);
    let unsettled = unsettled(&pages.status.record, &desired, &observed);
    take_over(&mut pages, &desired, &record.artifact, unsettled.is_none(), clock);
    desired.attempt = attempt_for(&pages.status.record, &desired);

    let planned = unsettled.map_or_else(|| plan(&desired, &observed), Plan::Wait);
    let begun = || begin(&pages.status.record, &desired, &observed, &planned);
    let attempt = desired.attempt.clone().unwrap_or_else(begun);
    let restrained = restrain(planned, &pages.status.record, &attempt, desired.binding.heal, now);
    tracing::Span::current().record("plan", restrained.plan.to_string().replace('\n', "; "));

    if let Some(contested) = restrained.contested {
        pages.tell(EventKind::Contested, desired.generation, clock, report::contested_text(&contested));
        pages.status.record.contested = Some(contested);
    }
    let tidies = site::only_tidies(&restrained.plan);
    let mut failure: Option<StepError> = None;
    let mut effects: Vec<Effect> = Vec::new();
    match &restrained.plan {
        Plan::Converged => settle(context, &mut pages, &desired, &observed),
        Plan::Wait(_) => context.observer.forget(&desired),
        Plan::Apply(actions) => {
            context.observer.forget(&desired);
            if tidies {
                settle(context, &mut pages, &desired, &observed);
            }
            if gated.is_empty() {
                if desired.attempt.is_none() && !tidies {
                    tell_beginning(&mut pages, &attempt, actions, clock);
                    pages.status.record.attempt = Some(attempt);
                }
                let uploads = actions.iter().any(|action| matches!(action, Action::UploadFiles { .. }));
                // Never closed; without a turn nothing is held back but memory.
                let _turn = if uploads { context.uploads.acquire().await.ok() } else { None };
                let (store, tenure) = (&*context.store, &*context.tenure);
                let journal = PassJournal::new(store, clock, tenure, (&desired, spec_version), restrained.heals, pages);
                let done = execute(&*context.live, &journal, &target, &desired.binding.place, actions).await;
                pages = journal.into_pages();
                match done {
                    Ok(done) => {
                        remember_written(context, &desired, actions);
                        effects = done;
                    }
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "a step failed");
                        failure = Some(error);
                    }
                }
            }
        }
    }

    let finding = Finding { plan: &restrained.plan, failure: failure.as_ref(), gated: &gated, now };
    let converged = restrained.plan == Plan::Converged;
    let status = &mut pages.status.record;
    status.wanted = Some(record.artifact);
    status.services = report::services(&status.services, &desired, &observed, converged);
    site::describe(status, &desired, &observed);
    report::describe(status, before.as_ref(), &desired, &finding);
    let next = next(&restrained.plan, failure.as_ref(), &effects, gated.is_empty());
    let before = before.as_ref().filter(|_| !asked);
    let (next, reported) = match write(context, &mut pages, before, now).await {
        Ok(()) => (next, true),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "the status could not be written");
            (Next::Retry(CallClass::Conflict), false)
        }
    };
    Ended { target, next, plan: restrained.plan.to_string(), status: Some(pages.status.record), reported }
}

/// What a pass would do now, with gates and the budget of heals: for a dry run.
pub(crate) fn intended(prepared: &Prepared, observed: &Observed) -> Plan {
    let Prepared { record, desired, spec_version: _, status, gated } = prepared;
    let planned = plan(desired, observed);
    if !gated.is_empty() && planned != Plan::Converged {
        let gates = gated.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Plan::Wait(WaitReason::Gated { gates });
    }
    let fresh = || report::first(&record.target, desired.generation, Some(record.artifact.clone()), observed.at);
    let status = status.as_ref().map_or_else(fresh, |status| status.record.clone());
    let attempt = desired.attempt.clone().unwrap_or_else(|| begin(&status, desired, observed, &planned));
    restrain(planned, &status, &attempt, desired.binding.heal, observed.at).plan
}

/// A push of an older generation whose outcome is not known yet: it may still arrive, and nothing else is sent to that
/// service until it either shows or counts as not made (DESIGN.md section 8, rule 4; S5).
fn unsettled(status: &Status, desired: &DesiredRelease, observed: &Observed) -> Option<WaitReason> {
    let older = status.attempt.as_ref().filter(|attempt| attempt.generation != pushed_generation(desired))?;
    older.services.iter().find_map(|(service, sent)| {
        let push = sent.push.as_ref().filter(|push| !push.taken)?;
        let pending = observed.at.duration_since(push.sent_at) < SETTLE;
        pending.then(|| WaitReason::Settling {
            service: service.clone(),
            what: format!("whether {} of generation {} was taken is not known yet", push.to, older.generation),
        })
    })
}

/// A new generation: budgets and verdicts of the older one are over, and (unless something of it is unsettled) so is what was
/// under way for it.
fn take_over(pages: &mut Pages, desired: &DesiredRelease, wanted: &Tag, settled: bool, clock: &dyn Clock) {
    let status = &mut pages.status.record;
    if status.observed_generation != desired.generation {
        status.contested = None;
        status.heals.clear();
        status.rejected = None;
    }
    let older = status.attempt.as_ref().is_some_and(|attempt| attempt.generation != pushed_generation(desired));
    if settled
        && older
        && let Some(attempt) = status.attempt.take()
    {
        let text = format!("{} gives way to {wanted}", attempt.tag);
        pages.tell(EventKind::Superseded, attempt.generation, clock, text);
    }
}

/// Our pushes that are visible now took effect, whatever their answer was.
fn mark_taken(status: &mut Status, observed: &Observed) {
    let Some(attempt) = &mut status.attempt else { return };
    for seen in &observed.services {
        let Seen::Known(live) = &seen.live else { continue };
        let Some(sent) = attempt.services.get_mut(&seen.name) else { continue };
        if let Some(push) = &mut sent.push
            && !push.taken
            && push.to == live.task_definition
        {
            push.taken = true;
            sent.pushes += 1;
        }
    }
}

/// The generation that is being brought live: the wanted one, or the last good one, or (with neither) the record's.
fn pushed_generation(desired: &DesiredRelease) -> Generation {
    desired.release().map_or(desired.generation, |release| release.generation)
}

fn attempt_for(status: &Status, desired: &DesiredRelease) -> Option<Attempt> {
    status.attempt.clone().filter(|attempt| attempt.generation == pushed_generation(desired))
}

fn begin(status: &Status, desired: &DesiredRelease, observed: &Observed, planned: &Plan) -> Attempt {
    let generation = pushed_generation(desired);
    let lived = status.converged.as_ref().is_some_and(|converged| converged.generation == generation);
    let (cause, tag) = match &desired.effective {
        Effective::Wanted(release) | Effective::LastGood(release) if lived && rebases(desired, observed, planned) => {
            (Cause::Rebase, release.tag.clone())
        }
        Effective::Wanted(release) if lived => (Cause::Heal, release.tag.clone()),
        Effective::Wanted(release) => (Cause::Release, release.tag.clone()),
        Effective::LastGood(release) if lived => (Cause::Heal, release.tag.clone()),
        Effective::LastGood(release) => (Cause::Fallback, release.tag.clone()),
        Effective::Nothing { .. } => {
            let tag = desired.rejected.as_ref().map(|rejected| rejected.tag.clone());
            (Cause::Fallback, tag.or_else(|| status.wanted.clone()).unwrap_or_else(unnamed))
        }
    };
    Attempt::new(generation, tag, cause, observed.at)
}

/// Whether the only thing to do is to register a revision, while the service runs ours with the right image: nobody moved
/// anything, infrastructure registered a newer base (DESIGN.md section 5, point 2).
fn rebases(desired: &DesiredRelease, observed: &Observed, planned: &Plan) -> bool {
    let Plan::Apply(actions) = planned else { return false };
    actions.iter().all(|action| {
        let Action::RegisterTaskDefinition { service, image, .. } = action else { return false };
        let seen = observed.services.iter().find(|seen| &seen.name == service);
        let bound = desired.binding.services.iter().find(|bound| &bound.name == service);
        let (Some(running), Some(bound)) = (seen.and_then(|seen| seen.running.known()), bound) else { return false };
        running.is_tagged_for(&desired.target, service)
            && running.document.image_of(&bound.container) == Some(image.to_string().as_str())
    })
}

#[expect(clippy::expect_used, reason = "a constant that is a valid tag")]
fn unnamed() -> Tag {
    Tag::parse("none").expect("a valid tag")
}

fn tell_beginning(pages: &mut Pages, attempt: &Attempt, actions: &[Action], clock: &dyn Clock) {
    let Attempt { generation, tag, cause, started_at: _, services: _ } = attempt;
    let steps: Vec<String> = actions.iter().map(ToString::to_string).collect();
    match cause {
        Cause::Release => pages.tell(EventKind::Started, *generation, clock, format!("{tag} is brought live")),
        Cause::Rebase => pages.tell(EventKind::Started, *generation, clock, format!("{tag} onto a newer base")),
        Cause::Fallback => pages.tell(EventKind::Started, *generation, clock, format!("back to {tag}")),
        Cause::Heal => pages.tell(EventKind::Drifted, *generation, clock, steps.join("; ")),
    }
}

/// The files of these steps, which are all done, have the headers that this process gave them: no need to look.
fn remember_written(context: &Context, desired: &DesiredRelease, actions: &[Action]) {
    for action in actions {
        if let Action::UploadFiles { bucket, files, .. } | Action::ReplaceHeaders { bucket, files, .. } = action {
            for change in files.iter() {
                context.observer.wrote(&desired.binding.place, bucket, &change.key, &change.file);
            }
        }
    }
}

/// The target is what it should be.
fn settle(context: &Context, pages: &mut Pages, desired: &DesiredRelease, observed: &Observed) {
    let Some(release) = desired.release().cloned() else { return };
    let (now, clock) = (observed.at, &*context.clock);
    let status = &mut pages.status.record;
    site::settle(status, desired, observed, now);
    if let Some(bound) = &desired.binding.site {
        context.observer.forget_written(&desired.binding.place, &bound.bucket);
    }
    let was = status.converged.as_ref().filter(|converged| converged.generation == release.generation);
    let unbroken = was.is_some() && status.attempt.is_none() && status.contested.is_none();
    let since = was.filter(|_| unbroken).map_or(now, |converged| converged.since);
    status.converged = Some(Converged { generation: release.generation, tag: release.tag.clone(), since });
    status.attempt = None;
    status.contested = None;
    status.heals = recent(std::mem::take(&mut status.heals), now);
    let text = format!("runs {}", release.tag);
    let generation = release.generation;
    status.last_good = Some(release);
    if !unbroken {
        pages.tell(EventKind::Converged, generation, clock, text);
    }
}

async fn write(
    context: &Context,
    pages: &mut Pages,
    before: Option<&Status>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let same = before.is_some_and(|before| report::same_meaning(before, &pages.status.record));
    if same && pages.events.is_empty() {
        return Ok(());
    }
    pages.status.record.observed_at = now;
    pages.write(&*context.store).await
}

fn next(plan: &Plan, failure: Option<&StepError>, effects: &[Effect], open: bool) -> Next {
    if let Some(failure) = failure {
        return match &failure.source {
            StepFailure::Call(error) => Next::Retry(error.class),
            StepFailure::Refused(Refused::Stale { .. } | Refused::SpecChanged { .. }) => Next::Now,
            StepFailure::Refused(Refused::NotOurs) => Next::Progress,
            StepFailure::Refused(Refused::Records(_)) => Next::Retry(CallClass::Transient),
        };
    }
    match plan {
        Plan::Converged => Next::Resync,
        Plan::Apply(_) if !open => Next::Resync,
        // ECS needs time; everything else can be seen at once.
        Plan::Apply(_) if effects.last() == Some(&Effect::ServiceUpdated) => Next::Progress,
        Plan::Apply(_) => Next::Now,
        Plan::Wait(WaitReason::HealLater { until, .. }) => Next::At(*until),
        Plan::Wait(WaitReason::Unreadable { error }) => Next::Retry(error.class),
        Plan::Wait(WaitReason::ServiceMissing { .. }) => Next::Progress,
        Plan::Wait(reason) => match reason.kind() {
            WaitKind::Progress => Next::Progress,
            WaitKind::Blocked | WaitKind::Drifted => Next::Resync,
            WaitKind::Unreadable => Next::Retry(CallClass::Transient),
        },
    }
}
