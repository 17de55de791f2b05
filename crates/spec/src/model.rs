//! What a valid app spec says. Values of these types come from [`crate::parse`] and hold all its rules.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use driftless_domain::{
    AppName, Binding, BucketName, ContainerName, DistributionId, EnvName, HealPolicy, NameError, ParameterName, Place,
    ServiceBinding, ServiceName, Target, TaskFamily,
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
    pub artifacts: BucketName,
    /// Which files get which headers; the first rule that matches wins.
    pub headers: Vec<HeaderRule>,
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

/// What a static site is bound to in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteBinding {
    /// The shared bucket in which builds lie.
    pub artifacts: BucketName,
    /// The website bucket.
    pub bucket: BucketName,
    /// The part of the bucket that is ours; none means all of it.
    pub prefix: Option<KeyPrefix>,
    /// The CloudFront distribution in front of it.
    pub distribution: Option<DistributionId>,
    /// The parameter that holds the key of the deployed artifact.
    pub parameter: ParameterName,
}

/// A prefix of object keys: `docs/`, without a slash in front and always with one at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// The rule that [`parse`](Self::parse) enforces.
    pub const RULE: &'static str =
        "1 to 200 letters, digits, - _ . and /, not beginning with / and without empty, . or .. parts";

    /// Parses the text; the slash at its end may be left out.
    ///
    /// # Errors
    /// [`NameError`] with the rule, when the text breaks it.
    pub fn parse<'a>(text: impl Into<Cow<'a, str>>) -> Result<Self, NameError> {
        let text: Cow<'a, str> = text.into();
        let path = text.strip_suffix('/').unwrap_or(&text);
        let part = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if path.len() <= 200 && path.split('/').all(part) {
            Ok(Self(format!("{path}/")))
        } else {
            Err(NameError { kind: "prefix", shown: text.chars().take(80).collect(), rule: Self::RULE })
        }
    }

    /// The prefix, with its slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for KeyPrefix {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl AppSpec {
    /// The environment of that name.
    #[must_use]
    pub fn environment(&self, env: &EnvName) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == *env)
    }

    /// What a container target is bound to. None for a static site and for an environment that the spec does not have.
    #[must_use]
    pub fn binding(&self, env: &EnvName) -> Option<Binding> {
        let environment = self.environment(env)?;
        match &environment.resources {
            Resources::Services(services) => Some(Binding {
                place: environment.place.clone(),
                services: services.clone(),
                rollout_deadline: environment.rollout_deadline,
                heal: environment.heal,
            }),
            Resources::Site(_) => None,
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_with_one_slash_and_stay_inside_the_bucket() {
        for (given, kept) in [("docs", "docs/"), ("docs/", "docs/"), ("a/b.c", "a/b.c/")] {
            assert_eq!(KeyPrefix::parse(given).unwrap().as_str(), kept);
        }
        for bad in ["", "/", "/docs", "a//b", "..", "a/../b", "a b", "docs//", "{app}"] {
            assert!(KeyPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}
