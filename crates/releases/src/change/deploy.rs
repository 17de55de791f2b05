//! Asking for an artifact in a target.

use jiff::Timestamp;
use serde::Serialize;

use driftless_domain::{Actor, Generation, Health, Reason, Tag, Target};

use super::{ChangeError, check_expected, fits, spec_of};
use crate::gates::{lived, unmet_gates};
use crate::records::{DesiredRecord, Event, EventKind, Stored};
use crate::store::{ApiStore, StoreError};

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
