//! What a valid app spec says. Values of these types come from [`crate::parse`] and hold all its rules.

use std::time::Duration;

use driftless_domain::{
    AccountId, AppName, Binding, BucketName, ContainerName, EnvName, HealPolicy, Place, Region, ServiceBinding,
    ServiceName, SiteBinding, SitePath, Target, TaskFamily,
};
use serde::{Deserialize, Serialize};

use crate::claims::{self, Claim};

/// One application and its environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// The application.
    pub app: AppName,
    /// What it is made of.
    pub kind: Kind,
    /// Its environments, in promotion order.
    pub environments: Vec<Environment>,
}

/// What an application is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// ECS services that ship together.
    Container(ContainerApp),
    /// Files in a bucket, behind CloudFront.
    StaticSite(SiteApp),
}

/// An application of ECS services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerApp {
    /// Its services, in rollout order.
    pub services: Vec<ServiceSpec>,
}

/// One service, as it is in every environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its name in the spec.
    pub name: ServiceName,
    /// The container whose image is ours.
    pub container: ContainerName,
    /// The task definition family, when the spec fixes it.
    pub family: Option<TaskFamily>,
}

/// A static site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteApp {
    /// The shared bucket in which builds lie.
    pub artifacts: ArtifactBucket,
    /// The page without which a build is no site: `index.html`.
    pub entry_page: SitePath,
    /// Which files get which headers; the first rule that matches wins.
    pub headers: Vec<HeaderRule>,
}

/// The shared bucket in which builds lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactBucket {
    /// The bucket.
    pub bucket: BucketName,
    /// The account that owns it; none means the one that Driftless runs in.
    pub account: Option<AccountId>,
    /// Its region; none means the one that Driftless runs in.
    pub region: Option<Region>,
}

/// The headers of the files that a glob matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// The glob, over the path within the site (`assets/**`). It compiles.
    pub pattern: String,
    /// The value of `Cache-Control`.
    pub cache_control: String,
}

/// One environment of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvName,
    /// The account, the region and the role.
    pub place: Place,
    /// Whether an announced artifact is wanted here at once.
    pub auto_deploy: bool,
    /// The environments that must run an artifact first.
    pub after: Vec<EnvName>,
    /// How many people of each group must approve.
    pub approvals: Approvals,
    /// What to do about drift.
    pub heal: HealPolicy,
    /// How long one rollout may take.
    pub rollout_deadline: Duration,
    /// The names of what is there.
    pub resources: Resources,
}

/// How many approvals a release needs, by group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Approvals {
    /// People of the staff.
    pub staff: u32,
    /// People of the client.
    pub client: u32,
}

impl Approvals {
    /// Whether nobody needs to approve.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// The names of what an environment consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources {
    /// ECS services, in rollout order.
    Services(Vec<ServiceBinding>),
    /// A website bucket.
    Site(SiteBinding),
}

impl AppSpec {
    /// The environment of that name.
    #[must_use]
    pub fn environment(&self, env: &EnvName) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == *env)
    }

    /// What a target is bound to. None for an environment that the spec does not have.
    #[must_use]
    pub fn binding(&self, env: &EnvName) -> Option<Binding> {
        let environment = self.environment(env)?;
        let (services, site) = match &environment.resources {
            Resources::Services(services) => (services.clone(), None),
            Resources::Site(site) => (Vec::new(), Some(site.clone())),
        };
        Some(Binding {
            place: environment.place.clone(),
            services,
            site,
            rollout_deadline: environment.rollout_deadline,
            heal: environment.heal,
        })
    }

    /// Every resource that this spec takes for itself, without repeats; no other app may take the same.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        claims::of(self)
    }

    /// Its targets, in promotion order.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        self.environments.iter().map(|environment| Target::new(self.app.clone(), environment.name.clone())).collect()
    }
}
