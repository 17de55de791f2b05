//! The resources that a spec takes for itself, as texts that can be compared over all apps.
//!
//! **Refuses:** deciding who is right. It only says that two claims clash, or are too many to be taken at once.

use std::collections::HashSet;

use driftless_domain::{
    AccountId, BucketName, ClusterName, EcsServiceName, KeyPrefix, ParameterName, Place, Region, Target,
};

use crate::model::{AppSpec, Resources};
use crate::tree::Path;
use crate::walk::Walk;

/// The most resources of one spec. They are claimed together with it in one transaction of DynamoDB, which takes 100 items:
/// the spec, 98 claims, and one left for what comes later.
const MOST: usize = 98;

/// A resource that one target takes for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The resource: `ecs-service 111111111111/eu-west-1/main/shop-dev-web`,
    /// `ssm-parameter 111111111111/eu-west-1//shop/dev/web/version` or `s3-prefix 111111111111/bucket/prefix/`.
    pub resource: String,
    /// Who takes it.
    pub target: Target,
}

impl Claim {
    /// Whether both claims want the same resource, whoever makes them. Prefixes of one bucket clash when one contains the
    /// other, in whatever account the specs say the bucket is: bucket names are unique over all accounts.
    #[must_use]
    pub fn clashes_with(&self, other: &Self) -> bool {
        overlap(&self.resource, &other.resource)
    }
}

/// Whether two resources are the same, or one contains the other.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    match (bucket_and_prefix(one), bucket_and_prefix(other)) {
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        (None, None) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn bucket_and_prefix(resource: &str) -> Option<&str> {
    resource.strip_prefix("s3-prefix ").and_then(|rest| rest.split_once('/')).map(|(_account, key)| key)
}

/// An ECS service.
pub(crate) fn ecs_service(
    account: &AccountId,
    region: &Region,
    cluster: &ClusterName,
    service: &EcsServiceName,
) -> String {
    format!("ecs-service {account}/{region}/{cluster}/{service}")
}

/// An SSM parameter.
pub(crate) fn ssm_parameter(account: &AccountId, region: &Region, parameter: &ParameterName) -> String {
    format!("ssm-parameter {account}/{region}/{parameter}")
}

/// A prefix of a bucket; all of it ends with the slash after the bucket's name.
pub(crate) fn s3_prefix(account: &AccountId, bucket: &BucketName, prefix: Option<&KeyPrefix>) -> String {
    format!("s3-prefix {account}/{bucket}/{}", prefix.map_or("", KeyPrefix::as_str))
}

/// The claims of all targets of a spec, without repeats (services of one target may share a parameter).
pub(crate) fn of(spec: &AppSpec) -> Vec<Claim> {
    // A spec that is refused for them may name 50 x 50 x 2.
    let (mut claims, mut known) = (Vec::new(), HashSet::new());
    for environment in &spec.environments {
        let target = Target::new(spec.app.clone(), environment.name.clone());
        for resource in resources(&environment.place, &environment.resources) {
            let claim = Claim { resource, target: target.clone() };
            if known.insert(claim.clone()) {
                claims.push(claim);
            }
        }
    }
    claims
}

/// Says when a spec names more than can be claimed.
pub(crate) fn check(walk: &mut Walk<'_, '_>, spec: &AppSpec) {
    let named = spec.claims().len();
    if named > MOST {
        let message = format!("the spec names {named} resources, one transaction takes {MOST}; split the app");
        let help = "each environment names one ECS service and one parameter per service; services of one environment may \
                    share a parameter";
        walk.error_with(&Path::root().key("environments"), message, Some(help.to_owned()));
    }
}

fn resources(place: &Place, resources: &Resources) -> Vec<String> {
    let Place { account, region, role: _ } = place;
    match resources {
        Resources::Services(services) => services
            .iter()
            .flat_map(|s| {
                [ecs_service(account, region, &s.cluster, &s.service), ssm_parameter(account, region, &s.parameter)]
            })
            .collect(),
        Resources::Site(site) => vec![
            s3_prefix(account, &site.bucket, site.prefix.as_ref()),
            ssm_parameter(account, region, &site.parameter),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_overlap_when_one_contains_the_other() {
        assert!(overlap("s3-prefix 1/site/", "s3-prefix 1/site/docs/"));
        assert!(overlap("s3-prefix 1/site/docs/", "s3-prefix 2/site/docs/"));
        assert!(!overlap("s3-prefix 1/site/docs/", "s3-prefix 1/site/docs2/"));
        assert!(!overlap("s3-prefix 1/site/", "s3-prefix 1/site2/"));
        assert!(!overlap("ecs-service 1/r/c/a", "ecs-service 1/r/c/ab"));
    }
}
