//! The changes that people and CI ask for: applying a spec, announcing a build, wanting it somewhere. Each is checked as a
//! whole first and then written in one conditional write or transaction, so that a refusal changes nothing. (The manifest of
//! a site is written before its artifact; until that is there, nothing refers to it.)

mod announce;
mod apply;
mod deploy;
mod site;

use std::collections::BTreeSet;

use driftless_domain::{AppName, Artifact, Content, ServiceName, Tag};
use driftless_spec::{AppSpec, Kind, SpecErrors, Strictness, parse};

use crate::build::BadBuild;
use crate::builds::FetchError;
use crate::gates::Unmet;
use crate::records::{InvalidRecord, Stored};
use crate::store::{ApiStore, StoreError};

pub use announce::{Announced, announce};
pub use apply::{Applied, apply_spec};
pub use deploy::{DeployRequest, Deployed, deploy};
pub use site::{SiteAnnouncement, announce_site};

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
    /// The build of a site could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The zip of a site is not one that could be published.
    #[error(transparent)]
    BadBuild(#[from] BadBuild),
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
            return Err(ChangeError::Unfit(format!(
                "{} is a static site; its artifacts are zips, not images",
                spec.app
            )));
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
