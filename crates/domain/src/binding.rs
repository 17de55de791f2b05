//! What a target is bound to: the places and names that the spec gives it. Looked up there, never taken from a request
//! (S17).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ClusterName, ContainerName, EcsServiceName, ParameterName, Region, RoleArn, ServiceName, SiteBinding,
    TaskFamily,
};

/// The role to take in the workload account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleBinding {
    /// The role.
    pub arn: RoleArn,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
}

/// An account and a region, with the role that opens them. Calls are batched and limited per place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The role; none means the controller's own credentials.
    pub role: Option<RoleBinding>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, role: _ } = self;
        write!(f, "{account}, {region}")
    }
}

/// What to do about drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealPolicy {
    /// Put it right.
    #[default]
    Auto,
    /// Show it and leave it.
    Report,
}

/// One service of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceBinding {
    /// Its name in the spec.
    pub name: ServiceName,
    /// The container whose image is ours. All other containers belong to others.
    pub container: ContainerName,
    /// The cluster.
    pub cluster: ClusterName,
    /// The service as ECS calls it.
    pub service: EcsServiceName,
    /// The version parameter.
    pub parameter: ParameterName,
    /// The family, when the spec fixes it; otherwise the one that the service runs.
    pub family: Option<TaskFamily>,
}

/// Everything that one target is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Where.
    pub place: Place,
    /// The services, in the order in which they are rolled out. A static site has none.
    pub services: Vec<ServiceBinding>,
    /// The website bucket and what belongs to it, of a static site. An app of services has none.
    pub site: Option<SiteBinding>,
    /// How long one rollout may take before it counts as failed (L6).
    pub rollout_deadline: Duration,
    /// What to do about drift.
    pub heal: HealPolicy,
}
