//! The services of a container application, and what they are called in one environment.

use driftless_domain::{ClusterName, ContainerName, ServiceBinding, ServiceName};

use super::{Whereabouts, parsed, same_before, unique};
use crate::claims::{ecs_service, ssm_parameter};
use crate::clash::Held;
use crate::finding::shown;
use crate::model::ServiceSpec;
use crate::raw::{self, ContainerEnvironment, DEFAULT_PARAMETER, DEFAULT_SERVICE};
use crate::suggest::did_you_mean;
use crate::tree::Path;
use crate::walk::Walk;

/// The services; `None` in the place of one that is not valid.
pub(super) fn services(walk: &mut Walk<'_, '_>, raw: &[raw::Service]) -> Vec<Option<ServiceSpec>> {
    let names: Vec<Option<&str>> = raw.iter().map(|service| service.name.as_deref()).collect();
    unique(walk, &Path::root().key("services"), &names);
    let valid = |(index, raw)| if same_before(&names, index).is_none() { service(raw) } else { None };
    raw.iter().enumerate().map(valid).collect()
}

fn service(raw: &raw::Service) -> Option<ServiceSpec> {
    let name: ServiceName = parsed(raw.name.as_ref())?;
    let container = match &raw.container {
        Some(container) => container.parse().ok()?,
        None => ContainerName::parse(name.as_str()).ok()?,
    };
    let family = match &raw.family {
        Some(family) => Some(family.parse().ok()?),
        None => None,
    };
    Some(ServiceSpec { name, container, family })
}

/// What the services are bound to in one environment. Every name that could be made is added to `held`, even when others
/// could not, so that clashes show in the same run.
pub(super) fn bind(
    walk: &mut Walk<'_, '_>,
    at: &Whereabouts<'_>,
    raw: &ContainerEnvironment,
    services: &[Option<ServiceSpec>],
    held: &mut Vec<Held>,
) -> Option<Vec<ServiceBinding>> {
    let cluster: Option<ClusterName> = parsed(raw.cluster.as_ref());
    known_services(walk, &at.path.key("services"), raw.services.keys(), services);
    known_services(walk, &at.path.key("parameters"), raw.parameters.keys(), services);
    let bindings: Vec<Option<ServiceBinding>> =
        services.iter().map(|service| bind_one(walk, at, raw, service.as_ref()?, cluster.as_ref(), held)).collect();
    bindings.into_iter().collect()
}

fn bind_one(
    walk: &mut Walk<'_, '_>,
    at: &Whereabouts<'_>,
    raw: &ContainerEnvironment,
    spec: &ServiceSpec,
    cluster: Option<&ClusterName>,
    held: &mut Vec<Held>,
) -> Option<ServiceBinding> {
    let name = spec.name.as_str();
    let service = match raw.services.get(name) {
        Some(given) => given.0.parse().ok().map(|service| (service, at.path.key("services").key(name))),
        None => at.templated(walk, "service", raw.service.as_ref(), DEFAULT_SERVICE, Some(name)),
    };
    let parameter = match raw.parameters.get(name) {
        Some(given) => given.0.parse().ok().map(|parameter| (parameter, at.path.key("parameters").key(name))),
        None => at.templated(walk, "parameter", raw.parameter.as_ref(), DEFAULT_PARAMETER, Some(name)),
    };
    if let (Some(account), Some(region)) = (&at.account, &at.region) {
        if let (Some(cluster), Some((service, path))) = (cluster, &service) {
            let resource = ecs_service(account, region, cluster, service);
            held.push(Held { resource, environment: at.index, path: path.clone() });
        }
        if let Some((parameter, path)) = &parameter {
            let resource = ssm_parameter(account, region, parameter);
            held.push(Held { resource, environment: at.index, path: path.clone() });
        }
    }
    Some(ServiceBinding {
        name: spec.name.clone(),
        container: spec.container.clone(),
        cluster: cluster?.clone(),
        service: service?.0,
        parameter: parameter?.0,
        family: spec.family.clone(),
    })
}

/// Says which keys of a map by service are no service of this app.
fn known_services<'k>(
    walk: &mut Walk<'_, '_>,
    path: &Path,
    keys: impl Iterator<Item = &'k String>,
    services: &[Option<ServiceSpec>],
) {
    let known = || services.iter().flatten().map(|service| service.name.as_str());
    // While a service is not valid, its name may be the one that is meant here.
    if services.iter().any(Option::is_none) {
        return;
    }
    for key in keys.filter(|key| !known().any(|name| name == key.as_str())) {
        let message = format!("{} is no service of this app", shown(key));
        walk.error_with(&path.key(key), message, did_you_mean(key, known()));
    }
}
