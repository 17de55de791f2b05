//! What one target suffers does not reach another (L4), and two controllers do not fight (S5, L5).

use std::sync::Arc;
use std::time::Duration;

use driftless_domain::{Health, Place};
use driftless_reconcile::{Lessee, Sole, keep_lease};
use driftless_releases::ReadRecords as _;
use driftless_sim::{Faults, ServiceOptions, Throttle};
use driftless_tests::lab::{Lab, image, target};
use driftless_tests::warped::{Warp, Warped};

const ENVS: [&str; 6] = ["bad", "one", "two", "three", "four", "five"];

async fn six() -> Lab {
    let lab = Lab::with(41, &["web"], &ENVS, ServiceOptions { desired_count: 1, ..ServiceOptions::default() }).await;
    for env in ENVS {
        lab.deploy(env, 'a').await;
    }
    lab
}

async fn others_live(lab: &Lab) {
    for env in &ENVS[1..] {
        lab.assert_lives(env, 'a', env).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_is_a_status_and_stops_nobody_l4() {
    let lab = six().await;
    lab.store.put_raw_invalid(&target("bad"), "attribute generation: a number was expected, found a string");
    lab.run_for(Duration::from_secs(180)).await;
    others_live(&lab).await;
    let status = lab.status("bad").await.unwrap();
    assert!(status.reason.starts_with("Invalid record: "), "{}", status.reason);
    assert!(status.reason.contains("attribute generation"), "{}", status.reason);
    assert_eq!(status.health, Health::Degraded);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_hangs_or_throttles_or_denies_delays_nobody_else_l4() {
    let account = |lab: &Lab| lab.binding("bad").place;
    type Breakage = (&'static str, fn(&Faults, &Place));
    let breakages: [Breakage; 4] = [
        ("hangs for ever", |faults, place| faults.hang("ecs:", place.account.as_str())),
        ("hangs to the limit", |faults, place| {
            faults.hang_for("ecs:", place.account.as_str(), Duration::from_secs(30))
        }),
        ("throttles", |faults, place| faults.throttle(Throttle::everything().at(place))),
        ("denies", |faults, place| faults.deny("", place.account.as_str())),
    ];
    for (name, breaks) in breakages {
        let lab = six().await;
        breaks(lab.world.faults(), &account(&lab));
        lab.run_for(Duration::from_secs(180)).await;
        for env in &ENVS[1..] {
            lab.assert_lives(env, 'a', name).await;
        }
        let bad = lab.status("bad").await;
        assert!(bad.as_ref().is_none_or(|status| status.converged.is_none()), "{name}: {bad:?}");
        // L2: and once it is over, it goes on by itself.
        lab.world.faults().cease();
        lab.run_for(Duration::from_secs(900)).await;
        lab.assert_lives("bad", 'a', name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_status_of_its_target_alone_l4() {
    // All in one account, so that the panic strikes in the middle of a shared batch.
    let lab = Lab::new(42).await;
    let mut text = driftless_tests::lab::spec_text(&["web"], &["bad"]);
    for env in &ENVS[1..] {
        text += &format!("  - name: {env}\n    account: \"111111111111\"\n    region: eu-west-1\n    cluster: main\n");
    }
    let lab = lab.another_app(&text.replace("app: shop", "app: mall"), ServiceOptions::default()).await;
    for env in ENVS {
        lab.deploy(env, 'a').await;
    }
    let make = || {
        let reader = Warped { world: lab.world.clone(), warp: Warp::PanicsAt("mall-bad-web") };
        lab.controller_over(Arc::new(reader), Arc::new(lab.store.clone()), Arc::new(Sole))
    };
    lab.run_with(Duration::from_secs(300), &make).await;
    others_live(&lab).await;
    let bad = lab.status("bad").await.unwrap();
    assert!(bad.reason.starts_with("InternalError: an answer that nobody expected"), "{}", bad.reason);
}

/// L3: with the index of changes unreadable, every target is still looked at again, and consistent reads show the change.
#[tokio::test(start_paused = true)]
async fn losing_every_wake_up_costs_a_resync_and_nothing_else_l3() {
    let lab = Lab::new(43).await;
    lab.deploy("dev", 'a').await;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(lab.controller().run(stopped));
    tokio::time::sleep(Duration::from_secs(200)).await;
    lab.assert_lives("dev", 'a', "with wake-ups").await;
    lab.world.faults().unreachable("dynamodb:Query", "");
    lab.deploy("dev", 'b').await;
    tokio::time::sleep(Duration::from_secs(240)).await;
    lab.assert_lives("dev", 'b', "without").await;
    running.abort();
}

/// S5, L5: two controllers on the same records: one changes things, the other waits; when the first dies, the second goes on
/// after the lease time and the grace, and nothing is deployed twice.
#[tokio::test(start_paused = true)]
async fn two_controllers_do_not_act_at_once_and_one_replaces_the_other_s5_l5() {
    let lab = Lab::new(44).await;
    let start = |name: &str| {
        let faults = Faults::new(44);
        let world = lab.world.acting_as(name, &faults);
        let store = Arc::new(lab.store.acting_as(name, &faults));
        let lessee = Lessee::new(Arc::new(lab.clock.clone()));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let lease = tokio::spawn(keep_lease(store.clone(), lessee.clone(), name.to_owned(), stopped.clone()));
        let settings =
            driftless_reconcile::Settings { holder: name.to_owned(), resync: driftless_tests::lab::RESYNC, seed: 1 };
        let controller = driftless_reconcile::Controller::new(
            store,
            Arc::new(world.clone()),
            Arc::new(world),
            Arc::new(lab.clock.clone()),
            Arc::new(lessee),
            settings,
        );
        (stop, lease, tokio::spawn(controller.run(stopped)))
    };
    let writes = |name: &str| {
        lab.world
            .history()
            .into_iter()
            .filter(|call| call.actor == name && call.writes && !call.operation.starts_with("dynamodb"))
            .count()
    };
    let (_stop_first, first_lease, first) = start("first");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_stop_second, _second_lease, _second) = start("second");
    lab.deploy("dev", 'a').await;
    tokio::time::sleep(Duration::from_secs(200)).await;
    lab.assert_lives("dev", 'a', "by the first").await;
    assert!(writes("first") > 0);
    assert_eq!(writes("second"), 0, "the second only reads");

    first_lease.abort();
    first.abort();
    lab.deploy("dev", 'b').await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(writes("second"), 0, "not before the lease time and the grace are over");
    tokio::time::sleep(Duration::from_secs(300)).await;
    lab.assert_lives("dev", 'b', "by the second").await;
    assert_eq!(lab.runs_image("dev", "web"), image("web", 'b').to_string());
    lab.assert_no_violation();
}

/// A clean stop ends within 20 s, also while a call hangs.
#[tokio::test(start_paused = true)]
async fn a_stop_takes_at_most_twenty_seconds_l5() {
    let lab = six().await;
    lab.world.faults().hang("ecs:", lab.binding("bad").place.account.as_str());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(lab.controller().run(stopped));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let before = lab.clock.now();
    stop.send(true).unwrap();
    running.await.unwrap();
    let took = lab.clock.now().duration_since(before);
    assert!(took.as_secs() <= 20, "{took}");
}

/// L4, L8: an account that cannot be read for long makes its own targets look unseen, and no others.
#[tokio::test(start_paused = true)]
async fn a_target_that_is_looked_at_seldom_does_not_make_the_others_look_old_l4_l8() {
    let lab = six().await;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(lab.controller().run(stopped));
    tokio::time::sleep(Duration::from_secs(300)).await;
    others_live(&lab).await;
    lab.world.faults().throttle(Throttle::everything().at(&lab.binding("bad").place));
    lab.store.put_raw_invalid_status(&target("five"), "attribute version: a number was expected");
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let beats = lab.api.heartbeats().await.unwrap();
        let oldest = lab.clock.now().duration_since(beats[0].all_looked_at);
        assert!(oldest.as_secs() <= 150, "the oldest look is {oldest} back");
    }
    running.abort();
}

/// S1, S17: a spec that changes while a pass is under way stops it before the next call.
#[tokio::test(start_paused = true)]
async fn a_spec_that_changes_in_mid_pass_stops_the_pass_s1_s17() {
    let lab = Lab::new(45).await;
    lab.world.set_latency(Duration::from_secs(5));
    lab.deploy("dev", 'a').await;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(lab.controller().run(stopped));
    // The look takes a few calls of 5 s; in the middle of it production begins to ask for approvals.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(lab.effects("ssm:PutParameter").len(), 0, "too late for this test");
    let mut text = driftless_tests::lab::spec_text(&["web"], &["dev"]);
    text.push_str("    approvals: {staff: 1}\n");
    lab.apply(&text).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    for operation in ["ssm:PutParameter", "ecs:RegisterTaskDefinition", "ecs:UpdateService"] {
        assert_eq!(lab.effects(operation).len(), 0, "{operation}");
    }
    let status = lab.status("dev").await.unwrap();
    assert!(status.reason.contains("asks for approvals"), "{}", status.reason);
    running.abort();
}

/// DESIGN.md section 8, rule 4: a push whose outcome is not known is settled before another revision is sent.
#[tokio::test(start_paused = true)]
async fn an_unknown_push_is_settled_before_a_newer_generation_is_sent_s5() {
    let lab = Lab::new(46).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(Duration::from_secs(300)).await;
    lab.world.faults().fail_next("ecs:UpdateService", "", driftless_sim::Where::Before, driftless_sim::Failure::Lost);
    lab.deploy("dev", 'b').await;
    lab.run_for(Duration::from_secs(10)).await;
    let lost = lab.world.history().into_iter().rev().find(|call| call.operation == "ecs:UpdateService").unwrap();
    lab.deploy("dev", 'c').await;
    lab.run_for(Duration::from_secs(400)).await;
    lab.assert_lives("dev", 'c', "the newer one").await;
    let next = lab.effects("ecs:UpdateService").into_iter().find(|call| call.at > lost.at).unwrap();
    let apart = next.at.duration_since(lost.at);
    assert!(apart.as_secs() >= 55, "sent {apart} after a push whose outcome was not known");
}
