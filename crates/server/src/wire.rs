//! What goes over the wire. Requests refuse unknown fields; answers may grow.
//!
//! Records that the answers carry whole (`status`, `artifact`, `events`) are as the controller and the releases write
//! them, with their own field names.

use std::collections::BTreeMap;

use driftless_domain::{
    Actor, AppName, Artifact, EnvName, Generation, GitSha, Headline, ImageRef, ObjectKey, Reason, ServiceName, Sha256,
    Status, Tag, Target, VersionId,
};
use driftless_releases::{Announced, Applied, Deployed, DesiredRecord, Event};
use driftless_spec::Finding;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::Outcome;

/// A build, as CI announces it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AnnounceRequest {
    /// Its name; of services also the value that the version parameter gets (of a site, that is the key of the zip).
    #[schema(value_type = String, example = "sha-abc1234")]
    pub tag: Tag,
    /// Of an app of services: the image of each, `repository@sha256:…`. Either this or `site`.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub images: Option<BTreeMap<ServiceName, ImageRef>>,
    /// Of a static site: its zip. Either this or `images`.
    pub site: Option<SiteZip>,
    /// The commit that it was built from.
    #[schema(value_type = Option<String>)]
    pub git_sha: Option<GitSha>,
    /// The branch that it was built from: 1 to 255 characters that can be seen.
    #[schema(max_length = 255)]
    pub branch: Option<String>,
}

/// The zip of a static site, as it lies in the artifact bucket of the spec.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SiteZip {
    /// Its key; `builds/{app}/{commit}.zip` when nothing is said, or without a commit `builds/{app}/{tag}.zip`.
    #[schema(value_type = Option<String>, example = "builds/docs/abc1234.zip")]
    pub key: Option<ObjectKey>,
    /// Its version; the newest when nothing is said, which is pinned by this.
    #[schema(value_type = Option<String>)]
    pub version_id: Option<VersionId>,
    /// The sha256 of the zip: 64 of 0-9 and a-f.
    #[schema(value_type = String, min_length = 64, max_length = 64)]
    pub sha256: Sha256,
}

/// Somebody's wish that a target runs an artifact.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DesiredRequest {
    /// The tag of an artifact that was announced.
    #[schema(value_type = String)]
    pub artifact: Tag,
    /// Why, in a person's words.
    #[schema(value_type = String, max_length = 500)]
    pub reason: Reason,
}

/// What became of applying a spec.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedView {
    #[schema(value_type = String)]
    app: AppName,
    /// The stored version; also the ETag.
    version: u64,
    /// Whether anything changed.
    changed: bool,
    /// What the spec has that is no error.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Finding>,
}

impl From<Applied> for AppliedView {
    fn from(applied: Applied) -> Self {
        let Applied { app, version, changed, warnings } = applied;
        Self { app, version, changed, warnings }
    }
}

/// One app.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppView {
    /// Its name.
    #[schema(value_type = String)]
    pub app: AppName,
    /// The version of its spec.
    pub version: Option<u64>,
    /// Its environments, in promotion order.
    #[schema(value_type = Vec<String>)]
    pub environments: Vec<EnvName>,
    /// Why its spec cannot be read, if it cannot.
    pub invalid: Option<String>,
}

/// All apps, in order of name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Apps {
    /// The apps.
    pub apps: Vec<AppView>,
}

/// What became of announcing a build.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedView {
    /// The artifact as it is stored.
    #[schema(value_type = Object)]
    artifact: Artifact,
    /// Whether it was new.
    new: bool,
    /// Where it is wanted at once, because the spec says `autoDeploy`.
    deployed: Vec<AutoDeployed>,
    /// Where the spec says `autoDeploy` and it could not be asked for.
    not_deployed: Vec<NotDeployed>,
}

/// An environment that an announced build is wanted in at once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoDeployed {
    #[schema(value_type = String)]
    environment: EnvName,
    #[schema(value_type = u64)]
    generation: Generation,
}

/// An environment that an announced build is not wanted in, although the spec says so.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotDeployed {
    #[schema(value_type = String)]
    environment: EnvName,
    /// Why.
    why: String,
}

impl From<Announced> for AnnouncedView {
    fn from(announced: Announced) -> Self {
        let Announced { artifact, new, deployed, not_deployed } = announced;
        Self {
            artifact,
            new,
            deployed: deployed
                .into_iter()
                .map(|(environment, generation)| AutoDeployed { environment, generation })
                .collect(),
            not_deployed: not_deployed.into_iter().map(|(environment, why)| NotDeployed { environment, why }).collect(),
        }
    }
}

/// An app's artifacts, newest announcement first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Artifacts {
    /// The API's time.
    pub now: Timestamp,
    /// The artifacts.
    #[schema(value_type = Vec<Object>)]
    pub artifacts: Vec<Artifact>,
}

/// What became of asking for a release.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeployedView {
    #[schema(value_type = String)]
    target: Target,
    #[schema(value_type = String)]
    artifact: Tag,
    /// The generation that asks for it; also the ETag.
    #[schema(value_type = u64)]
    generation: Generation,
    /// Whether anything changed: asking for what is already asked for does not.
    changed: bool,
}

impl From<Deployed> for DeployedView {
    fn from(deployed: Deployed) -> Self {
        let Deployed { target, tag, generation, changed } = deployed;
        Self { target, artifact: tag, generation, changed }
    }
}

/// What a target should run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DesiredView {
    /// Grows by one with each change; also the ETag.
    #[schema(value_type = u64)]
    pub generation: Generation,
    /// The artifact.
    #[schema(value_type = String)]
    pub artifact: Tag,
    /// Who asked for it.
    #[schema(value_type = String)]
    pub requested_by: Actor,
    /// Why.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// When.
    pub requested_at: Timestamp,
}

impl From<&DesiredRecord> for DesiredView {
    fn from(record: &DesiredRecord) -> Self {
        let DesiredRecord { target: _, generation, artifact, requested_by, reason, requested_at } = record.clone();
        Self { generation, artifact, requested_by, reason, requested_at }
    }
}

/// How a target is, at `now`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetView {
    /// The target, `app/env`.
    #[schema(value_type = String)]
    pub target: Target,
    /// What it should run.
    pub desired: Option<DesiredView>,
    /// Which of its records does not parse, and why.
    pub invalid: Option<String>,
    /// What the controller found, as it wrote it.
    #[schema(value_type = Option<Object>)]
    pub status: Option<Status>,
    /// The one word: `converged`, `progressing`, `pending`, `drifted`, `awaiting-approval`, `held`, `degraded`,
    /// `rejected` or `unknown`.
    #[schema(value_type = String)]
    pub headline: Headline,
    /// Why, in one sentence.
    pub reason: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The artifact that its services (or its bucket) were last seen with; `mixed`, `changing` or `other` when it is not one.
    pub runs: Option<String>,
    /// When the controller is known to have looked last.
    pub looked_at: Option<Timestamp>,
    /// How long ago that was.
    pub age_seconds: Option<i64>,
    /// Whether that is recent enough to be believed: three resync periods.
    pub fresh: bool,
    /// The API's time, which all ages count from.
    pub now: Timestamp,
}

/// How targets are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Targets {
    /// The API's time.
    pub now: Timestamp,
    /// The targets, by app in order of name and then in promotion order.
    pub targets: Vec<TargetView>,
    /// The apps whose spec does not parse. Their environments are not known, so `targets` has only those of them in which
    /// something was asked for.
    pub invalid: Vec<InvalidApp>,
}

/// An app whose spec does not parse.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvalidApp {
    /// Its name.
    #[schema(value_type = String)]
    pub app: AppName,
    /// Which record, and what is wrong with it.
    pub problem: String,
}

/// A target's history, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct History {
    /// The API's time.
    pub now: Timestamp,
    /// The events.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Event>,
}

/// What the controller would do, as it found at its last look.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffView {
    #[schema(value_type = String)]
    pub(crate) target: Target,
    /// The generation that the plan is for.
    #[schema(value_type = Option<u64>)]
    pub(crate) observed_generation: Option<Generation>,
    /// The generation that is stored.
    #[schema(value_type = Option<u64>)]
    pub(crate) generation: Option<Generation>,
    /// Whether live and desired are the same; null when that is not known for the stored generation.
    pub(crate) in_sync: Option<bool>,
    /// The plan, as it prints.
    pub(crate) plan: String,
    /// Its lines.
    pub(crate) steps: Vec<String>,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// When the controller is known to have looked last.
    pub(crate) looked_at: Option<Timestamp>,
    /// The API's time.
    pub(crate) now: Timestamp,
}

/// A request to look was noted.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nudged {
    #[schema(value_type = String)]
    pub(crate) target: Target,
    /// When it was asked.
    pub(crate) requested_at: Timestamp,
}

/// What has become of a generation so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waited {
    /// The generation.
    #[schema(value_type = u64)]
    pub(crate) generation: Generation,
    /// What has become of it.
    pub(crate) outcome: Outcome,
    /// How the target is.
    #[serde(flatten)]
    pub(crate) view: TargetView,
}

/// The process lives, or can work.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Alive {
    pub(crate) ok: bool,
}
