//! One suite for everything that stands behind `LiveState` and `LiveChanges`: the simulated world and the real adapters,
//! these against an emulator in both of its modes. What the emulator cannot do is listed in one table, and each row has a
//! check that notices when that changes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test panics when it fails, and may print"
)]

mod emulated;
mod setup;
mod shortfalls;
mod simulated;
mod suite;

use driftless_tests::emulator::{Emulator, Mode};

use crate::emulated::Emulated;
use crate::simulated::Simulated;

#[tokio::test(start_paused = true)]
async fn the_simulated_world_keeps_the_contract() {
    suite::about_what_is_there(&Simulated::new()).await;
    suite::about_documents(&Simulated::new()).await;
    suite::about_rollouts(&Simulated::new()).await;
    suite::about_failing_rollouts(&Simulated::new()).await;
}

#[tokio::test(start_paused = true)]
async fn the_simulated_world_without_service_deployments_keeps_the_contract() {
    let simulated = Simulated::new();
    simulated.world.service_deployments_known(false);
    suite::about_rollouts(&simulated).await;
    suite::about_failing_rollouts(&simulated).await;
}

#[tokio::test]
async fn the_adapters_keep_the_contract_at_an_emulator_that_is_done_at_once() {
    let emulated = Emulated::start(Mode::AtOnce).await;
    suite::about_what_is_there(&emulated).await;
    suite::about_documents(&emulated).await;
    suite::about_rollouts(&emulated).await;
}

#[tokio::test]
async fn the_adapters_keep_the_contract_at_an_emulator_that_rolls_out() {
    let emulated = Emulated::start(Mode::RollsOut).await;
    suite::about_what_is_there(&emulated).await;
    suite::about_rollouts(&emulated).await;
    let containers = emulated.emulator.containers().await.unwrap();
    assert_ne!(containers, serde_json::json!([]), "the rollouts did not go through the engine");
    suite::about_failing_rollouts(&emulated).await;
}

#[tokio::test]
async fn an_image_tag_is_resolved_to_its_digest() {
    let emulated = Emulated::start(Mode::AtOnce).await;
    emulated::resolves_tags(&emulated).await;
}

#[tokio::test]
async fn a_role_opens_its_own_account_and_no_other() {
    let emulator = Emulator::start(Mode::AtOnce).await;
    emulated::takes_roles(&emulator).await;
}

#[tokio::test]
async fn the_emulator_falls_short_of_aws_exactly_where_the_table_says() {
    shortfalls::all().await;
}
