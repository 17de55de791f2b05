//! A service: what it was told, what it shows, and what others do to it. What ECS does by itself is in `engine`.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{LiveService, Rollout, RolloutState, ServiceState, StoppedTask, TaskDefArn};
use jiff::Timestamp;

use crate::call::mixed;
use crate::clock::after;

use super::deployment::{Deployment, Line};

/// The deployment circuit breaker of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// A deployment that fails goes on failing.
    Off,
    /// A deployment that fails too often ends.
    On {
        /// And the last deployment that completed comes back.
        rollback: bool,
    },
}

/// How a service is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOptions {
    /// How many tasks are wanted.
    pub desired_count: u32,
    /// Its circuit breaker.
    pub circuit_breaker: Breaker,
    /// Its deployment controller.
    pub controller: String,
    /// Whether its first deployment already succeeded. If not, it has just begun and has nothing to go back to.
    pub settled: bool,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            desired_count: 1,
            circuit_breaker: Breaker::On { rollback: true },
            controller: "ECS".to_owned(),
            settled: true,
        }
    }
}

/// How long a new deployment is PENDING, and how long ECS takes to begin a rollback.
pub(crate) const BEGINS_AFTER: Duration = Duration::from_secs(1);
/// How long a person's stop takes.
const STOPS_AFTER: Duration = Duration::from_secs(5);
/// How long a deleted service drains, and how long ECS shows it as INACTIVE after that.
const DRAINS_FOR: Duration = Duration::from_secs(30);
const INACTIVE_FOR: Duration = Duration::from_secs(3_600);

/// Whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    Active,
    Draining { until: Timestamp },
    Inactive { until: Timestamp },
    Gone,
}

/// What UpdateService did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    /// A new deployment began.
    Deploying,
    /// It ran that revision already.
    Unchanged,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) revision: TaskDefArn,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// The end of its ARN, `cluster/service`, and the seed: ids are made of these and a number.
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) serial: u64,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) task_definition: TaskDefArn,
    pub(crate) controller: String,
    pub(crate) desired_count: u32,
    pub(crate) breaker: Breaker,
    /// Oldest first. Only the newest one can be under way.
    pub(crate) deployments: Vec<Deployment>,
    /// PRIMARY first.
    pub(crate) lines: Vec<Line>,
    pub(crate) tasks: Vec<Task>,
    /// The last failed task of each revision.
    pub(crate) stopped: BTreeMap<TaskDefArn, StoppedTask>,
}

impl Service {
    pub(crate) fn new(name: String, seed: u64, to: &TaskDefArn, options: ServiceOptions, at: Timestamp) -> Self {
        let ServiceOptions { desired_count, circuit_breaker, controller, settled } = options;
        let mut service = Self {
            name,
            seed,
            serial: 0,
            lifecycle: Lifecycle::Active,
            task_definition: to.clone(),
            controller,
            desired_count,
            breaker: circuit_breaker,
            deployments: Vec::new(),
            lines: Vec::new(),
            tasks: Vec::new(),
            stopped: BTreeMap::new(),
        };
        service.deploy(to, at);
        if settled {
            service.start_tasks(to, desired_count);
            service.succeed(at);
        }
        service
    }

    /// As DescribeServices shows it; `rollouts_known` is whether the endpoint knows service deployments.
    pub(crate) fn live(&self, rollouts_known: bool) -> Option<LiveService> {
        let rollout_id = self.deployments.last().filter(|_| rollouts_known).map(|deployment| deployment.id.clone());
        let state = match self.lifecycle {
            Lifecycle::Active => ServiceState::Active,
            Lifecycle::Draining { .. } => ServiceState::Other("DRAINING".to_owned()),
            Lifecycle::Inactive { .. } => ServiceState::Other("INACTIVE".to_owned()),
            Lifecycle::Gone => return None,
        };
        Some(LiveService {
            state,
            task_definition: self.task_definition.clone(),
            controller: self.controller.clone(),
            desired_count: self.desired_count,
            running_count: u32::try_from(self.tasks.len()).unwrap_or(u32::MAX),
            deployments: self.lines.iter().map(Line::rollout).collect(),
            rollout_id,
        })
    }

    /// Service deployments, newest first.
    pub(crate) fn rollouts(&self) -> impl Iterator<Item = Rollout> {
        self.deployments.iter().rev().map(Deployment::rollout)
    }

    pub(crate) fn uses(&self, arn: &TaskDefArn) -> bool {
        self.task_definition == *arn || self.tasks.iter().any(|task| task.revision == *arn)
    }

    /// Points it to a revision.
    pub(crate) fn update(&mut self, to: &TaskDefArn, at: Timestamp) -> Update {
        if self.task_definition == *to {
            return Update::Unchanged;
        }
        self.abandon(at, "Service deployment stopped because a new service deployment was created.");
        self.deploy(to, at);
        Update::Deploying
    }

    /// Other hands change how many tasks are wanted.
    pub(crate) fn scale(&mut self, count: u32) {
        self.desired_count = count;
        let mut kept: BTreeMap<TaskDefArn, u32> = BTreeMap::new();
        self.tasks.retain(|task| {
            let seen = kept.entry(task.revision.clone()).or_default();
            *seen += 1;
            *seen <= count
        });
        if let Some(settled) = self.settled_on().cloned() {
            self.start_tasks(&settled, count.saturating_sub(self.running(&settled)));
        }
    }

    /// A person stops the deployment under way, and has it taken back or left where it is.
    pub(crate) fn stop(&mut self, rollback: bool, at: Timestamp) {
        let back_to = if rollback { self.last_completed().cloned() } else { None };
        if let Some(newest) = self.under_way() {
            newest.back_to = back_to;
            newest.reason = Some("Service deployment was stopped by a user request.".to_owned());
            newest.turn(RolloutState::StopRequested, at, Some(after(at, STOPS_AFTER)));
        }
    }

    pub(crate) fn delete(&mut self, at: Timestamp) {
        self.abandon(at, "Service was deleted.");
        self.desired_count = 0;
        self.tasks.clear();
        self.lifecycle = Lifecycle::Draining { until: after(at, DRAINS_FOR) };
    }

    /// The lifecycle goes on once its time has come.
    pub(crate) fn age(&mut self, at: Timestamp) {
        self.lifecycle = match self.lifecycle {
            Lifecycle::Draining { until } if at >= until => Lifecycle::Inactive { until: after(until, INACTIVE_FOR) },
            Lifecycle::Inactive { until } if at >= until => Lifecycle::Gone,
            same @ (Lifecycle::Active | Lifecycle::Draining { .. } | Lifecycle::Inactive { .. } | Lifecycle::Gone) => {
                same
            }
        };
    }

    /// When something happens by itself.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        match self.lifecycle {
            Lifecycle::Active => self.deployments.last()?.step_at,
            Lifecycle::Draining { until } | Lifecycle::Inactive { until } => Some(until),
            Lifecycle::Gone => None,
        }
    }

    /// The newest deployment, if ECS will still change it.
    pub(crate) fn under_way(&mut self) -> Option<&mut Deployment> {
        self.deployments.last_mut().filter(|deployment| !deployment.state.is_final())
    }

    pub(crate) fn running(&self, revision: &TaskDefArn) -> u32 {
        u32::try_from(self.tasks.iter().filter(|task| task.revision == *revision).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn start_tasks(&mut self, revision: &TaskDefArn, count: u32) {
        for _ in 0..count {
            let id = self.fresh("task");
            self.tasks.push(Task { id: format!("{id:016x}"), revision: revision.clone() });
        }
    }

    /// The revision that a rollback would bring back.
    pub(crate) fn last_completed(&self) -> Option<&TaskDefArn> {
        let completed = self.deployments.iter().rev().find(|deployment| deployment.state == RolloutState::Succeeded);
        completed.map(|deployment| &deployment.revision)
    }

    pub(crate) fn fresh(&mut self, what: &str) -> u64 {
        self.serial = self.serial.saturating_add(1);
        mixed(self.seed, &[what, &self.name], self.serial)
    }

    /// A new line in DescribeServices, as PRIMARY.
    pub(crate) fn lead_with(&mut self, revision: &TaskDefArn, at: Timestamp) -> String {
        let id = format!("ecs-svc/{:019}", self.fresh("line") >> 1);
        self.lines.insert(0, Line::new(id.clone(), revision.clone(), at));
        id
    }

    /// The revision whose tasks it keeps up when nothing is under way.
    fn settled_on(&self) -> Option<&TaskDefArn> {
        let newest = self.deployments.last()?;
        match newest.state {
            RolloutState::Succeeded => Some(&newest.revision),
            RolloutState::RolledBack => newest.back_to.as_ref(),
            // Until a deployment is over, the one before it is kept up; the new tasks come in its rounds.
            RolloutState::Pending
            | RolloutState::InProgress
            | RolloutState::StopRequested
            | RolloutState::Stopped
            | RolloutState::RollbackRequested
            | RolloutState::RollbackInProgress
            | RolloutState::RollbackFailed
            | RolloutState::Failed
            | RolloutState::Unrecognised(_) => self.last_completed(),
        }
    }

    fn deploy(&mut self, to: &TaskDefArn, at: Timestamp) {
        self.task_definition = to.clone();
        self.lead_with(to, at);
        let serial = self.fresh("deployment");
        let id = format!("service-deployment/{}/{serial:016x}", self.name);
        self.deployments.push(Deployment {
            id,
            revision: to.clone(),
            state: RolloutState::Pending,
            reason: None,
            created_at: at,
            failed_tasks: 0,
            phase_failures: 0,
            step_at: Some(after(at, BEGINS_AFTER)),
            back_to: None,
            ending_since: None,
        });
        self.tidy_lines();
    }

    fn abandon(&mut self, at: Timestamp, reason: &str) {
        if let Some(newest) = self.under_way() {
            newest.reason = Some(reason.to_owned());
            newest.turn(RolloutState::Stopped, at, None);
        }
    }
}
