//! A release that does not live: ECS takes it back, and that is the last word until a person says otherwise.

use std::time::Duration;

use driftless_domain::{Headline, RejectedAs};
use driftless_sim::{Breaker, ImageBehaviour, ServiceOptions};
use driftless_tests::lab::{Lab, RESYNC, image, tag, with_breaker};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn crashing() -> ImageBehaviour {
    ImageBehaviour::Crashes { after: Duration::from_secs(5), exit_code: 137, reason: "OutOfMemoryError".to_owned() }
}

async fn live_with(options: ServiceOptions) -> Lab {
    let lab = Lab::with(31, &["web"], &["dev"], options).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(Duration::from_secs(300)).await;
    lab.assert_lives("dev", 'a', "before").await;
    lab.world.clear_history();
    lab
}

/// S8, S9: pushed once, taken back by ECS, and in 24 hours nothing is pushed again.
#[tokio::test(start_paused = true)]
async fn a_release_that_ecs_rolls_back_is_rejected_and_never_pushed_again_s8_s9() {
    for service_deployments in [true, false] {
        let lab = live_with(with_breaker(Breaker::On { rollback: true })).await;
        lab.world.service_deployments_known(service_deployments);
        lab.world.image_behaves(&"c".repeat(64), crashing());
        lab.deploy("dev", 'c').await;
        lab.run_for(DAY).await;

        let status = lab.status("dev").await.unwrap();
        let rejected = status.rejected.clone().unwrap_or_else(|| panic!("not rejected: {}", status.reason));
        assert_eq!((rejected.outcome, rejected.tag), (RejectedAs::RolledBack, tag('c')));
        let stopped = rejected.stopped_task.unwrap_or_else(|| panic!("no stop reason: {}", rejected.reason));
        assert!(stopped.contains("exit code 137"), "{stopped}");
        assert_eq!(lab.parameter("dev", "web"), Some(tag('a').to_string()), "SSM names the last good tag");
        assert_eq!(lab.runs_image("dev", "web"), image("web", 'a').to_string());
        assert_eq!(
            lab.effects("ecs:UpdateService").len(),
            1,
            "one push in 24 hours: {:#?}",
            lab.effects("ecs:UpdateService")
        );
        assert_eq!(lab.effects("ssm:PutParameter").len(), 2, "there and back");
        let now = lab.clock.now();
        assert_eq!(status.headline(now, now, RESYNC), Headline::Rejected);
        lab.assert_no_violation();

        // A person re-arms it by asking again: one more push, one more verdict.
        assert!(lab.deploy("dev", 'c').await.changed);
        lab.run_for(Duration::from_secs(3600)).await;
        assert_eq!(lab.effects("ecs:UpdateService").len(), 2);
        assert_eq!(lab.our_revisions("dev", "web"), 2, "the same revision is tried again");
        // And a new artifact is a new chance.
        lab.deploy("dev", 'b').await;
        lab.run_for(Duration::from_secs(600)).await;
        lab.assert_lives("dev", 'b', "a new artifact").await;
    }
}

/// The first release ever, of a service that infrastructure made: ECS goes back to infrastructure's revision, and the
/// parameter to what it said before.
#[tokio::test(start_paused = true)]
async fn the_first_release_of_a_service_can_be_rejected_too() {
    let lab = Lab::new(32).await;
    let binding = lab.binding("dev");
    lab.world.set_parameter_by_infrastructure(&binding.place, &binding.services[0].parameter, "initial");
    lab.world.image_behaves(&"c".repeat(64), crashing());
    lab.deploy("dev", 'c').await;
    lab.run_for(DAY).await;
    let status = lab.status("dev").await.unwrap();
    assert!(status.reason.contains("no earlier one to go back to"), "{}", status.reason);
    assert_eq!(lab.parameter("dev", "web").as_deref(), Some("initial"));
    assert_eq!(lab.effects("ecs:UpdateService").len(), 1);
    assert_eq!(lab.runs_image("dev", "web"), "infrastructure/first:1");
    lab.assert_no_violation();
}

/// L6: a rollout that never ends, ends at our deadline, and the last good release comes back.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_never_ends_is_ended_by_the_deadline_l6() {
    for breaker in [Breaker::Off, Breaker::On { rollback: false }, Breaker::On { rollback: true }] {
        let lab = live_with(with_breaker(breaker)).await;
        lab.world.image_behaves(&"c".repeat(64), ImageBehaviour::NeverReady);
        lab.deploy("dev", 'c').await;
        lab.run_for(Duration::from_secs(40 * 60)).await;
        let status = lab.status("dev").await.unwrap();
        let rejected = status.rejected.unwrap_or_else(|| panic!("not rejected: {}", status.reason));
        assert_eq!(rejected.outcome, RejectedAs::Failed);
        assert!(rejected.reason.starts_with("RolloutTimeout"), "{}", rejected.reason);
        lab.run_for(DAY).await;
        assert_eq!(lab.runs_image("dev", "web"), image("web", 'a').to_string());
        assert_eq!(lab.parameter("dev", "web"), Some(tag('a').to_string()));
        assert_eq!(lab.effects("ecs:UpdateService").len(), 2, "there and back");
        lab.assert_no_violation();
    }
}

/// Without a circuit breaker ECS tries for ever; with one that does not roll back it fails and stays.
#[tokio::test(start_paused = true)]
async fn a_crash_loop_without_rollback_goes_back_to_the_last_good_release() {
    for breaker in [Breaker::Off, Breaker::On { rollback: false }] {
        let lab = live_with(with_breaker(breaker)).await;
        lab.world.image_behaves(&"c".repeat(64), crashing());
        lab.deploy("dev", 'c').await;
        lab.run_for(DAY).await;
        let status = lab.status("dev").await.unwrap();
        assert_eq!(status.rejected.map(|one| one.tag), Some(tag('c')), "{}", status.reason);
        assert_eq!(lab.runs_image("dev", "web"), image("web", 'a').to_string());
        assert_eq!(lab.effects("ecs:UpdateService").len(), 2, "{:#?}", lab.effects("ecs:UpdateService"));
        lab.assert_no_violation();
    }
}

/// A release is all services of an app: when the second does not live, the first goes back as well.
#[tokio::test(start_paused = true)]
async fn when_the_second_service_is_rolled_back_the_first_goes_back_too() {
    let lab = Lab::with(34, &["web", "worker"], &["dev"], with_breaker(Breaker::On { rollback: true })).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(Duration::from_secs(600)).await;
    lab.assert_lives("dev", 'a', "before").await;
    lab.world.clear_history();
    lab.world.image_behaves(&format!("worker@sha256:{}", "c".repeat(64)), crashing());
    lab.deploy("dev", 'c').await;
    lab.run_for(DAY).await;
    let status = lab.status("dev").await.unwrap();
    assert_eq!(status.rejected.map(|one| one.tag), Some(tag('c')), "{}", status.reason);
    assert_eq!(status.plan, "converged");
    for service in ["web", "worker"] {
        assert_eq!(lab.runs_image("dev", service), image(service, 'a').to_string());
        assert_eq!(lab.parameter("dev", service), Some(tag('a').to_string()));
    }
    let updates: Vec<String> = lab.effects("ecs:UpdateService").iter().map(ToString::to_string).collect();
    assert_eq!(updates.len(), 3, "web there, worker there, web back: {updates:#?}");
    lab.assert_no_violation();
}

/// The same for the first release ever: what infrastructure had there comes back, for both.
#[tokio::test(start_paused = true)]
async fn when_the_first_release_is_rejected_all_services_return_to_infrastructures_revisions() {
    let lab = Lab::with(35, &["web", "worker"], &["dev"], with_breaker(Breaker::On { rollback: true })).await;
    let before = [lab.runs("dev", "web").arn, lab.runs("dev", "worker").arn];
    lab.world.image_behaves(&format!("worker@sha256:{}", "c".repeat(64)), crashing());
    lab.deploy("dev", 'c').await;
    lab.run_for(DAY).await;
    assert_eq!([lab.runs("dev", "web").arn, lab.runs("dev", "worker").arn], before);
    assert_eq!(lab.effects("ecs:UpdateService").len(), 3, "web there, worker there, web back");
    let status = lab.status("dev").await.unwrap();
    assert!(status.reason.contains("no earlier one to go back to"), "{}", status.reason);
    lab.assert_no_violation();
}

/// A newer base that does not live: ECS takes it back, and it is shown and not pushed again; the next base is tried.
#[tokio::test(start_paused = true)]
async fn a_newer_base_that_does_not_live_is_tried_once() {
    let lab = live_with(with_breaker(Breaker::On { rollback: true })).await;
    lab.world.image_behaves(&"a".repeat(64), crashing());
    lab.register_base("dev", "web", "v2");
    lab.run_for(DAY).await;
    assert_eq!(lab.effects("ecs:UpdateService").len(), 1, "{:#?}", lab.effects("ecs:UpdateService"));
    let status = lab.status("dev").await.unwrap();
    // The image crashes on the base before as well, so not even the way back lives; that is ECS's to tell and a person's to mend.
    assert!(status.rejected.is_none() && status.reason.contains("rollback failed"), "{}", status.reason);
    assert_eq!(status.heals, Vec::new(), "nobody moved anything: {:?}", status.heals);

    lab.world.image_behaves(&"a".repeat(64), ImageBehaviour::Healthy { after: Duration::from_secs(5) });
    lab.register_base("dev", "web", "v3");
    lab.run_for(Duration::from_secs(1800)).await;
    lab.assert_lives("dev", 'a', "on the next base").await;
    assert_eq!(lab.effects("ecs:UpdateService").len(), 2);
    lab.assert_no_violation();
}

/// S9: a new generation waits until a rollback under way has ended.
#[tokio::test(start_paused = true)]
async fn a_new_generation_waits_for_the_end_of_a_rollback_s9() {
    let lab = live_with(with_breaker(Breaker::On { rollback: true })).await;
    lab.world.image_behaves(&"c".repeat(64), crashing());
    lab.deploy("dev", 'c').await;
    let binding = lab.binding("dev");
    let one = &binding.services[0];
    let rolling = |lab: &Lab| {
        lab.world.deployments_of(&binding.place, &one.cluster, &one.service)[0].state
            == driftless_domain::RolloutState::RollbackInProgress
    };
    for _ in 0..600 {
        lab.run_for(Duration::from_secs(1)).await;
        if rolling(&lab) {
            break;
        }
    }
    assert!(rolling(&lab), "it never rolled back");
    lab.deploy("dev", 'b').await;
    lab.run_for(Duration::from_secs(600)).await;
    lab.assert_lives("dev", 'b', "after the rollback").await;
    lab.assert_no_violation();
}

/// S8: ECS that fails everything, for a day: the pushes of each release stay one.
#[tokio::test(start_paused = true)]
async fn an_ecs_that_always_fails_is_not_hammered_s8() {
    let lab = Lab::new(33).await;
    lab.world.image_behaves("sha256:", crashing());
    lab.deploy("dev", 'a').await;
    lab.run_for(DAY).await;
    assert_eq!(lab.effects("ecs:UpdateService").len(), 1);
    assert_eq!(lab.effects("ecs:RegisterTaskDefinition").len(), 1);
    assert!(lab.effects("ssm:PutParameter").len() <= 2);
}
