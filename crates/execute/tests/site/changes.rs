//! Headers put right in place, and files of earlier releases deleted.

use std::sync::Arc;
use std::time::Duration;

use driftless_domain::{CallClass, ObjectKey, Packing};
use driftless_execute::{Effect, StepFailure};
use driftless_plan::{Action, FileChange, OldFile};

use crate::bucket::{Fault, World, refusal};
use crate::builds::{Build, bucket, build, etag_of, noise};

fn site(count: u64) -> Build {
    build((0..count).map(|index| (format!("f{index:03}"), Packing::Stored, noise(10, index))).collect())
}

/// All files are there, with other headers.
fn elsewhere(build: &Build) -> (World, Vec<FileChange>) {
    let world = World::of(build);
    let mut changes = build.files.clone();
    for (change, (path, content)) in changes.iter_mut().zip(&build.contents) {
        let mut headers = change.file.headers.clone();
        headers.cache_control = "no-store".to_owned();
        change.replaces = Some(world.put(path, headers, content.clone()));
    }
    (world, changes)
}

fn replace(files: Vec<FileChange>) -> Action {
    Action::ReplaceHeaders { bucket: bucket(), files: Arc::new(files), stale: Vec::new() }
}

#[tokio::test(start_paused = true)]
async fn headers_are_put_right_many_at_a_time() {
    let build = site(128);
    let (world, changes) = elsewhere(&build);
    let before = tokio::time::Instant::now();
    assert_eq!(world.run(replace(changes)).await.unwrap(), Effect::HeadersReplaced(128));
    assert!(before.elapsed() <= Duration::from_millis(50), "{:?}", before.elapsed());
    world.holds_exactly(&build);
    assert_eq!(world.sent(), world.asked.into_inner());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_somebody_changed_keeps_its_headers_and_the_step_fails() {
    let build = site(3);
    let (world, changes) = elsewhere(&build);
    let foreign = build.files[0].file.headers.clone();
    world.put("f001", foreign, noise(11, 1));
    let error = world.run(replace(changes)).await.unwrap_err();
    assert!(matches!(error.source, StepFailure::Call(error) if error.class == CallClass::Conflict));
    assert_eq!(world.objects.lock().unwrap()["f001"].body, noise(11, 1));
}

#[tokio::test(start_paused = true)]
async fn headers_of_an_object_that_is_not_named_are_a_defect_and_nothing_is_sent() {
    let build = site(3);
    let (world, mut changes) = elsewhere(&build);
    changes[2].replaces = None;
    let error = world.run(replace(changes)).await.unwrap_err();
    assert!(matches!(error.source, StepFailure::Call(error) if error.class == CallClass::Invalid));
    assert_eq!(world.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn refused_or_failed_midway_no_more_headers_are_replaced() {
    let build = site(200);
    for number in [1, 2, 64, 65, 130, 200] {
        let (mut world, changes) = elsewhere(&build);
        world.refuse = Some(number);
        let error = world.run(replace(changes.clone())).await.unwrap_err();
        assert_eq!(error.source, StepFailure::Refused(refusal()));
        assert_eq!((world.sent(), world.answered.into_inner()), (number - 1, number - 1));
        let (mut world, _) = elsewhere(&build);
        world.fault = Some((number, Fault::Fails));
        world.run(replace(changes)).await.unwrap_err();
        assert!(world.sent() < number + 2 * 64, "{number}: {}", world.sent());
        assert_eq!(world.sent(), world.answered.into_inner(), "in flight is awaited");
    }
}

fn old_files(build: &Build) -> (World, Action) {
    let world = World::of(build);
    let files = build.contents.iter().map(|(path, content)| {
        let headers = build.files[0].file.headers.clone();
        OldFile { key: ObjectKey::parse(path.as_str()).unwrap(), etag: world.put(path, headers, content.clone()) }
    });
    let files = files.collect();
    (world, Action::DeleteFiles { bucket: bucket(), files: Arc::new(files) })
}

#[tokio::test(start_paused = true)]
async fn files_are_deleted_in_the_order_of_the_list_one_after_the_other() {
    let build = site(20);
    let (world, delete) = old_files(&build);
    assert_eq!(world.run(delete).await.unwrap(), Effect::FilesDeleted { deleted: 20, left: 0 });
    let wanted: Vec<String> = build.contents.iter().map(|(path, _)| format!("delete {path}")).collect();
    assert_eq!(*world.sent.lock().unwrap(), wanted);
    assert_eq!(world.requests.most(), 1, "the next goes when the one before is gone");
    assert_eq!(world.objects.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_somebody_changed_is_left_and_one_that_is_gone_counts_as_deleted() {
    let build = site(4);
    let (world, delete) = old_files(&build);
    world.put("f001", build.files[0].file.headers.clone(), noise(500, 500));
    world.objects.lock().unwrap().remove("f002");
    assert_eq!(world.run(delete).await.unwrap(), Effect::FilesDeleted { deleted: 3, left: 1 });
    let objects = world.objects.lock().unwrap();
    assert_eq!(objects.keys().collect::<Vec<_>>(), ["f001"]);
    assert_eq!(objects["f001"].etag, etag_of(&noise(500, 500)));
}

#[tokio::test(start_paused = true)]
async fn refused_or_failed_midway_nothing_more_is_deleted() {
    let build = site(6);
    for number in 1..=6 {
        let (mut world, delete) = old_files(&build);
        world.refuse = Some(number);
        let error = world.run(delete.clone()).await.unwrap_err();
        assert_eq!(error.source, StepFailure::Refused(refusal()));
        assert_eq!(world.objects.lock().unwrap().len(), 7 - number);
        let (mut world, _) = old_files(&build);
        world.fault = Some((number, Fault::Fails));
        let error = world.run(delete).await.unwrap_err();
        assert!(matches!(error.source, StepFailure::Call(_)));
        assert_eq!((world.sent(), world.objects.lock().unwrap().len()), (number, 7 - number));
    }
}
