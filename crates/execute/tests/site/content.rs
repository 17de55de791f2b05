//! What arrives is what was built.

use bytes::Bytes;

use driftless_domain::{PART_SIZE, Packing};

use crate::bucket::{Tells, World};
use crate::builds::{Build, build, many, noise, prose};

const PART: usize = PART_SIZE as usize;

fn of_all_sizes() -> Build {
    let mut files = Vec::new();
    for size in [0, 1, 10_000, 300_000, PART, PART + 1, 20 * 1024 * 1024] {
        files.push((format!("stored-{size}"), Packing::Stored, noise(size, size as u64)));
        files.push((format!("deflated-{size}"), Packing::Deflated, prose(size)));
    }
    files.push(("noise".to_owned(), Packing::Deflated, noise(PART + 100_000, 7)));
    build(files)
}

#[tokio::test(start_paused = true)]
async fn files_of_every_size_arrive_as_they_were_built() {
    let build = of_all_sizes();
    let world = World::of(&build);
    assert_eq!(world.run(build.upload()).await.unwrap(), build.uploaded());
    world.holds_exactly(&build);
    assert_eq!(world.sent(), world.asked.into_inner(), "asked once for each");
    assert_eq!(*world.written.lock().unwrap(), [Ok(build.uploaded())]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_encrypts_with_kms_is_believed_by_its_checksums_or_by_having_taken_ours() {
    let build = build(vec![
        ("small".to_owned(), Packing::Stored, noise(100, 1)),
        ("large".to_owned(), Packing::Stored, noise(PART + 1, 2)),
    ]);
    for tells in [Tells::Checksum, Tells::Nothing] {
        let mut world = World::of(&build);
        world.tells = tells;
        assert_eq!(world.run(build.upload()).await.unwrap(), build.uploaded());
        world.holds_exactly(&build);
        assert_eq!(world.sent(), 1 + 1 + 2 + 1, "once each");
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_list_does_not_matter() {
    let build = many(300);
    let mut backwards = build.files.clone();
    backwards.reverse();
    let mut shuffled = build.files.clone();
    shuffled.sort_by_key(|change| change.file.sha256);
    for files in [backwards, shuffled] {
        let world = World::of(&build);
        world.run(build.upload_of(files)).await.unwrap();
        world.holds_exactly(&build);
        assert_eq!(world.reads.lock().unwrap().len(), 1, "read in the order of the zip");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_without_bytes_is_not_read_and_a_step_without_files_is_done() {
    let only_empty = build(vec![("empty".to_owned(), Packing::Stored, Bytes::new())]);
    let world = World::of(&only_empty);
    world.run(only_empty.upload()).await.unwrap();
    world.holds_exactly(&only_empty);
    assert_eq!(*world.reads.lock().unwrap(), []);
    let nothing = build(vec![]);
    let world = World::of(&nothing);
    assert_eq!(world.run(nothing.upload()).await.unwrap(), nothing.uploaded());
}

#[tokio::test(start_paused = true)]
async fn what_lies_between_two_files_is_read_only_if_it_is_little() {
    let piece = |name: &str, size| (name.to_owned(), Packing::Stored, noise(size, size as u64));
    let build = build(vec![piece("a", 100), piece("b", 1000), piece("c", 100), piece("d", 100_000), piece("e", 100)]);
    let picked = [0, 2, 4].map(|index| build.files[index].clone()).to_vec();
    let world = World::of(&build);
    world.run(build.upload_of(picked)).await.unwrap();
    let mut lengths: Vec<u64> = world.reads.lock().unwrap().iter().map(|(_, length)| *length).collect();
    lengths.sort_unstable();
    assert_eq!(lengths.len(), 2, "a to c, and e");
    assert_eq!(lengths[0], 100);
    assert!((1200..2000).contains(&lengths[1]), "{lengths:?}");
}
