//! From the records of a target to what its pass needs. What cannot change is kept: a spec by its version, an artifact by
//! its tag.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use driftless_domain::{AppName, Artifact, DesiredRelease, Status, Tag};
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
    let desired = resolve(&record, &spec, &artifact, status.as_ref().map(|status| &status.record))
        .map_err(Unprepared::Unresolved)?;
    let gated = spec
        .environment(&record.target.env)
        .map(|environment| unmet_gates(environment, &record.artifact, |_| true))
        .unwrap_or_default();
    Ok(Prepared { record, desired, spec_version, status, gated })
}
