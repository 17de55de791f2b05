//! The decision over one service.

use driftless_domain::{
    Cause, ContainerName, DesiredRelease, Effective, Family, LiveService, ObservedService, OurTags, Push, RejectedAs,
    Release, Rollout, RolloutState, Seen, ServiceAttempt, ServiceBinding, ServiceState, TaskDefArn, TaskDefinition,
};
use jiff::{SignedDuration, Timestamp};

use crate::action::Action;
use crate::rollout::{Current, being_taken_back, current, of_push};
use crate::wait::WaitReason;

/// How long a change of ours may stay invisible, or its outcome unknown, before it counts as not made. ECS is eventually
/// consistent and gives no bound; its own advice is to poll "from seconds up to minutes" (aws-facts.md). Longer than the
/// longest request can be in flight (operation timeout of 30 s, twice).
pub const SETTLE: SignedDuration = SignedDuration::from_secs(60);

/// What one service needs.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Nothing.
    Done,
    /// This.
    Act(Action),
    /// Time.
    Wait(WaitReason),
    /// The release cannot go anywhere while this is so.
    Blocked(WaitReason),
    /// The release did not live: write that down.
    End(Action),
}

/// One service as it was seen to be there, beside what is wanted of it.
#[derive(Clone, Copy)]
struct Look<'a> {
    desired: &'a DesiredRelease,
    release: &'a Release,
    at: Timestamp,
    bound: &'a ServiceBinding,
    seen: &'a ObservedService,
    live: &'a LiveService,
    sent: Option<&'a ServiceAttempt>,
}

pub(crate) fn step(
    desired: &DesiredRelease,
    release: &Release,
    at: Timestamp,
    bound: &ServiceBinding,
    seen: &ObservedService,
) -> Step {
    let ObservedService { name: _, parameter: _, live, running, family, rollouts, containers: _, stopped: _ } = seen;
    let Some(image) = release.images.get(&bound.name) else {
        return Step::Blocked(WaitReason::NoImage { service: bound.name.clone(), tag: release.tag.clone() });
    };
    let live = match live {
        Seen::Known(live) => live,
        Seen::Absent => {
            return Step::Blocked(WaitReason::ServiceMissing {
                service: bound.service.clone(),
                cluster: bound.cluster.clone(),
            });
        }
        Seen::Unknown(error) => return unreadable(error),
    };
    if let ServiceState::Other(status) = &live.state {
        return Step::Blocked(WaitReason::ServiceNotActive { service: bound.service.clone(), status: status.clone() });
    }
    if live.controller != "ECS" {
        return Step::Blocked(WaitReason::UnsupportedController {
            service: bound.service.clone(),
            controller: live.controller.clone(),
        });
    }
    let running = match running {
        Seen::Known(running) => Some(running),
        Seen::Absent => None,
        Seen::Unknown(error) => return unreadable(error),
    };
    let nothing = Family { revisions: Vec::new(), named_base: None };
    let family = match family {
        Seen::Known(family) => family,
        Seen::Absent => &nothing,
        Seen::Unknown(error) => return unreadable(error),
    };
    if let Seen::Unknown(error) = rollouts {
        return unreadable(error);
    }
    let Some(base) = base(family, running, &bound.container) else {
        return Step::Blocked(WaitReason::NoBase { service: bound.name.clone() });
    };
    let document = match base.document.with_image(&bound.container, image) {
        Ok(document) => document,
        Err(problem) => {
            return Step::Blocked(WaitReason::UnsupportedTaskDefinition { base: base.arn.clone(), problem });
        }
    };
    let hash = document.content_hash();
    let image_text = image.to_string();
    let has_image =
        |revision: &TaskDefinition| revision.document.image_of(&bound.container) == Some(image_text.as_str());
    let is_ours = |revision: &TaskDefinition| revision.is_tagged_for(&desired.target, &bound.name);
    // The way back goes to what lived, on the base on which it lived; a newer base is for releases that go forward.
    let way_back = matches!(desired.effective, Effective::LastGood(_));
    let is_wanted = |revision: &TaskDefinition| {
        (is_ours(revision) || !revision.has_our_tags()) && revision.document.content_hash() == hash
            || way_back && is_ours(revision) && has_image(revision)
    };

    let sent = desired.attempt.as_ref().and_then(|attempt| attempt.services.get(&bound.name));
    let look = Look { desired, release, at, bound, seen, live, sent };
    if running.is_some_and(|running| is_wanted(running) || has_image(running) && under_way(look)) {
        return arrived(look);
    }
    let candidate = family.revisions.iter().find(|revision| revision.active && is_wanted(revision));
    if let Some(step) = taken_back(look, candidate) {
        return step;
    }
    // What we registered from this very base is there, and is not what we registered.
    let unlike = sent.and_then(|sent| sent.registered.as_ref()).filter(|registered| {
        family.revisions.iter().any(|one| &&one.arn == registered && one.named_base().as_ref() == Some(&base.arn))
    });
    match candidate {
        Some(revision) => Step::Act(Action::UpdateService {
            service: bound.name.clone(),
            cluster: bound.cluster.clone(),
            ecs_service: bound.service.clone(),
            from: live.task_definition.clone(),
            to: revision.arn.clone(),
        }),
        None if sent.and_then(|sent| sent.register_sent_at).is_some_and(|sent| within(sent, at)) => {
            Step::Wait(WaitReason::Settling {
                service: bound.name.clone(),
                what: "a revision was registered a moment ago and ECS does not list it yet".to_owned(),
            })
        }
        None if unlike.is_some() => Step::Blocked(WaitReason::ReadsBackDifferent {
            service: bound.name.clone(),
            revision: unlike.unwrap_or(&base.arn).clone(),
            base: base.arn.clone(),
        }),
        None => {
            let ours = OurTags {
                target: desired.target.clone(),
                service: bound.name.clone(),
                release: release.tag.clone(),
                generation: release.generation,
                base: base.arn.clone(),
                content_hash: hash.clone(),
            };
            let mut tags: std::collections::BTreeMap<String, String> =
                base.tags_of_others().map(|(key, value)| (key.clone(), value.clone())).collect();
            let others = tags.len();
            tags.extend(ours.to_map());
            // ECS takes 50 tags per resource (aws-facts.md, quotas).
            if tags.len() > 50 {
                return Step::Blocked(WaitReason::UnsupportedTaskDefinition {
                    base: base.arn.clone(),
                    problem: driftless_domain::UnsupportedTaskDefinition::TooManyTags(others),
                });
            }
            Step::Act(Action::RegisterTaskDefinition {
                service: bound.name.clone(),
                base: base.arn.clone(),
                image: image.clone(),
                document: Box::new(document),
                tags,
            })
        }
    }
}

/// The first release of a service was rejected and the service still runs it (ECS had nothing to take it back to, or another
/// service of the app was the one that failed): back to the revision that infrastructure gave it, and to no other.
pub(crate) fn way_back_to_infrastructure(
    desired: &DesiredRelease,
    at: Timestamp,
    bound: &ServiceBinding,
    seen: &ObservedService,
    before: &TaskDefArn,
) -> Option<Step> {
    let live = match &seen.live {
        Seen::Known(live) => live,
        Seen::Absent => return None,
        Seen::Unknown(error) => return Some(unreadable(error)),
    };
    let (running, family) = match (&seen.running, &seen.family) {
        (Seen::Known(running), Seen::Known(family)) => (running, family),
        (Seen::Unknown(error), _) | (_, Seen::Unknown(error)) => return Some(unreadable(error)),
        (Seen::Absent, _) | (_, Seen::Absent) => return None,
    };
    let known = family.named_base.iter().chain(&family.revisions).find(|revision| &revision.arn == before)?;
    let usable =
        known.active && !known.has_our_tags() && live.state == ServiceState::Active && live.controller == "ECS";
    if &live.task_definition == before || !usable || !running.is_tagged_for(&desired.target, &bound.name) {
        return None;
    }
    if let Some(going) = being_taken_back(live, seen) {
        let from = going.task_definition;
        return Some(Step::Wait(WaitReason::RollingBack { service: bound.name.clone(), from }));
    }
    let sent = desired.attempt.as_ref().and_then(|attempt| attempt.services.get(&bound.name));
    let push = sent.and_then(|sent| sent.push.as_ref());
    if push.is_some_and(|push| &push.to == before && push.from == live.task_definition && within(push.sent_at, at)) {
        let what = format!("{before} was sent a moment ago and ECS does not show it yet");
        return Some(Step::Wait(WaitReason::Settling { service: bound.name.clone(), what }));
    }
    Some(Step::Act(Action::UpdateService {
        service: bound.name.clone(),
        cluster: bound.cluster.clone(),
        ecs_service: bound.service.clone(),
        from: live.task_definition.clone(),
        to: before.clone(),
    }))
}

fn unreadable(error: &driftless_domain::CallError) -> Step {
    Step::Blocked(WaitReason::Unreadable { error: error.clone() })
}

/// Whether something that was sent may still be invisible.
pub(crate) fn within(sent: Timestamp, at: Timestamp) -> bool {
    at.duration_since(sent) < SETTLE
}

/// The revision to make ours from: the newest that infrastructure registered, else the one that ours were made from, else
/// the one that runs (DESIGN.md section 5, point 2).
fn base<'a>(
    family: &'a Family,
    running: Option<&'a TaskDefinition>,
    container: &ContainerName,
) -> Option<&'a TaskDefinition> {
    // A person who copies one of our revisions in the console copies our tags as well. What was changed in the copy tells:
    // then it is infrastructure's, and the newest.
    let edited_copy = |revision: &TaskDefinition| {
        revision
            .named_base()
            .and_then(|arn| family.named_base.iter().chain(&family.revisions).find(|known| known.arn == arn))
            .map(|base| !revision.document.same_but_for_image(&base.document, container))
            .unwrap_or(false)
    };
    family
        .revisions
        .iter()
        .find(|revision| !revision.has_our_tags() || edited_copy(revision))
        .or(family.named_base.as_ref())
        .or(running)
        .or(family.revisions.first())
}

/// Whether the service runs what we pushed and that has not come to its end: a base that is registered meanwhile waits, or
/// each would begin the rollout anew.
fn under_way(look: Look<'_>) -> bool {
    let push = look.sent.and_then(|sent| sent.push.as_ref());
    push.is_some_and(|push| push.to == look.live.task_definition)
        && match current(look.live, look.seen, push, look.at) {
            Current::Is(rollout) => rollout.state != RolloutState::Succeeded,
            Current::NotYetVisible => true,
        }
}

/// The service is told to run the wanted revision: is it live?
fn arrived(look: Look<'_>) -> Step {
    let Look { desired, release, at, bound, seen, live, sent } = look;
    let rollout = match current(live, seen, sent.and_then(|sent| sent.push.as_ref()), at) {
        Current::Is(rollout) => rollout,
        Current::NotYetVisible => {
            return Step::Wait(WaitReason::Settling {
                service: bound.name.clone(),
                what: format!("ECS does not show the deployment of {} yet", live.task_definition),
            });
        }
    };
    let stopped = seen.stopped.known().filter(|task| task.task_definition == rollout.task_definition).cloned();
    let pushed = sent.and_then(|sent| sent.push.as_ref()).is_some_and(|push| push.to == live.task_definition);
    let end = |outcome, reason: String| {
        if pushed && may_be_rejected(desired) {
            reject(release, outcome, reason, seen, &rollout)
        } else {
            Step::Wait(WaitReason::Failing {
                service: bound.name.clone(),
                task_definition: live.task_definition.clone(),
                state: rollout.state.clone(),
                reason: Some(reason),
                stopped: stopped.clone(),
            })
        }
    };
    let words = || rollout.reason.clone().unwrap_or_else(|| format!("the deployment is {}", rollout.state));
    match &rollout.state {
        RolloutState::Succeeded => digests(look, &rollout),
        RolloutState::Pending | RolloutState::InProgress => {
            if at.duration_since(rollout.created_at) > deadline(desired) {
                let minutes = desired.binding.rollout_deadline.as_secs() / 60;
                return end(
                    RejectedAs::Failed,
                    format!("RolloutTimeout: {} was still in progress after {minutes} minutes", live.task_definition),
                );
            }
            Step::Wait(WaitReason::RollingOut {
                service: bound.name.clone(),
                to: live.task_definition.clone(),
                failed_tasks: rollout.failed_tasks,
                stopped,
            })
        }
        RolloutState::StopRequested | RolloutState::RollbackRequested | RolloutState::RollbackInProgress => {
            Step::Wait(WaitReason::RollingBack { service: bound.name.clone(), from: live.task_definition.clone() })
        }
        RolloutState::RolledBack => end(RejectedAs::RolledBack, words()),
        RolloutState::Stopped | RolloutState::RollbackFailed | RolloutState::Failed => end(RejectedAs::Failed, words()),
        RolloutState::Unrecognised(state) => {
            Step::Wait(WaitReason::UnknownRollout { service: bound.name.clone(), state: state.clone() })
        }
    }
}

/// How long a rollout may take (L6).
fn deadline(desired: &DesiredRelease) -> SignedDuration {
    SignedDuration::try_from(desired.binding.rollout_deadline).unwrap_or(SignedDuration::MAX)
}

/// The service runs something else. When ECS (or a person through it) took our push back, that is an answer and not drift
/// (S9); while it is being taken back, or our change may not be visible yet, nothing is done.
fn taken_back(look: Look<'_>, candidate: Option<&TaskDefinition>) -> Option<Step> {
    let Look { desired, release, at, bound, seen, live, sent } = look;
    if let Some(going) = being_taken_back(live, seen) {
        let from = going.task_definition;
        return Some(Step::Wait(WaitReason::RollingBack { service: bound.name.clone(), from }));
    }
    let push: &Push = sent?.push.as_ref()?;
    let settling = |what: String| Some(Step::Wait(WaitReason::Settling { service: bound.name.clone(), what }));
    let came_back = live.task_definition == push.from;
    // A newer base (or anything else) may have made another revision the wanted one; then the verdict is on the old one.
    let still_wanted = candidate.is_some_and(|candidate| candidate.arn == push.to);
    let Some(rollout) = of_push(push, at, live, seen) else {
        return if came_back && within(push.sent_at, at) {
            settling(format!("{} was sent a moment ago and ECS does not show it yet", push.to))
        } else {
            None
        };
    };
    let words = rollout.reason.clone().unwrap_or_else(|| format!("the deployment is {}", rollout.state));
    let end = |outcome| {
        if may_be_rejected(desired) {
            Some(reject(release, outcome, words.clone(), seen, &rollout))
        } else if came_back && still_wanted {
            Some(Step::Wait(WaitReason::Failing {
                service: bound.name.clone(),
                task_definition: rollout.task_definition.clone(),
                state: rollout.state.clone(),
                reason: Some(words.clone()),
                stopped: seen.stopped.known().cloned(),
            }))
        } else {
            None
        }
    };
    match &rollout.state {
        RolloutState::StopRequested | RolloutState::RollbackRequested | RolloutState::RollbackInProgress => {
            Some(Step::Wait(WaitReason::RollingBack { service: bound.name.clone(), from: rollout.task_definition }))
        }
        RolloutState::RolledBack => end(RejectedAs::RolledBack),
        RolloutState::Failed | RolloutState::RollbackFailed => end(RejectedAs::Failed),
        RolloutState::Pending | RolloutState::InProgress if came_back => settling(format!(
            "ECS shows the deployment of {} and the service before it; the answers do not fit together yet",
            push.to
        )),
        RolloutState::Unrecognised(state) => {
            Some(Step::Wait(WaitReason::UnknownRollout { service: bound.name.clone(), state: state.clone() }))
        }
        // Somebody moved the service after (or while) our push took effect: that is drift.
        RolloutState::Pending | RolloutState::InProgress | RolloutState::Succeeded | RolloutState::Stopped => None,
    }
}

/// Only the release that the record asks for, on its first way to life, can be rejected: a heal or the way back to the last
/// good one that fails is shown and left (there is nothing better).
fn may_be_rejected(desired: &DesiredRelease) -> bool {
    let wanted = matches!(desired.effective, Effective::Wanted(_));
    wanted && desired.attempt.as_ref().is_some_and(|attempt| attempt.cause == Cause::Release)
}

fn reject(release: &Release, outcome: RejectedAs, reason: String, seen: &ObservedService, rollout: &Rollout) -> Step {
    let stopped = seen.stopped.known().filter(|task| task.task_definition == rollout.task_definition);
    Step::End(Action::Reject {
        generation: release.generation,
        tag: release.tag.clone(),
        outcome,
        reason,
        stopped_task: stopped.map(ToString::to_string),
    })
}

/// The deployment succeeded: do the running tasks show the approved digest (S2)?
fn digests(look: Look<'_>, rollout: &Rollout) -> Step {
    let Look { desired, release, at, bound, seen, live, sent: _ } = look;
    let Some(image) = release.images.get(&bound.name) else { return Step::Done };
    let containers = match &seen.containers {
        Seen::Known(containers) => containers.as_slice(),
        Seen::Absent => &[],
        Seen::Unknown(error) => return unreadable(error),
    };
    let mut shown = 0;
    for container in containers {
        if container.container != bound.container || container.task_definition != live.task_definition {
            continue;
        }
        shown += 1;
        let pinned = container.image.as_deref() == Some(image.to_string().as_str());
        // ECS leaves the digest out on some platforms; the image that the task was started from, pinned by digest, stands
        // in for it then.
        let matches = match &container.digest {
            Some(digest) => digest == &image.digest,
            None => pinned,
        };
        if !matches {
            return Step::Wait(WaitReason::DigestMismatch {
                service: bound.name.clone(),
                task: container.task.clone(),
                runs: container.digest.clone(),
                wanted: image.digest.clone(),
            });
        }
    }
    let overdue = at.duration_since(rollout.created_at) > deadline(desired);
    if shown == 0 && live.desired_count > 0 && overdue {
        return Step::Wait(WaitReason::Failing {
            service: bound.name.clone(),
            task_definition: live.task_definition.clone(),
            state: rollout.state.clone(),
            reason: Some(format!("none of its {} tasks is running", live.desired_count)),
            stopped: seen.stopped.known().cloned(),
        });
    }
    if shown == 0 && live.desired_count > 0 {
        return Step::Wait(WaitReason::NoTasks { service: bound.name.clone(), wanted: live.desired_count });
    }
    Step::Done
}
