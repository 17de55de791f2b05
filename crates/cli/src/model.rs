//! The API's answers, as far as the command line shows them. What is not here is still printed by `-o json`.

use driftless_domain::{Headline, Target};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// How a target is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetView {
    pub(crate) target: Target,
    pub(crate) desired: Option<Desired>,
    pub(crate) status: Option<Status>,
    pub(crate) headline: Headline,
    pub(crate) reason: String,
    pub(crate) since: Option<Timestamp>,
    pub(crate) runs: Option<String>,
    pub(crate) looked_at: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

/// What is wanted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Desired {
    pub(crate) generation: u64,
    pub(crate) artifact: String,
    pub(crate) requested_by: String,
    pub(crate) reason: String,
    pub(crate) requested_at: Timestamp,
}

/// What the controller found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    pub(crate) observed_generation: u64,
    pub(crate) plan: String,
    pub(crate) rejected: Option<Rejected>,
    pub(crate) services: Vec<Service>,
    #[serde(default)]
    pub(crate) site: Option<Site>,
}

/// Why a release was rejected.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Rejected {
    pub(crate) generation: u64,
    pub(crate) tag: String,
    pub(crate) reason: String,
    pub(crate) stopped_task: Option<String>,
}

/// One service, as last seen.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) task_definition: Option<String>,
    pub(crate) parameter: Option<String>,
    pub(crate) running: Option<u32>,
    pub(crate) wanted: Option<u32>,
    pub(crate) rollout: Option<String>,
}

/// A static site, as last seen.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Site {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) missing: u64,
    pub(crate) changed: u64,
    pub(crate) other_headers: u64,
    pub(crate) foreign: u64,
    pub(crate) foreign_examples: Vec<String>,
    pub(crate) kept: u64,
    pub(crate) parameter: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) memory: SiteMemory,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Progress {
    pub(crate) files: u64,
    pub(crate) of_files: u64,
    pub(crate) bytes: u64,
    pub(crate) of_bytes: u64,
}

/// What caches were told, or have to be.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SiteMemory {
    #[serde(default)]
    pub(crate) pending: Vec<String>,
    pub(crate) invalidation: Option<Invalidation>,
}

/// An invalidation that is under way.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Invalidation {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
}

/// How targets are.
#[derive(Debug, Deserialize)]
pub(crate) struct Targets {
    pub(crate) targets: Vec<TargetView>,
    #[serde(default)]
    pub(crate) invalid: Vec<InvalidApp>,
}

/// An app whose spec does not parse.
#[derive(Debug, Deserialize)]
pub(crate) struct InvalidApp {
    pub(crate) app: String,
    pub(crate) problem: String,
}

/// What has become of a generation so far.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Waited {
    pub(crate) generation: u64,
    pub(crate) outcome: Outcome,
    #[serde(flatten)]
    pub(crate) view: TargetView,
}

/// What has become of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Converged,
    RolledBack,
    Failed,
    Superseded,
    Degraded,
    Gated,
    Pending,
}

/// What became of asking for a release.
#[derive(Debug, Deserialize)]
pub(crate) struct Deployed {
    pub(crate) generation: u64,
    pub(crate) changed: bool,
}

/// What became of announcing a build.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Announced {
    /// None: it cannot be read, which is no reason to call the announcement failed.
    #[serde(default, deserialize_with = "if_readable")]
    pub(crate) artifact: Option<driftless_domain::Artifact>,
    pub(crate) new: bool,
    pub(crate) deployed: Vec<AutoDeployed>,
    pub(crate) not_deployed: Vec<NotDeployed>,
}

fn if_readable<'de, D: Deserializer<'de>>(source: D) -> Result<Option<driftless_domain::Artifact>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(source)?).ok())
}

#[derive(Debug, Deserialize)]
pub(crate) struct AutoDeployed {
    pub(crate) environment: String,
    pub(crate) generation: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NotDeployed {
    pub(crate) environment: String,
    pub(crate) why: String,
}

/// An app's builds.
#[derive(Debug, Deserialize)]
pub(crate) struct Artifacts {
    pub(crate) now: Timestamp,
    pub(crate) artifacts: Vec<driftless_domain::Artifact>,
}

/// A target's history.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) generation: u64,
    pub(crate) actor: String,
    pub(crate) text: String,
}

/// What the controller would do next.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Diff {
    pub(crate) in_sync: Option<bool>,
    pub(crate) steps: Vec<String>,
    pub(crate) reason: String,
}

/// What became of applying a spec.
#[derive(Debug, Deserialize)]
pub(crate) struct Applied {
    pub(crate) version: u64,
    pub(crate) changed: bool,
}

/// A request to look was noted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Nudged {
    pub(crate) requested_at: Timestamp,
}
