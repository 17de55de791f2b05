//! From the records of a target to the one value a plan is made from.

use driftless_domain::{Artifact, DesiredRelease, Effective, EnvName, Release, Status, Tag};
use driftless_spec::AppSpec;

use crate::records::{DesiredRecord, InvalidRecord};

/// Why there is nothing to plan for a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// One of its records does not parse.
    #[error(transparent)]
    Invalid(#[from] InvalidRecord),
    /// Its app has no spec.
    #[error("the app has no spec; apply one with `driftless spec apply`")]
    NoSpec,
    /// The spec that is stored is not valid for this version.
    #[error("Invalid record: spec#{app}: {first}")]
    InvalidSpec {
        /// The app.
        app: String,
        /// The first finding.
        first: String,
    },
    /// The spec no longer has the environment. Nothing is taken down (S10).
    #[error("the spec has no environment {0}; what runs there is left as it is")]
    NoEnvironment(EnvName),
    /// The artifact is of another kind than the spec: an app that became a site, or the other way round.
    #[error("artifact {0} is not of the kind that the spec says; announce one that is")]
    OtherKind(Tag),
    /// The manifest of a site's artifact is not stored.
    #[error("the manifest of artifact {0} is not there; announce the artifact again under another tag")]
    NoManifest(Tag),
    /// The artifact that the record names was never announced.
    #[error("artifact {0} was never announced; announce it with `driftless release create`")]
    NoArtifact(Tag),
}

/// What a target should run, from its records. The files of a site are read and filled in by whoever needs them.
///
/// # Errors
/// [`Unresolved`] when the spec no longer has the environment, or the artifact is of another kind than the app.
pub fn resolve(
    record: &DesiredRecord,
    spec: &AppSpec,
    artifact: &Artifact,
    status: Option<&Status>,
) -> Result<DesiredRelease, Unresolved> {
    let env = &record.target.env;
    let mut binding = spec.binding(env).ok_or_else(|| Unresolved::NoEnvironment(env.clone()))?;
    if binding.site.is_some() != artifact.content.site().is_some() {
        return Err(Unresolved::OtherKind(record.artifact.clone()));
    }
    for bound in &mut binding.services {
        // Where the service lived when it last was what it should be: somebody may have pointed it to another family.
        let lived = status.and_then(|status| status.services.iter().find(|seen| seen.name == bound.name));
        bound.family = bound.family.take().or_else(|| lived.and_then(|seen| seen.family.clone()));
    }
    let wanted = Release {
        generation: record.generation,
        tag: record.artifact.clone(),
        images: artifact.content.images().cloned().unwrap_or_default(),
        site: artifact.content.site().cloned(),
    };
    let rejected =
        status.and_then(|status| status.rejected.as_ref()).filter(|rejected| rejected.generation == record.generation);
    let effective = match rejected {
        None => Effective::Wanted(wanted),
        Some(rejected) => match status.and_then(|status| status.last_good.clone()) {
            Some(release) => Effective::LastGood(release),
            None => Effective::Nothing {
                parameters: rejected.parameters_before.clone(),
                revisions: rejected.revisions_before.clone(),
            },
        },
    };
    let release = match &effective {
        Effective::Wanted(release) | Effective::LastGood(release) => Some(release.generation),
        Effective::Nothing { .. } => None,
    };
    let attempt =
        status.and_then(|status| status.attempt.clone()).filter(|attempt| Some(attempt.generation) == release);
    Ok(DesiredRelease {
        target: record.target.clone(),
        generation: record.generation,
        effective,
        rejected: rejected.cloned(),
        attempt,
        binding,
        files: None,
    })
}
