//! What ECS says of the rollout of a revision, whichever of its two ways of saying it the endpoint knows: service
//! deployments, or the deployments that DescribeServices lists.

use driftless_domain::{LiveService, ObservedService, Push, Rollout, RolloutState, Seen};
use jiff::{SignedDuration, Timestamp};

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

/// The rollout that brought `live.task_definition`.
///
/// After a rollback the current service deployment still names the revision that was taken back, while the service runs
/// the one before: the rollback's success is then that one's.
pub(crate) fn current(live: &LiveService, observed: &ObservedService) -> Current {
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
    match rollouts.iter().find(|rollout| &rollout.id == id) {
        None => Current::NotYetVisible,
        Some(rollout) if rollout.task_definition == live.task_definition => Current::Is(rollout.clone()),
        Some(rollout) if rollout.state == RolloutState::RolledBack => Current::Is(Rollout {
            task_definition: live.task_definition.clone(),
            state: RolloutState::Succeeded,
            ..rollout.clone()
        }),
        Some(_) => primary(),
    }
}

/// What became of our push, when the service runs something else than it pushed.
pub(crate) fn of_push(push: &Push, at: Timestamp, live: &LiveService, observed: &ObservedService) -> Option<Rollout> {
    let ours = |rollouts: &[Rollout]| {
        rollouts
            .iter()
            .filter(|rollout| {
                rollout.task_definition == push.to && rollout.created_at.duration_since(push.sent_at) >= -CLOCK_SKEW
            })
            .max_by_key(|rollout| rollout.created_at)
            .cloned()
    };
    if let (Seen::Known(rollouts), Some(_)) = (&observed.rollouts, &live.rollout_id) {
        return ours(rollouts);
    }
    // No service deployments at this endpoint. DescribeServices lists a failed deployment while it drains; when it is
    // gone and the service is back where it came from, ECS took it back.
    let settled = live.deployments.first().is_some_and(|primary| primary.state == RolloutState::Succeeded);
    let taken_back = if settled { RolloutState::RolledBack } else { RolloutState::RollbackInProgress };
    match ours(&live.deployments) {
        Some(listed) if listed.state == RolloutState::Failed => {
            let reason = listed.reason.clone().or_else(|| live.deployments.first().and_then(|p| p.reason.clone()));
            Some(Rollout { state: taken_back, reason, ..listed })
        }
        Some(listed) => Some(listed),
        None if push.taken && live.task_definition == push.from => Some(Rollout {
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
