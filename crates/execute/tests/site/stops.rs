//! A step that is refused or fails midway: nothing more is sent, and nothing that was sent is lost sight of.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use driftless_domain::{PART_SIZE, Packing};
use driftless_execute::StepFailure;

use crate::bucket::{Fault, World, refusal};
use crate::builds::{Build, build, many, noise, prose};

/// Six small files and one in parts: 6 + 1 + 2 + 1 calls.
const CALLS: usize = 10;

/// The one in parts is packed in this way or that.
fn mixed() -> [Build; 2] {
    [Packing::Stored, Packing::Deflated].map(|packing| {
        let small = |index| (format!("small-{index}"), Packing::Deflated, noise(2000, index));
        let mut files: Vec<_> = (0..6).map(small).collect();
        files.push(("large".to_owned(), packing, prose(PART_SIZE as usize + 1)));
        build(files)
    })
}

/// What was sent was answered, and every object that is there is whole.
fn in_order(world: &World, build: &Build) {
    assert_eq!(world.answered.load(SeqCst), world.sent(), "what was in flight was awaited");
    world.holds_no_parts();
    for (path, object) in &*world.objects.lock().unwrap() {
        let content = &build.contents.iter().find(|(name, _)| name == path).unwrap().1;
        assert!(object.body == content, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn refused_at_any_call_nothing_after_it_is_sent() {
    let builds = mixed();
    for number in 1..=CALLS {
        let build = &builds[number % 2];
        let mut world = World::of(build);
        world.refuse = Some(number);
        let error = world.run(build.upload()).await.unwrap_err();
        assert_eq!(error.source, StepFailure::Refused(refusal()), "at call {number}");
        assert_eq!(world.sent(), number - 1);
        assert_eq!(world.asked.load(SeqCst), number, "and nobody asked again");
        assert_eq!(*world.written.lock().unwrap(), [], "a refusal is no answer of AWS");
        in_order(&world, build);
    }
    let world = World::of(&builds[0]);
    world.run(builds[0].upload()).await.unwrap();
    assert_eq!(world.sent(), CALLS, "which were all");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_thinks_lets_nothing_slip_through() {
    let build = many(600);
    for number in [1, 2, 100, 300, 600] {
        let mut world = World::of(&build);
        (world.refuse, world.thinks) = (Some(number), Duration::from_millis(3));
        let error = world.run(build.upload()).await.unwrap_err();
        assert_eq!(error.source, StepFailure::Refused(refusal()));
        assert!(world.sent() < number, "{} of {number}", world.sent());
        in_order(&world, &build);
        // A failure while others wait for the journal (the world sees to it that these are not sent).
        let mut world = World::of(&build);
        (world.fault, world.thinks) = (Some((number, Fault::Fails)), Duration::from_millis(30));
        world.run(build.upload()).await.unwrap_err();
        in_order(&world, &build);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_any_call_stops_the_step_and_is_what_it_answers() {
    let builds = mixed();
    for number in 1..=CALLS {
        let build = &builds[number % 2];
        let mut world = World::of(build);
        world.fault = Some((number, Fault::Fails));
        let error = world.run(build.upload()).await.unwrap_err();
        let StepFailure::Call(error) = error.source else { panic!("{error}") };
        assert_eq!((error.said.code.as_str(), error.said.message), ("InternalError", number.to_string()));
        assert_eq!(*world.written.lock().unwrap().iter().map(Result::is_err).collect::<Vec<_>>(), [true]);
        in_order(&world, build);
        // And the next pass ends right.
        if number % 4 == 0 {
            world.mended();
            world.run(build.upload()).await.unwrap();
            world.holds_exactly(build);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_failures_the_first_is_answered_and_what_waits_is_not_sent() {
    let build = many(900);
    let mut world = World::of(&build);
    (world.fault, world.and_after) = (Some((300, Fault::Fails)), true);
    let error = world.run(build.upload()).await.unwrap_err();
    let StepFailure::Call(error) = error.source else { panic!("{error}") };
    assert_eq!(error.said.message, "300");
    // 299 went well, and while the 300th was on its way no more than the others in flight were sent.
    assert!(world.sent() <= 300 + 2 * 224, "{}", world.sent());
    in_order(&world, &build);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_stops_the_step() {
    let [_, build] = mixed();
    let world = World::of(&build);
    world.run(build.upload()).await.unwrap();
    let reads = world.reads.lock().unwrap().len();
    assert!(reads >= 2, "{reads}");
    for number in 1..=reads {
        let mut world = World::of(&build);
        world.failing_read = Some(number);
        let error = world.run(build.upload()).await.unwrap_err();
        let StepFailure::Call(error) = error.source else { panic!("{error}") };
        assert_eq!((error.said.code.as_str(), error.said.message), ("SlowDown", number.to_string()));
        in_order(&world, &build);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_dropped_at_any_moment_leaves_only_whole_objects() {
    let [build, _] = mixed();
    for millis in (12..150).step_by(25) {
        let world = World::of(&build);
        let _ = tokio::time::timeout(Duration::from_millis(millis), world.run(build.upload())).await;
        for (path, object) in &*world.objects.lock().unwrap() {
            let content = &build.contents.iter().find(|(name, _)| name == path).unwrap().1;
            assert!(object.body == content, "{path}");
        }
    }
}
