//! From the records of a target to what its pass needs. What cannot change is kept: a spec by its version, an artifact by
//! its tag.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use driftless_domain::{
    AppName, Artifact, DesiredRelease, Digest, EarlierFiles, Manifest, SiteFiles, SiteMemory, Status, Tag,
};
use driftless_releases::{
    ControllerStore, DesiredRecord, Loaded, StoreError, Stored, Unmet, Unresolved, Versioned, resolve, unmet_gates,
};
use driftless_spec::{AppSpec, Strictness, parse};

/// What a pass over one target begins with.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) record: DesiredRecord,
    pub(crate) desired: DesiredRelease,
    /// The version of the spec that all of this is by.
    pub(crate) spec_version: u64,
    pub(crate) status: Option<Versioned<Status>>,
    /// Gates that only people open and that are closed: nothing is changed (S1).
    pub(crate) gated: Vec<Unmet>,
}

/// Why a target has no pass now.
#[derive(Debug)]
pub(crate) enum Unprepared {
    /// There is no desired record: nothing is wanted, and nothing is taken down (S10).
    Gone,
    /// Its records do not add up; shown as its status.
    Unresolved(Unresolved),
    /// The records could not be read.
    Store(StoreError),
}

/// Specs and artifacts that were read before.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    specs: Mutex<BTreeMap<AppName, (u64, Arc<AppSpec>)>>,
    artifacts: Mutex<BTreeMap<(AppName, Tag), Artifact>>,
    manifests: Mutex<KeptManifests>,
}

/// Files of manifests that are kept at most, at about 350 bytes each: 350 MB. What was not used for longest goes first, and
/// is read again when it is needed.
const FILES_KEPT: usize = 1_000_000;

/// Manifests that were read before, with a count that says when each was used last.
#[derive(Debug, Default)]
struct KeptManifests {
    by_digest: BTreeMap<Digest, (u64, Arc<Manifest>)>,
    uses: u64,
}

impl KeptManifests {
    fn get(&mut self, digest: &Digest) -> Option<Arc<Manifest>> {
        self.uses += 1;
        let (used, manifest) = self.by_digest.get_mut(digest)?;
        *used = self.uses;
        Some(Arc::clone(manifest))
    }

    fn keep(&mut self, digest: Digest, manifest: Arc<Manifest>) {
        self.uses += 1;
        self.by_digest.insert(digest, (self.uses, manifest));
        while self.by_digest.len() > 1
            && self.by_digest.values().map(|(_, one)| one.files.len()).sum::<usize>() > FILES_KEPT
        {
            let oldest = self.by_digest.iter().min_by_key(|(_, (used, _))| *used).map(|(digest, _)| digest.clone());
            let Some(oldest) = oldest else { return };
            self.by_digest.remove(&oldest);
        }
    }
}

impl Kept {
    fn spec(&self, loaded: &Loaded) -> Result<Arc<AppSpec>, Unresolved> {
        let record = match &loaded.spec {
            Stored::Valid(record) => record,
            Stored::Missing => return Err(Unresolved::NoSpec),
            Stored::Invalid(problem) => return Err(problem.clone().into()),
        };
        let mut specs = self.specs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, spec)) = specs.get(&record.app)
            && *version == record.version
        {
            return Ok(Arc::clone(spec));
        }
        let parsed = parse(&record.document, Strictness::Lenient).map_err(|errors| Unresolved::InvalidSpec {
            app: record.app.to_string(),
            first: errors.findings.first().map(|finding| finding.message.clone()).unwrap_or_default(),
        })?;
        let spec = Arc::new(parsed.spec);
        specs.insert(record.app.clone(), (record.version, Arc::clone(&spec)));
        Ok(spec)
    }

    async fn artifact(&self, store: &dyn ControllerStore, app: &AppName, tag: &Tag) -> Result<Artifact, Unprepared> {
        let key = (app.clone(), tag.clone());
        if let Some(artifact) = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(artifact.clone());
        }
        match store.artifact(app, tag).await.map_err(Unprepared::Store)? {
            Stored::Valid(artifact) => {
                self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).insert(key, artifact.clone());
                Ok(artifact)
            }
            Stored::Missing => Err(Unprepared::Unresolved(Unresolved::NoArtifact(tag.clone()))),
            Stored::Invalid(problem) => Err(Unprepared::Unresolved(problem.into())),
        }
    }
}

impl Kept {
    async fn manifest(
        &self,
        store: &dyn ControllerStore,
        app: &AppName,
        digest: &Digest,
        tag: &Tag,
    ) -> Result<Arc<Manifest>, Unprepared> {
        if let Some(manifest) = self.manifests.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Ok(manifest);
        }
        match store.manifest(app, digest).await.map_err(Unprepared::Store)? {
            Stored::Valid(manifest) => {
                let manifest = Arc::new(manifest);
                let mut manifests = self.manifests.lock().unwrap_or_else(PoisonError::into_inner);
                manifests.keep(digest.clone(), Arc::clone(&manifest));
                Ok(manifest)
            }
            Stored::Missing => Err(Unprepared::Unresolved(Unresolved::NoManifest(tag.clone()))),
            Stored::Invalid(problem) => Err(Unprepared::Unresolved(problem.into())),
        }
    }
}

/// What a pass over this target begins with.
pub(crate) async fn prepare(store: &dyn ControllerStore, kept: &Kept, loaded: Loaded) -> Result<Prepared, Unprepared> {
    let record = match &loaded.desired {
        Stored::Valid(record) => record.clone(),
        Stored::Missing => return Err(Unprepared::Gone),
        Stored::Invalid(problem) => return Err(Unprepared::Unresolved(problem.clone().into())),
    };
    let spec = kept.spec(&loaded).map_err(Unprepared::Unresolved)?;
    let spec_version = loaded.spec.as_valid().map_or(0, |spec| spec.version);
    let artifact = kept.artifact(store, &record.target.app, &record.artifact).await?;
    let status = match loaded.status {
        Stored::Valid(status) => Some(status),
        Stored::Missing => None,
        Stored::Invalid(problem) => return Err(Unprepared::Unresolved(problem.into())),
    };
    let mut desired = resolve(&record, &spec, &artifact, status.as_ref().map(|status| &status.record))
        .map_err(Unprepared::Unresolved)?;
    desired.files = files_of(store, kept, &desired, status.as_ref().map(|status| &status.record)).await?;
    let gated = spec
        .environment(&record.target.env)
        .map(|environment| unmet_gates(environment, &record.artifact, |_| true))
        .unwrap_or_default();
    Ok(Prepared { record, desired, spec_version, status, gated })
}

/// The files of a site target: those of its release, and of the releases that were there before. None for other targets.
async fn files_of(
    store: &dyn ControllerStore,
    kept: &Kept,
    desired: &DesiredRelease,
    status: Option<&Status>,
) -> Result<Option<SiteFiles>, Unprepared> {
    let (Some(bound), Some(release)) = (&desired.binding.site, desired.release()) else { return Ok(None) };
    let Some(build) = release.site.clone() else { return Ok(None) };
    let app = &desired.target.app;
    let read = |digest: Digest, tag: Tag| async move { kept.manifest(store, app, &digest, &tag).await };
    let place = bound.memory_place();
    let memory = status.and_then(|status| status.site.as_ref()).map(|site| site.memory.clone());
    // What is remembered of another bucket says nothing of this one.
    let memory =
        memory.filter(|memory| memory.place == place).unwrap_or_else(|| SiteMemory { place, ..SiteMemory::default() });
    let manifest = read(build.manifest.clone(), release.tag.clone()).await?;
    let settled = match memory.settled.clone() {
        Some(digest) => Some(read(digest, release.tag.clone()).await?),
        None => None,
    };
    let mut previous = None;
    let mut earlier: Vec<EarlierFiles> = Vec::new();
    for published in memory.published.iter().rev().filter(|one| one.manifest != build.manifest) {
        if earlier.iter().any(|one| one.digest == published.manifest) || previous.as_ref() == Some(&published.manifest)
        {
            continue;
        }
        if previous.is_none() && published.whole {
            previous = Some(published.manifest.clone());
            continue;
        }
        let manifest = read(published.manifest.clone(), published.tag.clone()).await?;
        let until = published.until.unwrap_or(published.since);
        earlier.push(EarlierFiles { digest: published.manifest.clone(), manifest, until });
    }
    let previous = match previous {
        Some(digest) => Some(read(digest, release.tag.clone()).await?),
        None => None,
    };
    let build = Arc::new(build);
    Ok(Some(SiteFiles { build, manifest, settled, previous, earlier, every_header: false, memory }))
}
