//! What goes wrong on purpose goes wrong exactly so, and the same seed goes wrong the same way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::time::Duration;

use common::*;
use driftless_domain::CallClass;
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;
use driftless_releases::ReadRecords;
use driftless_sim::{Failure, Faults, MemoryStore, Outcome, ServiceOptions, SimClock, Throttle, Where, World};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn a_call_lost_before_its_effect_did_nothing_and_one_lost_after_did_it() {
    for (at, value) in [(Where::Before, None), (Where::After, Some("v1".to_owned()))] {
        let (world, _) = world(1, ServiceOptions::default());
        world.faults().fail_call(1, at, Failure::Lost);
        let error = world.put_parameter(&place(), &parameter(), "v1").await.unwrap_err();
        assert_eq!(error.class, CallClass::Ambiguous);
        assert_eq!(world.parameter(&place(), &parameter()), value);
        let outcome = world.calls_on("ssm-parameter").remove(0).outcome;
        assert_eq!(outcome, Outcome::Failed { code: "TimeoutError".to_owned(), took_effect: at == Where::After });
        world.put_parameter(&place(), &parameter(), "v2").await.unwrap();
        assert_eq!(world.faults().calls_made(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_lost_is_transient_and_a_class_can_be_asked_for() {
    let (world, _) = world(1, ServiceOptions::default());
    world.faults().fail_call(1, Where::After, Failure::Lost);
    world.faults().fail_next("ssm:Get", "", Where::Before, Failure::As(CallClass::Denied));
    world.faults().fail_next("ssm:Put", "", Where::After, Failure::As(CallClass::Denied));
    let names = [parameter()];
    let mut classes = Vec::new();
    for _ in 0..2 {
        classes.push(world.parameters(&place(), &names).await.unwrap_err().class);
    }
    classes.push(world.put_parameter(&place(), &parameter(), "v").await.unwrap_err().class);
    assert_eq!(classes, [CallClass::Transient, CallClass::Denied, CallClass::Ambiguous]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_seen_by_the_harness_and_ends_every_call_of_the_process() {
    let (world, base) = world(1, ServiceOptions::default());
    let store = MemoryStore::beside(&world);
    let good = register(&world, &base, "good").await;
    world.faults().crash_at(3, Where::After);
    let slow = world.clone();
    let on_its_way = tokio::spawn(async move { slow.put_parameter(&place(), &parameter(), "v").await });
    tokio::task::yield_now().await;
    world.set_latency(Duration::ZERO);
    tokio::select! {
        () = world.faults().crashed() => {}
        () = push(&world, &good) => panic!("it returned"),
    }
    assert_eq!(world.service(&place(), &cluster(), &service()).unwrap().task_definition, good, "it took effect");
    assert!(timeout(Duration::from_secs(60), store.apps()).await.is_err(), "the process is down");
    world.faults().restart();
    assert_eq!(store.apps().await, Ok(Vec::new()));
    seconds(60).await;
    assert!(!on_its_way.is_finished());
    assert_eq!(world.parameter(&place(), &parameter()), None, "it never arrived");
}

#[tokio::test(start_paused = true)]
async fn denied_unreachable_hung_and_throttled_calls_do_nothing() {
    let (world, _) = world(1, ServiceOptions::default());
    let faults = world.faults();
    let put = async || world.put_parameter(&place(), &parameter(), "v").await.map_err(|error| error.class);
    faults.deny("ssm:Put", "/shop/dev");
    assert_eq!(put().await, Err(CallClass::Denied));
    faults.cease();
    faults.unreachable("ssm:", "");
    assert_eq!(put().await, Err(CallClass::Transient));
    faults.cease();
    faults.hang_for("ssm:Put", "", Duration::from_secs(30));
    let before = world.clock().now();
    assert_eq!(put().await, Err(CallClass::Ambiguous));
    assert!(world.clock().now().duration_since(before).as_secs() >= 30);
    faults.cease();
    faults.hang("ssm:Put", "");
    assert!(timeout(Duration::from_secs(86_400), put()).await.is_err());
    faults.cease();
    let now = world.clock().now();
    faults.throttle(Throttle::everything().at(&place()).operations("ssm:").between(now, now + Duration::from_secs(9)));
    assert_eq!(put().await, Err(CallClass::Throttled));
    assert_eq!(world.parameter(&place(), &parameter()), None);
    seconds(9).await;
    assert_eq!(put().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_rate_lets_its_burst_through_and_then_one_by_one() {
    let (world, _) = world(1, ServiceOptions::default());
    world.set_latency(Duration::ZERO);
    world.faults().throttle(Throttle::everything().operations("ssm:PutParameter").rate(1, 3));
    let mut passed = Vec::new();
    for _ in 0..10 {
        passed.push(world.put_parameter(&place(), &parameter(), "v").await.is_ok());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(passed.iter().filter(|passed| **passed).count(), 3 + 4);
    assert_eq!(passed[..3], [true; 3]);
}

#[tokio::test(start_paused = true)]
async fn stale_reads_are_bounded_and_the_truth_is_not_stale() {
    let (world, _) = world(5, ServiceOptions::default());
    world.set_latency(Duration::ZERO);
    world.faults().stale_reads(Duration::from_secs(5), 80);
    let names = [parameter()];
    let (mut old, mut absent) = (0, 0);
    for written in 1..200_i64 {
        world.put_parameter(&place(), &parameter(), &written.to_string()).await.unwrap();
        let shown = world.parameters(&place(), &names).await.unwrap().remove(0).map_or(0, |shown| shown.version);
        assert!((written - 5..=written).contains(&shown), "{shown} of {written}");
        old += u32::from(shown < written);
        absent += u32::from(shown == 0);
        assert_eq!(world.parameter(&place(), &parameter()), Some(written.to_string()));
        seconds(1).await;
    }
    assert!((80..199).contains(&old), "{old} old answers");
    assert!(absent > 0, "none came from before it was there");
    seconds(5).await;
    assert_eq!(world.parameters(&place(), &names).await.unwrap()[0].as_ref().unwrap().version, 199);
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_may_not_be_listed_yet() {
    let (world, base) = world(5, ServiceOptions::default());
    seconds(60).await;
    world.faults().stale_reads(Duration::from_secs(30), 100);
    let next = register(&world, &base, "good").await;
    let listed = world.revisions(&place(), &family(), 10).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&base));
    seconds(31).await;
    assert_eq!(world.revisions(&place(), &family(), 10).await.unwrap(), [next, base]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_answer_is_one_answer() {
    let (world, _) = world(1, ServiceOptions::default());
    world.faults().missing("/main/web", 2);
    let names = [service()];
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(world.services(&place(), &cluster(), &names).await.unwrap()[0].is_some());
    }
    assert_eq!(seen, [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn two_processes_have_their_own_numbers_and_crashes() {
    let (world, _) = world(1, ServiceOptions::default());
    let other = world.acting_as("driftless-b", &Faults::new(2));
    world.faults().crash_at(1, Where::Before);
    let put = timeout(Duration::from_secs(1), world.put_parameter(&place(), &parameter(), "a")).await;
    assert!(put.is_err() && world.faults().has_crashed());
    other.put_parameter(&place(), &parameter(), "b").await.unwrap();
    assert_eq!(world.parameter(&place(), &parameter()), Some("b".to_owned()));
    assert_eq!(world.history().last().unwrap().actor, "driftless-b");
}

async fn some_history(seed: u64) -> Vec<String> {
    let world = World::new(seed, SimClock::new());
    let base = world.register_by_infrastructure(&place(), document(), Default::default());
    world.create_service(&place(), &cluster(), &service(), &base, ServiceOptions::default());
    world.image_behaves("flaky", driftless_sim::ImageBehaviour::Flaky { percent: 50 });
    world.faults().stale_reads(Duration::from_secs(20), 50);
    world.faults().lose(20);
    let calls = (0..6).map(|turn| {
        let (world, base) = (world.clone(), base.clone());
        async move {
            let image = image(if turn % 2 == 0 { "flaky" } else { "good" });
            let document = revision(&world, &base).document.with_image(&container(), &image).unwrap();
            for _ in 0..5 {
                if let Ok(arn) = world.register_task_definition(&place(), &document, &tags(&base)).await {
                    let _ = world.update_service(&place(), &cluster(), &service(), &arn).await;
                }
                let _ = world.services(&place(), &cluster(), &[service()]).await;
                seconds(7).await;
            }
        }
    });
    let tasks: Vec<_> = calls.map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
    seconds(600).await;
    world.history().iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_history_and_another_seed_another() {
    let first = some_history(11).await;
    assert!(first.len() > 60);
    assert_eq!(first, some_history(11).await);
    assert_ne!(first, some_history(12).await);
}
