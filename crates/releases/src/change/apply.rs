//! Applying a spec.

use jiff::Timestamp;
use serde::Serialize;

use driftless_domain::{Actor, AppName};
use driftless_spec::{AppSpec, Claim, Finding, Strictness, parse};

use super::{ChangeError, check_expected};
use crate::records::{SpecRecord, Stored};
use crate::store::{ApiStore, StoreError};

/// What became of applying a spec.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// The app.
    pub app: AppName,
    /// The stored version.
    pub version: u64,
    /// Whether anything changed.
    pub changed: bool,
    /// What the spec has that is no error.
    pub warnings: Vec<Finding>,
}

/// Applies a spec to `app`. The same document again changes nothing.
///
/// # Errors
/// [`ChangeError::Spec`] with all findings, [`ChangeError::Stale`] when `expected` is not the stored version,
/// [`ChangeError::Store`] with `Claimed` when another app names one of its resources.
pub async fn apply_spec(
    store: &dyn ApiStore,
    app: &AppName,
    document: &str,
    expected: Option<u64>,
    by: Actor,
    at: Timestamp,
) -> Result<Applied, ChangeError> {
    let parsed = parse(document, Strictness::Lenient).map_err(ChangeError::Spec)?;
    if &parsed.spec.app != app {
        return Err(ChangeError::OtherApp { asked: app.clone(), given: parsed.spec.app });
    }
    let stored = match store.spec(app).await? {
        Stored::Valid(stored) => Some(stored),
        Stored::Missing => None,
        Stored::Invalid(problem) => return Err(problem.into()),
    };
    let found = stored.as_ref().map_or(0, |stored| stored.version);
    check_expected(&format!("the spec of {app}"), expected, found)?;
    if stored.is_some_and(|stored| stored.document == document) {
        return Ok(Applied { app: app.clone(), version: found, changed: false, warnings: parsed.warnings });
    }
    check_buckets(store, &parsed.spec).await?;
    let record = SpecRecord {
        app: app.clone(),
        version: found + 1,
        document: document.to_owned(),
        applied_by: by,
        applied_at: at,
    };
    store.put_spec(&record, &parsed.spec.claims()).await?;
    Ok(Applied { app: app.clone(), version: record.version, changed: true, warnings: parsed.warnings })
}

/// Two prefixes of one bucket clash when one holds the other, which no condition on a key can tell: the specs of other apps
/// are read and compared. (Services and parameters are guarded by their claims in the same transaction.)
async fn check_buckets(store: &dyn ApiStore, spec: &AppSpec) -> Result<(), ChangeError> {
    let ours: Vec<Claim> = spec.claims().into_iter().filter(|claim| claim.resource.starts_with("s3-prefix ")).collect();
    if ours.is_empty() {
        return Ok(());
    }
    for app in store.apps().await?.into_iter().filter(|app| app != &spec.app) {
        // A spec that does not parse names nothing that anybody could be told about.
        let Stored::Valid(record) = store.spec(&app).await? else { continue };
        let Ok(other) = parse(&record.document, Strictness::Lenient) else { continue };
        let theirs = other.spec.claims();
        if let Some(clash) = theirs.iter().find(|claim| ours.iter().any(|own| own.clashes_with(claim))) {
            let claimed = StoreError::Claimed { resource: clash.resource.clone(), owner: clash.target.clone() };
            return Err(claimed.into());
        }
    }
    Ok(())
}
