//! Builds in the artifact bucket: fetched when they are announced, read by range when they are published.

use std::io::Read as _;

use bytes::Bytes;

use driftless_domain::{
    AccountId, BucketName, CallClass, CallError, ObjectKey, Place, Region, Sha256, SiteBuild, VersionId,
};
use driftless_execute::SiteChanges;
use driftless_releases::{ArtifactBucket, Builds, FetchError, FetchedBuild};

use crate::testing::{Fake, Reply, Request, place};

const ZIP: &[u8] = b"0123456789";
const GET: &str = "GET x-id=GetObject";

fn key() -> ObjectKey {
    ObjectKey::parse("builds/docs/1.zip").unwrap()
}

fn bucket() -> BucketName {
    BucketName::parse("acme-artifacts").unwrap()
}

fn build() -> SiteBuild {
    SiteBuild {
        // Not the account of our own credentials, which at an emulator is 000000000000.
        place: place("999999999999"),
        bucket: bucket(),
        key: key(),
        version: VersionId::parse("v1").unwrap(),
        sha256: Sha256::of(ZIP),
        size: ZIP.len() as u64,
        manifest: Sha256::of(b"").to_digest(),
        files: 1,
        bytes: 1,
    }
}

/// Answers a range as S3 does.
fn part(from: usize, bytes: &[u8]) -> Reply {
    let range = format!("bytes {from}-{}/{}", (from + bytes.len()).saturating_sub(1), ZIP.len());
    Reply::Object(206, vec![("content-range", range), version("v1")], bytes.to_owned())
}

fn version(version: &str) -> (&'static str, String) {
    ("x-amz-version-id", version.to_owned())
}

/// The whole zip, of which this much arrives.
fn whole(bytes: &[u8]) -> Reply {
    Reply::Object(200, vec![("content-length", ZIP.len().to_string()), version("v1")], bytes.to_owned())
}

async fn read(fake: &Fake, from: u64, length: u64) -> Result<Bytes, CallError> {
    fake.aws().read_build(&build(), from, length).await
}

#[tokio::test(start_paused = true)]
async fn a_range_of_the_pinned_version_is_read_with_our_own_credentials_wherever_the_bucket_is() {
    let fake = Fake::new(|_, _| part(3, b"3456"));
    assert_eq!(read(&fake, 3, 4).await.unwrap(), "3456");
    let [sent] = &fake.of(GET)[..] else { panic!("sent more than once") };
    assert_eq!(sent.path, "/acme-artifacts/builds/docs/1.zip?x-id=GetObject&versionId=v1");
    assert_eq!(sent.headers["range"], "bytes=3-6");
    assert_eq!(sent.headers["x-amz-expected-bucket-owner"], "999999999999");
    assert!(sent.headers["authorization"].contains("Credential=000000000000/"), "{}", sent.headers["authorization"]);
    assert_eq!(fake.count("GetCallerIdentity"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_the_range_out_of_account_makes_no_difference() {
    let fake = Fake::new(|_, _| whole(ZIP));
    for (from, length, bytes) in [(0, 10, "0123456789"), (3, 4, "3456"), (9, 1, "9"), (0, 1, "0")] {
        assert_eq!(read(&fake, from, length).await.unwrap(), bytes);
    }
    assert_eq!(read(&fake, 3, 0).await.unwrap(), "");
    assert_eq!(fake.count(GET), 4, "no bytes are no call");
}

#[tokio::test(start_paused = true)]
async fn less_than_was_asked_for_is_an_error_and_never_less() {
    for reply in [part(8, b"89"), whole(ZIP), Reply::s3(416, "InvalidRange")] {
        let fake = Fake::new(move |_, _| reply.clone());
        let error = read(&fake, 8, 3).await.unwrap_err();
        assert_eq!((error.class, error.said.code.as_str()), (CallClass::Invalid, "UnreadableAnswer"));
    }
    // Other bytes than were asked for.
    let fake = Fake::new(|_, _| part(4, b"456"));
    assert_eq!(read(&fake, 3, 3).await.unwrap_err().said.code, "UnreadableAnswer");
    assert!(read(&fake, u64::MAX, 2).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_pinned_version_that_is_gone_is_said_in_words() {
    for (reply, code) in
        [(Reply::s3(404, "NoSuchVersion"), "NoSuchVersion"), (Reply::s3(404, "NoSuchKey"), "NoSuchKey")]
    {
        let fake = Fake::new(move |_, _| reply.clone());
        let error = read(&fake, 0, 1).await.unwrap_err();
        assert_eq!((error.class, error.said.code.as_str()), (CallClass::Invalid, code));
        assert!(error.said.message.starts_with("the pinned version of the build is gone (version v1)"), "{error:?}");
    }
}

async fn fetch(fake: &Fake, version: Option<&str>) -> Result<FetchedBuild, FetchError> {
    let artifacts = ArtifactBucket { bucket: bucket(), account: None, region: None };
    let version = version.map(|version| VersionId::parse(version.to_owned()).unwrap());
    let aws = fake.aws().in_region(Region::parse("eu-central-1").unwrap());
    aws.fetch(&artifacts, &key(), version.as_ref(), 10).await
}

fn content(fetched: &mut FetchedBuild) -> Vec<u8> {
    let mut bytes = Vec::new();
    fetched.file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_fetched_build_is_pinned_hashed_and_read_from_its_beginning() {
    let fake = Fake::new(|_, _| whole(ZIP));
    let mut fetched = fetch(&fake, None).await.unwrap();
    assert_eq!(content(&mut fetched), ZIP);
    let FetchedBuild { place, version, file: _, size, sha256 } = fetched;
    let own = Place { region: Region::parse("eu-central-1").unwrap(), ..super::builds::place("000000000000") };
    assert_eq!((place, version.as_str(), size, sha256), (own, "v1", 10, Sha256::of(ZIP)));
    let [sent] = &fake.of(GET)[..] else { panic!("sent more than once") };
    assert_eq!(sent.path, "/acme-artifacts/builds/docs/1.zip?x-id=GetObject");
    assert_eq!(sent.headers["x-amz-expected-bucket-owner"], "000000000000");
    assert!(sent.headers["authorization"].contains("/eu-central-1/s3/"), "{}", sent.headers["authorization"]);
}

#[tokio::test]
async fn the_spec_says_where_the_bucket_is_and_whose() {
    let fake = Fake::new(|_, _| whole(ZIP));
    let account = AccountId::parse("999999999999").unwrap();
    let region = Region::parse("us-west-2").unwrap();
    let artifacts = ArtifactBucket { bucket: bucket(), account: Some(account.clone()), region: Some(region.clone()) };
    let fetched = fake.aws().fetch(&artifacts, &key(), Some(&build().version), 10).await.unwrap();
    assert_eq!(fetched.place, Place { account, region, role: None });
    let sent = &fake.of(GET)[0];
    assert_eq!(sent.headers["x-amz-expected-bucket-owner"], "999999999999");
    assert!(sent.path.ends_with("&versionId=v1"), "{}", sent.path);
    assert_eq!(fake.count("GetCallerIdentity"), 0);
}

#[tokio::test]
async fn a_fetch_that_breaks_off_goes_on_where_it_was_in_the_same_version() {
    let cut = |request: &Request, before: usize| match (before, request.headers.get("range").map(String::as_str)) {
        (0, None) => whole(b"0123"),
        (1, Some("bytes=4-")) => part(4, b"4"),
        // This one begins anew.
        (2, Some("bytes=5-")) => whole(b"0123456"),
        (3, Some("bytes=7-")) => part(7, b"789"),
        other => panic!("{other:?}"),
    };
    let fake = Fake::new(cut);
    let mut fetched = fetch(&fake, None).await.unwrap();
    assert_eq!((content(&mut fetched), fetched.sha256), (ZIP.to_owned(), Sha256::of(ZIP)));
    let sent = fake.of(GET);
    assert!(sent[1..].iter().all(|request| request.path.ends_with("&versionId=v1")), "{sent:?}");
}

#[tokio::test]
async fn a_fetch_that_gets_nowhere_ends() {
    let fake = Fake::new(|_, before| if before == 0 { whole(b"0") } else { part(1, b"") });
    let error = fetch(&fake, None).await.unwrap_err();
    assert!(matches!(&error, FetchError::Call(call) if call.class == CallClass::Transient), "{error:?}");
    assert_eq!(fake.count(GET), 5, "three times in a row nothing more may come");
}

#[tokio::test]
async fn what_cannot_be_fetched_is_told_apart() {
    let object = "s3://acme-artifacts/builds/docs/1.zip".to_owned();
    let large = Reply::Object(200, vec![("content-length", "11".to_owned()), version("v1")], Vec::new());
    let unversioned = |headers: Vec<(&'static str, String)>| {
        Reply::Object(200, [vec![("content-length", "10".to_owned())], headers].concat(), ZIP.to_owned())
    };
    for (reply, asked, expected) in [
        (Reply::s3(404, "NoSuchKey"), None, FetchError::Missing(object.clone())),
        (Reply::s3(404, "NoSuchVersion"), Some("v1"), FetchError::Missing(format!("version v1 of {object}"))),
        (Reply::s3(400, "InvalidArgument"), Some("v1"), FetchError::Missing(format!("version v1 of {object}"))),
        (Reply::s3(405, "MethodNotAllowed"), Some("v1"), FetchError::Missing(format!("version v1 of {object}"))),
        (large, None, FetchError::TooLarge { size: 11, at_most: 10 }),
        (unversioned(vec![]), None, FetchError::Unversioned("acme-artifacts".to_owned())),
        (unversioned(vec![version("null")]), None, FetchError::Unversioned("acme-artifacts".to_owned())),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        assert_eq!(fetch(&fake, asked).await.unwrap_err(), expected);
    }
    for (code, class) in [("NoSuchBucket", CallClass::Invalid), ("AccessDenied", CallClass::Denied)] {
        let fake = Fake::new(move |_, _| Reply::s3(403, code));
        let error = fetch(&fake, None).await.unwrap_err();
        assert!(matches!(&error, FetchError::Call(call) if call.class == class), "{error:?}");
    }
}

#[tokio::test]
async fn a_bucket_whose_region_nobody_says_is_not_guessed_at() {
    let fake = Fake::new(|_, _| whole(ZIP));
    let artifacts = ArtifactBucket { bucket: bucket(), account: None, region: None };
    let error = fake.aws().fetch(&artifacts, &key(), None, 10).await.unwrap_err();
    assert!(matches!(&error, FetchError::Call(call) if call.class == CallClass::Invalid), "{error:?}");
    assert_eq!(fake.count(GET), 0);
}
