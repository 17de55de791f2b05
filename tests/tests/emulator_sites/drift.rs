//! Drift of each kind, made by the AWS CLI as a person would make it: put right in one resync, with exactly the calls it
//! needs, and with exactly the objects written that it was about.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use driftless_aws::Kind;
use driftless_reconcile::Controller;
use driftless_releases::DesiredWrites as _;
use driftless_tests::site_zip::{Files, test_site};

use crate::objects::Versions;
use crate::sites::{Calls, Sites, bucket, target};

const TAG: &str = "sha-1111111";

/// One environment for each kind, so that no heal counts against another's budget.
const ENVS: [&str; 7] = ["changed", "asset", "several", "deleted", "parameter", "foreign", "everything"];

struct Drifted {
    calls: Calls,
    versions: Versions,
    invalidations: usize,
}

/// A site that was brought live in all environments.
async fn live(envs: &[&'static str]) -> (Sites, Controller, Files) {
    let envs: Vec<_> = envs.iter().map(|env| (*env, None)).collect();
    let sites = Sites::open(&envs).await;
    let files = test_site("vite/1").unwrap();
    sites.announce(TAG, &files).await;
    let controller = sites.controller();
    for (env, _) in envs {
        sites.deploy(&controller, env, TAG).await;
    }
    (sites, controller, files)
}

fn note() -> tempfile::NamedTempFile {
    let note = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(note.path(), "by hand").unwrap();
    note
}

impl Drifted {
    /// As it is after the drift was made.
    async fn in_env(sites: &Sites, env: &str) -> Self {
        let invalidations = sites.invalidations(env).await.len();
        Self { calls: sites.calls(), versions: sites.versions(env).await, invalidations }
    }

    /// Says what was sent since, and fails unless these keys alone were written, nothing was deleted, caches were told of
    /// these paths, and every file is as its release has it.
    async fn assert_healed(
        &self,
        (sites, env): (&Sites, &str),
        files: &Files,
        sent: &[(&'static str, u64)],
        keys: &[&str],
        told: &[&str],
    ) {
        assert_eq!(sites.since(&self.calls, Kind::Change), sent.iter().copied().collect(), "{env}");
        let versions = sites.versions(env).await;
        assert_eq!(versions.written_since(&self.versions), keys, "{env}");
        assert_eq!(versions.deleted_since(&self.versions), Vec::<String>::new(), "{env}");
        let invalidations = sites.invalidations(env).await.split_off(self.invalidations);
        assert_eq!(invalidations.concat(), told, "{env}");
        for (key, content) in files {
            assert_eq!(&sites.get(env, key).await.body, content, "{env}: {key}");
        }
        let status = sites.status(env).await;
        assert_eq!(status.plan, "converged", "{env}");
        assert_eq!(status.heals.len(), usize::from(!sent.is_empty()), "{env}: {:?}", status.heals);
    }
}

async fn copy_over(sites: &Sites, env: &str, from: &Path, key: &str) {
    let to = format!("s3://{}/{key}", bucket(env));
    sites.aws_cli(&["s3", "cp", "--only-show-errors", from.to_str().unwrap(), &to]).await;
}

/// Puts other headers on an object, and leaves its content alone.
async fn other_headers(sites: &Sites, env: &str, key: &str) {
    let object = format!("s3://{}/{key}", bucket(env));
    let cache = ["--cache-control", "max-age=31536000", "--content-type", "application/x-unwanted"];
    let copy = ["s3", "cp", "--only-show-errors", "--metadata-directive", "REPLACE", &object, &object];
    sites.aws_cli(&[&copy[..], &cache].concat()).await;
}

#[tokio::test]
async fn drift_of_each_kind_is_put_right_in_one_resync_with_exactly_the_calls_it_needs() {
    let (sites, controller, files) = live(&ENVS).await;
    let by_hand = note();
    let asset = files.keys().find(|key| key.starts_with("assets/main-") && key.ends_with(".js")).unwrap().as_str();
    let asset_path = format!("/{asset}");

    // An object with other content. Its headers are another person's too; both come back with one put.
    copy_over(&sites, "changed", by_hand.path(), "docs/index.html").await;
    let drifted = Drifted::in_env(&sites, "changed").await;
    sites.resync(&controller, "changed").await;
    let put = [("s3:PutObject", 1), ("cloudfront:CreateInvalidation", 1)];
    let told = ["/docs", "/docs/", "/docs/index.html"];
    drifted.assert_healed((&sites, "changed"), &files, &put, &["docs/index.html"], &told).await;
    let reads = sites.since(&drifted.calls, Kind::Read);
    println!("one object put back: {reads:?}");
    // A look that finds it, one after the upload, and one that sees the invalidation completed; eight samples each.
    for (operation, at_most) in [
        ("s3:ListObjectsV2", 3),
        ("s3:HeadObject", 24),
        ("s3:GetObject", 1),
        ("ssm:GetParameters", 3),
        ("cloudfront:GetInvalidation", 2),
    ] {
        let times = reads.get(operation).copied().unwrap_or_default();
        assert!(times <= at_most, "{operation} {times} times: {reads:?}");
    }
    let known =
        ["s3:ListObjectsV2", "s3:HeadObject", "s3:GetObject", "ssm:GetParameters", "cloudfront:GetInvalidation"];
    assert!(reads.keys().all(|operation| known.contains(operation)), "{reads:?}");
    let served = sites.get("changed", "docs/index.html").await;
    assert_eq!(served.cache_control, "max-age=0, must-revalidate");

    // What is never changed under its name was changed all the same: caches are told.
    copy_over(&sites, "asset", by_hand.path(), asset).await;
    let drifted = Drifted::in_env(&sites, "asset").await;
    sites.resync(&controller, "asset").await;
    drifted.assert_healed((&sites, "asset"), &files, &put, &[asset], &[&asset_path]).await;

    // Several at once: one put each, and one invalidation of them all.
    for key in ["robots.txt", "about.html", asset] {
        copy_over(&sites, "several", by_hand.path(), key).await;
    }
    let drifted = Drifted::in_env(&sites, "several").await;
    sites.resync(&controller, "several").await;
    let puts = [("s3:PutObject", 3), ("cloudfront:CreateInvalidation", 1)];
    let told = ["/about", "/about.html", &asset_path, "/robots.txt"];
    let keys = ["about.html", asset, "robots.txt"];
    drifted.assert_healed((&sites, "several"), &files, &puts, &keys, &told).await;

    // Deleted: the error that its path gave is cached too.
    let gone = format!("s3://{}/manifest.webmanifest", bucket("deleted"));
    sites.aws_cli(&["s3", "rm", "--only-show-errors", &gone]).await;
    let drifted = Drifted::in_env(&sites, "deleted").await;
    sites.resync(&controller, "deleted").await;
    let (keys, told) = (["manifest.webmanifest"], ["/manifest.webmanifest"]);
    drifted.assert_healed((&sites, "deleted"), &files, &put, &keys, &told).await;

    // The parameter, and not an object.
    let name = "/docs/parameter/artifact-key";
    sites
        .aws_cli(&["ssm", "put-parameter", "--name", name, "--value", "by-hand", "--type", "String", "--overwrite"])
        .await;
    let drifted = Drifted::in_env(&sites, "parameter").await;
    sites.resync(&controller, "parameter").await;
    drifted.assert_healed((&sites, "parameter"), &files, &[("ssm:PutParameter", 1)], &[], &[]).await;
    assert_eq!(sites.parameter("parameter").await, format!("builds/docs/{TAG}.zip"));

    // An object of somebody else's: left alone, and said.
    copy_over(&sites, "foreign", by_hand.path(), "docs/theirs.html").await;
    let drifted = Drifted::in_env(&sites, "foreign").await;
    sites.resync(&controller, "foreign").await;
    drifted.assert_healed((&sites, "foreign"), &files, &[], &[], &[]).await;
    assert_eq!(sites.get("foreign", "docs/theirs.html").await.body, b"by hand");
    let site = sites.status("foreign").await.site.unwrap();
    assert_eq!((site.foreign, site.foreign_examples[0].as_str()), (1, "docs/theirs.html"));

    // All of it gone: every file once, caches told of everything, the parameter untouched.
    let all = format!("s3://{}", bucket("everything"));
    sites.aws_cli(&["s3", "rm", "--only-show-errors", "--recursive", &all]).await;
    let drifted = Drifted::in_env(&sites, "everything").await;
    assert_eq!(drifted.versions.there, BTreeMap::new());
    sites.resync(&controller, "everything").await;
    let puts = [("s3:PutObject", files.len() as u64), ("cloudfront:CreateInvalidation", 1)];
    let keys: Vec<&str> = files.keys().map(String::as_str).collect();
    drifted.assert_healed((&sites, "everything"), &files, &puts, &keys, &["/*"]).await;
}

#[tokio::test]
async fn other_headers_are_found_when_a_person_asks_and_put_right_in_place() {
    let (sites, _, files) = live(&["dev"]).await;
    // Not among the first eight, which a look takes as its sample.
    let key = "robots.txt";
    assert!(files.keys().position(|one| one == key).unwrap() >= 16);
    let before = sites.get("dev", key).await;
    other_headers(&sites, "dev", key).await;
    let worse = sites.get("dev", key).await;
    assert_eq!((worse.content_type.as_str(), &worse.body), ("application/x-unwanted", &before.body));

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(sites.controller().run(stopped));
    quiet(&sites, 0).await;
    let drifted = Drifted::in_env(&sites, "dev").await;
    assert_eq!(sites.get("dev", key).await, worse, "its first look, with a sample, does not find it");

    sites.store.nudge(&target("dev"), sites.clock.now()).await.unwrap();
    quiet(&sites, sites.calls.total(Kind::Read)).await;
    stop.send(true).unwrap();
    assert!(running.await.unwrap());

    let copy = [("s3:CopyObject", 1), ("cloudfront:CreateInvalidation", 1)];
    drifted.assert_healed((&sites, "dev"), &files, &copy, &[key], &["/robots.txt"]).await;
    assert_eq!(sites.get("dev", key).await, before);
    let reads = sites.since(&drifted.calls, Kind::Read);
    println!("every header looked at: {reads:?}");
    assert_eq!(reads.get("s3:GetObject"), None, "the content is not sent again");
    // Every file once, and the samples of the looks that follow.
    let number = files.len() as u64;
    assert!((number..=number + 24).contains(&reads["s3:HeadObject"]), "{reads:?}");
}

/// Waits until the controller has called more often than so many times, and then calls nothing for two seconds.
async fn quiet(sites: &Sites, more_than: u64) {
    let mut last = (sites.calls.total(Kind::Read), 0);
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = sites.calls.total(Kind::Read);
        last = if now == last.0 && now > more_than { (now, last.1 + 1) } else { (now, 0) };
        if last.1 >= 20 {
            return;
        }
    }
    panic!("the controller does not come to rest: {:?}", sites.calls.by_operation());
}
