//! What ECS says of the rollout of a revision, whichever of its two ways of saying it the endpoint knows: service
//! deployments, or the deployments that DescribeServices lists.

use driftless_domain::{LiveService, ObservedService, Push, Rollout, RolloutState, Seen};
use jiff::{SignedDuration, Timestamp};

use crate::service::within;

/// How far AWS's clock and ours may be apart when a deployment is matched with the call that made it.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(10);

/// What is known of how the running revision got there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Current {
    /// This.
    Is(Rollout),
    /// The two answers of ECS do not fit together yet.
    NotYetVisible,
}

/// The rollout that brought `live.task_definition`; `push` is what we sent for it, if we did.
///
/// ECS's two answers do not always fit together: the current deployment that DescribeServices names can lag behind. So a push
/// of ours is judged by a deployment that is not older than it, and a deployment of another revision says nothing of this one.
pub(crate) fn current(live: &LiveService, observed: &ObservedService, push: Option<&Push>, at: Timestamp) -> Current {
    let primary = || {
        live.deployments
            .iter()
            .find(|deployment| deployment.task_definition == live.task_definition)
            .cloned()
            .map_or(Current::NotYetVisible, Current::Is)
    };
    let (Seen::Known(rollouts), Some(id)) = (&observed.rollouts, &live.rollout_id) else {
        return primary();
    };
    if let Some(push) = push.filter(|push| push.to == live.task_definition) {
        let waiting = within(push.sent_at, at);
        return match newest_of(rollouts, push) {
            Some(rollout) => Current::Is(rollout),
            None if waiting => Current::NotYetVisible,
            None => primary(),
        };
    }
    match rollouts.iter().find(|rollout| &rollout.id == id) {
        Some(rollout) if rollout.task_definition == live.task_definition => Current::Is(rollout.clone()),
        // After a rollback it still names the revision that was taken back; and ECS forgets deployments after 90 days.
        Some(_) | None => primary(),
    }
}

/// The newest deployment of what a push brings that is not older than the push.
fn newest_of(rollouts: &[Rollout], push: &Push) -> Option<Rollout> {
    rollouts
        .iter()
        .filter(|rollout| {
            rollout.task_definition == push.to && rollout.created_at.duration_since(push.sent_at) >= -CLOCK_SKEW
        })
        .max_by_key(|rollout| rollout.created_at)
        .cloned()
}

/// What became of our push, when the service runs something else than it pushed.
pub(crate) fn of_push(push: &Push, at: Timestamp, live: &LiveService, observed: &ObservedService) -> Option<Rollout> {
    if let Seen::Known(rollouts) = &observed.rollouts
        && (live.rollout_id.is_some() || !rollouts.is_empty())
    {
        return newest_of(rollouts, push);
    }
    // No service deployments at this endpoint. DescribeServices lists a failed deployment while it drains; when it is
    // gone and the service is back where it came from, ECS took it back.
    let settled = live.deployments.first().is_some_and(|primary| primary.state == RolloutState::Succeeded);
    let taken_back = if settled { RolloutState::RolledBack } else { RolloutState::RollbackInProgress };
    match newest_of(&live.deployments, push) {
        Some(listed) if listed.state == RolloutState::Failed => {
            let reason = listed.reason.clone().or_else(|| live.deployments.first().and_then(|p| p.reason.clone()));
            Some(Rollout { state: taken_back, reason, ..listed })
        }
        Some(listed) => Some(listed),
        // Not before the service could have shown it: the answer may be older than the push.
        None if push.taken && live.task_definition == push.from && !within(push.sent_at, at) => Some(Rollout {
            id: String::new(),
            task_definition: push.to.clone(),
            state: taken_back,
            reason: live
                .deployments
                .first()
                .and_then(|primary| primary.reason.clone())
                .or_else(|| Some(format!("the service is back on {}", push.from))),
            created_at: at,
            failed_tasks: 0,
        }),
        None => None,
    }
}

/// The rollout that ECS is taking back right now, whoever started it (S9).
pub(crate) fn being_taken_back(live: &LiveService, observed: &ObservedService) -> Option<Rollout> {
    let going = |rollout: &&Rollout| match rollout.state {
        RolloutState::StopRequested | RolloutState::RollbackRequested | RolloutState::RollbackInProgress => true,
        RolloutState::Pending
        | RolloutState::InProgress
        | RolloutState::Succeeded
        | RolloutState::Stopped
        | RolloutState::RolledBack
        | RolloutState::RollbackFailed
        | RolloutState::Failed
        | RolloutState::Unrecognised(_) => false,
    };
    if let (Seen::Known(rollouts), Some(_)) = (&observed.rollouts, &live.rollout_id) {
        return rollouts.first().filter(going).cloned();
    }
    // Without service deployments: a failed one beside a PRIMARY of another revision which is still moving, when the
    // PRIMARY is the one from before (the emulator) or says that it is a rollback (ECS makes a new one for it).
    let primary = live.deployments.first().filter(|primary| primary.state == RolloutState::InProgress)?;
    live.deployments
        .iter()
        .find(|other| {
            other.state == RolloutState::Failed
                && other.task_definition != primary.task_definition
                && (other.created_at > primary.created_at
                    || primary.reason.as_ref().is_some_and(|reason| reason.contains("rolling back")))
        })
        .cloned()
}
