//! What ECS takes back is an answer, not drift (S9), and is given once (S8).

use driftless_domain::{RolloutState, Seen, StoppedTask};
use driftless_plan::plan;
use expect_test::expect;

use crate::world::{
    after_push, arn, before_release, check, desired, live, observed, ours, pushed, rollout, seconds, seen_of,
};

fn stopped() -> Seen<StoppedTask> {
    Seen::Known(StoppedTask {
        task_definition: arn("web:3"),
        reason: "Essential container in task exited".to_owned(),
        exit_code: Some(1),
        stopped_at: None,
    })
}

#[test]
fn a_rollback_under_way_is_left_alone_s9() {
    for state in [RolloutState::StopRequested, RolloutState::RollbackRequested, RolloutState::RollbackInProgress] {
        let (desired, observed) = after_push(state);
        check(&desired, &observed, &expect!["wait: ECS is rolling web back from web:3"]);
    }
}

#[test]
fn a_rollback_rejects_the_release_with_ecss_own_words() {
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    let mut seen = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    let mut back = rollout("sd/2", &new, RolloutState::RolledBack, seconds(-100));
    back.reason = Some("Service deployment rolled back because the circuit breaker threshold was exceeded.".to_owned());
    seen.rollouts = Seen::Known(vec![back]);
    seen.stopped = stopped();
    let mut observed = observed(vec![seen]);
    live(&mut observed).rollout_id = Some("sd/2".to_owned());
    check(
        &pushed(&old, &new, -100),
        &observed,
        &expect![
            "reject release sha-bbb (generation 3), which rolled back: Service deployment rolled back because the circuit breaker threshold was exceeded.; last stopped task: Essential container in task exited (exit code 1)"
        ],
    );
}

/// The emulator's way, and that of an endpoint without service deployments: a FAILED deployment beside the old PRIMARY.
#[test]
fn without_service_deployments_a_rollback_is_read_from_the_service() {
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    let mut seen = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    seen.rollouts = Seen::Known(Vec::new());
    let mut observed = observed(vec![seen]);
    let service = live(&mut observed);
    service.rollout_id = None;
    let mut failed = rollout("ecs-svc/2", &new, RolloutState::Failed, seconds(-100));
    failed.reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
    service.deployments.push(failed);
    service.deployments[0].state = RolloutState::InProgress;
    check(&pushed(&old, &new, -100), &observed, &expect!["wait: ECS is rolling web back from web:3"]);
    live(&mut observed).deployments[0].state = RolloutState::Succeeded;
    check(
        &pushed(&old, &new, -100),
        &observed,
        &expect![
            "reject release sha-bbb (generation 3), which rolled back: ECS deployment circuit breaker: tasks failed to start."
        ],
    );
    // Also when ECS lists it no more.
    live(&mut observed).deployments.truncate(1);
    let text = plan(&pushed(&old, &new, -100), &observed).to_string();
    assert!(text.starts_with("reject release sha-bbb (generation 3), which rolled back"), "{text}");
}

/// An older deployment of the same revision that was taken back says nothing about this one.
#[test]
fn an_earlier_rollback_of_the_same_revision_is_not_this_ones() {
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    let mut seen = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    seen.rollouts = Seen::Known(vec![rollout("sd/1", &new, RolloutState::RolledBack, seconds(-3600))]);
    check(
        &pushed(&old, &new, -100),
        &observed(vec![seen]),
        &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"],
    );
}

#[test]
fn a_failed_deployment_that_nothing_takes_back_rejects_the_release() {
    let (desired, mut observed) = after_push(RolloutState::Failed);
    observed.services[0].stopped = stopped();
    check(
        &desired,
        &observed,
        &expect![
            "reject release sha-bbb (generation 3), which failed: the deployment is failed; last stopped task: Essential container in task exited (exit code 1)"
        ],
    );
}

/// L6: a rollout that never ends, ends.
#[test]
fn a_rollout_past_its_deadline_has_failed_l6() {
    let (mut desired, observed) = after_push(RolloutState::InProgress);
    desired.binding.rollout_deadline = std::time::Duration::from_secs(99);
    check(
        &desired,
        &observed,
        &expect![
            "reject release sha-bbb (generation 3), which failed: RolloutTimeout: web:3 was still in progress after 1 minutes"
        ],
    );
}

/// A deployment that failed and that we did not begin is shown; it rejects nothing.
#[test]
fn a_failing_deployment_of_others_rejects_nothing() {
    let (_, observed) = after_push(RolloutState::Failed);
    check(&desired(), &observed, &expect!["wait: web: the deployment of web:3 is failed: the deployment is failed"]);
}

#[test]
fn a_state_that_we_do_not_know_is_awaited() {
    let (desired, observed) = after_push(RolloutState::Unrecognised("BAKING".to_owned()));
    check(
        &desired,
        &observed,
        &expect![
            "wait: ECS says that the deployment of web is BAKING, which this version does not know; nothing is done"
        ],
    );
}

/// After the rollback the current deployment still names the revision that was taken back.
#[test]
fn the_last_good_release_is_live_after_its_rollback() {
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    let mut seen = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    seen.rollouts = Seen::Known(vec![rollout("sd/2", &new, RolloutState::RolledBack, seconds(-100))]);
    let mut observed = observed(vec![seen]);
    live(&mut observed).rollout_id = Some("sd/2".to_owned());
    let mut desired = crate::world::desired_of(&["web"], "sha-bbb", 'a');
    let driftless_domain::Effective::Wanted(release) = desired.effective else { panic!("a release") };
    desired.effective = driftless_domain::Effective::LastGood(release);
    check(&desired, &observed, &expect!["converged"]);
}

#[test]
fn a_deployment_that_does_not_fit_the_service_yet_is_awaited() {
    let (desired, mut observed) = after_push(RolloutState::Succeeded);
    observed.services[0].rollouts = Seen::Known(Vec::new());
    check(&desired, &observed, &expect!["wait: web: ECS does not show the deployment of web:3 yet"]);
}
