//! What one service needs beyond the two batched reads: its revision, its family, its rollouts, its running digests.

use std::sync::PoisonError;

use futures::future::join_all;
use jiff::Timestamp;

use driftless_domain::{
    DesiredRelease, Family, LiveService, ObservedService, ParameterValue, Place, Rollout, RolloutState,
    RunningContainer, Seen, ServiceBinding, StoppedTask, TaskDefArn, TaskDefinition, TaskFamily,
};

use crate::cache::{FAMILY_KEPT, KeptContainers, KeptRollouts, REVISIONS_LOOKED_AT, ServiceKey};
use crate::look::{Observer, Parameters, Services, not_asked};

/// Looks at one service of one target.
pub(crate) async fn observe_service(
    observer: &Observer,
    desired: &DesiredRelease,
    bound: &ServiceBinding,
    services: &Services,
    parameters: &Parameters,
    at: Timestamp,
) -> ObservedService {
    let place = &desired.binding.place;
    let key: ServiceKey = (place.clone(), bound.cluster.clone(), bound.service.clone());
    let live: Seen<LiveService> =
        services.get(&key).cloned().unwrap_or_else(|| not_asked("ecs:DescribeServices", bound.service.as_str()));
    let parameter: Seen<ParameterValue> = parameters
        .get(&(place.clone(), bound.parameter.clone()))
        .cloned()
        .unwrap_or_else(|| not_asked("ssm:GetParameters", bound.service.as_str()));

    let (running, family, rollouts, containers, stopped) = match &live {
        // Nothing below can be asked about a service that is not there or could not be seen.
        Seen::Absent => (Seen::Absent, Seen::Absent, Seen::Absent, Seen::Absent, Seen::Absent),
        Seen::Unknown(error) => {
            let unknown = error.clone();
            (
                Seen::Unknown(unknown.clone()),
                Seen::Unknown(unknown.clone()),
                Seen::Unknown(unknown.clone()),
                Seen::Unknown(unknown.clone()),
                Seen::Unknown(unknown),
            )
        }
        Seen::Known(service) => {
            let running = observer.task_definition(place, &service.task_definition).await;
            let family = bound.family.clone().unwrap_or_else(|| service.task_definition.family());
            let changed = !runs_wanted(desired, bound, running.known());
            let family = observer.family(place, &family, changed, registered_hint(desired, bound), at).await;
            let rollouts = observer.rollouts(&key, service, changed).await;
            let containers = observer.containers(&key, service, &rollouts, at).await;
            let stopped = observer.stopped(&key, desired, bound, service, &rollouts).await;
            (running, family, rollouts, containers, stopped)
        }
    };
    ObservedService { name: bound.name.clone(), parameter, live, running, family, rollouts, containers, stopped }
}

/// Whether the service plainly runs what we last told it to, with our image: then what was read of its family lately will
/// do. How deep to look, not what to do: `plan` decides from the documents.
fn runs_wanted(desired: &DesiredRelease, bound: &ServiceBinding, running: Option<&TaskDefinition>) -> bool {
    let image = desired.release().and_then(|release| release.images.get(&bound.name)).map(ToString::to_string);
    let Some((running, image)) = running.zip(image) else { return false };
    // Under way, with nothing pushed yet: a revision may have been registered that the list did not show.
    let told = desired.attempt.as_ref().is_none_or(|attempt| {
        let push = attempt.services.get(&bound.name).and_then(|sent| sent.push.as_ref());
        push.is_some_and(|push| push.to == running.arn)
    });
    told && running.document.image_of(&bound.container) == Some(image.as_str())
}

/// A revision that we registered and that a list may not show yet.
fn registered_hint<'a>(desired: &'a DesiredRelease, bound: &ServiceBinding) -> Option<&'a TaskDefArn> {
    desired.attempt.as_ref()?.services.get(&bound.name)?.registered.as_ref()
}

impl Observer {
    async fn task_definition(&self, place: &Place, arn: &TaskDefArn) -> Seen<TaskDefinition> {
        let kept = self.cache.lock().unwrap_or_else(PoisonError::into_inner).task_definition(arn);
        if let Some(definition) = kept {
            return Seen::Known(definition);
        }
        let seen = Seen::of(self.live.task_definition(place, arn).await);
        if let Seen::Known(definition) = &seen {
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).keep_task_definition(definition);
        }
        seen
    }

    async fn family(
        &self,
        place: &Place,
        family: &TaskFamily,
        changed: bool,
        hint: Option<&TaskDefArn>,
        at: Timestamp,
    ) -> Seen<Family> {
        let key = (place.clone(), family.clone());
        if changed {
            self.forget_family(place, family);
        } else if let Some(kept) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).family(&key, at) {
            return Seen::Known(kept);
        }
        let mut listed = match self.live.revisions(place, family, REVISIONS_LOOKED_AT).await {
            Ok(listed) => listed,
            Err(error) => return Seen::Unknown(error),
        };
        if let Some(hint) = hint.filter(|hint| &hint.family() == family && !listed.contains(hint)) {
            listed.insert(0, hint.clone());
        }
        let mut revisions = Vec::with_capacity(listed.len());
        for seen in join_all(listed.iter().map(|arn| self.task_definition(place, arn))).await {
            match seen {
                // What the list shows is ACTIVE, whatever it was when it was kept.
                Seen::Known(definition) => revisions.push(TaskDefinition { active: true, ..definition }),
                // Deleted between the list and the look.
                Seen::Absent => {}
                Seen::Unknown(error) => return Seen::Unknown(error),
            }
        }
        let all_ours = revisions.iter().all(TaskDefinition::has_our_tags);
        let named = revisions.first().and_then(TaskDefinition::named_base);
        let named_base = match named.filter(|arn| all_ours && !listed.contains(arn)) {
            None => None,
            Some(arn) => match self.task_definition(place, &arn).await {
                Seen::Known(base) => Some(base),
                Seen::Absent => None,
                Seen::Unknown(error) => return Seen::Unknown(error),
            },
        };
        let family = Family { revisions, named_base };
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).keep_family(key, at, &family);
        Seen::Known(family)
    }

    /// Service deployments, read again until the current one is finished.
    async fn rollouts(&self, key: &ServiceKey, service: &LiveService, changed: bool) -> Seen<Vec<Rollout>> {
        let current = current_deployment(service);
        if !changed
            && let Some(current) = &current
            && let Some(kept) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).rollouts(key)
            && &kept.deployment == current
        {
            return kept.rollouts.clone().map_or(Seen::Absent, Seen::Known);
        }
        let (place, cluster, name) = key;
        let seen = Seen::of(self.live.rollouts(place, cluster, name).await);
        let finished = match (&seen, &service.rollout_id) {
            (Seen::Known(rollouts), Some(id)) => {
                rollouts.iter().any(|rollout| &rollout.id == id && rollout.state.is_final())
            }
            (Seen::Known(_) | Seen::Absent, _) => {
                service.deployments.first().is_some_and(|primary| primary.state == RolloutState::Succeeded)
            }
            (Seen::Unknown(_), _) => false,
        };
        if let (true, Some(deployment)) = (finished, current) {
            let kept = KeptRollouts { deployment, rollouts: seen.known().cloned() };
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).keep_rollouts(key.clone(), kept);
        }
        seen
    }

    /// Running containers, read once the deployment is done and then every [`FAMILY_KEPT`].
    async fn containers(
        &self,
        key: &ServiceKey,
        service: &LiveService,
        rollouts: &Seen<Vec<Rollout>>,
        at: Timestamp,
    ) -> Seen<Vec<RunningContainer>> {
        if !deployment_done(service, rollouts) {
            return Seen::Absent;
        }
        if let Some(kept) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).containers(key)
            && kept.task_definition == service.task_definition
            && service.running_count > 0
            && at.duration_since(kept.read_at) < FAMILY_KEPT
        {
            return Seen::Known(kept.containers.clone());
        }
        let (place, cluster, name) = key;
        let seen = Seen::of(self.live.running_containers(place, cluster, name).await.map(Some));
        if let Seen::Known(containers) = &seen
            && !containers.is_empty()
        {
            let kept = KeptContainers {
                task_definition: service.task_definition.clone(),
                read_at: at,
                containers: containers.clone(),
            };
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).keep_containers(key.clone(), kept);
        }
        seen
    }

    /// Why tasks stop, when a rollout has some that do: of the revision that we pushed, or of the one that is live.
    async fn stopped(
        &self,
        key: &ServiceKey,
        desired: &DesiredRelease,
        bound: &ServiceBinding,
        service: &LiveService,
        rollouts: &Seen<Vec<Rollout>>,
    ) -> Seen<StoppedTask> {
        let pushed = desired
            .attempt
            .as_ref()
            .and_then(|attempt| attempt.services.get(&bound.name))
            .and_then(|sent| sent.push.as_ref())
            .map(|push| &push.to);
        let of_interest = pushed.unwrap_or(&service.task_definition);
        let taken_back = pushed.is_some_and(|pushed| pushed != &service.task_definition);
        let unwell = |rollout: &Rollout| {
            &rollout.task_definition == of_interest
                && (rollout.failed_tasks > 0
                    || !matches!(rollout.state, RolloutState::Succeeded | RolloutState::Pending))
        };
        let listed = rollouts.known().into_iter().flatten().chain(&service.deployments);
        if !taken_back && !listed.into_iter().any(unwell) {
            return Seen::Absent;
        }
        let (place, cluster, name) = key;
        Seen::of(self.live.last_stopped(place, cluster, name, of_interest).await)
    }
}

/// What identifies the deployment that is current, in whichever way the endpoint tells.
fn current_deployment(service: &LiveService) -> Option<String> {
    service.rollout_id.clone().or_else(|| service.deployments.first().map(|primary| primary.id.clone()))
}

fn deployment_done(service: &LiveService, rollouts: &Seen<Vec<Rollout>>) -> bool {
    match (rollouts, &service.rollout_id) {
        (Seen::Known(rollouts), Some(id)) => {
            rollouts.iter().any(|rollout| &rollout.id == id && rollout.state.is_final())
        }
        _ => service.deployments.first().is_some_and(|primary| primary.state == RolloutState::Succeeded),
    }
}
