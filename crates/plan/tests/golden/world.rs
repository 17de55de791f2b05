//! A small target to plan for: one service `web`, its base `web:1`, and hands to change what was seen.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{
    AccountId, Attempt, Binding, CallClass, CallError, Cause, ClusterName, ContainerName, DesiredRelease, Digest,
    EcsServiceName, Effective, Family, Generation, HealPolicy, ImageRef, LiveService, Observed, ObservedService,
    OurTags, ParameterName, ParameterValue, Place, Push, Region, Release, Rollout, RolloutState, RunningContainer,
    Seen, ServiceAttempt, ServiceBinding, ServiceName, ServiceState, Tag, Target, TaskDefArn, TaskDefinition,
    TaskDocument,
};
use driftless_plan::{Action, Plan, plan};
use expect_test::Expect;
use jiff::Timestamp;
use serde_json::json;

pub(crate) fn check(desired: &DesiredRelease, observed: &Observed, expected: &Expect) {
    expected.assert_eq(&plan(desired, observed).to_string());
}

pub(crate) fn noon() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn seconds(offset: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(offset)
}

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

pub(crate) fn arn(short: &str) -> TaskDefArn {
    TaskDefArn::parse(format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/{short}")).unwrap()
}

pub(crate) fn image(letter: char) -> ImageRef {
    format!("registry.example/shop/web@sha256:{}", letter.to_string().repeat(64)).parse().unwrap()
}

fn binding_of(service: &str) -> ServiceBinding {
    ServiceBinding {
        name: name(service),
        container: ContainerName::parse(service).unwrap(),
        cluster: ClusterName::parse("main").unwrap(),
        service: EcsServiceName::parse(format!("shop-dev-{service}")).unwrap(),
        parameter: ParameterName::parse(format!("/shop/dev/{service}/version")).unwrap(),
        family: None,
    }
}

pub(crate) fn desired_of(services: &[&str], tag: &str, letter: char) -> DesiredRelease {
    DesiredRelease {
        target: Target::parse("shop/dev").unwrap(),
        generation: Generation(3),
        effective: Effective::Wanted(Release {
            generation: Generation(3),
            tag: Tag::parse(tag).unwrap(),
            images: services.iter().map(|service| (name(service), image(letter))).collect(),
            site: None,
        }),
        rejected: None,
        attempt: None,
        binding: Binding {
            place: Place {
                account: AccountId::parse("111111111111").unwrap(),
                region: Region::parse("eu-west-1").unwrap(),
                role: None,
            },
            services: services.iter().map(|service| binding_of(service)).collect(),
            site: None,
            rollout_deadline: Duration::from_secs(1800),
            heal: HealPolicy::Auto,
        },
        files: None,
    }
}

pub(crate) fn desired() -> DesiredRelease {
    desired_of(&["web"], "sha-bbb", 'b')
}

/// What infrastructure registered.
pub(crate) fn base_of(family: &str, revision: u32, environment: &str) -> TaskDefinition {
    let document = json!({
        "family": family, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [
            {"name": family, "image": "nginx:latest", "environment": [{"name": "MODE", "value": environment}]},
            {"name": "log", "image": "fluent:1"},
        ],
    });
    TaskDefinition {
        arn: arn(&format!("{family}:{revision}")),
        document: TaskDocument::of(document.as_object().unwrap().clone()),
        tags: BTreeMap::from([("owner".to_owned(), "platform".to_owned())]),
        active: true,
    }
}

/// What we register from it.
pub(crate) fn ours(base: &TaskDefinition, revision: u32, letter: char) -> TaskDefinition {
    let family = base.arn.family();
    let container = ContainerName::parse(family.as_str()).unwrap();
    let document = base.document.with_image(&container, &image(letter)).unwrap();
    let tags = OurTags {
        target: Target::parse("shop/dev").unwrap(),
        service: name(family.as_str()),
        release: Tag::parse("sha-x").unwrap(),
        generation: Generation(1),
        base: base.arn.clone(),
        content_hash: document.content_hash(),
    };
    let arn = arn(&format!("{family}:{revision}"));
    TaskDefinition { arn, document, tags: tags.to_map(), active: true }
}

pub(crate) fn rollout(id: &str, of: &TaskDefinition, state: RolloutState, created_at: Timestamp) -> Rollout {
    Rollout { id: id.to_owned(), task_definition: of.arn.clone(), state, reason: None, created_at, failed_tasks: 0 }
}

/// A service that runs `running`, deployed by a service deployment that succeeded an hour ago.
pub(crate) fn seen_of(
    service: &str,
    running: &TaskDefinition,
    family: Vec<TaskDefinition>,
    value: &str,
) -> ObservedService {
    let done = rollout("sd/1", running, RolloutState::Succeeded, seconds(-3600));
    let container = ContainerName::parse(service).unwrap();
    let digest = running.document.image_of(&container).and_then(|image| image.parse::<ImageRef>().ok());
    ObservedService {
        name: name(service),
        parameter: Seen::Known(ParameterValue { value: value.to_owned(), version: 1 }),
        live: Seen::Known(LiveService {
            state: ServiceState::Active,
            task_definition: running.arn.clone(),
            controller: "ECS".to_owned(),
            desired_count: 2,
            running_count: 2,
            deployments: vec![done.clone()],
            rollout_id: Some("sd/1".to_owned()),
        }),
        running: Seen::Known(running.clone()),
        family: Seen::Known(Family { revisions: family, named_base: None }),
        rollouts: Seen::Known(vec![done]),
        containers: Seen::Known(vec![RunningContainer {
            task: "t1".to_owned(),
            task_definition: running.arn.clone(),
            container,
            image: digest.as_ref().map(ToString::to_string),
            digest: digest.map(|image| image.digest),
        }]),
        stopped: Seen::Absent,
    }
}

pub(crate) fn observed(services: Vec<ObservedService>) -> Observed {
    Observed { at: noon(), services, site: None }
}

/// A target that runs the older release `a`, while `b` is wanted.
pub(crate) fn before_release() -> (TaskDefinition, TaskDefinition, Observed) {
    let base = base_of("web", 1, "prod");
    let old = ours(&base, 2, 'a');
    let seen = seen_of("web", &old, vec![old.clone(), base.clone()], "sha-aaa");
    (base, old, observed(vec![seen]))
}

/// The same after the push of `b`: `web:3` is told, and its deployment is in this state.
pub(crate) fn after_push(state: RolloutState) -> (DesiredRelease, Observed) {
    let (base, old, mut observed) = before_release();
    let new = ours(&base, 3, 'b');
    let going = rollout("sd/2", &new, state, seconds(-100));
    let seen = &mut observed.services[0];
    *seen = seen_of("web", &new, vec![new.clone(), old.clone(), base], "sha-bbb");
    let Seen::Known(live) = &mut seen.live else { panic!("a known service") };
    live.rollout_id = Some("sd/2".to_owned());
    live.deployments = vec![going.clone()];
    seen.rollouts = Seen::Known(vec![going, rollout("sd/1", &old, RolloutState::Succeeded, seconds(-3600))]);
    (pushed(&old, &new, -100), observed)
}

/// The wish for `b` with the word that `web:3` was pushed.
pub(crate) fn pushed(from: &TaskDefinition, to: &TaskDefinition, sent: i64) -> DesiredRelease {
    let mut desired = desired();
    let mut attempt = Attempt::new(Generation(3), Tag::parse("sha-bbb").unwrap(), Cause::Release, seconds(-200));
    let push = Push { to: to.arn.clone(), from: from.arn.clone(), sent_at: seconds(sent), taken: true };
    let sent = ServiceAttempt { push: Some(push), pushes: 1, ..ServiceAttempt::default() };
    attempt.services.insert(name("web"), sent);
    desired.attempt = Some(attempt);
    desired
}

pub(crate) fn live(observed: &mut Observed) -> &mut LiveService {
    match &mut observed.services[0].live {
        Seen::Known(live) => live,
        Seen::Absent | Seen::Unknown(_) => panic!("a known service"),
    }
}

pub(crate) fn denied(operation: &'static str) -> CallError {
    CallError::new(operation, "shop-dev-web", CallClass::Denied, "AccessDeniedException", "not allowed")
}

pub(crate) fn digest(letter: char) -> Digest {
    image(letter).digest
}

/// What the world looks like after a plan was carried out and ECS is done with it.
pub(crate) fn carry_out(plan: &Plan, observed: &mut Observed) {
    let Plan::Apply(actions) = plan else { return };
    for action in actions {
        match action {
            Action::WriteParameter { service, to, .. } => {
                let seen = observed.services.iter_mut().find(|seen| &seen.name == service).unwrap();
                seen.parameter = Seen::Known(ParameterValue { value: to.clone(), version: 2 });
            }
            Action::RegisterTaskDefinition { service, base, document, tags, .. } => {
                let seen = observed.services.iter_mut().find(|seen| &seen.name == service).unwrap();
                let Seen::Known(family) = &mut seen.family else { panic!("a known family") };
                let last = family.revisions.iter().map(|one| one.arn.revision()).max().unwrap_or(0);
                let arn = base.sibling(&format!("{}:{}", base.family(), last + 1)).unwrap();
                let (document, tags) = ((**document).clone(), tags.clone());
                family.revisions.insert(0, TaskDefinition { arn, document, tags, active: true });
            }
            Action::UpdateService { service, to, .. } => {
                let index = observed.services.iter().position(|seen| &seen.name == service).unwrap();
                let seen = &observed.services[index];
                let Seen::Known(family) = &seen.family else { panic!("a known family") };
                let running = family.revisions.iter().find(|one| &one.arn == to).unwrap().clone();
                let value = seen.parameter.known().map(|one| one.value.clone()).unwrap_or_default();
                observed.services[index] = seen_of(service.as_str(), &running, family.revisions.clone(), &value);
            }
            Action::UploadFiles { .. }
            | Action::ReplaceHeaders { .. }
            | Action::Invalidate { .. }
            | Action::DeleteFiles { .. } => panic!("an app of services has no files"),
            Action::Reject { .. } => panic!("nothing is rejected here"),
        }
    }
}
