//! The hands of others: infrastructure, people, autoscaling. They meet no faults and are in the history by name; what
//! cannot be done (a service that is not there) is there as failed.

use std::collections::BTreeMap;

use driftless_domain::{ClusterName, EcsServiceName, ParameterName, ParameterValue, Place, TaskDefArn};
use jiff::Timestamp;
use serde_json::Value;

use crate::call::{Site, cluster_text, parameter_text, service_text, task_definition_text};
use crate::ecs::{Lifecycle, Service, ServiceOptions};
use crate::history::{Call, Outcome};
use crate::timeline::Timeline;

use super::World;
use super::changes::{put_parameter, register};
use super::state::State;

pub(super) const TERRAFORM: &str = "terraform";
pub(super) const PERSON: &str = "person";
const AUTOSCALING: &str = "autoscaling";

/// An error code of AWS.
pub(super) type Refused = &'static str;

impl World {
    /// Infrastructure makes a cluster.
    pub fn create_cluster(&self, place: &Place, cluster: &ClusterName) {
        let site = Site::of(place);
        let object = cluster_text(&site, cluster);
        self.hand(TERRAFORM, "ecs:CreateCluster", object, String::new(), |state, _| {
            state.account_mut(&site).clusters.entry(cluster.clone()).or_default();
            Ok(())
        });
    }

    /// Infrastructure registers a revision: a document as RegisterTaskDefinition takes it. ECS's defaults are filled in.
    ///
    /// # Panics
    /// When the document is not one that ECS takes (no family, no containers): the test that set the world up is wrong.
    #[expect(clippy::expect_used, reason = "a wrong set-up is a mistake in the test, and the ARN must be an answer")]
    pub fn register_by_infrastructure(
        &self,
        place: &Place,
        document: Value,
        tags: BTreeMap<String, String>,
    ) -> TaskDefArn {
        self.register_as(TERRAFORM, place, document, tags).expect("a task definition that ECS takes")
    }

    /// A person registers a revision; `None` when ECS does not take the document.
    pub fn person_registers(
        &self,
        place: &Place,
        document: Value,
        tags: BTreeMap<String, String>,
    ) -> Option<TaskDefArn> {
        self.register_as(PERSON, place, document, tags)
    }

    /// Infrastructure makes a service, and the cluster if it is not there.
    pub fn create_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
        options: ServiceOptions,
    ) {
        let site = Site::of(place);
        let object = service_text(&site, cluster, service);
        self.hand(TERRAFORM, "ecs:CreateService", object, task_definition.to_string(), |state, now| {
            let name = format!("{cluster}/{service}");
            let made = Service::new(name, state.seed, task_definition, options, now);
            let services = state.account_mut(&site).clusters.entry(cluster.clone()).or_default();
            match services.get_mut(service) {
                Some(old) if matches!(old.now().lifecycle, Lifecycle::Active | Lifecycle::Draining { .. }) => {
                    Err("InvalidParameterException")
                }
                Some(old) => {
                    old.change(now, |old| *old = made);
                    Ok(())
                }
                None => {
                    services.insert(service.clone(), Timeline::new(now, made));
                    Ok(())
                }
            }
        });
    }

    /// Infrastructure points a service to a revision.
    pub fn infrastructure_points_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        to: &TaskDefArn,
    ) {
        self.point(TERRAFORM, place, cluster, service, to);
    }

    /// A person points a service to a revision.
    pub fn person_points_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        to: &TaskDefArn,
    ) {
        self.point(PERSON, place, cluster, service, to);
    }

    /// A person stops the deployment under way, with or without a rollback (StopServiceDeployment).
    pub fn person_stops_deployment(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        rollback: bool,
    ) {
        let detail = if rollback { "ROLLBACK" } else { "ABORT" };
        self.on_service(PERSON, "ecs:StopServiceDeployment", place, cluster, service, detail, |service, now| {
            service.stop(rollback, now);
        });
    }

    /// A person deletes a service: it drains, is INACTIVE for an hour, and is gone.
    pub fn person_deletes_service(&self, place: &Place, cluster: &ClusterName, service: &EcsServiceName) {
        self.on_service(PERSON, "ecs:DeleteService", place, cluster, service, "", Service::delete);
    }

    /// A person scales a service.
    pub fn person_scales(&self, place: &Place, cluster: &ClusterName, service: &EcsServiceName, count: u32) {
        self.scale(PERSON, place, cluster, service, count);
    }

    /// Autoscaling scales a service.
    pub fn autoscaling_scales(&self, place: &Place, cluster: &ClusterName, service: &EcsServiceName, count: u32) {
        self.scale(AUTOSCALING, place, cluster, service, count);
    }

    /// A person deregisters a revision: it is INACTIVE.
    pub fn person_deregisters(&self, place: &Place, arn: &TaskDefArn) {
        let site = Site::of(place);
        let object = task_definition_text(&site, arn.short());
        self.hand(PERSON, "ecs:DeregisterTaskDefinition", object, String::new(), |state, now| {
            let family = state.account_mut(&site).families.get_mut(&arn.family());
            let revision = family.and_then(|family| family.get_mut(arn)).ok_or("ClientException")?;
            revision.deregister(now);
            Ok(())
        });
    }

    /// Infrastructure writes a parameter.
    pub fn set_parameter_by_infrastructure(&self, place: &Place, name: &ParameterName, value: &str) {
        self.set_parameter(TERRAFORM, place, name, value);
    }

    /// A person writes a parameter.
    pub fn person_edits_parameter(&self, place: &Place, name: &ParameterName, value: &str) {
        self.set_parameter(PERSON, place, name, value);
    }

    /// A person deletes a parameter.
    pub fn person_deletes_parameter(&self, place: &Place, name: &ParameterName) {
        let site = Site::of(place);
        let object = parameter_text(&site, name);
        self.hand(PERSON, "ssm:DeleteParameter", object, String::new(), |state, now| {
            let parameter = state.account_mut(&site).parameters.get_mut(name).ok_or("ParameterNotFound")?;
            let was: Option<ParameterValue> = parameter.change(now, Option::take);
            was.map(|_| ()).ok_or("ParameterNotFound")
        });
    }

    fn register_as(
        &self,
        actor: &str,
        place: &Place,
        document: Value,
        tags: BTreeMap<String, String>,
    ) -> Option<TaskDefArn> {
        let site = Site::of(place);
        let family = document.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
        let object = task_definition_text(&site, &family);
        self.hand(actor, "ecs:RegisterTaskDefinition", object, String::new(), |state, now| {
            let Value::Object(document) = document else { return Err("ClientException") };
            register(state.account_mut(&site), &site, document, tags, actor, now).map_err(|_| "ClientException")
        })
    }

    fn point(&self, actor: &str, place: &Place, cluster: &ClusterName, service: &EcsServiceName, to: &TaskDefArn) {
        let detail = to.to_string();
        self.on_service(actor, "ecs:UpdateService", place, cluster, service, &detail, |service, now| {
            service.update(to, now);
        });
    }

    fn scale(&self, actor: &str, place: &Place, cluster: &ClusterName, service: &EcsServiceName, count: u32) {
        let detail = format!("desiredCount {count}");
        self.on_service(actor, "ecs:UpdateService", place, cluster, service, &detail, |service, _| {
            service.scale(count)
        });
    }

    fn set_parameter(&self, actor: &str, place: &Place, name: &ParameterName, value: &str) {
        let site = Site::of(place);
        let object = parameter_text(&site, name);
        self.hand(actor, "ssm:PutParameter", object, value.to_owned(), |state, now| {
            put_parameter(state.account_mut(&site), name, value, now);
            Ok(())
        });
    }

    #[expect(clippy::too_many_arguments, reason = "who, what, where and how of one call; called only from this file")]
    fn on_service(
        &self,
        actor: &str,
        operation: &'static str,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        detail: &str,
        change: impl FnOnce(&mut Service, Timestamp),
    ) {
        let site = Site::of(place);
        let object = service_text(&site, cluster, service);
        self.hand(actor, operation, object, detail.to_owned(), |state, now| {
            let found = state.service_mut(&site, cluster, service).ok_or("ServiceNotFoundException")?;
            if found.now().lifecycle != Lifecycle::Active {
                return Err("ServiceNotActiveException");
            }
            found.change(now, |service| change(service, now));
            Ok(())
        });
    }

    /// Does it at once and writes it down.
    pub(super) fn hand<T>(
        &self,
        actor: &str,
        operation: &'static str,
        object: String,
        detail: String,
        change: impl FnOnce(&mut State, Timestamp) -> Result<T, Refused>,
    ) -> Option<T> {
        let (at, done) = self.with(|state, now| (now, change(state, now)));
        let outcome = match &done {
            Ok(_) => Outcome::Done,
            Err(code) => Outcome::Failed { code: (*code).to_owned(), took_effect: false },
        };
        let actor = actor.to_owned();
        self.wire.history.note(Call { at, number: 0, actor, operation, object, detail, outcome, writes: true });
        done.ok()
    }
}
