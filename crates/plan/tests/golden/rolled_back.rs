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
    let (_, mut observed) = after_push(RolloutState::Succeeded);
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    observed.services[0].rollouts = Seen::Known(Vec::new());
    check(&pushed(&old, &new, -30), &observed, &expect!["wait: web: ECS does not show the deployment of web:3 yet"]);
}

/// A person re-arms a release that was rolled back: the same revision is pushed again, and what ECS calls the current
/// deployment lags behind. The old verdict is not this push's.
#[test]
fn an_outdated_current_deployment_is_no_verdict_on_a_new_push() {
    let (desired, mut observed) = after_push(RolloutState::InProgress);
    let new = observed.services[0].running.known().unwrap().clone();
    live(&mut observed).rollout_id = Some("sd/0".to_owned());
    observed.services[0].rollouts = Seen::Known(vec![rollout("sd/0", &new, RolloutState::RolledBack, seconds(-900))]);
    // Pushed 100 s ago: by now the list must have it, so the service's own word counts.
    check(&desired, &observed, &expect!["wait: web is rolling out web:3"]);
    let (_, old, _) = before_release();
    check(&pushed(&old, &new, -20), &observed, &expect!["wait: web: ECS does not show the deployment of web:3 yet"]);
}

/// The same lag must not make a deployment that ended of another revision the success of this one.
#[test]
fn the_rollback_of_another_revision_is_no_success_of_this_one() {
    let (_, mut observed) = after_push(RolloutState::InProgress);
    let (base, old, _) = before_release();
    let third = ours(&base, 4, 'b');
    let mut seen = seen_of("web", &third, vec![third.clone(), old.clone(), base], "sha-bbb");
    let failed = observed.services[0].running.known().unwrap().clone();
    seen.rollouts = Seen::Known(vec![rollout("sd/2", &failed, RolloutState::RolledBack, seconds(-300))]);
    observed.services = vec![seen];
    let service = live(&mut observed);
    service.rollout_id = Some("sd/2".to_owned());
    service.desired_count = 0;
    service.deployments[0].state = RolloutState::InProgress;
    service.deployments[0].created_at = seconds(-5);
    check(&pushed(&old, &third, -5), &observed, &expect!["wait: web: ECS does not show the deployment of web:4 yet"]);
}

/// A service that never had a service deployment, and an answer that is older than the push.
#[test]
fn a_stale_answer_without_a_current_deployment_rejects_nothing() {
    let (base, old, _) = before_release();
    let new = ours(&base, 3, 'b');
    let mut seen = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    seen.rollouts = Seen::Known(Vec::new());
    let mut observed = observed(vec![seen]);
    live(&mut observed).rollout_id = None;
    check(
        &pushed(&old, &new, -2),
        &observed,
        &expect!["wait: web: web:3 was sent a moment ago and ECS does not show it yet"],
    );
}

/// The way back goes to what lived; a base that was registered since is for releases that go forward (S9).
#[test]
fn the_way_back_does_not_move_onto_a_newer_base() {
    let (base, old, _) = before_release();
    let newer = crate::world::base_of("web", 3, "broken");
    let seen = seen_of("web", &old, vec![newer, old.clone(), base], "sha-bbb");
    let mut desired = crate::world::desired_of(&["web"], "sha-bbb", 'a');
    let driftless_domain::Effective::Wanted(release) = desired.effective else { panic!("a release") };
    desired.effective = driftless_domain::Effective::LastGood(release);
    check(&desired, &observed(vec![seen]), &expect!["converged"]);
}

/// A service that the last good release does not have stays as it is; the others go back all the same.
#[test]
fn a_service_younger_than_the_last_good_release_is_left_on_the_way_back() {
    let base = |name: &str| crate::world::base_of(name, 1, "x");
    let web = ours(&base("web"), 3, 'b');
    let good = ours(&base("web"), 2, 'a');
    let worker = base("worker");
    let mut desired = crate::world::desired_of(&["web", "worker"], "sha-aaa", 'a');
    let driftless_domain::Effective::Wanted(mut release) = desired.effective else { panic!("a release") };
    release.images.remove(&crate::world::name("worker"));
    desired.effective = driftless_domain::Effective::LastGood(release);
    let seen = observed(vec![
        seen_of("web", &web, vec![web.clone(), good, base("web")], "sha-bbb"),
        seen_of("worker", &worker, vec![worker.clone()], "sha-bbb"),
    ]);
    check(
        &desired,
        &seen,
        &expect![[r#"
        write parameter /shop/dev/web/version: "sha-bbb" -> "sha-aaa"
        update service shop-dev-web in cluster main: web:3 -> web:2"#]],
    );
}

/// A base that infrastructure registers in mid-rollout waits for its end (S9).
#[test]
fn a_base_registered_in_mid_rollout_waits_for_its_end_s9() {
    let (desired, mut observed) = after_push(RolloutState::InProgress);
    let Seen::Known(family) = &mut observed.services[0].family else { panic!("a family") };
    family.revisions.insert(0, crate::world::base_of("web", 4, "later"));
    check(&desired, &observed, &expect!["wait: web is rolling out web:3"]);
    let (desired, mut observed) = after_push(RolloutState::Succeeded);
    let Seen::Known(family) = &mut observed.services[0].family else { panic!("a family") };
    family.revisions.insert(0, crate::world::base_of("web", 4, "later"));
    let text = plan(&desired, &observed).to_string();
    assert!(text.starts_with("register task definition for web: web:4 with image"), "{text}");
}

/// L6: tasks that are wanted and never run are not awaited for ever.
#[test]
fn a_service_without_running_tasks_needs_a_person_in_the_end_l6() {
    let (desired, mut observed) = after_push(RolloutState::Succeeded);
    observed.services[0].containers = Seen::Known(Vec::new());
    observed.at = seconds(3600);
    check(
        &desired,
        &observed,
        &expect!["wait: web: the deployment of web:3 is successful: none of its 2 tasks is running"],
    );
}
