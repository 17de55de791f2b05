//! Plans for a static site.

use driftless_domain::{CallClass, CallError, Invalidation, InvalidationPath, InvalidationState, KeyPrefix, Seen};
use driftless_plan::{Action, Plan};
use expect_test::expect;

use crate::site_world::{File, Site, etag, key};
use crate::world::{noon, seconds};

const FIRST: [File<'static>; 5] = [
    ("assets/app-1.js", "app1"),
    ("data.json", "data1"),
    ("docs/index.html", "docs1"),
    ("index.html", "index1"),
    ("logo.png", "logo1"),
];

const SECOND: [File<'static>; 6] = [
    ("about.html", "about2"),
    ("assets/app-2.js", "app2"),
    ("data.json", "data1"),
    ("docs/index.html", "docs2"),
    ("index.html", "index2"),
    ("logo.png", "logo1"),
];

fn failed() -> CallError {
    CallError::new("s3:ListBucket", "shop-dev", CallClass::Denied, "AccessDenied", "no")
}

#[test]
fn an_empty_bucket_gets_what_is_referred_to_before_what_refers_to_it_s13() {
    Site::wanting(&FIRST).check(&expect![[r#"
        upload 1 hashed assets (1.0 kB) to bucket shop-dev: assets/app-1.js
        upload 1 other files (1.0 kB) to bucket shop-dev: logo.png
        upload 1 pages (1.0 kB) to bucket shop-dev: data.json
        upload 2 pages (2.0 kB) to bucket shop-dev: docs/index.html, index.html
        write parameter /shop/dev/artifact-key: (not there) -> "builds/shop/4916fa4.zip""#]]);
}

#[test]
fn a_site_in_order_needs_nothing_s6() {
    Site::having(&FIRST).check(&expect!["converged"]);
}

#[test]
fn a_new_release_changes_what_differs_and_names_what_caches_may_hold() {
    Site::having(&FIRST).now_wanting(&SECOND).check(&expect![[r#"
        upload 1 hashed assets (1.0 kB) to bucket shop-dev: assets/app-2.js
        upload 1 pages (1.0 kB) to bucket shop-dev: about.html
        upload 2 pages (2.0 kB) to bucket shop-dev: docs/index.html, index.html
        invalidate in distribution E2EXAMPLE1ABCD: / /docs /docs/ /docs/index.html /index.html
        write parameter /shop/dev/artifact-key: "builds/shop/4916fa4.zip" -> "builds/shop/5b9336a.zip""#]]);
}

#[test]
fn size_and_time_decide_nothing_about_content() {
    // All objects of this world have the same size; only the ETag tells.
    let mut site = Site::having(&FIRST);
    site.put("logo.png", "scribbled");
    site.check(&expect![[r#"
        upload 1 other files (1.0 kB) to bucket shop-dev: logo.png
        invalidate in distribution E2EXAMPLE1ABCD: /logo.png"#]]);
}

#[test]
fn where_etags_are_no_hashes_the_checksum_decides() {
    let mut site = Site::having(&FIRST);
    let sha256 = site.files().manifest.get(&"logo.png".parse().unwrap()).unwrap().sha256;
    let object = site.listing().objects.get_mut(&key("logo.png")).unwrap();
    object.etag = etag("of-kms");
    object.checksum = Some(sha256.to_base64());
    site.check(&expect!["converged"]);
}

#[test]
fn a_file_that_somebody_deleted_comes_back_and_the_error_in_its_place_is_invalidated() {
    let mut site = Site::having(&FIRST);
    site.listing().objects.remove(&key("docs/index.html"));
    site.check(&expect![[r#"
        upload 1 pages (1.0 kB) to bucket shop-dev: docs/index.html
        invalidate in distribution E2EXAMPLE1ABCD: /docs /docs/ /docs/index.html"#]]);
}

#[test]
fn objects_of_others_are_left_alone() {
    let mut site = Site::having(&FIRST);
    site.put("uploads/cat.png", "cat");
    site.check(&expect!["converged"]);
}

#[test]
fn other_headers_are_put_right_in_place() {
    let mut site = Site::having(&FIRST);
    site.head("index.html", Some("public, max-age=31536000"));
    site.head("logo.png", None);
    site.check(&expect![[r#"
        replace the headers of 1 files in bucket shop-dev: index.html
        invalidate in distribution E2EXAMPLE1ABCD: / /index.html"#]]);
}

#[test]
fn what_no_cache_may_hold_is_not_invalidated() {
    let files: [File<'_>; 2] = [("index.html", "1"), ("me.private", "1")];
    let mut site = Site::having(&files);
    site.put("me.private", "scribbled");
    site.check(&expect!["upload 1 other files (1.0 kB) to bucket shop-dev: me.private"]);
}

#[test]
fn without_a_distribution_nothing_is_invalidated() {
    let mut site = Site::having(&FIRST).now_wanting(&SECOND);
    site.bound().distribution = None;
    let Plan::Apply(actions) = site.plan() else { panic!("steps") };
    assert!(!actions.iter().any(|action| matches!(action, Action::Invalidate { .. })));
}

#[test]
fn what_was_changed_before_a_crash_is_still_invalidated_after_it_s7() {
    let mut site = Site::having(&FIRST);
    site.files().memory.pending = vec![InvalidationPath::parse("/index.html").unwrap()];
    site.check(&expect!["invalidate in distribution E2EXAMPLE1ABCD: /index.html"]);
    let Plan::Apply(actions) = site.plan() else { panic!("steps") };
    let Action::Invalidate { reference, .. } = &actions[0] else { panic!("an invalidation") };
    assert_eq!(reference, "driftless/shop/dev/3/1");
}

#[test]
fn an_invalidation_is_waited_for_and_a_slow_one_is_told() {
    let mut site = Site::having(&FIRST);
    let made = Invalidation { id: "I1".to_owned(), reference: "r".to_owned(), at: seconds(-30) };
    site.files().memory.invalidation = Some(made);
    site.seen().invalidation = Seen::Known(InvalidationState::InProgress);
    site.check(&expect!["wait: the files are in place; invalidation I1 of distribution E2EXAMPLE1ABCD is under way"]);
    site.files().memory.invalidation.as_mut().unwrap().at = seconds(-600);
    site.check(&expect!["wait: InvalidationSlow: the files are in place, and invalidation I1 of distribution E2EXAMPLE1ABCD is under way since 2026-01-01T11:50:00Z; caches may serve old files. Look at the distribution in CloudFront"]);
    site.seen().invalidation = Seen::Known(InvalidationState::Completed);
    site.check(&expect!["converged"]);
    site.seen().invalidation = Seen::Absent;
    site.check(&expect!["converged"]);
}

#[test]
fn the_parameter_alone_is_put_right_alone() {
    let mut site = Site::having(&FIRST);
    site.seen().parameter = Seen::Absent;
    site.check(&expect![[r#"write parameter /shop/dev/artifact-key: (not there) -> "builds/shop/4916fa4.zip""#]]);
}

#[test]
fn a_bucket_that_cannot_be_read_is_not_an_empty_one_s10() {
    let mut site = Site::having(&FIRST);
    site.seen().listing = Seen::Unknown(failed());
    site.check(&expect!["wait: could not be read: s3:ListBucket of shop-dev (denied): AccessDenied: no"]);
    site.seen().listing = Seen::Absent;
    site.check(&expect![
        "wait: BucketMissing: there is no bucket shop-dev; its owner must create it, or the spec must name another"
    ]);
}

#[test]
fn headers_that_are_not_known_and_cannot_be_read_are_not_taken_for_right_s10() {
    let mut site = Site::having(&FIRST);
    site.files().settled = None;
    for (path, _) in FIRST {
        site.head(path, None);
    }
    site.check(&expect!["converged"]);
    site.listing().heads.insert(key("logo.png"), Seen::Unknown(failed()));
    site.check(&expect!["wait: could not be read: s3:ListBucket of shop-dev (denied): AccessDenied: no"]);
    // A sample that fails is not worth waiting for.
    site.files().settled = Some(site.desired.files.as_ref().unwrap().manifest.clone());
    site.check(&expect!["converged"]);
}

#[test]
fn a_doubtful_object_that_cannot_be_read_is_not_taken_for_another_s10() {
    let mut site = Site::having(&FIRST);
    site.put("logo.png", "of-kms");
    site.listing().heads.insert(key("logo.png"), Seen::Unknown(failed()));
    site.check(&expect!["wait: could not be read: s3:ListBucket of shop-dev (denied): AccessDenied: no"]);
}

#[test]
fn a_prefix_that_makes_a_key_too_long_is_told_before_anything_is_sent() {
    let long = "x".repeat(890);
    let mut site = Site::wanting(&[(&long, "x")]);
    site.bound().prefix = Some(KeyPrefix::parse("p".repeat(200)).unwrap());
    assert!(site.plan().to_string().contains("is too long for S3 with the prefix of this environment"));
}

#[test]
fn files_go_under_the_prefix_of_their_app() {
    let mut site = Site::wanting(&[("index.html", "1")]);
    site.bound().prefix = Some(KeyPrefix::parse("docs").unwrap());
    site.bound().distribution = None;
    site.put("index.html", "of-somebody-else");
    site.check(&expect![[r#"
        upload 1 pages (1.0 kB) to bucket shop-dev: docs/index.html
        write parameter /shop/dev/artifact-key: (not there) -> "builds/shop/f62bd2c.zip""#]]);
}

/// Two releases before the current one, the older superseded long ago.
fn with_old_files(seconds_ago: i64) -> Site {
    let oldest: [File<'_>; 3] = [("assets/app-0.js", "app0"), ("index.html", "index0"), ("old.html", "old0")];
    let mut site = Site::having(&SECOND).after(seconds_ago, &oldest);
    site.files().previous = Some(crate::site_world::manifest(&FIRST));
    site.put("assets/app-1.js", "app1");
    site.put("assets/app-0.js", "app0");
    site.put("old.html", "old0");
    site
}

#[test]
fn files_of_earlier_releases_go_after_their_time_pages_first_s14() {
    with_old_files(3599).check(&expect!["converged"]);
    let mut site = with_old_files(3600);
    site.check(&expect!["delete 1 files of earlier releases from bucket shop-dev: old.html"]);
    site.carry_out(&site.plan(), 1);
    site.check(&expect!["delete 1 files of earlier releases from bucket shop-dev: assets/app-0.js"]);
    site.carry_out(&site.plan(), 1);
    site.check(&expect!["converged"]);
    assert!(site.keys().contains("assets/app-1.js"), "the previous release keeps its files");
}

#[test]
fn what_somebody_changed_is_theirs_and_so_may_be_what_it_refers_to_s14() {
    let mut site = with_old_files(7200);
    site.put("old.html", "edited-by-somebody");
    site.check(&expect!["converged"]);
    let mut site = with_old_files(7200);
    site.put("assets/app-0.js", "edited-by-somebody");
    site.carry_out(&site.plan(), 1);
    site.check(&expect!["converged"]);
}

#[test]
fn nothing_is_deleted_before_the_release_is_whole() {
    let mut site = with_old_files(7200);
    site.listing().objects.remove(&key("logo.png"));
    assert!(!site.plan().to_string().contains("delete"));
    let mut site = with_old_files(7200);
    let made = Invalidation { id: "I1".to_owned(), reference: "r".to_owned(), at: noon() };
    site.files().memory.invalidation = Some(made);
    site.seen().invalidation = Seen::Known(InvalidationState::InProgress);
    assert!(!site.plan().to_string().contains("delete"));
}

#[test]
fn one_generation_deletes_no_more_than_its_share_s14() {
    let old: Vec<String> = (0..60).map(|n| format!("assets/old-{n:02}.js")).collect();
    let files: Vec<File<'_>> = old.iter().map(|path| (path.as_str(), "x")).collect();
    let mut site = Site::having(&SECOND).after(7200, &files);
    site.files().previous = Some(crate::site_world::manifest(&FIRST));
    for path in &old {
        site.put(path, "x");
    }
    site.check(&expect!["delete 25 files of earlier releases from bucket shop-dev: assets/old-00.js, assets/old-01.js, assets/old-02.js and 22 more"]);
    let generation = site.desired.generation;
    site.files().memory.pruned = Some(driftless_domain::Pruned { generation, files: 20 });
    assert!(site.plan().to_string().starts_with("delete 5 files"));
    site.files().memory.pruned = Some(driftless_domain::Pruned { generation, files: 25 });
    site.check(&expect!["converged"]);
}

#[test]
fn a_rollback_uploads_no_asset_that_is_still_there() {
    let mut site = Site::having(&SECOND).now_wanting(&FIRST);
    site.put("assets/app-1.js", "app1");
    site.check(&expect![[r#"
        upload 2 pages (2.0 kB) to bucket shop-dev: docs/index.html, index.html
        invalidate in distribution E2EXAMPLE1ABCD: / /docs /docs/ /docs/index.html /index.html
        write parameter /shop/dev/artifact-key: "builds/shop/5b9336a.zip" -> "builds/shop/4916fa4.zip""#]]);
}
