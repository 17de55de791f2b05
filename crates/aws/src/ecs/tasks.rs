//! Tasks: what really runs, and why the last one stopped.

use aws_sdk_ecs::types::{Container, DesiredStatus, Task, TaskStopCode};

use driftless_domain::{
    CallClass, CallError, ClusterName, ContainerName, Digest, EcsServiceName, Place, RunningContainer, StoppedTask,
    TaskDefArn,
};

use super::{MISSING, in_cluster, time};
use crate::live::{Aws, unreadable};
use crate::operation::{DESCRIBE_TASKS, LIST_TASKS};

/// DescribeTasks takes this many (aws-facts.md).
const TASKS_PER_CALL: usize = 100;
/// A service has at most 5,000 tasks: 50 pages of 100, and as many again that are stopping.
const MOST_PAGES: usize = 100;

impl Aws {
    pub(crate) async fn containers_of_running_tasks(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Result<Vec<RunningContainer>, CallError> {
        let tasks = self.tasks(place, cluster, service, DesiredStatus::Running).await?;
        let object = in_cluster(service, cluster);
        let mut running = Vec::new();
        for task in tasks.iter().filter(|task| task.last_status() == Some("RUNNING")) {
            let task_definition = TaskDefArn::parse(task.task_definition_arn().unwrap_or_default())
                .map_err(|e| unreadable(place, &DESCRIBE_TASKS, &object, CallClass::Invalid, &e.to_string()))?;
            let live = task.containers().iter().filter(|c| c.last_status() != Some("STOPPED"));
            running.extend(live.filter_map(|container| running_container(task, &task_definition, container)));
        }
        Ok(running)
    }

    pub(crate) async fn last_stopped_task(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<Option<StoppedTask>, CallError> {
        let tasks = self.tasks(place, cluster, service, DesiredStatus::Stopped).await?;
        Ok(last_stopped(&tasks, task_definition))
    }

    async fn tasks(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        status: DesiredStatus,
    ) -> Result<Vec<Task>, CallError> {
        let object = in_cluster(service, cluster);
        let mut tasks = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let status = status.clone();
            let page = self
                .send(place, &LIST_TASKS, &object, |c| {
                    let request = c.ecs_reads.list_tasks().cluster(cluster.as_str()).service_name(service.as_str());
                    request.desired_status(status).set_next_token(token.take()).send()
                })
                .await?;
            let arns = page.task_arns.unwrap_or_default();
            for some in arns.chunks(TASKS_PER_CALL) {
                let some = some.to_vec();
                let answer = self
                    .send(place, &DESCRIBE_TASKS, &object, |c| {
                        c.ecs_reads.describe_tasks().cluster(cluster.as_str()).set_tasks(Some(some)).send()
                    })
                    .await?;
                // A task that is MISSING here has gone since it was listed.
                if let Some(failure) = answer.failures().iter().find(|failure| failure.reason() != Some(MISSING)) {
                    let (arn, reason) = (failure.arn().unwrap_or("a task"), failure.reason().unwrap_or("no reason"));
                    let problem = format!("{arn}: {reason}");
                    return Err(unreadable(place, &DESCRIBE_TASKS, &object, CallClass::Transient, &problem));
                }
                tasks.extend(answer.tasks.unwrap_or_default());
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(tasks);
            }
        }
        let problem = format!("the list does not end after {MOST_PAGES} pages");
        Err(unreadable(place, &LIST_TASKS, &object, CallClass::Invalid, &problem))
    }
}

fn running_container(task: &Task, task_definition: &TaskDefArn, container: &Container) -> Option<RunningContainer> {
    Some(RunningContainer {
        task: task.task_arn()?.rsplit('/').next()?.to_owned(),
        task_definition: task_definition.clone(),
        container: ContainerName::parse(container.name()?).ok()?,
        image: container.image().map(str::to_owned),
        digest: container.image_digest().and_then(|digest| Digest::parse(digest).ok()),
    })
}

/// The task that stopped last. One that failed goes before one that was told to stop: when ECS takes a revision back, it
/// stops that revision's last tasks too, and those say nothing of why.
fn last_stopped(tasks: &[Task], task_definition: &TaskDefArn) -> Option<StoppedTask> {
    let ours = tasks.iter().filter(|task| task.task_definition_arn() == Some(task_definition.as_str()));
    let stopped_at = |task: &Task| time(task.stopped_at().or(task.stopping_at()));
    let task = ours.max_by_key(|task| (failed(task), stopped_at(task)))?;
    let told = task.stopped_reason().filter(|reason| !reason.is_empty()).unwrap_or("ECS gave no reason");
    let of_container = task.containers().iter().find_map(|c| c.reason().filter(|reason| !reason.is_empty()));
    let reason = match of_container {
        Some(more) if !told.contains(more) => format!("{told}: {more}"),
        Some(_) | None => told.to_owned(),
    };
    // Which container is essential is in the task definition; the one that failed is the one that matters.
    let codes = || task.containers().iter().filter_map(Container::exit_code);
    let exit_code = codes().find(|code| *code != 0).or_else(|| codes().next());
    Some(StoppedTask { task_definition: task_definition.clone(), reason, exit_code, stopped_at: stopped_at(task) })
}

fn failed(task: &Task) -> bool {
    matches!(task.stop_code(), Some(TaskStopCode::EssentialContainerExited | TaskStopCode::TaskFailedToStart))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    const WEB: &str = "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:3";

    fn task(definition: &str, at: i64, code: &str, reason: &str, container: Container) -> Task {
        let builder = Task::builder().task_definition_arn(definition).stopped_at(DateTime::from_secs(at));
        builder.stop_code(TaskStopCode::from(code)).stopped_reason(reason).containers(container).build()
    }

    fn exited(code: i32) -> Container {
        Container::builder().exit_code(code).build()
    }

    #[test]
    fn the_failed_task_is_shown_and_not_the_one_that_was_drained_after_it() {
        let tasks = [
            task(WEB, 10, "EssentialContainerExited", "Essential container in task exited", exited(1)),
            task(WEB, 20, "ServiceSchedulerInitiated", "Scaling activity initiated by deployment", exited(0)),
            task(&WEB.replace("web:3", "web:4"), 30, "EssentialContainerExited", "another revision", exited(2)),
        ];
        let stopped = last_stopped(&tasks, &TaskDefArn::parse(WEB).unwrap()).unwrap();
        assert_eq!(stopped.to_string(), "Essential container in task exited (exit code 1)");
        assert_eq!(stopped.stopped_at.map(|at| at.as_second()), Some(10));
    }

    #[test]
    fn the_reason_of_the_container_is_added_once() {
        let container = Container::builder().reason("OutOfMemoryError: killed").exit_code(137).build();
        let tasks = [task(WEB, 1, "EssentialContainerExited", "Essential container in task exited", container)];
        let stopped = last_stopped(&tasks, &TaskDefArn::parse(WEB).unwrap()).unwrap();
        let words = "Essential container in task exited: OutOfMemoryError: killed (exit code 137)";
        assert_eq!(stopped.to_string(), words);
    }

    #[test]
    fn without_a_stopped_task_of_the_revision_there_is_none() {
        assert_eq!(last_stopped(&[], &TaskDefArn::parse(WEB).unwrap()), None);
    }
}
