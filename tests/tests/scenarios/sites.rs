//! A static site through everything that may happen to it: the monitor watches S13 and S14 at every write.

use std::collections::BTreeSet;
use std::time::Duration;

use driftless_domain::{AccountId, ETag, Health, ObjectKey, Tag};
use driftless_execute::SiteChanges as _;
use driftless_sim::{Failure, ObjectHeaders, Where};
use driftless_tests::lab::{RESYNC, tag};
use driftless_tests::site_lab::{SPEC_WITH_PREFIX, SiteLab, files};

/// Long enough for uploads, an invalidation and the longest delays in between.
const LONG: Duration = Duration::from_secs(15 * 60);
/// Somebody's object in our bucket.
const FOREIGN: &str = "uploads/cat.png";

fn put_foreign(lab: &SiteLab) {
    lab.world.put_by_person(&lab.bucket(), FOREIGN, "meow", ObjectHeaders::of_type("image/png"));
}

/// The site with these builds deployed one after the other.
async fn site_with(letters: &[char]) -> SiteLab {
    let lab = SiteLab::new(5).await;
    put_foreign(&lab);
    for letter in letters {
        lab.deploy(*letter).await;
        lab.run_for(Duration::from_secs(120)).await;
        lab.assert_serves(*letter, &[FOREIGN], "before the job").await;
    }
    lab.world.clear_history();
    lab.world.reset_counts();
    lab
}

fn only(changes: &[(String, String)], operation: &str) -> Vec<String> {
    let of = changes.iter().filter(|(name, _)| name == operation);
    of.map(|(_, object)| object.rsplit("docs-dev/").next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_puts_every_file_once_in_order_and_then_tells_the_parameter() {
    let lab = site_with(&[]).await;
    lab.deploy('a').await;
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_serves('a', &[FOREIGN], "first").await;
    let changes = lab.changes();
    let put = only(&changes, "s3:PutObject");
    assert_eq!(put.len(), files('a').len(), "{put:?}");
    let first_page = put.iter().position(|key| key.ends_with(".html")).unwrap();
    let last_other = put.iter().rposition(|key| !key.ends_with(".html")).unwrap();
    assert!(last_other < first_page, "{put:?}");
    assert_eq!(changes.last().unwrap().0, "ssm:PutParameter", "{changes:?}");
    assert_eq!(only(&changes, "cloudfront:CreateInvalidation").len(), 0, "nobody has seen anything yet");
}

#[tokio::test(start_paused = true)]
async fn a_new_release_uploads_what_differs_and_invalidates_once() {
    let lab = site_with(&['a']).await;
    lab.deploy('b').await;
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_serves('b', &[FOREIGN], "second").await;
    let changes = lab.changes();
    let put: BTreeSet<String> = only(&changes, "s3:PutObject").into_iter().collect();
    assert!(!put.contains("assets/vendor-B1c2D3e4.js") && !put.contains("logo.svg"), "{put:?}");
    assert_eq!(put.len(), 8, "{put:?}");
    assert_eq!(only(&changes, "cloudfront:CreateInvalidation").len(), 1);
    let made = lab.world.invalidations(&lab.distribution());
    let paths: Vec<&str> = made[0].paths.iter().map(|path| path.as_str()).collect();
    assert_eq!(paths, ["/", "/data.json", "/docs", "/docs/", "/docs/index.html", "/index.html", "/site.webmanifest"]);
    assert!(lab.contents().contains_key("only-a.html"), "the previous release's files stay");
}

#[tokio::test(start_paused = true)]
async fn it_is_converged_when_caches_are_told_and_not_before() {
    let lab = site_with(&['a']).await;
    lab.world.invalidations_never_end();
    lab.deploy('b').await;
    lab.run_for(Duration::from_secs(60)).await;
    let status = lab.status().await;
    assert_eq!(status.health, Health::Progressing, "{}", status.reason);
    assert!(status.reason.starts_with("the files are in place; invalidation "), "{}", status.reason);
    lab.run_for(Duration::from_secs(11 * 60)).await;
    let status = lab.status().await;
    assert_eq!(status.health, Health::Degraded);
    assert!(status.reason.starts_with("InvalidationSlow"), "{}", status.reason);
    lab.world.complete_invalidations(&lab.distribution());
    lab.run_for(RESYNC * 2).await;
    lab.assert_serves('b', &[FOREIGN], "told").await;
    assert_eq!(lab.world.invalidations(&lab.distribution()).len(), 1, "slow is not failed: nothing was sent again");
}

#[tokio::test(start_paused = true)]
async fn a_converged_site_costs_a_list_a_parameter_and_a_sample_and_changes_nothing_s6() {
    let lab = site_with(&['a']).await;
    lab.once().await;
    assert_eq!(lab.changes(), []);
    let counts = lab.world.counts().by_operation;
    assert_eq!(counts.get("s3:ListBucket"), Some(&1), "{counts:?}");
    assert_eq!(counts.get("s3:GetObject"), Some(&8), "a sample of headers: {counts:?}");
    assert_eq!(counts.get("ssm:GetParameters"), Some(&1), "{counts:?}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    First,
    Update,
    Heal,
    Back,
    Prune,
}

/// The history of a job, with one call hit.
async fn history(job: Job, hit: Option<(u64, Hit)>) -> (SiteLab, u64, char) {
    let (lab, letter) = match job {
        Job::First => (site_with(&[]).await, 'a'),
        Job::Update | Job::Prune => (site_with(&['a', 'b']).await, 'c'),
        Job::Heal => (site_with(&['a']).await, 'a'),
        Job::Back => (site_with(&['a', 'b', 'c']).await, 'a'),
    };
    if job == Job::Prune {
        lab.deploy('c').await;
        lab.run_for(Duration::from_secs(120)).await;
        tokio::time::advance(Duration::from_secs(3600)).await;
        lab.world.clear_history();
    }
    let before = lab.world.faults().calls_made();
    match job {
        Job::First | Job::Update => drop(lab.deploy(letter).await),
        Job::Back => drop(lab.ask_for(&tag(letter)).await),
        Job::Heal => {
            lab.world.delete_by_person(&lab.bucket(), "assets/app-Ab3dEf9K.js");
            lab.world.put_by_person(&lab.bucket(), "index.html", "hacked", ObjectHeaders::of_type("text/html"));
            lab.world.person_edits_parameter(&lab.place(), &lab.bound().parameter, "by-hand");
        }
        Job::Prune => {}
    }
    match hit {
        Some((number, Hit::Fail(at))) => lab.world.faults().fail_call(number, at, Failure::Lost),
        Some((number, Hit::Crash(at))) => lab.world.faults().crash_at(number, at),
        None => {}
    }
    lab.run_for(LONG).await;
    (lab, before, letter)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hit {
    Fail(Where),
    Crash(Where),
}

const HITS: [Hit; 4] =
    [Hit::Fail(Where::Before), Hit::Fail(Where::After), Hit::Crash(Where::Before), Hit::Crash(Where::After)];

async fn crash_at_every_call(job: Job) {
    let (lab, before, letter) = history(job, None).await;
    lab.assert_serves(letter, &[FOREIGN], "without faults").await;
    let calls = lab.world.history();
    let invalidated = lab.world.invalidations(&lab.distribution()).len();
    let last = calls.iter().filter(|call| call.writes && !call.object.contains("heartbeat")).map(|call| call.at).max();
    let end = last.unwrap() + jiff::SignedDuration::try_from(RESYNC).unwrap();
    let ours = calls.iter().filter(|call| call.actor == "driftless" && call.number > before && call.at <= end);
    let (polls, calls): (Vec<_>, Vec<_>) =
        ours.partition(|call| call.operation == "dynamodb:Query" || call.object.contains("heartbeat"));
    let numbers: BTreeSet<u64> = calls.iter().chain(polls.iter().take(4)).map(|call| call.number).collect();
    assert!(numbers.len() > 10, "{job:?}: {} calls", numbers.len());
    let mut histories = 0;
    for number in numbers {
        for hit in HITS {
            let (lab, _, letter) = history(job, Some((number, hit))).await;
            let mut wrong = lab.faults_of(&tag(letter), &files(letter), &[FOREIGN]).await;
            let made = lab.world.invalidations(&lab.distribution()).len();
            if made > invalidated + 1 {
                wrong.push(format!("{made} invalidations instead of {invalidated} (S7)"));
            }
            assert!(wrong.is_empty(), "{job:?}, call {number}, {hit:?}: {wrong:#?}\n{}", log(&lab));
            histories += 1;
        }
    }
    println!("{job:?}: {histories} histories");
}

fn log(lab: &SiteLab) -> String {
    let calls = lab.world.history();
    calls.iter().filter(|call| call.writes || call.actor != "driftless").map(|call| format!("{call}\n")).collect()
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_first_sync_s13_l2() {
    crash_at_every_call(Job::First).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_an_update_of_a_site_s13_l2() {
    crash_at_every_call(Job::Update).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_heal_of_a_site_s13_l2() {
    crash_at_every_call(Job::Heal).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_way_back_s13_l2() {
    crash_at_every_call(Job::Back).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_clearing_away_s13_s14() {
    crash_at_every_call(Job::Prune).await;
}

#[tokio::test(start_paused = true)]
async fn going_back_three_releases_uploads_no_asset_that_is_still_there() {
    let lab = site_with(&['a', 'b', 'c', 'd']).await;
    lab.ask_for(&tag('a')).await;
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_serves('a', &[FOREIGN], "back").await;
    let put: BTreeSet<String> = only(&lab.changes(), "s3:PutObject").into_iter().collect();
    let changed = ["data.json", "docs/index.html", "index.html", "site.webmanifest"];
    assert_eq!(put, changed.into_iter().map(str::to_owned).collect());
}

#[tokio::test(start_paused = true)]
async fn old_files_go_after_their_time_and_the_previous_releases_stay_s14() {
    let lab = site_with(&['a', 'b', 'c']).await;
    lab.run_for(Duration::from_secs(1800)).await;
    assert!(lab.contents().contains_key("only-a.html"), "not before their time");
    lab.run_for(Duration::from_secs(3600)).await;
    let contents = lab.contents();
    for gone in ["only-a.html", "assets/app-Ab3dEf9K.js", "assets/style-Ak8sQ2vZ.css", "assets/photo-Ax7wP4mJ.png"] {
        assert!(!contents.contains_key(gone), "{gone} is still there");
    }
    for kept in ["only-b.html", "assets/app-Bb3dEf9K.js", "assets/vendor-B1c2D3e4.js", FOREIGN] {
        assert!(contents.contains_key(kept), "{kept} is gone");
    }
    lab.assert_serves('c', &[FOREIGN], "after the clearing").await;
    let headline = lab.status().await;
    assert!(headline.converged.is_some() && headline.site.unwrap().kept > 0);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_superseded_half_way_leaves_nothing_unknown_behind() {
    let lab = site_with(&['a']).await;
    // The pages of `b` never arrive.
    lab.world.faults().deny("s3:PutObject", ".html");
    lab.deploy('b').await;
    lab.run_for(Duration::from_secs(120)).await;
    assert!(lab.contents().contains_key("assets/app-Bb3dEf9K.js"));
    assert_eq!(lab.status().await.health, Health::Degraded);
    lab.world.faults().cease();
    lab.deploy('c').await;
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_serves('c', &[FOREIGN], "superseded").await;
    assert_eq!(lab.status().await.site.unwrap().foreign, 1, "only the cat is foreign");
    lab.run_for(Duration::from_secs(3700)).await;
    assert!(!lab.contents().contains_key("assets/app-Bb3dEf9K.js"), "what is left of it goes in its time");
    lab.assert_serves('c', &[FOREIGN], "cleared").await;
}

#[tokio::test(start_paused = true)]
async fn an_emptied_bucket_is_filled_again_without_a_page_before_its_assets_s13() {
    let lab = site_with(&['a']).await;
    lab.world.empty_bucket_by_person(&lab.bucket());
    lab.run_for(RESYNC * 3).await;
    lab.assert_serves('a', &[], "emptied").await;
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_now_belongs_to_somebody_else_gets_nothing_s14() {
    let lab = site_with(&['a']).await;
    lab.world.bucket_moves_to_account(&lab.bucket(), &AccountId::parse("999999999999").unwrap());
    lab.deploy('b').await;
    lab.run_for(Duration::from_secs(300)).await;
    assert_eq!(lab.contents().len(), 0);
    let status = lab.status().await;
    assert!(status.reason.contains("denied"), "{}", status.reason);
    assert_eq!(lab.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn drift_of_each_kind_is_put_right_with_the_calls_that_it_needs() {
    let lab = site_with(&['a']).await;
    let (bucket, place) = (lab.bucket(), lab.place());
    let html = ObjectHeaders::of_type("text/html; charset=utf-8");
    type Case<'a> = (&'a str, &'a dyn Fn(), &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        (
            "changed",
            &|| lab.world.put_by_person(&bucket, "index.html", "hacked", html.clone()),
            &["s3:PutObject", "cloudfront:CreateInvalidation"],
        ),
        (
            "deleted",
            &|| lab.world.delete_by_person(&bucket, "logo.svg"),
            &["s3:PutObject", "cloudfront:CreateInvalidation"],
        ),
        ("parameter", &|| lab.world.person_edits_parameter(&place, &lab.bound().parameter, "x"), &["ssm:PutParameter"]),
        ("foreign", &|| lab.world.put_by_person(&bucket, "more/dog.png", "woof", ObjectHeaders::default()), &[]),
    ];
    for (name, happens, needed) in cases {
        lab.world.clear_history();
        happens();
        lab.run_for(RESYNC * 3).await;
        lab.assert_serves('a', &[FOREIGN], name).await;
        let operations: Vec<String> = lab.changes().into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, needed, "{name}");
    }
    let site = lab.status().await.site.unwrap();
    assert_eq!((site.foreign, site.missing, site.changed, site.other_headers), (2, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn headers_that_somebody_changed_are_found_by_the_sample_or_when_a_person_asks() {
    let lab = site_with(&['a']).await;
    let eternal = ObjectHeaders {
        content_type: Some("text/html; charset=utf-8".to_owned()),
        cache_control: Some("public, max-age=31536000".to_owned()),
        content_encoding: None,
    };
    lab.world.set_headers_by_person(&lab.bucket(), "index.html", eternal);
    lab.run_for(RESYNC * 3).await;
    lab.assert_serves('a', &[FOREIGN], "headers").await;
    let operations: Vec<String> = lab.changes().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["s3:PutObject", "cloudfront:CreateInvalidation"], "a copy in place, and caches are told");
}

#[tokio::test(start_paused = true)]
async fn somebody_who_keeps_changing_a_page_is_named_and_left_alone_s8() {
    let lab = site_with(&['a']).await;
    for round in 0..60 {
        lab.world.put_by_person(&lab.bucket(), "index.html", format!("theirs {round}"), ObjectHeaders::default());
        lab.run_for(Duration::from_secs(70)).await;
    }
    let put = only(&lab.changes(), "s3:PutObject").len();
    assert!((5..=12).contains(&put), "{put} uploads in 70 minutes");
    let status = lab.status().await;
    assert!(status.contested.is_some(), "{}", status.reason);
    assert!(status.reason.contains("site files") && status.reason.contains("index.html"), "{}", status.reason);
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_stops_a_sync_that_is_under_way_s5() {
    let lab = site_with(&['a']).await;
    let many: Vec<(String, Vec<u8>)> = files('b')
        .into_iter()
        .chain((0..400).map(|n| (format!("pages/p{n}.html"), format!("page {n}").into_bytes())))
        .collect();
    let big = Tag::parse("sha-big").unwrap();
    lab.world.set_latency(Duration::from_secs(2));
    lab.announce_files(&big, &many).await;
    lab.announce('c').await;
    lab.ask_for(&big).await;
    lab.run_for(Duration::from_secs(20)).await;
    lab.ask_for(&tag('c')).await;
    lab.run_for(LONG).await;
    lab.assert_serves('c', &[FOREIGN], "superseded").await;
    assert!(lab.contents().len() < 400, "{} objects: the sync was not stopped", lab.contents().len());
}

#[tokio::test(start_paused = true)]
async fn a_site_under_a_prefix_touches_nothing_beside_it() {
    let lab = SiteLab::with(3, SPEC_WITH_PREFIX).await;
    let beside = ["index.html", "manual.html", "other/index.html"];
    for key in beside {
        lab.world.put_by_person(&lab.bucket(), key, "theirs", ObjectHeaders::default());
    }
    for letter in ['a', 'b', 'c', 'a'] {
        lab.deploy(letter).await;
        lab.run_for(Duration::from_secs(7200)).await;
        lab.assert_serves(letter, &beside, "with a prefix").await;
    }
    assert_eq!(lab.status().await.site.unwrap().foreign, 0, "what is outside of the prefix is not looked at");
}

#[tokio::test(start_paused = true)]
async fn buckets_with_kms_converge_and_are_asked_for_checksums_once() {
    let lab = SiteLab::new(9).await;
    lab.world.bucket_encrypts_with_kms(&lab.bucket());
    for letter in ['a', 'b'] {
        lab.deploy(letter).await;
        lab.run_for(Duration::from_secs(180)).await;
        lab.assert_serves(letter, &[], "with KMS").await;
    }
    lab.world.clear_history();
    lab.run_for(RESYNC * 10).await;
    assert_eq!(lab.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_upload_is_repeated_once_and_then_told_and_no_page_goes_out() {
    let lab = site_with(&['a']).await;
    lab.world.corrupt_next_put(&lab.bucket(), "assets/app-B");
    lab.deploy('b').await;
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_serves('b', &[FOREIGN], "damaged once").await;
}

#[tokio::test(start_paused = true)]
async fn a_build_whose_version_is_gone_is_told_and_the_site_stays() {
    let lab = site_with(&['a']).await;
    lab.announce('b').await;
    let artifact = driftless_releases::ReadRecords::artifact(&lab.api, &lab.spec.app, &tag('b')).await.unwrap();
    let build = artifact.valid().unwrap().content.site().unwrap().clone();
    lab.world.delete_build_version(&build.bucket, &build.key, &build.version);
    lab.ask_for(&tag('b')).await;
    lab.run_for(Duration::from_secs(300)).await;
    let status = lab.status().await;
    assert_eq!(status.health, Health::Degraded, "{}", status.reason);
    assert!(status.reason.contains(build.key.as_str()), "{}", status.reason);
    let pages: Vec<_> = files('a').into_iter().filter(|(path, _)| path.ends_with(".html")).collect();
    let contents = lab.contents();
    assert!(pages.iter().all(|(path, content)| contents.get(path).is_some_and(|body| body == content)));
    assert_eq!(lab.world.violations(), Vec::<String>::new());
}

/// The guard of the guard: the monitor sees what a sync in the wrong order would do.
#[tokio::test(start_paused = true)]
async fn a_page_before_its_assets_is_caught_s13() {
    let lab = site_with(&[]).await;
    lab.announce('a').await;
    let (_, page) = files('a').into_iter().find(|(path, _)| path == "index.html").unwrap();
    let headers = driftless_domain::Headers {
        content_type: "text/html".to_owned(),
        cache_control: "max-age=0".to_owned(),
        content_encoding: None,
    };
    let (key, sha256) = (ObjectKey::parse("index.html").unwrap(), driftless_domain::Sha256::of(&page));
    lab.world.put_object(&lab.place(), &lab.bucket(), &key, &headers, sha256, page.into()).await.unwrap();
    assert!(lab.world.violations().iter().any(|one| one.contains("S13")), "{:?}", lab.world.violations());
}

/// The same for a delete of what is not ours.
#[tokio::test(start_paused = true)]
async fn a_delete_of_what_is_not_ours_is_caught_s14() {
    let lab = site_with(&['a']).await;
    let etag = lab.world.object(&lab.bucket(), FOREIGN).unwrap().etag;
    let key = ObjectKey::parse(FOREIGN).unwrap();
    let _: ETag = etag.clone();
    lab.world.delete_object(&lab.place(), &lab.bucket(), &key, &etag).await.unwrap();
    assert!(lab.world.violations().iter().any(|one| one.contains("S14")), "{:?}", lab.world.violations());
}
