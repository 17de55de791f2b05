//! The artifact bucket: read through the port, and filled and spoiled by the hands of others.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use async_trait::async_trait;
use driftless_domain::{BucketName, ObjectKey, Place, VersionId};
use driftless_releases::{ArtifactBucket, Builds, FetchError, FetchedBuild};

use crate::call::{Kind, Request, Site, object_text};
use crate::s3::{NewObject, Object, ObjectHeaders, Writer, no_such_bucket};
use crate::wire::Arrival;

use super::World;
use super::hands::PERSON;
use super::state::State;

const CI: &str = "ci";

#[async_trait]
impl Builds for World {
    async fn fetch(
        &self,
        bucket: &ArtifactBucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        at_most: u64,
    ) -> Result<FetchedBuild, FetchError> {
        let ArtifactBucket { bucket: name, account, region } = bucket;
        let mut site = self.with(|state, _| {
            let owner = || state.s3.get(name).map(|found| found.site().clone());
            state.home.clone().or_else(owner)
        });
        if let Some(site) = &mut site {
            site.account = account.clone().unwrap_or_else(|| site.account.clone());
            site.region = region.clone().unwrap_or_else(|| site.region.clone());
        }
        let shown = format!("{name}/{key}");
        let detail = version.map_or_else(|| "GET newest".to_owned(), |version| format!("GET version {version}"));
        let object = object_text(name, key.as_str());
        let request =
            Request { operation: "s3:GetObject", kind: Kind::Read, site: site.clone(), object, shown, detail };
        let (object, place) = self
            .wire
            .send(request, |arrival| self.with(|state, _| find(state, arrival, site, name, key, version, at_most)))
            .await?;
        let file = kept(&object).map_err(|error| FetchError::Disk(error.to_string()))?;
        // `find` gives only objects with a version.
        let version = object.version.clone().ok_or_else(|| FetchError::Unversioned(name.to_string()))?;
        Ok(FetchedBuild { place, version, file, size: object.size(), sha256: object.sha256 })
    }
}

fn find(
    state: &State,
    arrival: &mut Arrival<'_>,
    site: Option<Site>,
    name: &BucketName,
    key: &ObjectKey,
    version: Option<&VersionId>,
    at_most: u64,
) -> Result<(Object, Place), FetchError> {
    let request = &arrival.request;
    let site = site.ok_or_else(|| no_such_bucket(request))?;
    let found = state.s3.find(request, &site, name)?.ok_or_else(|| no_such_bucket(request))?;
    let object = match version {
        Some(version) => found.version(key.as_str(), version),
        None => found.get(key.as_str()),
    };
    let object = object.filter(|_| !arrival.misses(&request.object));
    let Some(object) = object else { return Err(FetchError::Missing(format!("s3://{name}/{key}"))) };
    let Some(found_version) = &object.version else { return Err(FetchError::Unversioned(name.to_string())) };
    if object.size() > at_most {
        return Err(FetchError::TooLarge { size: object.size(), at_most });
    }
    arrival.request.detail.push_str(&format!(", version {found_version}, {} bytes", object.size()));
    Ok((object.clone(), Place { account: site.account, region: site.region, role: None }))
}

/// The bytes in a file without a name, from the beginning.
fn kept(object: &Object) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(&object.body)?;
    file.rewind()?;
    Ok(file)
}

impl World {
    /// Where Driftless itself runs: the artifact bucket is looked for there when the spec names no account or region.
    /// Without it, wherever the bucket is.
    pub fn runs_in(&self, place: &Place) {
        self.with(|state, _| state.home = Some(Site::of(place)));
    }

    /// Infrastructure makes a bucket for builds: one with versioning.
    pub fn create_build_bucket(&self, place: &Place, bucket: &BucketName) {
        self.create_bucket(place, bucket);
        self.bucket_keeps_versions(bucket, true);
    }

    /// CI uploads a build.
    ///
    /// # Panics
    /// When there is no such bucket, or it has no versioning: the test that set the world up is wrong.
    #[expect(
        clippy::expect_used,
        reason = "a wrong set-up is a mistake in the test, and the version must be an answer"
    )]
    pub fn upload_build(&self, bucket: &BucketName, key: &ObjectKey, bytes: impl Into<bytes::Bytes>) -> VersionId {
        let bytes = bytes.into();
        let detail = format!("{} bytes", bytes.len());
        let uploaded = self.hand(CI, "s3:PutObject", object_text(bucket, key.as_str()), detail, |state, at| {
            let found = state.s3.get_mut(bucket).ok_or("NoSuchBucket")?;
            let writer = Writer { by: CI.to_owned(), call: 0, at };
            let zip = NewObject::whole(bytes, ObjectHeaders::of_type("application/zip"), true);
            Ok(found.put(&writer, key.as_str(), zip).object.version)
        });
        uploaded.flatten().expect("a bucket with versioning")
    }

    /// A person deletes a version of a build for good.
    pub fn delete_build_version(&self, bucket: &BucketName, key: &ObjectKey, version: &VersionId) {
        let object = object_text(bucket, key.as_str());
        self.hand(PERSON, "s3:DeleteObjectVersion", object, version.to_string(), |state, _| {
            let found = state.s3.get_mut(bucket).ok_or("NoSuchBucket")?;
            found.erase(key.as_str(), version).then_some(()).ok_or("NoSuchVersion")
        });
    }

    /// The next read of bytes of such a build gives one wrong byte.
    pub fn corrupt_next_read(&self, bucket: &BucketName, key_contains: &str) {
        self.with(|state, _| state.s3.damage_next_read(bucket, key_contains));
    }
}
