//! What ECS does by itself: start tasks, count failures, trip the circuit breaker, take a deployment back.
//!
//! The rules are in aws-facts.md ("ECS deployments"). Old tasks run until a deployment is over (minimum healthy percent
//! 100), so a failing deployment never takes a service down.

use std::time::Duration;

use driftless_domain::{RolloutState, StoppedTask, TaskDefArn};
use jiff::Timestamp;

use crate::behaviour::{ImageBehaviour, TaskFate};
use crate::call::dice;
use crate::clock::after;

use super::deployment::LineState;
use super::service::{BEGINS_AFTER, Breaker, Service};

/// ECS waits between attempts to start tasks of a failing deployment.
const RETRIES_AFTER: Duration = Duration::from_secs(10);
/// The circuit breaker's words.
const TRIPPED: &str = "ECS deployment circuit breaker: task failed to start.";

/// ECS's words for a task whose essential container exited.
const EXITED: &str = "Essential container in task exited";

/// What came of one attempt to start the tasks that are missing.
struct Round {
    started: u32,
    failed: u32,
    stopped: Option<StoppedTask>,
}

impl Service {
    /// The next step of the deployment under way. `fate` tells what becomes of a revision's tasks.
    pub(crate) fn step(&mut self, at: Timestamp, fate: &dyn Fn(&TaskDefArn) -> TaskFate) {
        let Some(newest) = self.under_way() else { return };
        match newest.state {
            RolloutState::Pending => {
                let takes = fate(&newest.revision).behaviour.takes();
                newest.turn(RolloutState::InProgress, at, takes.map(|takes| after(at, takes)));
            }
            RolloutState::InProgress | RolloutState::RollbackInProgress => self.play_round(at, fate),
            RolloutState::RollbackRequested => self.take_back(at, fate),
            RolloutState::StopRequested => match newest.back_to {
                Some(_) => newest.turn(RolloutState::RollbackRequested, at, Some(after(at, BEGINS_AFTER))),
                None => newest.turn(RolloutState::Stopped, at, None),
            },
            RolloutState::Succeeded
            | RolloutState::Stopped
            | RolloutState::RolledBack
            | RolloutState::RollbackFailed
            | RolloutState::Failed
            | RolloutState::Unrecognised(_) => newest.step_at = None,
        }
    }

    /// Images behave otherwise from now on: what is being waited for starts over.
    pub(crate) fn wait_again(&mut self, at: Timestamp, fate: &dyn Fn(&TaskDefArn) -> TaskFate) {
        if let Some(newest) = self.under_way()
            && matches!(newest.state, RolloutState::InProgress | RolloutState::RollbackInProgress)
        {
            newest.step_at = fate(newest.phase_revision()).behaviour.takes().map(|takes| after(at, takes));
        }
    }

    /// The newest deployment is the one that runs now.
    pub(crate) fn succeed(&mut self, at: Timestamp) {
        let Some(newest) = self.under_way() else { return };
        let revision = newest.phase_revision().clone();
        let rolling_back = newest.state == RolloutState::RollbackInProgress;
        let end = if rolling_back { RolloutState::RolledBack } else { RolloutState::Succeeded };
        newest.turn(end, at, None);
        self.tasks.retain(|task| task.revision == revision);
        if let Some(primary) = self.lines.first_mut() {
            primary.complete();
        }
        self.tidy_lines();
    }

    /// DescribeServices shows the PRIMARY, what still has tasks, and what is being taken back.
    pub(crate) fn tidy_lines(&mut self) {
        let taking_back = self.deployments.last().is_some_and(super::deployment::Deployment::is_ending);
        let mut lines = std::mem::take(&mut self.lines);
        let mut first = true;
        lines.retain(|line| {
            let primary = std::mem::take(&mut first);
            primary || self.running(&line.revision) > 0 || (taking_back && line.state == LineState::Failed)
        });
        self.lines = lines;
    }

    fn play_round(&mut self, at: Timestamp, fate: &dyn Fn(&TaskDefArn) -> TaskFate) {
        let Some(newest) = self.under_way() else { return };
        let revision = newest.phase_revision().clone();
        let rolling_back = newest.state == RolloutState::RollbackInProgress;
        let TaskFate { behaviour, image } = fate(&revision);
        let healthy = matches!(behaviour, ImageBehaviour::Healthy { .. });
        // The tasks of the old revision are still up during a rollback, unless its image has gone bad since.
        if rolling_back && !healthy {
            self.tasks.retain(|task| task.revision != revision);
        }
        let missing = self.desired_count.saturating_sub(self.running(&revision));
        let number = self.serial;
        let Round { started, failed, stopped } =
            round(&behaviour, &image, missing, &revision, at, || dice(self.seed, &["flaky", &self.name], number));
        self.serial = self.serial.saturating_add(1);
        self.start_tasks(&revision, started);
        if let Some(stopped) = stopped {
            self.stopped.insert(revision.clone(), stopped);
        }
        let limit = self.threshold();
        if self.running(&revision) >= self.desired_count {
            return self.succeed(at);
        }
        let Some(newest) = self.under_way() else { return };
        newest.phase_failures = newest.phase_failures.saturating_add(failed);
        if !rolling_back {
            newest.failed_tasks = newest.failed_tasks.saturating_add(failed);
        }
        let failures = newest.phase_failures;
        newest.step_at = behaviour.takes().map(|takes| after(after(at, RETRIES_AFTER), takes));
        if let Some(primary) = self.lines.first_mut() {
            primary.failed_tasks = failures;
        }
        match limit {
            Some(limit) if failures >= limit => self.trip(at),
            Some(_) | None => {}
        }
    }

    /// How many failed tasks the circuit breaker takes: half of the wanted ones, 3 at least and 200 at most.
    fn threshold(&self) -> Option<u32> {
        match self.breaker {
            Breaker::Off => None,
            Breaker::On { rollback: _ } => Some(self.desired_count.div_ceil(2).clamp(3, 200)),
        }
    }

    fn trip(&mut self, at: Timestamp) {
        let goes_back = self.breaker == Breaker::On { rollback: true };
        let back_to = if goes_back { self.last_completed().cloned() } else { None };
        let Some(newest) = self.under_way() else { return };
        if newest.state == RolloutState::RollbackInProgress {
            newest.turn(RolloutState::RollbackFailed, at, None);
        } else {
            newest.reason = Some(TRIPPED.to_owned());
            match back_to {
                Some(_) => newest.turn(RolloutState::RollbackRequested, at, Some(after(at, BEGINS_AFTER))),
                None => newest.turn(RolloutState::Failed, at, None),
            }
            newest.back_to = back_to;
        }
        if let Some(primary) = self.lines.first_mut() {
            primary.state = LineState::Failed;
            TRIPPED.clone_into(&mut primary.reason);
        }
    }

    /// The rollback begins: PRIMARY is the old revision again.
    fn take_back(&mut self, at: Timestamp, fate: &dyn Fn(&TaskDefArn) -> TaskFate) {
        let Some(newest) = self.under_way() else { return };
        let Some(back_to) = newest.back_to.clone() else { return newest.turn(RolloutState::Failed, at, None) };
        let takes = fate(&back_to).behaviour.takes();
        newest.turn(RolloutState::RollbackInProgress, at, takes.map(|takes| after(at, takes)));
        newest.phase_failures = 0;
        let words = newest.reason.take().unwrap_or_default();
        if let Some(failed) = self.lines.first_mut() {
            failed.state = LineState::Failed;
        }
        // The tasks of the earlier line of this revision go on under the new one.
        self.lines.retain(|line| line.revision != back_to);
        let line = self.lead_with(&back_to, at);
        let rolling = format!("rolling back to deploymentId {line}");
        if let Some(primary) = self.lines.first_mut() {
            primary.reason = format!("ECS deployment circuit breaker: {rolling}.");
        }
        if let Some(newest) = self.under_way() {
            newest.reason = Some(format!("{words} {rolling}"));
        }
        self.task_definition = back_to;
        self.tidy_lines();
    }
}

fn round(
    behaviour: &ImageBehaviour,
    image: &str,
    missing: u32,
    revision: &TaskDefArn,
    at: Timestamp,
    dice: impl FnOnce() -> fastrand::Rng,
) -> Round {
    let stopped = |reason: String, exit_code: Option<i32>| StoppedTask {
        task_definition: revision.clone(),
        reason,
        exit_code,
        stopped_at: Some(at),
    };
    match behaviour {
        ImageBehaviour::Healthy { after: _ } => Round { started: missing, failed: 0, stopped: None },
        ImageBehaviour::NeverReady => Round { started: 0, failed: 0, stopped: None },
        ImageBehaviour::Crashes { after: _, exit_code, reason } => {
            let words = if reason.is_empty() { EXITED.to_owned() } else { format!("{EXITED}: {reason}") };
            Round { started: 0, failed: missing, stopped: Some(stopped(words, Some(*exit_code))) }
        }
        ImageBehaviour::CannotPull => {
            let words = format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): \
                 failed to resolve ref {image}: {image}: not found"
            );
            Round { started: 0, failed: missing, stopped: Some(stopped(words, None)) }
        }
        ImageBehaviour::Flaky { percent } => {
            let mut dice = dice();
            let failed = (0..missing).map(|_| u32::from(dice.u8(0..100) < *percent)).sum::<u32>();
            let last = (failed > 0).then(|| stopped(EXITED.to_owned(), Some(1)));
            Round { started: missing - failed, failed, stopped: last }
        }
    }
}
