//! The world, read through the port. Every look can be stale; the state behind it is played up to now all the same.

use std::fmt::Write as _;

use async_trait::async_trait;
use driftless_domain::{
    CallError, ClusterName, ContainerName, Digest, EcsServiceName, LiveService, ParameterName, ParameterValue, Place,
    Rollout, RunningContainer, StoppedTask, TaskDefArn, TaskDefinition, TaskFamily,
};
use driftless_observe::{LiveState, PARAMETERS_PER_CALL, SERVICES_PER_CALL};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::behaviour::containers;
use crate::call::{Kind, Request, Site, dice, parameter_text, service_text, task_definition_text};
use crate::clock::after;
use crate::ecs::{Lifecycle, Service};
use crate::wire::Arrival;

use super::World;
use super::state::{Account, State};

/// How long ECS remembers a stopped task: an hour.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(3_600);
/// The most service deployments in one answer (ListServiceDeployments; one DescribeServiceDeployments takes 20).
const ROLLOUTS_PER_CALL: usize = 20;

#[async_trait]
impl LiveState for World {
    async fn services(
        &self,
        place: &Place,
        cluster: &ClusterName,
        names: &[EcsServiceName],
    ) -> Result<Vec<Option<LiveService>>, CallError> {
        let site = Site::of(place);
        let objects: Vec<String> = names.iter().map(|name| service_text(&site, cluster, name)).collect();
        let shown = format!("{} in cluster {cluster} ({place})", joined(names));
        let request = reading("ecs:DescribeServices", &site, objects.join(", "), shown);
        self.read(request, |state, arrival| {
            if names.is_empty() || names.len() > SERVICES_PER_CALL {
                return Err(arrival.request.invalid("InvalidParameterException", "1 to 10 services"));
            }
            let services = state.account(&site).and_then(|account| account.clusters.get(cluster));
            let Some(services) = services else {
                return Err(arrival.request.invalid("ClusterNotFoundException", "Cluster not found."));
            };
            let look = |(name, object): (&EcsServiceName, &String)| {
                if arrival.misses(object) {
                    return None;
                }
                services.get(name)?.as_of(arrival.as_of(object))?.live(state.rollouts_known)
            };
            Ok(names.iter().zip(&objects).map(look).collect())
        })
        .await
    }

    async fn parameters(
        &self,
        place: &Place,
        names: &[ParameterName],
    ) -> Result<Vec<Option<ParameterValue>>, CallError> {
        let site = Site::of(place);
        let objects: Vec<String> = names.iter().map(|name| parameter_text(&site, name)).collect();
        let request = reading("ssm:GetParameters", &site, objects.join(", "), format!("{} ({place})", joined(names)));
        self.read(request, |state, arrival| {
            if names.is_empty() || names.len() > PARAMETERS_PER_CALL {
                return Err(arrival.request.invalid("ValidationException", "1 to 10 names"));
            }
            let parameters = state.account(&site).map(|account| &account.parameters);
            let look = |(name, object): (&ParameterName, &String)| {
                if arrival.misses(object) {
                    return None;
                }
                parameters?.get(name)?.as_of(arrival.as_of(object))?.clone()
            };
            Ok(names.iter().zip(&objects).map(look).collect())
        })
        .await
    }

    async fn task_definition(&self, place: &Place, arn: &TaskDefArn) -> Result<Option<TaskDefinition>, CallError> {
        let site = Site::of(place);
        let object = task_definition_text(&site, arn.short());
        let request = reading("ecs:DescribeTaskDefinition", &site, object, format!("{arn} ({place})"));
        self.read(request, |state, arrival| {
            let object = &arrival.request.object;
            let at = arrival.as_of(object);
            let mut dice = dice(state.seed, &["order", object], arrival.number);
            let account = state.account(&site);
            let revision = account.and_then(|account| account.revision(arn)).filter(|revision| {
                let unused = || account.is_some_and(|account| !account.uses(arn));
                revision.known_at(at) && !(revision.forgotten_at(arrival.at) && unused())
            });
            let missed = arrival.misses(object);
            Ok(revision.filter(|_| !missed).map(|revision| revision.described(at, &mut dice)))
        })
        .await
    }

    async fn revisions(&self, place: &Place, family: &TaskFamily, limit: usize) -> Result<Vec<TaskDefArn>, CallError> {
        let site = Site::of(place);
        let object = task_definition_text(&site, family.as_str());
        let request = reading("ecs:ListTaskDefinitions", &site, object, format!("family {family} ({place})"));
        self.read(request, |state, arrival| {
            let object = &arrival.request.object;
            let at = arrival.as_of(object);
            if arrival.misses(object) {
                return Ok(Vec::new());
            }
            let family = state.account(&site).and_then(|account| account.families.get(family));
            let active = family.into_iter().flat_map(|family| family.newest_first()).filter(|r| r.active_at(at));
            Ok(active.take(limit).map(|revision| revision.arn.clone()).collect())
        })
        .await
    }

    async fn rollouts(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Option<Vec<Rollout>>, CallError> {
        let request = of_service("ecs:ListServiceDeployments", place, cluster, service);
        self.read(request, |state, arrival| {
            if !state.rollouts_known {
                return Ok(None);
            }
            let (_, found) = found(state, arrival, place, cluster, service)?;
            Ok(Some(found.rollouts().take(ROLLOUTS_PER_CALL).collect()))
        })
        .await
    }

    async fn running_containers(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Vec<RunningContainer>, CallError> {
        let request = of_service("ecs:DescribeTasks", place, cluster, service);
        self.read(request, |state, arrival| {
            let (account, found) = found(state, arrival, place, cluster, service)?;
            let mut running = Vec::new();
            for task in &found.tasks {
                let Some(revision) = account.revision(&task.revision) else { continue };
                for (name, image) in containers(&revision.document) {
                    let Ok(container) = ContainerName::parse(name) else { continue };
                    let (image, digest) = resolved(image, state.digests_lie);
                    running.push(RunningContainer {
                        task: task.id.clone(),
                        task_definition: task.revision.clone(),
                        container,
                        image: Some(image),
                        digest,
                    });
                }
            }
            Ok(running)
        })
        .await
    }

    async fn last_stopped(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<Option<StoppedTask>, CallError> {
        let request = of_service("ecs:DescribeTasks", place, cluster, service);
        self.read(request, |state, arrival| {
            let now = arrival.at;
            let (_, found) = found(state, arrival, place, cluster, service)?;
            let remembered = |at: Timestamp| now < after(at, REMEMBERED);
            let stopped = found.stopped.get(task_definition);
            Ok(stopped.filter(|task| task.stopped_at.is_some_and(remembered)).cloned())
        })
        .await
    }
}

impl World {
    async fn read<T: Send>(
        &self,
        request: Request,
        look: impl FnOnce(&State, &Arrival<'_>) -> Result<T, CallError> + Send,
    ) -> Result<T, CallError> {
        self.wire.send(request, |arrival| self.with(|state, _| look(state, arrival))).await
    }

    /// A look that is written down with what it showed, or that uses up what was planned for it.
    pub(super) async fn read_mut<T: Send>(
        &self,
        request: Request,
        look: impl FnOnce(&mut State, &mut Arrival<'_>) -> Result<T, CallError> + Send,
    ) -> Result<T, CallError> {
        self.wire.send(request, |arrival| self.with(|state, _| look(state, arrival))).await
    }
}

/// The service as this look shows it.
fn found<'a>(
    state: &'a State,
    arrival: &Arrival<'_>,
    place: &Place,
    cluster: &ClusterName,
    service: &EcsServiceName,
) -> Result<(&'a Account, &'a Service), CallError> {
    let invalid = |code, message| arrival.request.invalid(code, message);
    let account = state.account(&Site::of(place));
    let services = account.and_then(|account| Some((account, account.clusters.get(cluster)?)));
    let (account, services) = services.ok_or_else(|| invalid("ClusterNotFoundException", "Cluster not found."))?;
    let object = &arrival.request.object;
    let there = if arrival.misses(object) { None } else { services.get(service) };
    let shown = there.and_then(|service| service.as_of(arrival.as_of(object)));
    let shown = shown.filter(|service| service.lifecycle != Lifecycle::Gone);
    Ok((account, shown.ok_or_else(|| invalid("ServiceNotFoundException", "Service not found."))?))
}

/// What runs when a task definition names an image: the digest it names, or one that follows from its text; or, if
/// digests lie, that of something else.
fn resolved(image: &str, lies: bool) -> (String, Option<Digest>) {
    let (repository, pinned) = match image.split_once('@') {
        Some((repository, digest)) => (repository, Digest::parse(digest).ok()),
        None => (untagged(image), None),
    };
    let text = if lies { format!("another build of {image}") } else { image.to_owned() };
    let digest = pinned.filter(|_| !lies).or_else(|| Digest::parse(sha256(&text)).ok());
    let shown = match &digest {
        Some(digest) => format!("{repository}@{digest}"),
        None => image.to_owned(),
    };
    (shown, digest)
}

/// The image without its tag: what follows a colon after the last slash.
fn untagged(image: &str) -> &str {
    let name_at = image.rfind('/').map_or(0, |slash| slash + 1);
    image[name_at..].find(':').map_or(image, |colon| &image[..name_at + colon])
}

fn sha256(text: &str) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

fn of_service(operation: &'static str, place: &Place, cluster: &ClusterName, service: &EcsServiceName) -> Request {
    let site = Site::of(place);
    let shown = format!("{service} in cluster {cluster} ({place})");
    reading(operation, &site, service_text(&site, cluster, service), shown)
}

fn reading(operation: &'static str, site: &Site, object: String, shown: String) -> Request {
    Request { operation, kind: Kind::Read, site: Some(site.clone()), object, shown, detail: String::new() }
}

fn joined<T: std::fmt::Display>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
