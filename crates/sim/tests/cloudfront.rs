//! Invalidations behave as CloudFront's do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::time::Duration;

use common::*;
use driftless_domain::{CallClass, CallError, DistributionId, InvalidationPath, InvalidationState, KeyPrefix};
use driftless_execute::SiteChanges;
use driftless_observe::SiteState;
use driftless_sim::{Failure, ObjectHeaders, Where, World};

fn distribution() -> DistributionId {
    DistributionId::parse("E2EXAMPLE1ABCD").unwrap()
}

fn world() -> World {
    let world = site(1);
    world.create_distribution(&place(), &distribution());
    world
}

async fn invalidate(world: &World, reference: &str, paths: &[&str]) -> Result<String, CallError> {
    let paths: Vec<_> = paths.iter().map(|path| InvalidationPath::parse((*path).to_owned()).unwrap()).collect();
    world.invalidate(&place(), &distribution(), reference, &paths).await
}

async fn state(world: &World, id: &str) -> Option<InvalidationState> {
    world.invalidation(&place(), &distribution(), id).await.unwrap()
}

fn failed<T: std::fmt::Debug>(answer: Result<T, CallError>) -> (CallClass, String) {
    let error = answer.unwrap_err();
    (error.class, error.said.code)
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_is_under_way_for_a_while() {
    let world = world();
    let id = invalidate(&world, "one", &["/*"]).await.unwrap();
    seconds(19).await;
    assert_eq!(state(&world, &id).await, Some(InvalidationState::InProgress));
    seconds(2).await;
    assert_eq!(state(&world, &id).await, Some(InvalidationState::Completed));
    assert_eq!(state(&world, "INOBODYMADE").await, None);

    world.invalidations_take(Duration::from_secs(300));
    let slow = invalidate(&world, "two", &["/*"]).await.unwrap();
    seconds(290).await;
    assert_eq!(state(&world, &slow).await, Some(InvalidationState::InProgress));
    world.invalidations_never_end();
    let never = invalidate(&world, "three", &["/*"]).await.unwrap();
    seconds(100_000).await;
    assert_eq!(state(&world, &slow).await, Some(InvalidationState::Completed));
    assert_eq!(state(&world, &never).await, Some(InvalidationState::InProgress));
    world.complete_invalidations(&distribution());
    assert_eq!(state(&world, &never).await, Some(InvalidationState::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_reference_stands_for_one_invalidation() {
    let world = world();
    world.faults().fail_call(1, Where::After, Failure::Lost);
    let lost = invalidate(&world, "one", &["/a", "/b"]).await;
    assert_eq!(failed(lost).0, CallClass::Ambiguous);
    let again = invalidate(&world, "one", &["/b", "/a", "/a"]).await.unwrap();
    let made = world.invalidations(&distribution());
    assert_eq!(made.len(), 1);
    assert_eq!((&made[0].id, made[0].call, made[0].by.as_str()), (&again, 1, "driftless"));
    assert_eq!(
        failed(invalidate(&world, "one", &["/a"]).await),
        (CallClass::Conflict, "InvalidationBatchAlreadyExists".to_owned())
    );
    assert_ne!(invalidate(&world, "two", &["/a"]).await.unwrap(), again);
}

#[tokio::test(start_paused = true)]
async fn at_most_15_wildcards_are_under_way() {
    let world = world();
    for number in 0..15 {
        invalidate(&world, &number.to_string(), &["/*", "/file"]).await.unwrap();
    }
    let too_many = (CallClass::Throttled, "TooManyInvalidationsInProgress".to_owned());
    assert_eq!(failed(invalidate(&world, "more", &["/*"]).await), too_many);
    // The same again is no new one.
    invalidate(&world, "3", &["/*", "/file"]).await.unwrap();
    invalidate(&world, "files", &["/a", "/b"]).await.unwrap();
    seconds(30).await;
    invalidate(&world, "more", &["/*"]).await.unwrap();
    assert_eq!(failed(invalidate(&world, "none", &[]).await), (CallClass::Invalid, "InvalidArgument".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_distribution_belongs_to_one_account() {
    let world = world();
    let path = [InvalidationPath::parse("/*").unwrap()];
    let nobody = (CallClass::Invalid, "NoSuchDistribution".to_owned());
    assert_eq!(failed(world.invalidate(&elsewhere(), &distribution(), "one", &path).await), nobody);
    assert_eq!(failed(world.invalidation(&elsewhere(), &distribution(), "I1").await), nobody);
    world.delete_distribution(&place(), &distribution());
    assert_eq!(failed(invalidate(&world, "one", &["/*"]).await), nobody);
    assert!(world.calls_on("cloudfront 222222222222/E2EXAMPLE1ABCD").len() == 2);
}

#[tokio::test(start_paused = true)]
async fn edges_may_serve_what_is_old_until_it_ages_or_is_invalidated() {
    let world = world();
    world.distribution_serves(&distribution(), &bucket(), Some(&KeyPrefix::parse("site").unwrap()));
    let headers = |cache: &str| ObjectHeaders { cache_control: Some(cache.to_owned()), ..ObjectHeaders::default() };
    let put = |body: &'static str, cache| world.put_by_person(&bucket(), "site/a b/index.html", body, headers(cache));
    let served = || {
        let objects = world.may_serve(&distribution(), "/a%20b/", world.clock().now());
        objects.into_iter().map(|object| String::from_utf8(object.body.to_vec()).unwrap()).collect::<Vec<_>>()
    };
    put("one", "max-age=100");
    seconds(10).await;
    put("two", "s-maxage=1000, max-age=0");
    assert_eq!(served(), ["two", "one"]);
    seconds(101).await;
    assert_eq!(served(), ["two"]);
    put("three", "max-age=0, must-revalidate");
    assert_eq!(served(), ["three", "two"]);
    invalidate(&world, "elsewhere", &["/b/*"]).await.unwrap();
    seconds(30).await;
    assert_eq!(served(), ["three", "two"]);
    invalidate(&world, "here", &["/a%20b/*"]).await.unwrap();
    assert_eq!(served(), ["three", "two"]);
    seconds(30).await;
    assert_eq!(served(), ["three"]);
    put("four", "no-cache");
    assert_eq!(served(), ["four"]);
}
