//! Service deployments: the only place where ECS says that a rollout succeeded, failed or was taken back.

use std::collections::HashMap;
use std::sync::PoisonError;

use aws_sdk_ecs::types::{ServiceDeployment, ServiceDeploymentBrief, ServiceDeploymentStatus};
use jiff::Timestamp;

use driftless_domain::{CallClass, CallError, ClusterName, EcsServiceName, Place, Rollout, RolloutState, TaskDefArn};

use super::{count, in_cluster, time};
use crate::live::{Aws, unreadable};
use crate::operation::{DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS, LIST_SERVICE_DEPLOYMENTS};

/// How many service deployments are looked at: what happened since the last look, with room; one call takes 20.
const NEWEST: usize = 10;
/// A page has at most 100. ECS keeps service deployments for 90 days, so this is eleven a day.
const MOST_PAGES: usize = 10;
/// How many revisions are remembered per place before starting over: far more than are ever looked at again.
const REMEMBERED_REVISIONS: usize = 10_000;

/// What endpoints that are not quite ECS say to an operation that they do not know.
const UNKNOWN_OPERATION: [&str; 4] =
    ["UnknownOperationException", "UnknownOperation", "UnknownAction", "InvalidAction"];

/// A cluster that nobody has, to ask an emulator about.
const NO_CLUSTER: &str = "no-such-cluster-asked-by-driftless";

impl Aws {
    pub(crate) async fn service_deployments(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Option<Vec<Rollout>>, CallError> {
        let clients = self.accounts.clients(place);
        if clients.knows_service_deployments.get() == Some(&false) {
            return Ok(None);
        }
        let newest = match self.list_service_deployments(place, cluster.as_str(), service).await {
            Ok(newest) => newest,
            Err(error) if UNKNOWN_OPERATION.contains(&error.said.code.as_str()) => {
                // Somebody else may have learned it at the same time; it is the same answer.
                let _ = clients.knows_service_deployments.set(false);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if newest.is_empty() {
            let known = clients.knows_service_deployments.get_or_try_init(|| self.probe(place, service)).await?;
            return Ok(known.then(Vec::new));
        }
        let _ = clients.knows_service_deployments.set(true);
        self.describe_service_deployments(place, &in_cluster(service, cluster), newest).await.map(Some)
    }

    /// Whether an endpoint that lists nothing knows service deployments at all. ECS does, and refuses a cluster that is not
    /// there; an emulator that answers "none" even then does not. AWS itself is never asked.
    async fn probe(&self, place: &Place, service: &EcsServiceName) -> Result<bool, CallError> {
        if !self.accounts.is_emulated() {
            return Ok(true);
        }
        match self.list_service_deployments(place, NO_CLUSTER, service).await {
            Ok(listed) => Ok(!listed.is_empty()),
            Err(error) if matches!(error.class, CallClass::Invalid | CallClass::Denied) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// ARN of each deployment and of the revision that it brings, newest first.
    async fn list_service_deployments(
        &self,
        place: &Place,
        cluster: &str,
        service: &EcsServiceName,
    ) -> Result<Vec<(String, String)>, CallError> {
        let object = format!("{service} in cluster {cluster}");
        // The order is not documented: the newest may be on the last page.
        let newest_first = |brief: &ServiceDeploymentBrief| std::cmp::Reverse(time(brief.created_at()));
        let mut listed: Vec<ServiceDeploymentBrief> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .send(place, &LIST_SERVICE_DEPLOYMENTS, &object, |c| {
                    let request = c.ecs_reads.list_service_deployments().cluster(cluster).service(service.as_str());
                    request.max_results(100).set_next_token(token.take()).send()
                })
                .await?;
            listed.extend(page.service_deployments.unwrap_or_default());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        // A list that was newest first this far goes on to older ones; of another, the newest was perhaps not read.
        if token.is_some() && !listed.is_sorted_by_key(newest_first) {
            let problem = format!("the list does not end after {MOST_PAGES} pages, and is not in order of time");
            return Err(unreadable(place, &LIST_SERVICE_DEPLOYMENTS, &object, CallClass::Invalid, &problem));
        }
        listed.sort_by_key(newest_first);
        let arns = listed.into_iter().take(NEWEST).filter_map(|brief| {
            Some((brief.service_deployment_arn?, brief.target_service_revision_arn.unwrap_or_default()))
        });
        Ok(arns.collect())
    }

    async fn describe_service_deployments(
        &self,
        place: &Place,
        object: &str,
        newest: Vec<(String, String)>,
    ) -> Result<Vec<Rollout>, CallError> {
        let arns = newest.iter().map(|(arn, _)| arn.clone()).collect();
        let answer = self
            .send(place, &DESCRIBE_SERVICE_DEPLOYMENTS, &object, |c| {
                c.ecs_reads.describe_service_deployments().set_service_deployment_arns(Some(arns)).send()
            })
            .await?;
        let revisions = self.task_definitions_of(place, object, newest.iter().map(|(_, revision)| revision)).await?;
        let described: HashMap<&str, &ServiceDeployment> =
            answer.service_deployments().iter().filter_map(|d| Some((d.service_deployment_arn()?, d))).collect();

        let mut rollouts = Vec::new();
        for (position, (arn, revision)) in newest.iter().enumerate() {
            match (described.get(arn.as_str()), revisions.get(revision)) {
                (Some(deployment), Some(task_definition)) => {
                    rollouts.push(rollout(deployment, task_definition.clone()))
                }
                // ECS forgets old ones between two calls. Without the newest the list would tell a wrong story.
                _ if position > 0 => {}
                _ => {
                    let problem = format!("the answer says nothing of {arn} or its revision");
                    let operation = &DESCRIBE_SERVICE_DEPLOYMENTS;
                    return Err(unreadable(place, operation, &object, CallClass::Transient, &problem));
                }
            }
        }
        Ok(rollouts)
    }

    /// The task definitions of service revisions, from memory where they were asked for before.
    async fn task_definitions_of(
        &self,
        place: &Place,
        object: &str,
        revisions: impl Iterator<Item = &String>,
    ) -> Result<HashMap<String, TaskDefArn>, CallError> {
        let clients = self.accounts.clients(place);
        let mut known: HashMap<String, TaskDefArn> = HashMap::new();
        let mut ask: Vec<String> = Vec::new();
        {
            let remembered = clients.revisions.lock().unwrap_or_else(PoisonError::into_inner);
            for revision in revisions {
                match remembered.get(revision) {
                    Some(arn) => drop(known.insert(revision.clone(), arn.clone())),
                    None if !ask.contains(revision) => ask.push(revision.clone()),
                    None => {}
                }
            }
        }
        if ask.is_empty() {
            return Ok(known);
        }
        let answer = self
            .send(place, &DESCRIBE_SERVICE_REVISIONS, &object, |c| {
                c.ecs_reads.describe_service_revisions().set_service_revision_arns(Some(ask)).send()
            })
            .await?;
        let mut remembered = clients.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() > REMEMBERED_REVISIONS {
            remembered.clear();
        }
        for revision in answer.service_revisions() {
            let Some(arn) = revision.service_revision_arn() else { continue };
            if let Ok(task_definition) = TaskDefArn::parse(revision.task_definition().unwrap_or_default()) {
                remembered.insert(arn.to_owned(), task_definition.clone());
                known.insert(arn.to_owned(), task_definition);
            }
        }
        Ok(known)
    }
}

fn rollout(deployment: &ServiceDeployment, task_definition: TaskDefArn) -> Rollout {
    Rollout {
        id: deployment.service_deployment_arn().unwrap_or_default().to_owned(),
        task_definition,
        state: state(deployment.status()),
        reason: deployment.status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        created_at: time(deployment.created_at()).unwrap_or(Timestamp::UNIX_EPOCH),
        failed_tasks: deployment.deployment_circuit_breaker().map_or(0, |breaker| count(breaker.failure_count())),
    }
}

fn state(status: Option<&ServiceDeploymentStatus>) -> RolloutState {
    use ServiceDeploymentStatus as Ecs;
    match status {
        Some(Ecs::Pending) => RolloutState::Pending,
        Some(Ecs::InProgress) => RolloutState::InProgress,
        Some(Ecs::Successful) => RolloutState::Succeeded,
        Some(Ecs::StopRequested) => RolloutState::StopRequested,
        Some(Ecs::Stopped) => RolloutState::Stopped,
        Some(Ecs::RollbackRequested) => RolloutState::RollbackRequested,
        Some(Ecs::RollbackInProgress) => RolloutState::RollbackInProgress,
        Some(Ecs::RollbackSuccessful) => RolloutState::RolledBack,
        Some(Ecs::RollbackFailed) => RolloutState::RollbackFailed,
        Some(other) => RolloutState::Unrecognised(other.as_str().to_owned()),
        None => RolloutState::Unrecognised("no status".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_nine_statuses_are_known_and_a_tenth_is_shown() {
        let words: Vec<String> =
            ServiceDeploymentStatus::values().iter().map(|s| state(Some(&(*s).into())).to_string()).collect();
        expect_test::expect![[r#"
            [
                "in progress",
                "pending",
                "rollback failed",
                "rolling back",
                "rollback requested",
                "rolled back",
                "stopped",
                "stop requested",
                "successful",
            ]
        "#]]
        .assert_debug_eq(&words);
        assert_eq!(state(Some(&"PAUSED".into())), RolloutState::Unrecognised("PAUSED".to_owned()));
    }
}
