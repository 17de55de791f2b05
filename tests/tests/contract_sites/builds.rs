//! The artifact bucket: builds that are fetched when they are announced, and read by range when they are published.

use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};

use driftless_domain::{CallClass, Digest, Place, Sha256, SiteBuild, VersionId};
use driftless_releases::{ArtifactBucket, FetchError, FetchedBuild};

use crate::runner::{Case, cases};
use crate::setup::{Here, Stand, home, key, other, refused, same};

pub(crate) const CASES: &[Case] = cases![
    the_newest_build_is_fetched_and_pinned,
    a_pinned_build_is_fetched_whatever_came_later,
    the_account_of_the_artifact_bucket_is_ours_where_the_spec_names_none,
    a_build_without_versions_is_refused,
    a_build_that_is_not_there_is_missing,
    a_version_that_is_not_there_is_missing,
    a_build_that_was_deleted_is_missing,
    a_build_that_is_too_large_is_not_fetched,
    an_artifact_bucket_that_is_not_there_is_said_to_be_so,
    the_artifact_bucket_of_another_account_is_denied_s14,
    ranges_of_a_build_are_what_was_asked_for,
    a_range_past_the_end_of_a_build_is_an_error,
    the_pinned_version_is_read_whatever_came_later,
    a_version_that_was_deleted_is_not_read,
    a_build_that_was_deleted_is_not_read,
];

const KEY: &str = "builds/shop/0123abc.zip";
/// No version that anybody made.
const NO_VERSION: &str = "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY";

impl Here<'_> {
    async fn fetch(&self, name: &str, version: Option<&str>, at_most: u64) -> Result<FetchedBuild, FetchError> {
        let Place { account, region, role: _ } = self.place.clone();
        let bucket = ArtifactBucket { bucket: self.bucket.clone(), account: Some(account), region: Some(region) };
        let version = version.map(|version| VersionId::parse(version).unwrap());
        self.stand.builds.fetch(&bucket, &key(name), version.as_ref(), at_most).await
    }

    fn build(&self, version: VersionId, content: &[u8]) -> SiteBuild {
        SiteBuild {
            place: self.place.clone(),
            bucket: self.bucket.clone(),
            key: key(KEY),
            version,
            sha256: Sha256::of(content),
            size: content.len() as u64,
            manifest: Digest::parse(format!("sha256:{}", "0".repeat(64))).unwrap(),
            files: 1,
            bytes: 1,
        }
    }
}

/// Content in which no two ranges are alike.
fn content(seed: u32, words: u32) -> Vec<u8> {
    (0..words).flat_map(|word| (word ^ seed).to_le_bytes()).collect()
}

fn must_be(mut fetched: FetchedBuild, here: &Here<'_>, version: &VersionId, content: &[u8]) -> Result<()> {
    same("the place", &fetched.place, &here.place)?;
    same("the version", &fetched.version, version)?;
    same("size and hash", &(fetched.size, fetched.sha256), &(content.len() as u64, Sha256::of(content)))?;
    let mut bytes = Vec::new();
    fetched.file.read_to_end(&mut bytes)?;
    ensure!(bytes == content, "the file holds {} other bytes", bytes.len());
    Ok(())
}

/// How a fetch failed; the words in it are checked by the adapters' own tests.
fn missing(what: &str, answer: &Result<FetchedBuild, FetchError>) -> Result<()> {
    ensure!(matches!(answer, Err(FetchError::Missing(_))), "{what}: not missing, but {answer:?}");
    Ok(())
}

async fn the_newest_build_is_fetched_and_pinned(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch").await?;
    let (first, second) = (content(1, 40_000), content(2, 300_000));
    for content in [first, second, Vec::new()] {
        let version = here.upload(KEY, content.clone()).await?;
        let fetched = here.fetch(KEY, None, content.len() as u64).await?;
        must_be(fetched, &here, &version, &content)?;
    }
    Ok(())
}

async fn a_pinned_build_is_fetched_whatever_came_later(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-pinned").await?;
    let version = here.upload(KEY, "one").await?;
    here.upload(KEY, "another").await?;
    must_be(here.fetch(KEY, Some(version.as_str()), 100).await?, &here, &version, b"one")?;
    here.stand.hands.delete(&here.place, &here.bucket, KEY).await?;
    must_be(here.fetch(KEY, Some(version.as_str()), 100).await?, &here, &version, b"one")
}

async fn the_account_of_the_artifact_bucket_is_ours_where_the_spec_names_none(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-own").await?;
    let version = here.upload(KEY, "one").await?;
    let region = Some(here.place.region.clone());
    let bucket = ArtifactBucket { bucket: here.bucket.clone(), account: None, region };
    must_be(stand.builds.fetch(&bucket, &key(KEY), None, 100).await?, &here, &version, b"one")
}

async fn a_build_without_versions_is_refused(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket_of(&home(), "fetch-unversioned").await?;
    here.put_by_hand(KEY, "one").await?;
    let answer = here.fetch(KEY, None, 100).await;
    ensure!(matches!(&answer, Err(FetchError::Unversioned(_))), "not unversioned, but {answer:?}");
    Ok(())
}

async fn a_build_that_is_not_there_is_missing(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-missing").await?;
    missing("the newest", &here.fetch(KEY, None, 100).await)?;
    missing("a version", &here.fetch(KEY, Some(NO_VERSION), 100).await)
}

async fn a_version_that_is_not_there_is_missing(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-no-version").await?;
    let version = here.upload(KEY, "one").await?;
    missing("one that never was", &here.fetch(KEY, Some(NO_VERSION), 100).await)?;
    here.stand.hands.erase(&here.place, &here.bucket, KEY, &version).await?;
    missing("one that was deleted", &here.fetch(KEY, Some(version.as_str()), 100).await)
}

async fn a_build_that_was_deleted_is_missing(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-deleted").await?;
    here.put_by_hand(KEY, "one").await?;
    here.stand.hands.delete(&here.place, &here.bucket, KEY).await?;
    missing("the newest", &here.fetch(KEY, None, 100).await)
}

async fn a_build_that_is_too_large_is_not_fetched(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("fetch-large").await?;
    here.put_by_hand(KEY, vec![0; 1000]).await?;
    let answer = here.fetch(KEY, None, 999).await;
    let too_large = matches!(&answer, Err(FetchError::TooLarge { size: 1000, at_most: 999 }));
    ensure!(too_large, "not too large, but {answer:?}");
    here.fetch(KEY, None, 1000).await.map(drop).context("as large as may be")
}

async fn an_artifact_bucket_that_is_not_there_is_said_to_be_so(stand: &Stand<'_>) -> Result<()> {
    let answer = stand.at(&home(), "no-artifacts")?.fetch(KEY, None, 100).await;
    let Err(FetchError::Call(error)) = answer else { anyhow::bail!("no error, but {answer:?}") };
    refused::<()>("the fetch", &Err(error), CallClass::Invalid, "NoSuchBucket")
}

async fn the_artifact_bucket_of_another_account_is_denied_s14(stand: &Stand<'_>) -> Result<()> {
    let theirs = stand.bucket_of(&other(), "their-artifacts").await?;
    stand.hands.keep_versions(&theirs.place, &theirs.bucket).await?;
    let version = theirs.upload(KEY, "theirs").await?;
    let ours = theirs.from(&home());
    let answer = ours.fetch(KEY, None, 100).await;
    let Err(FetchError::Call(error)) = answer else { anyhow::bail!("no error, but {answer:?}") };
    refused::<()>("the fetch", &Err(error), CallClass::Denied, "AccessDenied")?;
    let read = stand.changes.read_build(&ours.build(version, b"theirs"), 0, 1).await;
    refused("the read", &read, CallClass::Denied, "AccessDenied")
}

/// A build in the bucket. A server without versions reads it all the same, under any name of a version.
async fn uploaded(here: &Here<'_>, content: &[u8]) -> Result<SiteBuild> {
    let version = here.put_by_hand(KEY, content.to_vec()).await?;
    let version = version.unwrap_or_else(|| VersionId::parse(NO_VERSION).unwrap());
    Ok(here.build(version, content))
}

async fn ranges_of_a_build_are_what_was_asked_for(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("ranges").await?;
    let content = content(3, 50_000);
    let build = uploaded(&here, &content).await?;
    let ranges =
        [(0, 1), (0, 1000), (70_001, 3), (4_000, 150_000), (199_999, 1), (199_000, 1000), (0, 200_000), (500, 0)];
    for (from, length) in ranges {
        let bytes = stand.changes.read_build(&build, from, length).await.context(format!("{length} from {from}"))?;
        let (from, to) = (usize::try_from(from)?, usize::try_from(from + length)?);
        ensure!(bytes == content[from..to], "{length} from {from}: {} other bytes", bytes.len());
    }
    Ok(())
}

async fn a_range_past_the_end_of_a_build_is_an_error(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("past-the-end").await?;
    let build = uploaded(&here, b"0123456789").await?;
    for (from, length) in [(9, 2), (0, 11), (10, 1), (1_000, 1), (5, 1 << 20), (1 << 40, 1)] {
        let answer = stand.changes.read_build(&build, from, length).await;
        refused(&format!("{length} from {from}"), &answer, CallClass::Invalid, "UnreadableAnswer")?;
    }
    Ok(())
}

async fn the_pinned_version_is_read_whatever_came_later(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("pinned").await?;
    let build = uploaded(&here, b"0123456789").await?;
    let read = async || stand.changes.read_build(&build, 2, 5).await;
    here.put_by_hand(KEY, "something else").await?;
    same("after another was put", &read().await?.as_ref(), &b"23456".as_slice())?;
    here.stand.hands.delete(&here.place, &here.bucket, KEY).await?;
    same("after all was deleted", &read().await?.as_ref(), &b"23456".as_slice())
}

async fn a_version_that_was_deleted_is_not_read(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("version-gone").await?;
    let build = uploaded(&here, b"0123456789").await?;
    here.put_by_hand(KEY, "0123456789").await?;
    here.stand.hands.erase(&here.place, &here.bucket, KEY, &build.version).await?;
    let answer = stand.changes.read_build(&build, 0, 5).await;
    refused("the read", &answer, CallClass::Invalid, "NoSuchVersion")
}

async fn a_build_that_was_deleted_is_not_read(stand: &Stand<'_>) -> Result<()> {
    let here = stand.build_bucket("build-gone").await?;
    let build = uploaded(&here, b"0123456789").await?;
    here.stand.hands.erase(&here.place, &here.bucket, KEY, &build.version).await?;
    let answer = stand.changes.read_build(&build, 0, 5).await;
    let Err(error) = answer else { anyhow::bail!("no error, but {answer:?}") };
    let gone = matches!(error.said.code.as_str(), "NoSuchVersion" | "NoSuchKey") && error.class == CallClass::Invalid;
    ensure!(gone, "not gone, but {error:?}");
    Ok(())
}
