//! The world, changed through the port, with the monitor watching each change as it arrives.

use std::collections::BTreeMap;

use async_trait::async_trait;
use driftless_domain::{
    CallError, ClusterName, EcsServiceName, ParameterName, ParameterValue, Place, TaskDefArn, TaskDocument, TaskFamily,
};
use driftless_execute::LiveChanges;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::call::{Kind, Request, Site, parameter_text, service_text, task_definition_text};
use crate::ecs::{Lifecycle, Update};
use crate::timeline::Timeline;
use crate::wire::Arrival;

use super::state::{Account, State};
use super::{World, monitor};

/// The most tags on a resource.
const TAGS: usize = 50;
/// The largest task definition: 64 KiB.
const DOCUMENT_BYTES: usize = 64 * 1024;

#[async_trait]
impl LiveChanges for World {
    async fn put_parameter(&self, place: &Place, name: &ParameterName, value: &str) -> Result<(), CallError> {
        let site = Site::of(place);
        let object = parameter_text(&site, name);
        let request = changing("ssm:PutParameter", &site, object, format!("{name} ({place})"), value.to_owned());
        self.change(request, |state, arrival| {
            // Parameter Store: 1 to 4,096 characters in a standard parameter.
            if value.is_empty() || value.len() > 4_096 {
                return Err(arrival.request.invalid("ValidationException", "the value has 1 to 4096 characters"));
            }
            put_parameter(state.account_mut(&site), name, value, arrival.at);
            Ok(())
        })
        .await
    }

    async fn register_task_definition(
        &self,
        place: &Place,
        document: &TaskDocument,
        tags: &BTreeMap<String, String>,
    ) -> Result<TaskDefArn, CallError> {
        let site = Site::of(place);
        let object = task_definition_text(&site, document.family());
        let shown = format!("family {} ({place})", document.family());
        let request = changing("ecs:RegisterTaskDefinition", &site, object, shown, String::new());
        self.change(request, |state, arrival| {
            let found = monitor::registration(state.account(&site), document, tags);
            state.violations.extend(found.iter().map(|violation| said(arrival, violation)));
            let content = document.as_json().clone();
            let registered = register(state.account_mut(&site), &site, content, tags.clone(), "driftless", arrival.at)
                .map_err(|message| arrival.request.invalid("ClientException", &message))?;
            arrival.request.detail = registered.short().to_owned();
            Ok(registered)
        })
        .await
    }

    async fn update_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<(), CallError> {
        let site = Site::of(place);
        let object = service_text(&site, cluster, service);
        let shown = format!("{service} in cluster {cluster} ({place})");
        let request = changing("ecs:UpdateService", &site, object, shown, task_definition.to_string());
        let may_not_know = self.wire.faults.longest_lag();
        self.change(request, |state, arrival| {
            let at = arrival.at;
            let account = state.account(&site);
            let current = account.and_then(|account| Some(account.clusters.get(cluster)?.get(service)?.now()));
            let found = monitor::update(current, task_definition.as_str(), at, may_not_know);
            let takes = account.and_then(|account| account.revision(task_definition)).is_some_and(|r| r.active_at(at));
            let cluster_there = account.is_some_and(|account| account.clusters.contains_key(cluster));
            state.violations.extend(found.iter().map(|violation| said(arrival, violation)));
            let invalid = |code, message: &str| Err(arrival.request.invalid(code, message));
            if !cluster_there {
                return invalid("ClusterNotFoundException", "Cluster not found.");
            }
            let Some(service) = state.service_mut(&site, cluster, service) else {
                return invalid("ServiceNotFoundException", "Service not found.");
            };
            let now = service.now();
            if now.lifecycle != Lifecycle::Active {
                return invalid("ServiceNotActiveException", "Service was not ACTIVE.");
            }
            if now.controller != "ECS" {
                let message = format!(
                    "Unable to update task definition on services with a {} deployment controller.",
                    now.controller
                );
                return invalid("InvalidParameterException", &message);
            }
            if !takes {
                return invalid("ClientException", "TaskDefinition is inactive");
            }
            match service.change(at, |service| service.update(task_definition, at)) {
                Update::Deploying => {}
                Update::Unchanged => arrival.request.detail.push_str(", as it was"),
            }
            Ok(())
        })
        .await
    }
}

impl World {
    pub(super) async fn change<T: Send>(
        &self,
        request: Request,
        change: impl FnOnce(&mut State, &mut Arrival<'_>) -> Result<T, CallError> + Send,
    ) -> Result<T, CallError> {
        self.wire
            .send(request, |arrival| {
                self.with(|state, _| {
                    let found = monitor::operation(arrival.request.operation);
                    state.violations.extend(found.map(|violation| said(arrival, &violation)));
                    change(state, arrival)
                })
            })
            .await
    }
}

/// A new version of a parameter.
pub(super) fn put_parameter(account: &mut Account, name: &ParameterName, value: &str, at: Timestamp) {
    let put = |version| Some(ParameterValue { value: value.to_owned(), version });
    match account.parameters.get_mut(name) {
        Some(parameter) => parameter.change(at, |old| {
            // A parameter that was deleted begins again at 1.
            *old = put(old.as_ref().map_or(1, |old| old.version.saturating_add(1)));
        }),
        None => {
            account.parameters.insert(name.clone(), Timeline::new(at, put(1)));
        }
    }
}

/// A new revision, or the message with which ECS refuses it.
pub(super) fn register(
    account: &mut Account,
    site: &Site,
    document: Map<String, Value>,
    tags: BTreeMap<String, String>,
    by: &str,
    at: Timestamp,
) -> Result<TaskDefArn, String> {
    let family = document.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = TaskFamily::parse(family.as_str()).map_err(|error| error.to_string())?;
    let containers = document.get("containerDefinitions").and_then(Value::as_array);
    if containers.is_none_or(Vec::is_empty) {
        return Err("Container list cannot be empty.".to_owned());
    }
    if tags.len() > TAGS {
        return Err("Tags cannot have more than 50 elements".to_owned());
    }
    if Value::Object(document.clone()).to_string().len() > DOCUMENT_BYTES {
        return Err("Actual length exceeds the maximum allowed length of 64 KiB".to_owned());
    }
    let revisions = account.families.entry(name).or_default();
    revisions.register(site, &family, document, tags, by, at).map_err(|error| error.to_string())
}

pub(super) fn said(arrival: &Arrival<'_>, violation: &str) -> String {
    let Request { operation, object, .. } = &arrival.request;
    format!("{violation} (call {}: {operation} of {object} at {})", arrival.number, arrival.at)
}

fn changing(operation: &'static str, site: &Site, object: String, shown: String, detail: String) -> Request {
    Request { operation, kind: Kind::Write, site: Some(site.clone()), object, shown, detail }
}
