//! The changes that people and CI ask for: applying a spec, announcing a build, wanting it somewhere. Each is checked as a
//! whole first and then written in one conditional write or transaction, so that a refusal changes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use driftless_domain::{
    Actor, AppName, Artifact, Chain, Content, EnvName, Generation, Health, Reason, ServiceName, Tag, Target,
};
use driftless_spec::{AppSpec, Claim, Finding, Kind, SpecErrors, Strictness, parse};

use crate::gates::{Unmet, lived, unmet_gates};
use crate::records::{DesiredRecord, Event, EventKind, InvalidRecord, SpecRecord, Stored};
use crate::store::{ApiStore, PutArtifact, StoreError};

/// Why a change was refused. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The spec breaks rules; each with its line.
    #[error("the spec is not valid: {} findings", .0.findings.len())]
    Spec(SpecErrors),
    /// The spec is of another app than the request says.
    #[error("the request is for app {asked}, and the spec is of app {given}")]
    OtherApp {
        /// What the request says.
        asked: AppName,
        /// What the spec says.
        given: AppName,
    },
    /// Something that the change refers to is not there.
    #[error("{0}")]
    NotFound(String),
    /// The change does not fit what it refers to.
    #[error("{0}")]
    Unfit(String),
    /// The condition of the request no longer holds.
    #[error("{what} is at {found}, not at {expected}: somebody changed it; look again and repeat")]
    Stale {
        /// Which record.
        what: String,
        /// What the request expects.
        expected: u64,
        /// What is stored.
        found: u64,
    },
    /// The tag already stands for another build.
    #[error("tag {tag} of {app} already stands for another build, announced {:.0} by {}", .existing.announced_at, .existing.announced_by)]
    TagTaken {
        /// The app.
        app: AppName,
        /// The tag.
        tag: Tag,
        /// What it stands for.
        existing: Box<Artifact>,
    },
    /// Gates are closed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Gated(Vec<Unmet>),
    /// A record that the change depends on does not parse.
    #[error(transparent)]
    Invalid(#[from] InvalidRecord),
    /// The records could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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

/// What became of announcing a build.
#[derive(Debug, Clone, Serialize)]
pub struct Announced {
    /// The artifact as it is stored.
    pub artifact: Artifact,
    /// Whether it was new; announcing the same build again is not an error.
    pub new: bool,
    /// The environments where it is wanted at once, because the spec says `autoDeploy`.
    pub deployed: Vec<(EnvName, Generation)>,
    /// The environments with `autoDeploy` where it could not be asked for, and why.
    pub not_deployed: Vec<(EnvName, String)>,
}

/// Announces a build, and asks for it wherever the spec says `autoDeploy`.
///
/// # Errors
/// [`ChangeError::NotFound`] without a spec, [`ChangeError::Unfit`] when the images are not exactly those of the spec's
/// services, [`ChangeError::TagTaken`] when the tag stands for another build.
pub async fn announce(store: &dyn ApiStore, artifact: Artifact) -> Result<Announced, ChangeError> {
    let spec = spec_of(store, &artifact.app).await?;
    fits(&spec, &artifact)?;
    let (artifact, new) = match store.put_artifact(&artifact).await? {
        PutArtifact::New => (artifact, true),
        PutArtifact::Exists(existing) if existing.same_build(&artifact) => (existing, false),
        PutArtifact::Exists(existing) => {
            return Err(ChangeError::TagTaken { app: artifact.app, tag: artifact.tag, existing: Box::new(existing) });
        }
    };
    let mut announced = Announced { artifact, new, deployed: Vec::new(), not_deployed: Vec::new() };
    let Announced { artifact, deployed, not_deployed, .. } = &mut announced;
    for environment in spec.environments.iter().filter(|environment| environment.auto_deploy) {
        let target = Target::new(artifact.app.clone(), environment.name.clone());
        // An announcement that is repeated goes on where the first one may have stopped, and does not undo what people
        // asked for since.
        if !new && asked_since(store, &target, artifact.announced_at).await? {
            continue;
        }
        let request = DeployRequest {
            target,
            tag: artifact.tag.clone(),
            expected: None,
            by: artifact.announced_by.clone(),
            reason: auto_deploy_reason(),
            at: artifact.announced_at,
        };
        match deploy(store, request).await {
            Ok(done) => deployed.push((environment.name.clone(), done.generation)),
            // The announcement stands; that it was not asked for here is told, not lost.
            Err(refused) => not_deployed.push((environment.name.clone(), Chain(&refused).to_string())),
        }
    }
    Ok(announced)
}

/// Whether somebody asked for something in the target at or after a time.
async fn asked_since(store: &dyn ApiStore, target: &Target, at: Timestamp) -> Result<bool, ChangeError> {
    match store.desired(target).await? {
        Stored::Valid(record) => Ok(record.requested_at >= at),
        Stored::Missing => Ok(false),
        Stored::Invalid(problem) => Err(problem.into()),
    }
}

#[expect(clippy::expect_used, reason = "a constant that the test below parses")]
fn auto_deploy_reason() -> Reason {
    Reason::parse("autoDeploy: announced").expect("a valid reason")
}

/// Somebody's wish that a target runs an artifact.
#[derive(Debug, Clone)]
pub struct DeployRequest {
    /// Where.
    pub target: Target,
    /// What.
    pub tag: Tag,
    /// The generation that the person saw; none to take whatever is stored.
    pub expected: Option<Generation>,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

/// What became of asking for a release.
#[derive(Debug, Clone, Serialize)]
pub struct Deployed {
    /// The target.
    pub target: Target,
    /// The artifact.
    pub tag: Tag,
    /// The generation that asks for it.
    pub generation: Generation,
    /// Whether anything changed: asking for what is already asked for does not.
    pub changed: bool,
}

/// Asks for an artifact in a target: one new generation of its desired record. Asking again for an artifact that was
/// rejected there re-arms it (a new generation, tried once more), and so it is for a target that is contested.
///
/// # Errors
/// [`ChangeError::NotFound`], [`ChangeError::Gated`] with every closed gate, [`ChangeError::Stale`] when somebody else
/// changed the record, [`ChangeError::Invalid`] when the record does not parse.
pub async fn deploy(store: &dyn ApiStore, request: DeployRequest) -> Result<Deployed, ChangeError> {
    let DeployRequest { target, tag, expected, by, reason, at } = request;
    let spec = spec_of(store, &target.app).await?;
    let environment = spec.environment(&target.env).ok_or_else(|| {
        let known: Vec<&str> = spec.environments.iter().map(|environment| environment.name.as_str()).collect();
        ChangeError::NotFound(format!("{} has no environment {}; it has {}", target.app, target.env, known.join(", ")))
    })?;
    let artifact = match store.artifact(&target.app, &tag).await? {
        Stored::Valid(artifact) => artifact,
        Stored::Invalid(problem) => return Err(problem.into()),
        Stored::Missing => {
            return Err(ChangeError::NotFound(format!(
                "artifact {tag} of {} was never announced; `driftless release list {}` shows those that were",
                target.app, target.app
            )));
        }
    };
    fits(&spec, &artifact)?;

    let mut targets = vec![target.clone()];
    targets.extend(environment.after.iter().map(|env| Target::new(target.app.clone(), env.clone())));
    let loaded = store.load(&targets).await?;
    let statuses: Vec<_> = loaded.iter().map(|one| (&one.target.env, one.status.as_valid())).collect();
    let unmet = unmet_gates(environment, &tag, |first| {
        statuses.iter().any(|(env, status)| *env == first && status.is_some_and(|status| lived(&status.record, &tag)))
    });
    if !unmet.is_empty() {
        return Err(ChangeError::Gated(unmet));
    }

    let stored = match loaded.first().map(|one| &one.desired) {
        Some(Stored::Valid(record)) => Some(record.clone()),
        Some(Stored::Invalid(problem)) => return Err(problem.clone().into()),
        Some(Stored::Missing) | None => None,
    };
    let found = stored.as_ref().map_or(Generation(0), |record| record.generation);
    check_expected(&format!("{target}"), expected.map(|generation| generation.0), found.0)?;
    // A release that was rejected here, or a target that needs a person (contested, failing), is tried again when a person asks
    // again.
    let stuck = loaded.first().and_then(|one| one.status.as_valid()).is_some_and(|status| {
        let status = &status.record;
        let rejected = status.rejected.as_ref().is_some_and(|rejected| rejected.generation == found);
        rejected || (status.health == Health::Degraded && status.observed_generation == found)
    });
    if stored.is_some_and(|record| record.artifact == tag) && !stuck {
        return Ok(Deployed { target, tag, generation: found, changed: false });
    }
    let record = DesiredRecord {
        target: target.clone(),
        generation: found.next(),
        artifact: tag.clone(),
        requested_by: by.clone(),
        reason: reason.clone(),
        requested_at: at,
    };
    let event = Event {
        target: target.clone(),
        at,
        sequence: 0,
        kind: EventKind::Requested,
        generation: record.generation,
        actor: by,
        text: format!("{tag}: {reason}"),
    };
    match store.put_desired(&record, &event).await {
        Ok(()) => Ok(Deployed { target, tag, generation: record.generation, changed: true }),
        Err(StoreError::Conflict { what }) => {
            let found = match store.desired(&target).await? {
                Stored::Valid(record) => record.generation.0,
                Stored::Missing | Stored::Invalid(_) => 0,
            };
            if found + 1 == record.generation.0 {
                // Contention, and nobody won yet.
                return Err(StoreError::Conflict { what }.into());
            }
            Err(ChangeError::Stale { what, expected: record.generation.0.saturating_sub(1), found })
        }
        Err(error) => Err(error.into()),
    }
}

/// The stored spec of an app, parsed.
///
/// # Errors
/// [`ChangeError::NotFound`] when there is none, [`ChangeError::Invalid`] when it does not parse.
pub async fn spec_of(store: &dyn ApiStore, app: &AppName) -> Result<AppSpec, ChangeError> {
    match store.spec(app).await? {
        Stored::Valid(record) => {
            parse(&record.document, Strictness::Lenient).map(|parsed| parsed.spec).map_err(|errors| {
                let first = errors.findings.first().map(|finding| finding.message.clone()).unwrap_or_default();
                InvalidRecord { key: format!("spec#{app}"), problem: first }.into()
            })
        }
        Stored::Missing => {
            Err(ChangeError::NotFound(format!("there is no app {app}; apply its spec with `driftless spec apply`")))
        }
        Stored::Invalid(problem) => Err(problem.into()),
    }
}

fn check_expected(what: &str, expected: Option<u64>, found: u64) -> Result<(), ChangeError> {
    match expected {
        Some(expected) if expected != found => Err(ChangeError::Stale { what: what.to_owned(), expected, found }),
        Some(_) | None => Ok(()),
    }
}

/// The images must be exactly those of the spec's services: a missing one could not be deployed, one too many is a
/// misunderstanding.
fn fits(spec: &AppSpec, artifact: &Artifact) -> Result<(), ChangeError> {
    let (images, app) = match (&artifact.content, &spec.kind) {
        (Content::Container { images }, Kind::Container(app)) => (images, app),
        (Content::Site(_), Kind::StaticSite(_)) => return Ok(()),
        (Content::Container { .. }, Kind::StaticSite(_)) => {
            return Err(ChangeError::Unfit(format!("{} is a static site; its artifacts are zips, not images", spec.app)));
        }
        (Content::Site(_), Kind::Container(_)) => {
            return Err(ChangeError::Unfit(format!("{} has services; its artifacts are images, not zips", spec.app)));
        }
    };
    let wanted: BTreeSet<&ServiceName> = app.services.iter().map(|service| &service.name).collect();
    let given: BTreeSet<&ServiceName> = images.keys().collect();
    if wanted == given {
        return Ok(());
    }
    let list = |names: Vec<&&ServiceName>| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let missing = list(wanted.difference(&given).collect());
    let extra = list(given.difference(&wanted).collect());
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("no image for {missing}"));
    }
    if !extra.is_empty() {
        parts.push(format!("an image for {extra}, which the spec does not have"));
    }
    Err(ChangeError::Unfit(format!("artifact {}: {}", artifact.tag, parts.join("; "))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reason_of_an_auto_deployment_is_a_reason() {
        assert_eq!(super::auto_deploy_reason().as_str(), "autoDeploy: announced");
    }
}
