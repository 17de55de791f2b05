//! How much is in flight, and how long that takes. Time is virtual: only waiting counts.

use std::time::Duration;

use driftless_domain::Packing;

use crate::bucket::World;
use crate::builds::{build, many, noise, prose};

const MIB: u64 = 1024 * 1024;

async fn elapsed(world: &World, action: driftless_plan::Action) -> Duration {
    let before = tokio::time::Instant::now();
    world.run(action).await.unwrap();
    before.elapsed()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_files_are_three_reads_and_all_on_their_way_at_once() {
    let build = many(500);
    let world = World::of(&build);
    let took = elapsed(&world, build.upload()).await;
    let reads = world.reads.lock().unwrap().len();
    assert!(reads <= 3, "{reads} reads");
    // One round trip to read and three to put (500 in flights of 224).
    assert!(took <= Duration::from_millis(100), "{took:?}");
    let most = world.requests.most();
    assert!((200..=256).contains(&most), "{most} requests at once");
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_while_files_are_put() {
    let build = many(3000);
    let world = World::of(&build);
    let took = elapsed(&world, build.upload()).await;
    // 3000 in flights of 224 are 14 round trips, and the first read is one.
    assert!(took <= Duration::from_millis(16 * 25), "{took:?}");
    assert!(world.requests.most() <= 256, "{}", world.requests.most());
    assert!(world.bytes.most() <= 64 * MIB);
    world.holds_exactly(&build);
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_stay_below_the_limit_and_come_near_it() {
    let mut files = vec![
        ("large-1".to_owned(), Packing::Stored, noise(24 * MIB as usize, 1)),
        ("large-2".to_owned(), Packing::Deflated, prose(16 * MIB as usize)),
    ];
    let shared = noise(5 * MIB as usize, 9);
    for index in 0..14 {
        files.push((format!("medium-{index:02}"), Packing::Stored, shared.clone()));
    }
    let build = build(files);
    let world = World::of(&build);
    world.run(build.upload()).await.unwrap();
    world.holds_exactly(&build);
    let most = world.bytes.most();
    assert!(most <= 64 * MIB, "{most}");
    assert!(most >= 40 * MIB, "{most}: the budget is there to be used");
}

#[tokio::test(start_paused = true)]
async fn progress_grows_to_the_whole() {
    let build = many(300);
    let world = World::of(&build);
    world.run(build.upload()).await.unwrap();
    let progress = world.progress.lock().unwrap();
    assert!(progress.is_sorted_by_key(|seen| (seen.files, seen.bytes)));
    let last = progress.last().unwrap();
    assert_eq!((last.of_files, last.of_bytes), (300, 300 * 10 * 1024));
    assert!(last.files >= 300 - 256 && last.bytes == last.files * 10 * 1024, "{last:?}");
}
