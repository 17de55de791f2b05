//! Services, and the deployments that DescribeServices lists with them.

use std::collections::HashMap;

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};

use driftless_domain::{
    CallClass, CallError, ClusterName, EcsServiceName, LiveService, NameError, Place, Rollout, RolloutState,
    ServiceState, TaskDefArn,
};

use super::{MISSING, count, in_cluster, time};
use crate::connect::PlaceClients;
use crate::live::{Aws, unreadable};
use crate::operation::DESCRIBE_SERVICES;

impl Aws {
    pub(crate) async fn describe_services(
        &self,
        place: &Place,
        cluster: &ClusterName,
        names: &[EcsServiceName],
    ) -> Result<Vec<Option<LiveService>>, CallError> {
        let object = match names {
            [] => return Ok(Vec::new()),
            [name] => in_cluster(name, cluster),
            _ => format!("{} services in cluster {cluster}", names.len()),
        };
        let asked = names.iter().map(EcsServiceName::to_string).collect();
        let request = |c: &PlaceClients| {
            c.ecs_reads.describe_services().cluster(cluster.as_str()).set_services(Some(asked)).send()
        };
        let answer = self.send(place, &DESCRIBE_SERVICES, &object, request).await?;
        let unreadable = |class, problem: &str| unreadable(place, &DESCRIBE_SERVICES, &object, class, problem);

        let found: HashMap<&str, &Service> =
            answer.services().iter().filter_map(|s| Some((s.service_name()?, s))).collect();
        let refused: HashMap<&str, &str> = answer
            .failures()
            .iter()
            .filter_map(|f| Some((f.arn()?.rsplit('/').next()?, f.reason().unwrap_or("no reason"))))
            .collect();
        names
            .iter()
            .map(|name| match (found.get(name.as_str()), refused.get(name.as_str())) {
                (Some(service), _) => {
                    live_service(service).map(Some).map_err(|e| unreadable(CallClass::Invalid, &format!("{name}: {e}")))
                }
                (None, Some(&MISSING)) => Ok(None),
                (None, Some(reason)) => Err(unreadable(CallClass::Transient, &format!("{name}: {reason}"))),
                (None, None) => Err(unreadable(CallClass::Transient, &format!("the answer says nothing of {name}"))),
            })
            .collect()
    }
}

fn live_service(service: &Service) -> Result<LiveService, NameError> {
    // A service whose deployments another controller makes names its revision in its task sets.
    let of_task_sets = || service.task_sets().iter().find_map(|set| set.task_definition());
    let task_definition = service.task_definition().or_else(of_task_sets).unwrap_or_default();
    let mut deployments = service.deployments().to_vec();
    // AWS lists the newest first, which is the primary one; other endpoints do not always.
    deployments.sort_by_key(|deployment| deployment.status() != Some("PRIMARY"));
    let alone = deployments.len() == 1;
    Ok(LiveService {
        state: match service.status() {
            Some("ACTIVE") => ServiceState::Active,
            other => ServiceState::Other(other.unwrap_or("no status").to_owned()),
        },
        task_definition: TaskDefArn::parse(task_definition)?,
        controller: service.deployment_controller().map_or("ECS", |c| c.r#type().as_str()).to_owned(),
        desired_count: count(service.desired_count()),
        running_count: count(service.running_count()),
        deployments: deployments.iter().map(|d| rollout(d, alone)).collect::<Result<_, _>>()?,
        rollout_id: service.current_service_deployment().filter(|arn| !arn.is_empty()).map(str::to_owned),
    })
}

fn rollout(deployment: &Deployment, alone: bool) -> Result<Rollout, NameError> {
    let state = match deployment.rollout_state() {
        Some(DeploymentRolloutState::Completed) => RolloutState::Succeeded,
        Some(DeploymentRolloutState::InProgress) => RolloutState::InProgress,
        Some(DeploymentRolloutState::Failed) => RolloutState::Failed,
        Some(other) => RolloutState::Unrecognised(other.as_str().to_owned()),
        // Older endpoints, and deployment controllers other than ECS, say only how many tasks run.
        None if alone && deployment.running_count() == deployment.desired_count() => RolloutState::Succeeded,
        None => RolloutState::InProgress,
    };
    Ok(Rollout {
        id: deployment.id().unwrap_or_default().to_owned(),
        task_definition: TaskDefArn::parse(deployment.task_definition().unwrap_or_default())?,
        state,
        reason: deployment.rollout_state_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        created_at: time(deployment.created_at()).unwrap_or_default(),
        failed_tasks: count(deployment.failed_tasks()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{DeploymentController, DeploymentControllerType};

    use super::*;

    const ARN: &str = "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:3";

    fn deployment(status: &str, state: Option<&str>, running: i32) -> Deployment {
        let state = state.map(DeploymentRolloutState::from);
        let builder = Deployment::builder().id(status).status(status).task_definition(ARN).set_rollout_state(state);
        builder.desired_count(2).running_count(running).rollout_state_reason("").build()
    }

    fn states(deployments: Vec<Deployment>) -> Vec<RolloutState> {
        let service =
            Service::builder().status("ACTIVE").task_definition(ARN).set_deployments(Some(deployments)).build();
        live_service(&service).unwrap().deployments.into_iter().map(|d| d.state).collect()
    }

    #[test]
    fn the_primary_deployment_comes_first_wherever_it_is_listed() {
        let deployments = vec![deployment("ACTIVE", Some("FAILED"), 0), deployment("PRIMARY", Some("COMPLETED"), 2)];
        assert_eq!(states(deployments), [RolloutState::Succeeded, RolloutState::Failed]);
    }

    #[test]
    fn a_deployment_without_a_state_has_succeeded_when_it_is_alone_and_complete() {
        assert_eq!(states(vec![deployment("PRIMARY", None, 2)]), [RolloutState::Succeeded]);
        assert_eq!(states(vec![deployment("PRIMARY", None, 1)]), [RolloutState::InProgress]);
        let two = vec![deployment("PRIMARY", None, 2), deployment("ACTIVE", None, 2)];
        assert_eq!(states(two), [RolloutState::InProgress, RolloutState::InProgress]);
    }

    #[test]
    fn a_state_that_we_do_not_know_is_shown_and_not_guessed() {
        let states = states(vec![deployment("PRIMARY", Some("PAUSED"), 2)]);
        assert_eq!(states, [RolloutState::Unrecognised("PAUSED".to_owned())]);
    }

    #[test]
    fn a_service_of_another_controller_says_so() {
        let controller =
            |kind: &str| DeploymentController::builder().r#type(DeploymentControllerType::from(kind)).build().unwrap();
        let service =
            Service::builder().status("DRAINING").task_definition(ARN).deployment_controller(controller("EXTERNAL"));
        let live = live_service(&service.build()).unwrap();
        assert_eq!((live.controller.as_str(), live.state), ("EXTERNAL", ServiceState::Other("DRAINING".to_owned())));
        let plain = live_service(&Service::builder().status("ACTIVE").task_definition(ARN).build()).unwrap();
        assert_eq!(plain.controller, "ECS");
    }
}
