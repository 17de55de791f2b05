//! What ECS shows of its deployments: service deployments with their own states, and the older list in DescribeServices.

use driftless_domain::{Rollout, RolloutState, TaskDefArn};
use jiff::Timestamp;

/// A service deployment, as ListServiceDeployments knows it.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) revision: TaskDefArn,
    pub(crate) state: RolloutState,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) failed_tasks: u32,
    /// Failed tasks of this phase: the deployment, or its rollback. The circuit breaker counts these.
    pub(crate) phase_failures: u32,
    /// When ECS does its next step; never, for some.
    pub(crate) step_at: Option<Timestamp>,
    /// Where a rollback leads.
    pub(crate) back_to: Option<TaskDefArn>,
    /// Since when it is being stopped or taken back.
    pub(crate) ending_since: Option<Timestamp>,
}

impl Deployment {
    pub(crate) fn rollout(&self) -> Rollout {
        Rollout {
            id: self.id.clone(),
            task_definition: self.revision.clone(),
            state: self.state.clone(),
            reason: self.reason.clone(),
            created_at: self.created_at,
            failed_tasks: self.failed_tasks,
        }
    }

    /// Whether it is being stopped or taken back, and not yet over (S9).
    pub(crate) fn is_ending(&self) -> bool {
        match self.state {
            RolloutState::StopRequested | RolloutState::RollbackRequested | RolloutState::RollbackInProgress => true,
            RolloutState::Pending
            | RolloutState::InProgress
            | RolloutState::Succeeded
            | RolloutState::Stopped
            | RolloutState::RolledBack
            | RolloutState::RollbackFailed
            | RolloutState::Failed
            | RolloutState::Unrecognised(_) => false,
        }
    }

    /// The revision whose tasks ECS starts in this phase.
    pub(crate) fn phase_revision(&self) -> &TaskDefArn {
        match (&self.state, &self.back_to) {
            (RolloutState::RollbackInProgress, Some(back_to)) => back_to,
            _ => &self.revision,
        }
    }

    /// Goes over to another state; the next step is at another time, or never.
    pub(crate) fn turn(&mut self, state: RolloutState, at: Timestamp, step_at: Option<Timestamp>) {
        self.state = state;
        self.step_at = step_at;
        self.ending_since = if self.is_ending() { self.ending_since.or(Some(at)) } else { None };
    }
}

/// `rolloutState` of a line in DescribeServices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineState {
    InProgress,
    Completed,
    Failed,
}

/// One line of `deployments` in DescribeServices. The first is PRIMARY, the others ACTIVE.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) revision: TaskDefArn,
    pub(crate) state: LineState,
    pub(crate) reason: String,
    pub(crate) created_at: Timestamp,
    pub(crate) failed_tasks: u32,
}

impl Line {
    pub(crate) fn new(id: String, revision: TaskDefArn, created_at: Timestamp) -> Self {
        let reason = format!("ECS deployment {id} in progress.");
        Self { id, revision, state: LineState::InProgress, reason, created_at, failed_tasks: 0 }
    }

    pub(crate) fn complete(&mut self) {
        self.state = LineState::Completed;
        self.reason = format!("ECS deployment {} completed.", self.id);
    }

    /// In the words of service deployments.
    pub(crate) fn rollout(&self) -> Rollout {
        Rollout {
            id: self.id.clone(),
            task_definition: self.revision.clone(),
            state: match self.state {
                LineState::InProgress => RolloutState::InProgress,
                LineState::Completed => RolloutState::Succeeded,
                LineState::Failed => RolloutState::Failed,
            },
            reason: Some(self.reason.clone()),
            created_at: self.created_at,
            failed_tasks: self.failed_tasks,
        }
    }
}

/// A step of ECS, in a sentence for the history.
pub(crate) fn told_of(rollout: &Rollout) -> String {
    let Rollout { id: _, task_definition, state, reason, created_at: _, failed_tasks } = rollout;
    let reason = reason.as_deref().unwrap_or("no reason given");
    format!("{task_definition} {state}, {failed_tasks} failed tasks: {reason}")
}
