//! What the cases need: the ports of one implementation, the hands of others in it, and words to compare with.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use s3s::crypto::{Checksum as _, Md5};

use driftless_aws::Endpoint;
use driftless_domain::{
    AccountId, BucketName, CallClass, CallError, ContentEncoding, DistributionId, ETag, Headers, KeyPrefix, ObjectHead,
    ObjectKey, Place, Region, Sha256, VersionId,
};
use driftless_execute::{SiteChanges, StoredObject};
use driftless_observe::{Objects, SiteState};
use driftless_releases::Builds;
use driftless_tests::emulator::place;

/// An implementation of the ports, and the world behind it.
pub(crate) struct Stand<'a> {
    pub(crate) state: &'a dyn SiteState,
    pub(crate) changes: &'a dyn SiteChanges,
    pub(crate) builds: &'a dyn Builds,
    pub(crate) hands: &'a dyn Hands,
}

/// The hands of infrastructure, of CI and of people. Whatever a world has no notion of, its hands do nothing about.
#[async_trait]
pub(crate) trait Hands: Send + Sync {
    /// How often it is worth looking while something is under way.
    fn look_every(&self) -> Duration;

    async fn create_bucket(&self, place: &Place, bucket: &BucketName) -> Result<()>;

    async fn keep_versions(&self, place: &Place, bucket: &BucketName) -> Result<()>;

    /// A bucket policy that lets another account do everything.
    async fn let_in(&self, place: &Place, bucket: &BucketName, other: &AccountId) -> Result<()>;

    /// Puts an object as the console does: without a SHA-256. Answers with its version, if it has one.
    async fn put(&self, place: &Place, bucket: &BucketName, key: &str, body: Bytes) -> Result<Option<VersionId>>;

    /// Deletes what is newest under a key.
    async fn delete(&self, place: &Place, bucket: &BucketName, key: &str) -> Result<()>;

    /// Deletes a version for good.
    async fn erase(&self, place: &Place, bucket: &BucketName, key: &str, version: &VersionId) -> Result<()>;

    /// How many uploads in parts were neither finished nor given up.
    async fn unfinished_uploads(&self, place: &Place, bucket: &BucketName) -> Result<usize>;

    async fn create_distribution(&self, place: &Place) -> Result<DistributionId>;
}

impl<'a> Stand<'a> {
    /// A new bucket in the account of the shop.
    pub(crate) async fn bucket(&'a self, name: &str) -> Result<Here<'a>> {
        self.bucket_of(&shop(), name).await
    }

    /// A new bucket with versions in the account that the controller is in.
    pub(crate) async fn build_bucket(&'a self, name: &str) -> Result<Here<'a>> {
        let here = self.bucket_of(&home(), name).await?;
        self.hands.keep_versions(&here.place, &here.bucket).await?;
        Ok(here)
    }

    pub(crate) async fn bucket_of(&'a self, place: &Place, name: &str) -> Result<Here<'a>> {
        let here = self.at(place, name)?;
        self.hands
            .create_bucket(place, &here.bucket)
            .await
            .with_context(|| format!("create bucket {}", here.bucket))?;
        Ok(here)
    }

    /// A bucket that may be there or not.
    pub(crate) fn at(&'a self, place: &Place, name: &str) -> Result<Here<'a>> {
        let bucket = BucketName::parse(format!("contract-{name}"))?;
        Ok(Here { stand: self, place: place.clone(), bucket })
    }
}

/// One bucket, as seen from one place.
pub(crate) struct Here<'a> {
    pub(crate) stand: &'a Stand<'a>,
    pub(crate) place: Place,
    pub(crate) bucket: BucketName,
}

impl Here<'_> {
    /// The same bucket, as seen from another place.
    pub(crate) fn from(&self, place: &Place) -> Self {
        Self { place: place.clone(), bucket: self.bucket.clone(), ..*self }
    }

    /// Puts a page.
    pub(crate) async fn put(&self, name: &str, body: impl Into<Bytes>) -> Result<StoredObject> {
        Ok(self.put_with(name, &page(), body).await?)
    }

    pub(crate) async fn put_with(
        &self,
        name: &str,
        headers: &Headers,
        body: impl Into<Bytes>,
    ) -> Result<StoredObject, CallError> {
        let body = body.into();
        let hash = Sha256::of(&body);
        self.stand.changes.put_object(&self.place, &self.bucket, &key(name), headers, hash, body).await
    }

    /// Puts a page under a hash that is not its own.
    pub(crate) async fn put_damaged(&self, name: &str, body: &'static [u8]) -> Result<StoredObject, CallError> {
        let (hash, body) = (Sha256::of(b"something else"), Bytes::from_static(body));
        self.stand.changes.put_object(&self.place, &self.bucket, &key(name), &page(), hash, body).await
    }

    pub(crate) async fn head(&self, name: &str) -> Result<Option<ObjectHead>, CallError> {
        self.stand.state.head_object(&self.place, &self.bucket, &key(name)).await
    }

    /// What HEAD says of an object that must be there.
    pub(crate) async fn found(&self, name: &str) -> Result<ObjectHead> {
        self.head(name).await?.with_context(|| format!("{name} is not there"))
    }

    pub(crate) async fn list(&self, prefix: Option<&str>) -> Result<Option<Objects>, CallError> {
        let prefix = prefix.map(|prefix| KeyPrefix::parse(prefix).unwrap());
        self.stand.state.list_objects(&self.place, &self.bucket, prefix.as_ref()).await
    }

    /// The list of a bucket that must be there.
    pub(crate) async fn listed(&self) -> Result<Objects> {
        self.list(None).await?.context("there is no such bucket")
    }

    pub(crate) async fn replace_headers(&self, name: &str, headers: &Headers, etag: &ETag) -> Result<(), CallError> {
        self.stand.changes.replace_headers(&self.place, &self.bucket, &key(name), headers, etag).await
    }

    pub(crate) async fn delete(&self, name: &str, etag: &ETag) -> Result<(), CallError> {
        self.stand.changes.delete_object(&self.place, &self.bucket, &key(name), etag).await
    }

    pub(crate) async fn begin(&self, name: &str, headers: &Headers) -> Result<String, CallError> {
        self.stand.changes.begin_parts(&self.place, &self.bucket, &key(name), headers).await
    }

    /// Somebody else puts an object.
    pub(crate) async fn put_by_hand(&self, name: &str, body: impl Into<Bytes>) -> Result<Option<VersionId>> {
        self.stand.hands.put(&self.place, &self.bucket, name, body.into()).await
    }

    /// CI uploads a build, and learns its version.
    pub(crate) async fn upload(&self, name: &str, body: impl Into<Bytes>) -> Result<VersionId> {
        self.put_by_hand(name, body).await?.context("what was uploaded has no version")
    }

    /// The object is as it was put.
    pub(crate) async fn must_be(&self, name: &str, headers: &Headers, body: &[u8]) -> Result<()> {
        let head = self.found(name).await?;
        let served = ObjectHead {
            etag: md5(body),
            size: body.len() as u64,
            checksum: Some(Sha256::of(body).to_base64()),
            content_type: Some(headers.content_type.clone()),
            cache_control: Some(headers.cache_control.clone()),
            content_encoding: headers.content_encoding.map(|encoding| encoding.as_str().to_owned()),
        };
        same(&format!("HEAD of {name}"), &head, &served)
    }
}

/// What was found is what was expected.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    ensure!(found == expected, "{what}: found {found:?}, expected {expected:?}");
    Ok(())
}

/// The call failed, in this way.
pub(crate) fn refused<T: std::fmt::Debug>(
    what: &str,
    answer: &Result<T, CallError>,
    class: CallClass,
    code: &str,
) -> Result<()> {
    match answer {
        Ok(answer) => bail!("{what}: not refused, the answer is {answer:?}"),
        Err(error) => same(what, &(error.class, error.said.code.as_str()), &(class, code)),
    }
}

/// Where the websites are.
pub(crate) fn shop() -> Place {
    place("111111111111").unwrap()
}

/// Somebody else's account.
pub(crate) fn other() -> Place {
    place("222222222222").unwrap()
}

/// Where the controller is: artifact buckets are read with its own credentials.
pub(crate) fn home() -> Place {
    place(Endpoint::OWN_ACCOUNT).unwrap()
}

/// The shop's account in a region where nothing is.
pub(crate) fn elsewhere() -> Place {
    Place { region: Region::parse("eu-central-1").unwrap(), ..shop() }
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::parse(name).unwrap()
}

pub(crate) fn page() -> Headers {
    Headers {
        content_type: "text/html; charset=utf-8".to_owned(),
        cache_control: "public, max-age=0, must-revalidate".to_owned(),
        content_encoding: None,
    }
}

pub(crate) fn script(content_encoding: Option<ContentEncoding>) -> Headers {
    Headers {
        content_type: "text/javascript".to_owned(),
        cache_control: "public, max-age=31536000, immutable".to_owned(),
        content_encoding,
    }
}

/// The ETag of an object that was put in one piece.
pub(crate) fn md5(bytes: &[u8]) -> ETag {
    let hex: String = Md5::checksum(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ETag::parse(hex).unwrap()
}
