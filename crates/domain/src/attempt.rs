//! One try to bring one generation live, as we recorded it. Written before the calls that it names, so that a new
//! process knows what may be under way (S7, and "own-write tracking" in docs/design/faults.md).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Generation, ServiceName, Tag, TaskDefArn};

/// Why we are changing things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A release is brought live for the first time.
    Release,
    /// A live release has drifted.
    Heal,
    /// Infrastructure registered a newer base: the live release moves onto it.
    Rebase,
    /// The last good release is put back after a rejection.
    Fallback,
}

/// An UpdateService that was sent, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The revision that the service was told to run.
    pub to: TaskDefArn,
    /// The revision that it ran before.
    pub from: TaskDefArn,
    /// When the intent was recorded, just before the call.
    pub sent_at: Timestamp,
    /// Whether the service was ever seen (or answered) with [`Self::to`]: the push took effect.
    pub taken: bool,
}

/// What was sent for one service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceAttempt {
    /// When RegisterTaskDefinition was last about to be sent.
    pub register_sent_at: Option<Timestamp>,
    /// The revision that it answered with.
    pub registered: Option<TaskDefArn>,
    /// The last UpdateService.
    pub push: Option<Push>,
    /// What the service ran before the first UpdateService of this attempt.
    #[serde(default)]
    pub came_from: Option<TaskDefArn>,
    /// How many UpdateService calls took effect for this attempt. S8 allows one without a heal.
    pub pushes: u32,
    /// When PutParameter was last about to be sent.
    pub parameter_sent_at: Option<Timestamp>,
    /// What the version parameter said before this attempt wrote it.
    pub parameter_before: Option<String>,
}

/// One try to bring one generation live. It ends as converged, rolled back, failed or superseded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The generation of the release that is pushed.
    pub generation: Generation,
    /// Its artifact.
    pub tag: Tag,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub started_at: Timestamp,
    /// By service.
    pub services: BTreeMap<ServiceName, ServiceAttempt>,
}

impl Attempt {
    /// A new attempt that has sent nothing yet.
    #[must_use]
    pub fn new(generation: Generation, tag: Tag, cause: Cause, started_at: Timestamp) -> Self {
        Self { generation, tag, cause, started_at, services: BTreeMap::new() }
    }
}

/// The word on a release that was tried here and did not live: nothing pushes it again until a person re-arms it or a new
/// artifact comes (S8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The generation.
    pub generation: Generation,
    /// Its artifact.
    pub tag: Tag,
    /// How the attempt ended.
    pub outcome: RejectedAs,
    /// In one sentence, with ECS's own words.
    pub reason: String,
    /// Why the last task stopped, when a task did.
    pub stopped_task: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What the version parameters said before the attempt, where they said anything.
    #[serde(default)]
    pub parameters_before: BTreeMap<ServiceName, String>,
    /// What the services ran before the attempt, of those that were pushed.
    #[serde(default)]
    pub revisions_before: BTreeMap<ServiceName, TaskDefArn>,
}

/// How a rejected attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectedAs {
    /// ECS took it back: circuit breaker, alarm, or a person through ECS.
    RolledBack,
    /// It failed and ECS did not take it back, or it ran into our deadline.
    Failed,
}
