//! Announcing the build of a site: what is fetched, what is stored, and what is refused before anything is stored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests are tests; clippy only knows their bodies"
)]

mod memory;

use std::io::Write;

use driftless_domain::{
    Actor, AppName, BucketName, CallClass, CallError, EnvName, Generation, GitSha, ObjectKey, Sha256, Tag, Target,
    VersionId,
};
use driftless_releases::{
    Announced, BadBuild, ChangeError, FetchError, ReadRecords, SiteAnnouncement, Stored, announce_site, apply_spec,
};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use memory::{Bucket, Table};

const SITE: &str = r#"
apiVersion: driftless/v1
kind: static-site
app: docs
artifacts: {bucket: shared-artifacts}
headers:
  - {match: "*.txt", cacheControl: "no-store"}
environments:
  - {name: dev, account: "111111111111", region: eu-west-1, bucket: acme-dev, autoDeploy: true}
  - {name: prod, account: "222222222222", region: eu-west-1, bucket: acme-prod, after: [dev]}
"#;

const CONTAINER: &str = r#"
apiVersion: driftless/v1
kind: container
app: shop
services: [{name: web, container: web}]
environments:
  - {name: dev, account: "111111111111", region: eu-west-1, cluster: main}
"#;

const COMMIT: &str = "4f2c9e1";

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn site() -> Vec<u8> {
    zip(&[("index.html", "<!doctype html>"), ("note.txt", "a note")])
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn app() -> AppName {
    "docs".parse().unwrap()
}

fn announcement(zip: &[u8]) -> SiteAnnouncement {
    SiteAnnouncement {
        app: app(),
        tag: "v1".parse().unwrap(),
        key: None,
        version: None,
        sha256: Sha256::of(zip),
        git_sha: Some(COMMIT.parse::<GitSha>().unwrap()),
        branch: Some("main".to_owned()),
        by: "ci".parse::<Actor>().unwrap(),
        at: at(1),
    }
}

fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

/// A table with the spec, and a bucket with this zip where CI would put it.
async fn world(zip: &[u8]) -> (Table, Bucket) {
    let table = Table::default();
    for (app, spec) in [("docs", SITE), ("shop", CONTAINER)] {
        apply_spec(&table, &app.parse().unwrap(), spec, None, "a".parse().unwrap(), at(0)).await.unwrap();
    }
    let bucket = Bucket::default();
    bucket.upload(&key("builds/docs/4f2c9e1.zip"), zip);
    (table, bucket)
}

/// It is refused with these words, and nothing was stored.
#[track_caller]
fn refused(result: Result<Announced, ChangeError>, table: &Table, words: &str) -> ChangeError {
    let error = result.expect_err("it must be refused");
    assert!(error.to_string().contains(words), "{error}\n  lacks {words}");
    assert_eq!(table.sizes(), (0, 0, 0), "artifacts, manifests, desired records");
    error
}

#[tokio::test]
async fn a_build_is_pinned_stored_with_its_manifest_and_asked_for() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    let announced = announce_site(&table, &bucket, announcement(&zip)).await.unwrap();
    assert!(announced.new);
    assert_eq!(announced.deployed, [("dev".parse::<EnvName>().unwrap(), Generation(1))]);
    assert_eq!(announced.not_deployed, []);

    let build = announced.artifact.content.site().unwrap().clone();
    assert_eq!(build.key, key("builds/docs/4f2c9e1.zip"));
    assert_eq!(build.bucket, "shared-artifacts".parse::<BucketName>().unwrap());
    assert_eq!(build.version, "v1".parse::<VersionId>().unwrap());
    assert_eq!((build.sha256, build.size), (Sha256::of(&zip), zip.len() as u64));
    assert_eq!((build.files, build.bytes), (2, 21));
    let Stored::Valid(manifest) = table.manifest(&app(), &build.manifest).await.unwrap() else { panic!("no manifest") };
    assert_eq!(manifest.digest().unwrap(), build.manifest);
    assert_eq!(manifest.get(&"note.txt".parse().unwrap()).unwrap().headers.cache_control, "no-store");
    let stored = table.artifact(&app(), &"v1".parse().unwrap()).await.unwrap();
    assert_eq!(stored, Stored::Valid(announced.artifact));
    let target = Target::new(app(), "dev".parse().unwrap());
    assert!(matches!(table.desired(&target).await.unwrap(), Stored::Valid(record) if record.artifact.as_str() == "v1"));
}

#[tokio::test]
async fn the_key_is_the_commit_or_else_the_tag_unless_it_is_said() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    let keyed = |tag: &str, given: Option<&str>, git_sha: Option<&str>| SiteAnnouncement {
        tag: tag.parse::<Tag>().unwrap(),
        key: given.map(key),
        git_sha: git_sha.map(|sha| sha.parse().unwrap()),
        ..announcement(&zip)
    };
    bucket.upload(&key("builds/docs/v2.zip"), &zip);
    bucket.upload(&key("builds/docs/nightly/3.zip"), &zip);
    for (request, expected) in [
        (keyed("v1", None, Some(COMMIT)), "builds/docs/4f2c9e1.zip"),
        (keyed("v2", None, None), "builds/docs/v2.zip"),
        (keyed("v3", Some("builds/docs/nightly/3.zip"), Some(COMMIT)), "builds/docs/nightly/3.zip"),
    ] {
        let announced = announce_site(&table, &bucket, request).await.unwrap();
        assert_eq!(announced.artifact.content.site().unwrap().key, key(expected));
    }
}

#[tokio::test]
async fn the_build_of_another_app_is_refused_without_being_read() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    for other in ["builds/shop/4f2c9e1.zip", "builds/docs2/4f2c9e1.zip", "docs/4f2c9e1.zip", "builds/docs/", "x.zip"] {
        bucket.upload(&key(other), &zip);
        let request = SiteAnnouncement { key: Some(key(other)), ..announcement(&zip) };
        let error = refused(announce_site(&table, &bucket, request).await, &table, "is no build of docs");
        assert!(matches!(error, ChangeError::Unfit(_)));
    }
    assert_eq!(bucket.fetched(), 0);
    // Nor can a container app have a zip.
    let request = SiteAnnouncement { app: "shop".parse().unwrap(), ..announcement(&zip) };
    refused(announce_site(&table, &bucket, request).await, &table, "shop has services; its artifacts are images");
    let request = SiteAnnouncement { app: "blog".parse().unwrap(), ..announcement(&zip) };
    let error = refused(announce_site(&table, &bucket, request).await, &table, "there is no app blog");
    assert!(matches!(error, ChangeError::NotFound(_)));
    assert_eq!(bucket.fetched(), 0);
}

#[tokio::test]
async fn what_was_announced_is_compared_before_any_entry_is_read() {
    // Not even a zip: if it were read, that would be the message.
    let (table, bucket) = world(b"something else").await;
    let error = refused(announce_site(&table, &bucket, announcement(&site())).await, &table, "was announced");
    assert!(matches!(error, ChangeError::Unfit(_)), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("builds/docs/4f2c9e1.zip in version v1"), "{shown}");
    assert!(shown.contains(&Sha256::of(b"something else").to_string()), "{shown}");
    assert!(shown.contains(&Sha256::of(&site()).to_string()), "{shown}");
}

#[tokio::test]
async fn a_bad_build_is_refused_as_a_whole_by_the_name_of_its_entry() {
    let bad = zip(&[("index.html", "<!doctype html>"), ("../up.txt", "a note")]);
    let (table, bucket) = world(&bad).await;
    let result = announce_site(&table, &bucket, announcement(&bad)).await;
    let error = refused(result, &table, "entry \"../up.txt\" of the zip has a name that is not a path within a site");
    assert!(matches!(error, ChangeError::BadBuild(BadBuild::Entry { .. })));
    let empty = zip(&[]);
    bucket.upload(&key("builds/docs/4f2c9e1.zip"), &empty);
    let result = announce_site(&table, &bucket, announcement(&empty)).await;
    refused(result, &table, "a site without files is never published");
}

#[tokio::test]
async fn what_cannot_be_fetched_is_told_as_it_is() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    let missing = SiteAnnouncement { git_sha: Some("abcdef0".parse().unwrap()), ..announcement(&zip) };
    let error = refused(announce_site(&table, &bucket, missing).await, &table, "upload the zip first");
    assert!(matches!(error, ChangeError::Fetch(FetchError::Missing(_))));
    let version = SiteAnnouncement { version: Some("v7".parse().unwrap()), ..announcement(&zip) };
    refused(announce_site(&table, &bucket, version).await, &table, "upload the zip first");
    let denied = CallError::new("s3:GetObject", "builds/docs/4f2c9e1.zip", CallClass::Denied, "AccessDenied", "no");
    for (failure, words) in [
        (FetchError::Unversioned("shared-artifacts".to_owned()), "has no versioning"),
        (FetchError::Call(denied), "could not be read"),
    ] {
        bucket.fail(Some(failure));
        refused(announce_site(&table, &bucket, announcement(&zip)).await, &table, words);
    }
    // After which it can be announced as if nothing had been.
    bucket.fail(None);
    assert!(announce_site(&table, &bucket, announcement(&zip)).await.unwrap().new);
    assert_eq!(bucket.asked_at_most(), 5 << 30);
}

#[tokio::test]
async fn an_announcement_that_is_repeated_is_answered_without_fetching_again() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    let first = announce_site(&table, &bucket, announcement(&zip)).await.unwrap();
    // The same bytes uploaded again are a newer version, which nobody asked for.
    bucket.upload(&key("builds/docs/4f2c9e1.zip"), &zip);
    let again = SiteAnnouncement { by: "somebody".parse().unwrap(), at: at(9), branch: None, ..announcement(&zip) };
    let pinned = SiteAnnouncement { version: Some("v1".parse().unwrap()), ..announcement(&zip) };
    for request in [again, pinned] {
        let repeated = announce_site(&table, &bucket, request).await.unwrap();
        assert!(!repeated.new);
        assert_eq!(repeated.artifact, first.artifact);
        assert_eq!(repeated.deployed, [], "it does not undo what people asked for since");
    }
    assert_eq!(bucket.fetched(), 1);
}

#[tokio::test]
async fn another_build_under_a_taken_tag_is_refused_without_being_fetched() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    announce_site(&table, &bucket, announcement(&zip)).await.unwrap();
    let other = SiteAnnouncement { sha256: Sha256::of(b"other"), ..announcement(&zip) };
    let version = SiteAnnouncement { version: Some("v2".parse().unwrap()), ..announcement(&zip) };
    let place = SiteAnnouncement { key: Some(key("builds/docs/x.zip")), ..announcement(&zip) };
    let commit = SiteAnnouncement { git_sha: None, key: Some(key("builds/docs/4f2c9e1.zip")), ..announcement(&zip) };
    for request in [other, version, place, commit] {
        let error = announce_site(&table, &bucket, request).await.unwrap_err();
        assert!(matches!(&error, ChangeError::TagTaken { existing, .. } if existing.announced_at == at(1)), "{error}");
    }
    assert_eq!(bucket.fetched(), 1);
}

#[tokio::test]
async fn of_two_announcements_at_the_same_time_both_are_answered() {
    let zip = site();
    let (table, bucket) = world(&zip).await;
    // What the other one stored while this one was reading the zip: the same bytes in another version.
    let (first, _) = world(&zip).await;
    let mut theirs = announce_site(&first, &bucket, announcement(&zip)).await.unwrap().artifact;
    if let driftless_domain::Content::Site(build) = &mut theirs.content {
        build.version = "v0".parse().unwrap();
    }
    table.appears_before_the_next_put(theirs.clone());
    let announced = announce_site(&table, &bucket, announcement(&zip)).await.unwrap();
    assert!(!announced.new);
    assert_eq!(announced.artifact, theirs);
}
