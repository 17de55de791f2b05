//! One suite for everything that keeps records: memory, and the DynamoDB adapter against an embedded DynamoDB (dynoxide)
//! and an emulator (ministack). What only a table of items can do — be edited by hand — is tested on the latter two.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test panics when it fails")]

mod by_hand;
mod manifests_by_hand;
mod sites;
mod suite;
mod tables;
mod values;

use driftless_aws::{BootstrapOutcome, DeletionProtection};
use driftless_domain::Region;
use driftless_sim::{MemoryStore, SimClock};
use driftless_tests::emulator::{Emulator, Mode};

use crate::tables::{Dynoxide, Table};

#[tokio::test(start_paused = true)]
async fn records_in_memory_keep_the_contract() {
    let store = MemoryStore::new(7, SimClock::new());
    suite::all(&store).await;
    sites::all(&store).await;
    manifests_by_hand::in_memory(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_in_an_embedded_dynamodb_keep_the_contract() {
    let dynoxide = Dynoxide::start().await;
    let table = Table::at(dynoxide.endpoint(), "driftless");
    table.store.bootstrap(DeletionProtection::Off).await.unwrap();
    suite::all(&table.store).await;
    sites::all(&table.store).await;
    by_hand::all(&table).await;
    manifests_by_hand::all(&table).await;
}

#[tokio::test]
async fn records_in_an_emulated_dynamodb_keep_the_contract() {
    let emulator = Emulator::start(Mode::AtOnce).await;
    let table = Table::at(emulator.endpoint(), "driftless");
    table.store.bootstrap(DeletionProtection::Off).await.unwrap();
    suite::all(&table.store).await;
    sites::all(&table.store).await;
    by_hand::all(&table).await;
    manifests_by_hand::all(&table).await;
}

#[tokio::test]
async fn a_table_is_made_once_and_put_right_where_it_lacks_something() {
    let emulator = Emulator::start(Mode::AtOnce).await;
    let steps = by_hand::bootstraps(&Table::at(emulator.endpoint(), "driftless")).await;
    expect_test::expect![[r#"
        table: made
        index of changes: already there
        stream: already there
        time to live: made
        point-in-time recovery: made
        deletion protection: made"#]]
    .assert_eq(&steps);
    by_hand::puts_right(&Table::at(emulator.endpoint(), "half-made")).await;
    by_hand::refuses_foreign(&Table::at(emulator.endpoint(), "foreign")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_does_not_offer_is_said_and_not_an_error() {
    let dynoxide = Dynoxide::start().await;
    let table = Table::at(dynoxide.endpoint(), "driftless");
    let steps = table.store.bootstrap(DeletionProtection::On).await.unwrap();
    let missing: Vec<String> =
        steps.iter().filter(|s| s.outcome == BootstrapOutcome::NotOffered).map(ToString::to_string).collect();
    assert_eq!(missing, ["point-in-time recovery: not offered by this endpoint"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_at_once_never_both_win() {
    let dynoxide = Dynoxide::start().await;
    let table = Table::at(dynoxide.endpoint(), "driftless");
    table.store.bootstrap(DeletionProtection::Off).await.unwrap();
    suite::races(&table.store).await;
}

fn region() -> Region {
    Region::parse("eu-west-1").unwrap()
}
