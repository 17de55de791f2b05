//! Bytes that are not what they should be, in the zip and on the way.

use bytes::Bytes;

use driftless_domain::{CallClass, CallError, PART_SIZE, Packing};
use driftless_execute::{StepError, StepFailure};

use crate::bucket::{Fault, World};
use crate::builds::{Build, build, describe, noise, prose};

fn call(error: StepError) -> CallError {
    match error.source {
        StepFailure::Call(call) => call,
        StepFailure::Refused(refused) => panic!("{refused}"),
    }
}

fn small(packing: Packing) -> Build {
    build(vec![("small".to_owned(), packing, prose(50_000))])
}

fn large(packing: Packing) -> Build {
    build(vec![("large".to_owned(), packing, prose(PART_SIZE as usize + 50_000))])
}

/// The zip with one byte of the first file's last packed bytes turned over.
fn damaged(build: &Build) -> Bytes {
    let packed = build.files[0].file.packed;
    let mut zip = build.zip.to_vec();
    zip[(packed.at + packed.size * 3 / 4) as usize] ^= 0x10;
    zip.into()
}

async fn mismatches(build: &Build, world: World) {
    let error = call(world.run(build.upload()).await.unwrap_err());
    assert_eq!((error.operation, error.class), ("s3:GetObject", CallClass::Invalid), "{error:?}");
    assert_eq!(error.said.code, "ContentMismatch", "{error:?}");
    for part in [build.files[0].file.path.as_str(), "builds/shop/abc1234.zip", "v-1"] {
        assert!(error.object.contains(part), "{part} is in {error}");
    }
    assert_eq!(world.objects.lock().unwrap().len(), 0);
    world.holds_no_parts();
    if !build.files[0].file.in_parts() {
        assert_eq!(world.sent(), 0, "nothing of it was sent");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_bytes_in_the_zip_are_not_published() {
    for packing in [Packing::Stored, Packing::Deflated] {
        for build in [small(packing), large(packing)] {
            let mut world = World::of(&build);
            world.zip = damaged(&build);
            mismatches(&build, world).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_unpacks_to_more_or_less_than_announced_is_refused() {
    for change in [-1_i64, 1, 1000, -1000] {
        for packing in [Packing::Stored, Packing::Deflated] {
            for build in [small(packing), large(packing)] {
                let build = build.with(0, |file| file.size = file.size.saturating_add_signed(change));
                let world = World::of(&build);
                mismatches(&build, world).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_after_those_that_were_announced_are_refused_though_these_are_right() {
    for packing in [Packing::Stored, Packing::Deflated] {
        // The last part of the large one ends with a part: there is no byte of another to show it.
        for (size, more) in [(50_000, 1), (2 * PART_SIZE as usize, 1)] {
            let content = prose(size + more);
            let build = build(vec![("file".to_owned(), packing, content.clone())]);
            let build = build.with(0, |file| *file = describe("file", &content.slice(..size), file.packed));
            mismatches(&build, World::of(&build)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_file_cut_off_or_longer_at_the_end_of_a_part_is_refused() {
    let exact = || build(vec![("exact".to_owned(), Packing::Deflated, prose(2 * PART_SIZE as usize))]);
    let longer = exact().with(0, |file| file.size -= 1);
    mismatches(&longer, World::of(&longer)).await;
    let cut = exact().with(0, |file| file.packed.size -= 10);
    mismatches(&cut, World::of(&cut)).await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_made_to_fill_the_memory_is_not_read() {
    let build = small(Packing::Deflated).with(0, |file| file.packed.size = 1 << 40);
    let world = World::of(&build);
    mismatches(&build, world).await;
}

#[tokio::test(start_paused = true)]
async fn content_that_grows_when_it_is_packed_is_published() {
    // Bytes above 143 have codes of 9 bits when packing is to be quick.
    let content: Vec<u8> = noise(PART_SIZE as usize, 5).iter().map(|byte| byte | 0x90).collect();
    let build = build(vec![("grown".to_owned(), Packing::Deflated, content.into())]);
    let world = World::of(&build);
    world.run(build.upload()).await.unwrap();
    world.holds_exactly(&build);
}

#[tokio::test(start_paused = true)]
async fn a_large_file_whose_manifest_lacks_the_checksum_is_a_defect() {
    let build = large(Packing::Stored).with(0, |file| file.parts_checksum = None);
    let world = World::of(&build);
    let error = call(world.run(build.upload()).await.unwrap_err());
    assert_eq!((error.class, error.said.code.as_str()), (CallClass::Invalid, "BadStep"));
    assert_eq!(world.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_arrived_damaged_is_sent_once_more() {
    for fault in [Fault::BadDigest, Fault::OtherChecksum] {
        // The put; and of the large file the first part (2) and the end (4).
        for (build, at, calls) in
            [(small(Packing::Stored), 1, 2), (large(Packing::Deflated), 2, 5), (large(Packing::Stored), 4, 8)]
        {
            let mut world = World::of(&build);
            world.fault = Some((at, fault));
            assert_eq!(world.run(build.upload()).await.unwrap(), build.uploaded());
            world.holds_exactly(&build);
            assert_eq!(world.sent(), calls, "{fault:?} at {at}: {:?}", world.sent.lock().unwrap());
            assert_eq!(world.asked.into_inner(), calls, "and asked for");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrives_damaged_twice_fails() {
    for (fault, code) in [(Fault::BadDigest, "BadDigest"), (Fault::OtherChecksum, "ChecksumMismatch")] {
        let one = build(vec![("one".to_owned(), Packing::Stored, noise(100, 1))]);
        let mut world = World::of(&one);
        (world.fault, world.and_after) = (Some((1, fault)), true);
        let error = call(world.run(one.upload()).await.unwrap_err());
        assert_eq!((error.said.code.as_str(), error.class), (code, CallClass::Transient));
        assert_eq!(world.sent(), 2);
        let parts = large(Packing::Stored);
        let mut world = World::of(&parts);
        (world.fault, world.and_after) = (Some((4, fault)), true);
        let error = call(world.run(parts.upload()).await.unwrap_err());
        assert_eq!(error.class, CallClass::Transient);
        world.holds_no_parts();
    }
}
