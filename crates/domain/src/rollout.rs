//! How ECS tells of a rollout: service deployments, running containers, stopped tasks.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ContainerName, Digest, TaskDefArn};

/// The state of one service deployment (ECS `ServiceDeploymentStatus`; aws-facts.md, "ECS deployments").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// `PENDING`: not begun.
    Pending,
    /// `IN_PROGRESS`: tasks are being replaced.
    InProgress,
    /// `SUCCESSFUL`: the only success there is.
    Succeeded,
    /// `STOP_REQUESTED`: somebody is stopping it.
    StopRequested,
    /// `STOPPED`: replaced by a later deployment, or stopped by a person.
    Stopped,
    /// `ROLLBACK_REQUESTED`: ECS is about to take it back.
    RollbackRequested,
    /// `ROLLBACK_IN_PROGRESS`: ECS is taking it back.
    RollbackInProgress,
    /// `ROLLBACK_SUCCESSFUL`: ECS took it back.
    RolledBack,
    /// `ROLLBACK_FAILED`: ECS could not take it back. A person must look.
    RollbackFailed,
    /// It failed and nothing is rolling back (no circuit breaker rollback, or nothing to roll back to).
    Failed,
    /// A status that this version does not know. Wait, do not act.
    Unrecognised(String),
}

impl RolloutState {
    /// Whether ECS will change it no more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded | Self::Stopped | Self::RolledBack | Self::RollbackFailed | Self::Failed => true,
            Self::Pending
            | Self::InProgress
            | Self::StopRequested
            | Self::RollbackRequested
            | Self::RollbackInProgress
            | Self::Unrecognised(_) => false,
        }
    }
}

impl fmt::Display for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::InProgress => "in progress",
            Self::Succeeded => "successful",
            Self::StopRequested => "stop requested",
            Self::Stopped => "stopped",
            Self::RollbackRequested => "rollback requested",
            Self::RollbackInProgress => "rolling back",
            Self::RolledBack => "rolled back",
            Self::RollbackFailed => "rollback failed",
            Self::Failed => "failed",
            Self::Unrecognised(status) => status,
        })
    }
}

/// One service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// ECS's id of it.
    pub id: String,
    /// The revision that it brings.
    pub task_definition: TaskDefArn,
    /// How far it is.
    pub state: RolloutState,
    /// ECS's own words.
    pub reason: Option<String>,
    /// When ECS made it.
    pub created_at: Timestamp,
    /// How many of its tasks failed to start.
    pub failed_tasks: u32,
}

/// A running container of a task, as far as we verify it (S2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningContainer {
    /// The task, for people.
    pub task: String,
    /// The revision that the task runs.
    pub task_definition: TaskDefArn,
    /// The container.
    pub container: ContainerName,
    /// The image as the task names it.
    pub image: Option<String>,
    /// The digest that really runs, when ECS tells.
    pub digest: Option<Digest>,
}

/// A task that stopped, for the reason that it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedTask {
    /// The revision that it ran.
    pub task_definition: TaskDefArn,
    /// ECS's `stoppedReason`, with the container's own reason when it has one.
    pub reason: String,
    /// The exit code of the essential container, when there is one.
    pub exit_code: Option<i32>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
}

impl fmt::Display for StoppedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task_definition: _, reason, exit_code, stopped_at: _ } = self;
        match exit_code {
            Some(code) => write!(f, "{reason} (exit code {code})"),
            None => f.write_str(reason),
        }
    }
}
