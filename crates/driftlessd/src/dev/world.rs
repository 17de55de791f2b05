//! The simulated AWS of the demonstration: the app `shop` with two services made from real task definitions, in three
//! environments, each in an account of its own, and beside it the static site (`site`).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use driftless_domain::{AccountId, ClusterName, EcsServiceName, ParameterName, Place, Region};
use driftless_sim::{Breaker, ImageBehaviour, ServiceOptions, SimClock, World};

use super::site::Site;

/// The app of the services.
pub(crate) const APP: &str = "shop";

/// The environments and their accounts.
pub(crate) const ENVIRONMENTS: [(&str, &str); 3] =
    [("dev", "111111111111"), ("staging", "222222222222"), ("prod", "333333333333")];

/// The services, and the task definitions that they are made from (examples/task-definitions).
pub(crate) const SERVICES: [(&str, &str); 2] = [
    ("web", include_str!("../../../../examples/task-definitions/nginx_fargate.json")),
    ("worker", include_str!("../../../../examples/task-definitions/gunicorn_fargate.json")),
];

/// An image whose name has this in it crashes.
pub(crate) const CRASHING: &str = "crash";

/// How long a healthy rollout takes: long enough to be seen, short enough to be waited for.
const HEALTHY: Duration = Duration::from_secs(4);

/// How long CloudFront takes to tell its edges, for the same reason.
const TOLD: Duration = Duration::from_secs(4);

/// Where an environment is.
pub(crate) fn place(env: &str) -> Option<Place> {
    let (_, account) = ENVIRONMENTS.iter().find(|(name, _)| *name == env)?;
    Some(Place { account: AccountId::parse(*account).ok()?, region: Region::parse("eu-west-1").ok()?, role: None })
}

/// The one cluster of each environment.
pub(crate) fn cluster() -> Result<ClusterName> {
    ClusterName::parse("main").context("the cluster")
}

/// What ECS calls a service.
pub(crate) fn service(env: &str, service: &str) -> Result<EcsServiceName> {
    EcsServiceName::parse(format!("{APP}-{env}-{service}")).context("the service")
}

/// The version parameter of a service.
pub(crate) fn parameter(env: &str, service: &str) -> Result<ParameterName> {
    ParameterName::parse(format!("/{APP}/{env}/{service}/version")).context("the parameter")
}

/// Builds it.
pub(crate) fn build(seed: u64, clock: SimClock, site: &Site) -> Result<World> {
    let world = World::new(seed, clock);
    world.image_behaves("", ImageBehaviour::Healthy { after: HEALTHY });
    world.image_behaves(
        CRASHING,
        ImageBehaviour::Crashes {
            after: Duration::from_secs(1),
            exit_code: 1,
            reason: "panic: cannot connect to the database".to_owned(),
        },
    );
    for (env, _) in ENVIRONMENTS {
        let place = place(env).context("the place")?;
        let cluster = cluster()?;
        world.create_cluster(&place, &cluster);
        for (name, document) in SERVICES {
            let document: serde_json::Value = serde_json::from_str(document).context("an example task definition")?;
            let tags = BTreeMap::from([("managed-by".to_owned(), "terraform".to_owned())]);
            let base = world.register_by_infrastructure(&place, document, tags);
            let circuit_breaker = Breaker::On { rollback: true };
            let options = ServiceOptions { desired_count: 2, circuit_breaker, ..ServiceOptions::default() };
            world.create_service(&place, &cluster, &service(env, name)?, &base, options);
        }
    }
    world.invalidations_take(TOLD);
    site.create(&world)?;
    world.clear_history();
    world.reset_counts();
    Ok(world)
}

#[cfg(test)]
mod tests {
    use driftless_spec::{Strictness, parse};

    use super::{ENVIRONMENTS, SERVICES, cluster, parameter, place, service};

    #[test]
    fn the_world_is_the_one_that_the_example_describes() {
        let text = include_str!("../../../../examples/demo/driftless.yaml");
        let spec = parse(text, Strictness::Strict).unwrap().spec;
        assert_eq!(spec.app.as_str(), super::APP);
        assert_eq!(spec.environments.len(), ENVIRONMENTS.len());
        for (env, _) in ENVIRONMENTS {
            let binding = spec.binding(&env.parse().unwrap()).unwrap();
            assert_eq!(binding.place, place(env).unwrap());
            assert_eq!(binding.services.len(), SERVICES.len());
            for (bound, (name, _)) in binding.services.iter().zip(SERVICES) {
                assert_eq!(bound.cluster, cluster().unwrap());
                assert_eq!(bound.service, service(env, name).unwrap());
                assert_eq!(bound.parameter, parameter(env, name).unwrap());
            }
        }
    }
}
