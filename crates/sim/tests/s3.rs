//! Buckets behave as S3's do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use common::*;
use driftless_domain::{
    CallClass, CallError, Digest, ETag, KeyPrefix, PART_SIZE, Region, Sha256, SiteBuild, VersionId,
};
use driftless_execute::{SiteChanges, StoredPart};
use driftless_observe::SiteState;
use driftless_releases::{ArtifactBucket, Builds, FetchError};
use driftless_sim::{Failure, ObjectHeaders, Throttle, Where, World};

/// `md5sum` of `hello`.
const HELLO_MD5: &str = "5d41402abc4b2a76b9719d911017c592";

fn failed<T: std::fmt::Debug>(answer: Result<T, CallError>) -> (CallClass, String) {
    let error = answer.unwrap_err();
    (error.class, error.said.code)
}

fn part() -> usize {
    usize::try_from(PART_SIZE).unwrap()
}

async fn put_parts(world: &World, to: &str, bodies: &[Bytes]) -> (String, Vec<StoredPart>) {
    let (place, bucket, key) = (place(), bucket(), key(to));
    let id = world.begin_parts(&place, &bucket, &key, &headers("video/mp4", "max-age=60")).await.unwrap();
    let mut parts = Vec::new();
    for (number, body) in (1..).zip(bodies) {
        let part = world.put_part(&place, &bucket, &key, &id, number, Sha256::of(body), body.clone()).await;
        parts.push(part.unwrap());
    }
    (id, parts)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_listed_and_served_as_it_was_put() {
    let world = site(1);
    let stored = put(&world, "a.txt", "hello").await.unwrap();
    assert_eq!((stored.etag.as_str(), stored.checksum.clone()), (HELLO_MD5, Some(Sha256::of(b"hello").to_base64())));
    put(&world, "docs/b.txt", "b").await.unwrap();

    let listed = world.list_objects(&place(), &bucket(), None).await.unwrap().unwrap();
    let found: Vec<_> = listed.objects.iter().map(|(key, object)| (key.as_str(), object.size)).collect();
    assert_eq!(found, [("a.txt", 5), ("docs/b.txt", 1)]);
    assert_eq!(listed.objects[&key("a.txt")].checksum, None);
    let prefix = KeyPrefix::parse("docs").unwrap();
    let below = world.list_objects(&place(), &bucket(), Some(&prefix)).await.unwrap().unwrap();
    assert_eq!(below.objects.keys().map(|key| key.as_str()).collect::<Vec<_>>(), ["docs/b.txt"]);

    let head = world.head_object(&place(), &bucket(), &key("a.txt")).await.unwrap().unwrap();
    assert!(head.serves(&headers("text/plain", "max-age=0, must-revalidate")));
    assert_eq!((head.size, head.etag, head.checksum), (5, stored.etag, stored.checksum));
    assert_eq!(world.head_object(&place(), &bucket(), &key("no")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_calls_are_named_as_iam_does_with_sizes_and_etags() {
    let world = site(1);
    let etag = put(&world, "a.txt", "hello").await.unwrap().etag;
    world.head_object(&place(), &bucket(), &key("a.txt")).await.unwrap();
    world.list_objects(&place(), &bucket(), None).await.unwrap();
    world.replace_headers(&place(), &bucket(), &key("a.txt"), &headers("a/b", "no-cache"), &etag).await.unwrap();
    put(&world, "b.txt", "b").await.unwrap();
    world.delete_object(&place(), &bucket(), &key("a.txt"), &etag).await.unwrap();
    let lines: Vec<String> =
        world.history().iter().map(|call| call.to_string()[20..].trim_start().to_owned()).collect();
    let lines: Vec<&str> =
        lines.iter().map(|line| line.split_once(" #").map_or(line.as_str(), |(_, rest)| rest)).collect();
    let text = lines.join("\n");
    for expected in [
        "1 driftless s3:PutObject s3-object shop-dev/a.txt [5 bytes, etag 5d41402abc4b2a76b9719d911017c592]",
        "2 driftless s3:GetObject s3-object shop-dev/a.txt [HEAD, 5 bytes, etag 5d41402abc4b2a76b9719d911017c592]",
        "3 driftless s3:ListBucket s3-bucket shop-dev",
        "4 driftless s3:PutObject s3-object shop-dev/a.txt [copy onto itself if etag 5d41402abc4b2a76b9719d911017c592, \
         etag 5d41402abc4b2a76b9719d911017c592]",
        "6 driftless s3:DeleteObject s3-object shop-dev/a.txt [if etag 5d41402abc4b2a76b9719d911017c592]",
    ] {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
    assert_eq!((world.counts().reads, world.counts().writes), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn another_account_or_region_gets_nowhere_s14() {
    let world = site(1);
    let etag = put(&world, "a.txt", "hello").await.unwrap().etag;
    world.bucket_moves_to_account(&bucket(), &elsewhere().account);
    let denied = (CallClass::Denied, "AccessDenied".to_owned());
    assert_eq!(failed(put(&world, "a.txt", "hello").await), denied);
    assert_eq!(failed(world.list_objects(&place(), &bucket(), None).await), denied);
    assert_eq!(failed(world.head_object(&place(), &bucket(), &key("a.txt")).await), denied);
    assert_eq!(failed(world.delete_object(&place(), &bucket(), &key("a.txt"), &etag).await), denied);
    let new = headers("a/b", "no-cache");
    assert_eq!(failed(world.replace_headers(&place(), &bucket(), &key("a.txt"), &new, &etag).await), denied);
    assert_eq!(failed(world.begin_parts(&place(), &bucket(), &key("a.txt"), &new).await), denied);
    assert!(world.objects(&bucket()).is_empty());

    let mut wrong = elsewhere();
    wrong.region = Region::parse("us-east-1").unwrap();
    let moved = (CallClass::Invalid, "PermanentRedirect".to_owned());
    assert_eq!(failed(world.list_objects(&wrong, &bucket(), None).await), moved);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_not_there_is_said_to_be_so() {
    let world = site(1);
    world.delete_bucket(&bucket());
    assert_eq!(world.list_objects(&place(), &bucket(), None).await.unwrap(), None);
    assert_eq!(world.head_object(&place(), &bucket(), &key("a")).await.unwrap(), None);
    assert_eq!(failed(put(&world, "a", "a").await), (CallClass::Invalid, "NoSuchBucket".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn s3_is_never_stale() {
    let world = site(1);
    world.faults().stale_reads(Duration::from_secs(600), 100);
    for round in 0..20 {
        let etag = put(&world, "a.txt", &round.to_string()).await.unwrap().etag;
        let listed = world.list_objects(&place(), &bucket(), None).await.unwrap().unwrap();
        assert_eq!(listed.objects[&key("a.txt")].etag, etag);
        assert_eq!(world.head_object(&place(), &bucket(), &key("a.txt")).await.unwrap().unwrap().etag, etag);
    }
}

#[tokio::test(start_paused = true)]
async fn long_lists_take_several_calls_and_leave_out_names_that_are_none_of_ours() {
    let world = site(1);
    for number in 0..2_500 {
        world.put_by_person(&bucket(), &format!("{number:05}"), "x", ObjectHeaders::default());
    }
    world.put_by_person(&bucket(), "a/../b", "x", ObjectHeaders::default());
    let listed = world.list_objects(&place(), &bucket(), None).await.unwrap().unwrap();
    assert_eq!((listed.objects.len(), listed.unnamed), (2_500, 1));
    assert_eq!(world.counts().by_operation["s3:ListBucket"], 3);
}

#[tokio::test(start_paused = true)]
async fn faults_hit_calls_to_s3_as_all_others() {
    let world = site(1);
    let lost = |class| (class, "TimeoutError".to_owned());
    world.faults().fail_call(1, Where::After, Failure::Lost);
    world.faults().fail_call(2, Where::Before, Failure::Lost);
    assert_eq!(failed(put(&world, "a.txt", "a").await), lost(CallClass::Ambiguous));
    assert_eq!(failed(put(&world, "b.txt", "b").await), lost(CallClass::Ambiguous));
    assert_eq!(world.objects(&bucket()).keys().collect::<Vec<_>>(), ["a.txt"]);

    world.faults().missing("s3-object shop-dev/a.txt", 1);
    assert_eq!(world.head_object(&place(), &bucket(), &key("a.txt")).await.unwrap(), None);
    world.faults().missing("s3-bucket shop-dev", 1);
    assert!(world.list_objects(&place(), &bucket(), None).await.unwrap().unwrap().objects.is_empty());
    world.faults().deny("s3:PutObject", "shop-dev");
    assert_eq!(failed(put(&world, "b.txt", "b").await), (CallClass::Denied, "AccessDenied".to_owned()));
    world.faults().cease();
    world.faults().throttle(Throttle::everything().operations("s3:"));
    assert_eq!(failed(put(&world, "b.txt", "b").await), (CallClass::Throttled, "SlowDown".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_fit_its_checksum_is_refused() {
    let world = site(1);
    let bad = (CallClass::Transient, "BadDigest".to_owned());
    let (body, other) = (Bytes::from("hello"), Sha256::of(b"other"));
    let headers = headers("text/plain", "no-cache");
    assert_eq!(failed(world.put_object(&place(), &bucket(), &key("a"), &headers, other, body).await), bad);

    world.corrupt_next_put(&bucket(), "a");
    assert_eq!(put(&world, "b", "hello").await.unwrap().etag.as_str(), HELLO_MD5);
    assert_eq!(failed(put(&world, "a", "hello").await), bad);
    assert_eq!(world.object(&bucket(), "a"), None);
    put(&world, "a", "hello").await.unwrap();

    world.corrupt_next_put(&bucket(), "big");
    let id = world.begin_parts(&place(), &bucket(), &key("big"), &headers).await.unwrap();
    // The damage waits for a body; beginning has none.
    let part = world.put_part(&place(), &bucket(), &key("big"), &id, 1, Sha256::of(b"x"), "x".into()).await;
    assert_eq!(failed(part), bad);
}

#[tokio::test(start_paused = true)]
async fn an_object_in_parts_has_the_etag_and_checksum_of_its_parts() {
    let world = site(1);
    let bodies = [Bytes::from(vec![1; part()]), Bytes::from(vec![2; 10])];
    let (id, parts) = put_parts(&world, "v.mp4", &bodies).await;
    assert_eq!((world.object(&bucket(), "v.mp4"), world.unfinished_uploads(&bucket())), (None, 1));
    let finish = || async { world.finish_parts(&place(), &bucket(), &key("v.mp4"), &id, &parts).await };
    let stored = finish().await.unwrap();
    let checksums: Vec<u8> = bodies.iter().flat_map(|body| *Sha256::of(body).as_bytes()).collect();
    assert_eq!(stored.checksum, Some(format!("{}-2", Sha256::of(&checksums).to_base64())));
    // md5 of the two md5s, as `aws s3api complete-multipart-upload` answers.
    assert_eq!(stored.etag.as_str(), "847e597f0d77cf057af227991de6331b-2");
    let object = world.object(&bucket(), "v.mp4").unwrap();
    assert_eq!((object.body.len(), object.headers), (part() + 10, (&headers("video/mp4", "max-age=60")).into()));
    assert_eq!(world.unfinished_uploads(&bucket()), 0);

    assert_eq!(finish().await.unwrap(), stored);
    assert_eq!(world.object_history(&bucket(), "v.mp4").len(), 1);

    // A copy is one piece.
    let new = headers("video/mp4", "no-cache");
    world.replace_headers(&place(), &bucket(), &key("v.mp4"), &new, &stored.etag).await.unwrap();
    let copy = world.object(&bucket(), "v.mp4").unwrap();
    assert_eq!((copy.checksum, copy.headers), (Some(object.sha256.to_base64()), (&new).into()));
    assert!(!copy.etag.as_str().contains('-'));
}

#[tokio::test(start_paused = true)]
async fn parts_are_refused_that_do_not_belong_together() {
    let world = site(1);
    let (id, parts) = put_parts(&world, "v.mp4", &[Bytes::from("small"), Bytes::from("last")]).await;
    let finish = |parts: Vec<StoredPart>, id: &str| {
        let (world, id) = (world.clone(), id.to_owned());
        async move { failed(world.finish_parts(&place(), &bucket(), &key("v.mp4"), &id, &parts).await) }
    };
    let invalid = |code: &str| (CallClass::Invalid, code.to_owned());
    assert_eq!(finish(parts.clone(), &id).await, invalid("EntityTooSmall"));
    assert_eq!(finish(parts.iter().rev().cloned().collect(), &id).await, invalid("InvalidPartOrder"));
    assert_eq!(finish(Vec::new(), &id).await, invalid("InvalidPartOrder"));
    let mut other = parts.clone();
    other[0].sha256 = Sha256::of(b"other");
    assert_eq!(finish(other, &id).await, invalid("InvalidPart"));
    assert_eq!(finish(parts.clone(), "nope").await, (CallClass::Conflict, "NoSuchUpload".to_owned()));

    assert_eq!(world.unfinished_uploads(&bucket()), 1);
    world.abandon_parts(&place(), &bucket(), &key("v.mp4"), &id).await.unwrap();
    world.abandon_parts(&place(), &bucket(), &key("v.mp4"), &id).await.unwrap();
    assert_eq!(world.unfinished_uploads(&bucket()), 0);
    assert_eq!(finish(parts, &id).await, (CallClass::Conflict, "NoSuchUpload".to_owned()));
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn etags_of_a_bucket_with_kms_say_nothing() {
    let world = site(1);
    world.bucket_encrypts_with_kms(&bucket());
    let (first, second) = (put(&world, "a", "hello").await.unwrap(), put(&world, "a", "hello").await.unwrap());
    assert_ne!(first.etag, second.etag);
    assert!(first.etag.as_str() != HELLO_MD5 && second.etag.as_str() != HELLO_MD5);
    assert_eq!((first.checksum, second.checksum.clone()), (second.checksum, Some(Sha256::of(b"hello").to_base64())));
    let new = headers("text/plain", "no-cache");
    world.replace_headers(&place(), &bucket(), &key("a"), &new, &second.etag).await.unwrap();
    assert_ne!(world.object(&bucket(), "a").unwrap().etag, second.etag);
    let (id, parts) = put_parts(&world, "v", &[Bytes::from("x")]).await;
    let stored = world.finish_parts(&place(), &bucket(), &key("v"), &id, &parts).await.unwrap();
    assert!(stored.etag.as_str().ends_with("-1"));
}

#[tokio::test(start_paused = true)]
async fn copies_and_deletions_are_of_what_was_seen() {
    let world = site(1);
    let etag = put(&world, "a", "hello").await.unwrap().etag;
    put(&world, "b", "b").await.unwrap();
    world.put_by_person(&bucket(), "a", "person", ObjectHeaders::of_type("text/plain"));
    let new = headers("text/plain", "no-cache");
    let changed = (CallClass::Conflict, "PreconditionFailed".to_owned());
    assert_eq!(failed(world.replace_headers(&place(), &bucket(), &key("a"), &new, &etag).await), changed);
    assert_eq!(failed(world.delete_object(&place(), &bucket(), &key("a"), &etag).await), changed);
    assert_eq!(world.object(&bucket(), "a").unwrap().body, "person");
    world.delete_by_person(&bucket(), "a");
    world.delete_object(&place(), &bucket(), &key("a"), &etag).await.unwrap();
    let copy = world.replace_headers(&place(), &bucket(), &key("a"), &new, &etag).await;
    assert_eq!(failed(copy), (CallClass::Conflict, "NoSuchKey".to_owned()));
    let history = world.object_history(&bucket(), "a");
    let writes: Vec<_> = history.iter().map(|write| (write.by.as_str(), write.object.is_some())).collect();
    assert_eq!(writes, [("driftless", true), ("person", true), ("person", false)]);
    assert_eq!(history.iter().map(|write| write.call).collect::<Vec<_>>(), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn people_put_no_sha256_and_any_header() {
    let world = site(1);
    world.put_by_person(&bucket(), "a", "hello", ObjectHeaders::default());
    let head = world.head_object(&place(), &bucket(), &key("a")).await.unwrap().unwrap();
    assert_eq!((head.checksum, head.content_type), (None, Some("binary/octet-stream".to_owned())));
    assert_eq!(head.etag.as_str(), HELLO_MD5);
    world.set_headers_by_person(&bucket(), "a", ObjectHeaders::of_type("x/y"));
    let head = world.head_object(&place(), &bucket(), &key("a")).await.unwrap().unwrap();
    assert_eq!((head.content_type, head.cache_control), (Some("x/y".to_owned()), None));
    world.empty_bucket_by_person(&bucket());
    assert!(world.objects(&bucket()).is_empty());
}

/// A bucket for builds, with one in it.
fn built() -> (World, ArtifactBucket, VersionId) {
    let world = site(1);
    let bucket = driftless_domain::BucketName::parse("builds").unwrap();
    world.create_build_bucket(&elsewhere(), &bucket);
    let version = world.upload_build(&bucket, &key("builds/shop/1.zip"), "0123456789");
    (world, ArtifactBucket { bucket, account: None, region: None }, version)
}

#[tokio::test(start_paused = true)]
async fn a_build_is_fetched_and_pinned_by_its_version() {
    let (world, from, version) = built();
    let newer = world.upload_build(&from.bucket, &key("builds/shop/1.zip"), "other");
    let zip = key("builds/shop/1.zip");
    let mut fetched = world.fetch(&from, &zip, Some(&version), 10).await.unwrap();
    let mut text = String::new();
    fetched.file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), fetched.size, fetched.sha256), ("0123456789", 10, Sha256::of(b"0123456789")));
    assert_eq!((fetched.place, fetched.version), (elsewhere(), version.clone()));
    assert_eq!(world.fetch(&from, &zip, None, 10).await.unwrap().version, newer);

    assert_eq!(
        world.fetch(&from, &zip, Some(&version), 9).await.unwrap_err(),
        FetchError::TooLarge { size: 10, at_most: 9 }
    );
    world.delete_build_version(&from.bucket, &zip, &version);
    let missing = FetchError::Missing("s3://builds/builds/shop/1.zip".to_owned());
    assert_eq!(world.fetch(&from, &zip, Some(&version), 10).await.unwrap_err(), missing);
    let unversioned = ArtifactBucket { bucket: bucket(), ..from.clone() };
    world.put_by_person(&bucket(), "x.zip", "x", ObjectHeaders::default());
    let error = world.fetch(&unversioned, &key("x.zip"), None, 10).await.unwrap_err();
    assert_eq!(error, FetchError::Unversioned("shop-dev".to_owned()));

    world.runs_in(&place());
    let error = world.fetch(&from, &zip, None, 10).await.unwrap_err();
    assert!(matches!(error, FetchError::Call(error) if error.class == CallClass::Denied));
    let named = ArtifactBucket { account: Some(elsewhere().account), ..from };
    assert_eq!(world.fetch(&named, &zip, None, 10).await.unwrap().version, newer);
}

#[tokio::test(start_paused = true)]
async fn ranges_of_a_pinned_build_are_read_whole_or_not_at_all() {
    let (world, from, version) = built();
    let build = SiteBuild {
        place: elsewhere(),
        bucket: from.bucket.clone(),
        key: key("builds/shop/1.zip"),
        version: version.clone(),
        sha256: Sha256::of(b"0123456789"),
        size: 10,
        manifest: Digest::parse(format!("sha256:{}", "0".repeat(64))).unwrap(),
        files: 1,
        bytes: 10,
    };
    world.upload_build(&from.bucket, &build.key, "replaced");
    assert_eq!(world.read_build(&build, 2, 3).await.unwrap(), "234");
    assert_eq!(world.read_build(&build, 0, 10).await.unwrap(), "0123456789");
    assert_eq!(failed(world.read_build(&build, 8, 3).await), (CallClass::Invalid, "UnreadableAnswer".to_owned()));
    world.corrupt_next_read(&from.bucket, "1.zip");
    assert_eq!(world.read_build(&build, 2, 3).await.unwrap(), "334");
    assert_eq!(world.read_build(&build, 2, 3).await.unwrap(), "234");
    world.delete_build_version(&from.bucket, &build.key, &version);
    assert_eq!(failed(world.read_build(&build, 2, 3).await), (CallClass::Invalid, "NoSuchVersion".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_versions_and_etags() {
    let (_, _, one) = built();
    let (_, _, two) = built();
    assert_eq!(one, two);
    let kms = |seed| async move {
        let world = site(seed);
        world.bucket_encrypts_with_kms(&bucket());
        put(&world, "a", "a").await.unwrap().etag
    };
    let (one, two, other): (ETag, ETag, ETag) = (kms(1).await, kms(1).await, kms(2).await);
    assert!(one == two && one != other);
}
