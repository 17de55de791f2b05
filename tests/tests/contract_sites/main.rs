//! One suite for everything that stands behind `SiteState`, `SiteChanges` and `Builds`: the simulated world, and the real
//! adapters against an emulator (ministack) and against a second implementation of S3 (s3s-fs), both over a socket.
//!
//! Where one of them is not as AWS is, a table says so, case by case: a case of the table that passes fails the test, as
//! does one that fails in another way than the table says. Nothing is left out without a row.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test panics when it fails, and may print"
)]

mod builds;
mod by_sdk;
mod changes;
mod edge;
mod emulated;
mod filed;
mod filed_server;
mod listings;
mod objects;
mod owners;
mod parts;
mod runner;
mod setup;
mod simulated;

use driftless_tests::emulator::{Emulator, Mode};

use crate::emulated::Emulated;
use crate::filed::Filed;
use crate::runner::{Case, Short, hold, problems};
use crate::simulated::Simulated;

/// Buckets and builds.
const S3: &[&[Case]] = &[objects::CASES, listings::CASES, parts::CASES, changes::CASES, owners::CASES, builds::CASES];

/// With distributions.
const ALL: &[&[Case]] =
    &[objects::CASES, listings::CASES, parts::CASES, changes::CASES, owners::CASES, builds::CASES, edge::CASES];

#[tokio::test(start_paused = true)]
async fn the_simulated_world_keeps_the_contract_of_sites() {
    hold("the simulation", &Simulated::new().stand(), ALL, &[]).await;
}

#[tokio::test]
async fn the_adapters_keep_the_contract_of_sites_at_an_emulator() {
    let emulated = Emulated::at(Emulator::start(Mode::AtOnce).await);
    hold("ministack 1.5.33", &emulated.stand(), ALL, emulated::SHORT).await;
    emulated::on_the_wire(&emulated).await;
}

#[tokio::test]
async fn the_adapters_keep_the_contract_of_buckets_at_files() {
    let filed = Filed::start().await;
    hold("s3s-fs 0.14.1", &filed.stand(), S3, filed::SHORT).await;
    filed::on_the_wire(&filed).await;
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_out_of_date_is_noticed() {
    let simulated = Simulated::new();
    let short = |case, shows| [Short { case, aws: "", here: "", shows }];
    let found = async |rows: &[Short]| problems(&simulated.stand(), &[runner::SAMPLES], rows).await;

    assert_eq!(found(&short("always_fails", "as it always does")).await, Vec::<String>::new());
    assert_eq!(found(&[]).await, ["always_fails: it fails, as it always does"]);
    let otherwise =
        "always_fails: the table expects \"some other way\", and this is found: it fails, as it always does";
    assert_eq!(found(&short("always_fails", "some other way")).await, [otherwise]);
    let both = [short("always_fails", "as it"), short("always_passes", "")].concat();
    assert_eq!(found(&both).await, ["always_passes: it is as at AWS now: remove its row"]);
    let both = [short("always_fails", "as it"), short("not_there", "")].concat();
    assert_eq!(found(&both).await, ["not_there: no case has this name"]);
}
