//! The records and the artifact bucket in memory: as much of them as announcing a build touches. The table that the whole
//! controller runs against is in `sim`, which depends on this crate.

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;

use driftless_domain::{AppName, Artifact, Digest, Manifest, ObjectKey, Place, Sha256, Tag, Target, VersionId};
use driftless_releases::{
    Builds, Change, Claim, DesiredRecord, DesiredWrites, Event, FetchError, FetchedBuild, Heartbeat, Loaded,
    PutArtifact, ReadRecords, SpecRecord, StoreError, Stored,
};
use driftless_spec::ArtifactBucket;

/// The records.
#[derive(Default)]
pub(crate) struct Table(Mutex<Records>);

#[derive(Default)]
struct Records {
    specs: BTreeMap<AppName, SpecRecord>,
    artifacts: BTreeMap<(AppName, Tag), Artifact>,
    manifests: BTreeMap<(AppName, Digest), Manifest>,
    desired: BTreeMap<Target, DesiredRecord>,
    /// What somebody else stores just before the next artifact is put.
    first: Option<Artifact>,
}

impl Table {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap()
    }

    /// How many artifacts, manifests and desired records there are.
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        let records = self.records();
        (records.artifacts.len(), records.manifests.len(), records.desired.len())
    }

    pub(crate) fn appears_before_the_next_put(&self, artifact: Artifact) {
        self.records().first = Some(artifact);
    }
}

fn stored<T: Clone>(found: Option<&T>) -> Stored<T> {
    found.map_or(Stored::Missing, |record| Stored::Valid(record.clone()))
}

#[async_trait]
impl ReadRecords for Table {
    async fn changes(&self, _since: Option<Timestamp>) -> Result<Vec<Change>, StoreError> {
        Ok(Vec::new())
    }

    async fn load(&self, targets: &[Target]) -> Result<Vec<Loaded>, StoreError> {
        let records = self.records();
        let load = |target: &Target| Loaded {
            target: target.clone(),
            desired: stored(records.desired.get(target)),
            spec: stored(records.specs.get(&target.app)),
            status: Stored::Missing,
        };
        Ok(targets.iter().map(load).collect())
    }

    async fn desired(&self, target: &Target) -> Result<Stored<DesiredRecord>, StoreError> {
        Ok(stored(self.records().desired.get(target)))
    }

    async fn apps(&self) -> Result<Vec<AppName>, StoreError> {
        Ok(self.records().specs.keys().cloned().collect())
    }

    async fn spec(&self, app: &AppName) -> Result<Stored<SpecRecord>, StoreError> {
        Ok(stored(self.records().specs.get(app)))
    }

    async fn artifact(&self, app: &AppName, tag: &Tag) -> Result<Stored<Artifact>, StoreError> {
        Ok(stored(self.records().artifacts.get(&(app.clone(), tag.clone()))))
    }

    async fn artifacts(&self, _app: &AppName, _limit: usize) -> Result<Vec<Artifact>, StoreError> {
        Ok(Vec::new())
    }

    async fn manifest(&self, app: &AppName, digest: &Digest) -> Result<Stored<Manifest>, StoreError> {
        Ok(stored(self.records().manifests.get(&(app.clone(), digest.clone()))))
    }

    async fn history(&self, _target: &Target, _limit: usize) -> Result<Vec<Event>, StoreError> {
        Ok(Vec::new())
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl DesiredWrites for Table {
    async fn put_spec(&self, spec: &SpecRecord, _claims: &[Claim]) -> Result<(), StoreError> {
        self.records().specs.insert(spec.app.clone(), spec.clone());
        Ok(())
    }

    async fn put_artifact(&self, artifact: &Artifact) -> Result<PutArtifact, StoreError> {
        let mut records = self.records();
        if let Some(first) = records.first.take() {
            records.artifacts.insert((first.app.clone(), first.tag.clone()), first);
        }
        let content = artifact.content.site().expect("only sites are announced here");
        let manifest = (artifact.app.clone(), content.manifest.clone());
        assert!(records.manifests.contains_key(&manifest), "an artifact is never there before its manifest");
        let key = (artifact.app.clone(), artifact.tag.clone());
        if let Some(existing) = records.artifacts.get(&key) {
            return Ok(PutArtifact::Exists(existing.clone()));
        }
        records.artifacts.insert(key, artifact.clone());
        Ok(PutArtifact::New)
    }

    async fn put_manifest(&self, app: &AppName, manifest: &Manifest) -> Result<Digest, StoreError> {
        let digest = manifest.digest().unwrap();
        self.records().manifests.insert((app.clone(), digest.clone()), manifest.clone());
        Ok(digest)
    }

    async fn put_desired(&self, record: &DesiredRecord, _event: &Event) -> Result<(), StoreError> {
        self.records().desired.insert(record.target.clone(), record.clone());
        Ok(())
    }

    async fn nudge(&self, _target: &Target, _at: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The artifact bucket: versions `v1`, `v2` … of each key.
#[derive(Default)]
pub(crate) struct Bucket(Mutex<Objects>);

#[derive(Default)]
struct Objects {
    versions: BTreeMap<ObjectKey, Vec<Vec<u8>>>,
    failure: Option<FetchError>,
    fetched: usize,
    at_most: u64,
}

impl Bucket {
    pub(crate) fn upload(&self, key: &ObjectKey, zip: &[u8]) {
        self.0.lock().unwrap().versions.entry(key.clone()).or_default().push(zip.to_vec());
    }

    pub(crate) fn fail(&self, failure: Option<FetchError>) {
        self.0.lock().unwrap().failure = failure;
    }

    /// How often a build was fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.0.lock().unwrap().fetched
    }

    /// The limit that was asked for last.
    pub(crate) fn asked_at_most(&self) -> u64 {
        self.0.lock().unwrap().at_most
    }
}

#[async_trait]
impl Builds for Bucket {
    async fn fetch(
        &self,
        bucket: &ArtifactBucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        at_most: u64,
    ) -> Result<FetchedBuild, FetchError> {
        assert_eq!(bucket.bucket.as_str(), "shared-artifacts");
        let mut objects = self.0.lock().unwrap();
        objects.fetched += 1;
        objects.at_most = at_most;
        if let Some(failure) = &objects.failure {
            return Err(failure.clone());
        }
        let missing = || FetchError::Missing(format!("{key} in {}", bucket.bucket));
        let versions = objects.versions.get(key).ok_or_else(missing)?;
        let number = match version {
            Some(version) => version.as_str().trim_start_matches('v').parse::<usize>().unwrap(),
            None => versions.len(),
        };
        let zip = versions.get(number - 1).ok_or_else(missing)?;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(zip).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        Ok(FetchedBuild {
            place: Place { account: "999999999999".parse().unwrap(), region: "eu-west-1".parse().unwrap(), role: None },
            version: format!("v{number}").parse().unwrap(),
            file,
            size: zip.len() as u64,
            sha256: Sha256::of(zip),
        })
    }
}
