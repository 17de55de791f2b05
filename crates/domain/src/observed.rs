//! What one look at AWS showed of one target. Every field is known, absent or unknown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ObservedSite, Rollout, RunningContainer, Seen, ServiceName, StoppedTask, TaskDefArn, TaskDefinition};

/// The value of a parameter, with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterValue {
    /// The value.
    pub value: String,
    /// SSM's version of it.
    pub version: i64,
}

/// The state of an ECS service (`Service.status`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// `ACTIVE`.
    Active,
    /// `DRAINING`, `INACTIVE` or something newer: nothing can be deployed to it.
    Other(String),
}

/// An ECS service, as far as we read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveService {
    /// Its state.
    pub state: ServiceState,
    /// The revision that it is told to run.
    pub task_definition: TaskDefArn,
    /// `ECS`, or the deployment controller that owns it (`CODE_DEPLOY`, `EXTERNAL`).
    pub controller: String,
    /// How many tasks somebody wants. Seen and reported, never changed (DESIGN.md section 5, point 7).
    pub desired_count: u32,
    /// How many run.
    pub running_count: u32,
    /// The deployments that DescribeServices lists, PRIMARY first, in the words of service deployments.
    pub deployments: Vec<Rollout>,
    /// The id of the service deployment that is current (ECS `currentServiceDeployment`), which ties this answer to
    /// [`ObservedService::rollouts`]. None from an endpoint that does not know service deployments, and for a service
    /// that never had one.
    pub rollout_id: Option<String>,
}

/// What is known of a task definition family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// ACTIVE revisions, newest first, as far back as was looked: at least to the newest that infrastructure registered.
    pub revisions: Vec<TaskDefinition>,
    /// The revision that the newest of ours was made from, when none of [`Self::revisions`] is infrastructure's.
    pub named_base: Option<TaskDefinition>,
}

/// One service of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedService {
    /// Its name in the spec.
    pub name: ServiceName,
    /// The version parameter.
    pub parameter: Seen<ParameterValue>,
    /// The service.
    pub live: Seen<LiveService>,
    /// The revision that it is told to run.
    pub running: Seen<TaskDefinition>,
    /// Its family.
    pub family: Seen<Family>,
    /// Service deployments, newest first. Absent: this endpoint does not know them, and
    /// [`LiveService::deployments`] is all there is.
    pub rollouts: Seen<Vec<Rollout>>,
    /// The running containers that carry our image. Read once per deployment, after it succeeded.
    pub containers: Seen<Vec<RunningContainer>>,
    /// The newest task that stopped, when a rollout has failing tasks.
    pub stopped: Seen<StoppedTask>,
}

/// One look at one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// When the look began.
    pub at: Timestamp,
    /// The services, in the order of the binding.
    pub services: Vec<ObservedService>,
    /// The website bucket and what belongs to it, of a static site.
    pub site: Option<ObservedSite>,
}
