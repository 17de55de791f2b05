//! Announcing a build: of images here, of a site in [`site`](super::site).

use jiff::Timestamp;
use serde::Serialize;

use driftless_domain::{Artifact, Chain, EnvName, Generation, Reason, Target};
use driftless_spec::AppSpec;

use super::{ChangeError, DeployRequest, deploy, fits, spec_of};
use crate::records::Stored;
use crate::store::{ApiStore, PutArtifact};

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
    match store.put_artifact(&artifact).await? {
        PutArtifact::New => ask_where_automatic(store, &spec, artifact, true).await,
        PutArtifact::Exists(existing) if existing.same_build(&artifact) => {
            ask_where_automatic(store, &spec, existing, false).await
        }
        PutArtifact::Exists(existing) => Err(taken(existing)),
    }
}

/// The tag stands for this one.
pub(super) fn taken(existing: Artifact) -> ChangeError {
    ChangeError::TagTaken { app: existing.app.clone(), tag: existing.tag.clone(), existing: Box::new(existing) }
}

/// Asks for an artifact that is stored wherever the spec says `autoDeploy`.
pub(super) async fn ask_where_automatic(
    store: &dyn ApiStore,
    spec: &AppSpec,
    artifact: Artifact,
    new: bool,
) -> Result<Announced, ChangeError> {
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_reason_of_an_auto_deployment_is_a_reason() {
        assert_eq!(super::auto_deploy_reason().as_str(), "autoDeploy: announced");
    }
}
