//! The monitor fires for a site that is half new (S13), for foreign objects that are deleted (S14) and for a bucket that is
//! emptied (S10), and not for what others do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use bytes::Bytes;
use common::*;
use driftless_domain::{ETag, KeyPrefix, Sha256};
use driftless_execute::SiteChanges;
use driftless_observe::SiteState;
use driftless_sim::{Failure, ObjectHeaders, Where, World};

const PAGE: &str = "<!doctype html><script type=module src=/assets/x.js></script><a href=other.html>x</a>";

fn html() -> ObjectHeaders {
    ObjectHeaders::of_type("text/html")
}

fn none() -> Vec<String> {
    Vec::new()
}

async fn delete(world: &World, what: &str) {
    let etag = world.object(&bucket(), what).map_or_else(|| ETag::parse("none").unwrap(), |object| object.etag);
    world.delete_object(&place(), &bucket(), &key(what), &etag).await.unwrap();
}

async fn list(world: &World) {
    world.list_objects(&place(), &bucket(), None).await.unwrap();
}

/// A site that is whole.
async fn whole() -> World {
    let world = site(1);
    put(&world, "assets/x.js", "x").await.unwrap();
    put(&world, "index.html", PAGE).await.unwrap();
    assert_eq!(world.violations(), none());
    world
}

#[tokio::test(start_paused = true)]
async fn a_page_before_its_asset_is_found_s13() {
    let world = site(1);
    put(&world, "robots.txt", "x").await.unwrap();
    put(&world, "index.html", PAGE).await.unwrap();
    put(&world, "assets/x.js", "x").await.unwrap();
    put(&world, "index.html", PAGE).await.unwrap();
    let found = world.violations();
    assert_eq!(found.len(), 1);
    let said = "S13: index.html refers to assets/x.js, which is not there (call 2: s3:PutObject of s3-object \
                shop-dev/index.html at ";
    assert!(found[0].starts_with(said), "{}", found[0]);
}

#[tokio::test(start_paused = true)]
async fn a_page_before_its_asset_is_found_also_when_the_answer_is_lost_s13() {
    let world = site(1);
    world.faults().fail_call(1, Where::After, Failure::Lost);
    put(&world, "index.html", PAGE).await.unwrap_err();
    assert_eq!(world.violations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_in_parts_is_read_when_it_is_finished_s13() {
    let world = site(1);
    let (page, headers) = (Bytes::from(PAGE), headers("text/html", "no-cache"));
    let (place, bucket, key) = (place(), bucket(), key("index.html"));
    let id = world.begin_parts(&place, &bucket, &key, &headers).await.unwrap();
    let part = world.put_part(&place, &bucket, &key, &id, 1, Sha256::of(&page), page).await.unwrap();
    assert_eq!(world.violations(), none());
    world.finish_parts(&place, &bucket, &key, &id, &[part]).await.unwrap();
    assert!(world.violations()[0].contains("(call 3: s3:PutObject"));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_becomes_a_page_by_its_headers_is_read_s13() {
    let world = site(1);
    put(&world, "page", PAGE).await.unwrap();
    assert_eq!(world.violations(), none());
    let etag = world.object(&bucket(), "page").unwrap().etag;
    let page = headers("text/html", "no-cache");
    world.replace_headers(&place(), &bucket(), &key("page"), &page, &etag).await.unwrap();
    assert!(world.violations()[0].starts_with("S13: page refers to assets/x.js"));
}

#[tokio::test(start_paused = true)]
async fn an_asset_that_is_deleted_while_a_page_needs_it_is_found_s13() {
    let world = whole().await;
    list(&world).await;
    delete(&world, "assets/x.js").await;
    let found = world.violations();
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("S13: index.html refers to assets/x.js"));
    assert!(found[0].contains("(call 4: s3:DeleteObject of s3-object shop-dev/assets/x.js"));
}

#[tokio::test(start_paused = true)]
async fn an_asset_may_go_when_no_page_needs_it_any_more_s13() {
    let world = whole().await;
    put(&world, "assets/y.js", "y").await.unwrap();
    put(&world, "index.html", "<script src=assets/y.js></script>").await.unwrap();
    delete(&world, "assets/x.js").await;
    assert_eq!(world.violations(), none());
    // Nor is anything wrong with a page that goes before what it needs.
    put(&world, "keep.txt", "x").await.unwrap();
    delete(&world, "index.html").await;
    delete(&world, "assets/y.js").await;
    assert_eq!(world.violations(), none());
}

#[tokio::test(start_paused = true)]
async fn what_a_person_takes_away_is_not_our_fault_until_it_is_back_s13() {
    let world = whole().await;
    world.delete_by_person(&bucket(), "assets/x.js");
    assert_eq!(world.violations(), none());
    // The same page again: it dangled before.
    list(&world).await;
    put(&world, "index.html", PAGE).await.unwrap();
    assert_eq!(world.violations(), none());
    // Another page with the same reference: we listed the bucket, and should know.
    put(&world, "new.html", PAGE).await.unwrap();
    assert!(world.violations()[0].starts_with("S13: new.html refers to assets/x.js"));
    // It was put right, so that now it would be our fault.
    put(&world, "assets/x.js", "x").await.unwrap();
    delete(&world, "assets/x.js").await;
    assert_eq!(world.violations().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_takes_away_after_our_look_is_not_our_fault_s13() {
    let world = site(1);
    list(&world).await;
    put(&world, "assets/x.js", "x").await.unwrap();
    world.delete_by_person(&bucket(), "assets/x.js");
    put(&world, "index.html", PAGE).await.unwrap();
    assert_eq!(world.violations(), none());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_a_person_emptied_is_filled_in_order_s13() {
    let world = whole().await;
    world.empty_bucket_by_person(&bucket());
    list(&world).await;
    put(&world, "index.html", PAGE).await.unwrap();
    assert_eq!(world.violations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_was_made_anew_behind_our_back_is_not_our_fault_until_we_look_s13() {
    let world = whole().await;
    world.delete_bucket(&bucket());
    world.create_bucket(&place(), &bucket());
    put(&world, "index.html", PAGE).await.unwrap();
    assert_eq!(world.violations(), none());
    list(&world).await;
    put(&world, "other.html", PAGE).await.unwrap();
    assert_eq!(world.violations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pages_of_others_are_theirs_s13() {
    let world = whole().await;
    world.put_by_person(&bucket(), "promo.html", "<img src=gone.png><img src=assets/x.js>", html());
    // Ours again, and not needed by any page of ours.
    put(&world, "index.html", "<p>").await.unwrap();
    list(&world).await;
    delete(&world, "assets/x.js").await;
    assert_eq!(world.violations(), none());
    // An old page of ours that somebody put back is ours once we have looked.
    put(&world, "assets/x.js", "x").await.unwrap();
    world.put_by_person(&bucket(), "index.html", PAGE, html());
    list(&world).await;
    delete(&world, "assets/x.js").await;
    assert!(world.violations()[0].starts_with("S13: index.html refers to assets/x.js"));
}

#[tokio::test(start_paused = true)]
async fn a_site_has_its_own_root_s13() {
    for (root, fine) in [(None, false), (Some("docs"), true)] {
        let world = site(1);
        if let Some(root) = root {
            world.site_root(&bucket(), &KeyPrefix::parse(root).unwrap());
        }
        put(&world, "docs/assets/x.js", "x").await.unwrap();
        put(&world, "docs/index.html", PAGE).await.unwrap();
        assert_eq!(world.violations().is_empty(), fine, "{root:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_object_that_is_deleted_is_found_s14() {
    let world = whole().await;
    world.put_by_person(&bucket(), "report.pdf", "x", ObjectHeaders::default());
    delete(&world, "report.pdf").await;
    let found = world.violations();
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("S14: report.pdf with etag 9dd4e461268c8034f5c8564e155c67a6 is deleted"));
    assert!(found[0].contains("(call 3: s3:DeleteObject of s3-object shop-dev/report.pdf"));
}

#[tokio::test(start_paused = true)]
async fn our_object_that_somebody_changed_is_foreign_s14() {
    let world = whole().await;
    put(&world, "old.txt", "ours").await.unwrap();
    world.put_by_person(&bucket(), "old.txt", "theirs", ObjectHeaders::default());
    delete(&world, "old.txt").await;
    assert!(world.violations()[0].starts_with("S14: old.txt"));
}

#[tokio::test(start_paused = true)]
async fn what_we_put_may_be_deleted_twice_s14() {
    let world = whole().await;
    let etag = put(&world, "old.txt", "ours").await.unwrap().etag;
    for _ in 0..2 {
        world.delete_object(&place(), &bucket(), &key("old.txt"), &etag).await.unwrap();
    }
    assert_eq!(world.violations(), none());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_we_empty_is_found_s10() {
    let world = whole().await;
    delete(&world, "index.html").await;
    assert_eq!(world.violations(), none());
    delete(&world, "assets/x.js").await;
    assert!(world.violations()[0].starts_with("S10: nothing is left in shop-dev"));
}

#[tokio::test(start_paused = true)]
async fn the_last_object_beside_a_person_who_deletes_the_others_is_not_our_fault_s10() {
    let world = whole().await;
    put(&world, "old.txt", "old").await.unwrap();
    list(&world).await;
    world.delete_by_person(&bucket(), "index.html");
    world.delete_by_person(&bucket(), "assets/x.js");
    delete(&world, "old.txt").await;
    assert_eq!(world.violations(), none());
}

#[tokio::test(start_paused = true)]
async fn the_hands_of_others_break_no_rule_of_ours() {
    let world = whole().await;
    world.put_by_person(&bucket(), "other.html", "<img src=nowhere.png>", html());
    world.delete_by_person(&bucket(), "assets/x.js");
    world.set_headers_by_person(&bucket(), "index.html", ObjectHeaders::default());
    world.empty_bucket_by_person(&bucket());
    world.delete_bucket(&bucket());
    assert_eq!(world.violations(), none());
}
