//! The suite. Each part makes what it needs under names of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use driftless_domain::{
    CallClass, ContainerName, Generation, ImageRef, OurTags, ParameterName, RolloutState, ServiceName, Tag, Target,
    TaskDefArn, TaskDefinition, TaskDocument,
};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;
use driftless_tests::emulator::example_task_definitions;

use crate::setup::{Setup, cluster, document, family, image, service};

/// What is not there is none, what is there is found, and what cannot be looked at is an error.
pub(crate) async fn about_what_is_there<S: Setup>(world: &S) {
    let (live, place) = (world.live(), world.place());
    let (main, web, none) = (cluster("there"), service("there-web"), service("there-none"));
    world.create_cluster(&main).await;
    let base = world.infrastructure_registers(&document("there", &image("web")), &BTreeMap::new()).await;
    world.infrastructure_registers(&document("there-too", &image("web")), &BTreeMap::new()).await;
    world.create_service(&main, &web, &base).await;

    let found = live.services(&place, &main, &[none.clone(), web.clone(), none.clone()]).await.unwrap();
    assert!(matches!(found.as_slice(), [None, Some(_), None]), "{found:?}");
    let error = live.services(&place, &cluster("no-such-cluster"), &[web]).await.unwrap_err();
    assert_eq!(error.class, CallClass::Invalid, "a cluster that is not there is no missing service: {error}");
    let error = live.update_service(&place, &main, &none, &base).await.unwrap_err();
    assert_eq!(error.class, CallClass::Invalid, "{error}");

    let gone = base.sibling("there:99").unwrap();
    assert_eq!(live.task_definition(&place, &gone).await.unwrap(), None);
    let second = world.infrastructure_registers(&document("there", &image("web2")), &BTreeMap::new()).await;
    let base_family = family("there");
    let list = |limit| live.revisions(&place, &base_family, limit);
    assert_eq!(list(10).await.unwrap(), [second.clone(), base.clone()], "newest first, of exactly this family");
    assert_eq!(list(1).await.unwrap(), std::slice::from_ref(&second));
    world.person_deregisters(&second).await;
    assert_eq!(live.revisions(&place, &family("there"), 10).await.unwrap(), [base]);
    assert!(!live.task_definition(&place, &second).await.unwrap().unwrap().active, "INACTIVE can still be read");
    assert!(live.revisions(&place, &family("never-registered"), 10).await.unwrap().is_empty());

    let names = ["/there/nothing", "/there/tag"].map(|name| ParameterName::parse(name).unwrap());
    world.infrastructure_writes_parameter(&names[1], "v1").await;
    let before = live.parameters(&place, &names).await.unwrap();
    live.put_parameter(&place, &names[1], "v2").await.unwrap();
    let after = live.parameters(&place, &names).await.unwrap();
    let [None, Some(before)] = before.as_slice() else { panic!("{before:?}") };
    let [None, Some(after)] = after.as_slice() else { panic!("{after:?}") };
    assert_eq!((before.value.as_str(), after.value.as_str()), ("v1", "v2"));
    assert_eq!(after.version, before.version + 1);
    live.put_parameter(&place, &names[0], "new").await.unwrap();
    let made = live.parameters(&place, &names[..1]).await.unwrap().remove(0);
    assert_eq!(made.map(|p| p.value), Some("new".to_owned()), "a parameter that was not there is made");
}

/// Every field of every example survives: registered by infrastructure, described, given an image, registered by us.
pub(crate) async fn about_documents<S: Setup>(world: &S) {
    let (live, place) = (world.live(), world.place());
    let examples = example_task_definitions().unwrap();
    assert_eq!(examples.len(), 6);
    for (name, example) in examples {
        let team = BTreeMap::from([("team".to_owned(), "infrastructure".to_owned())]);
        let base = world.infrastructure_registers(&example, &team).await;
        let described = live.task_definition(&place, &base).await.unwrap().unwrap();
        assert_eq!(described.tags, team, "{name}");
        assert_eq!(described.document.unknown_fields(), Vec::<String>::new(), "{name}");
        let Value::Object(fields) = example else { panic!("{name}") };
        let sent = TaskDocument::of(fields);
        let shown = without_empty(&described.document, world.shows_empty());
        assert_eq!(shown.content_hash(), sent.content_hash(), "{name}: {described:#?}");

        let container = ContainerName::parse(sent.containers().next().unwrap().to_owned()).unwrap();
        let ours: ImageRef = image("web").parse().unwrap();
        let wanted = described.document.with_image(&container, &ours).unwrap();
        let tags = our_tags(&base, &wanted);
        let mut all = tags.to_map();
        all.extend(team);
        let registered = live.register_task_definition(&place, &wanted, &all).await.unwrap();
        assert_eq!((registered.family(), registered.revision()), (base.family(), base.revision() + 1), "{name}");

        let found = live.task_definition(&place, &registered).await.unwrap().unwrap();
        assert_eq!(found.document.image_of(&container), Some(ours.to_string().as_str()), "{name}");
        let shown = without_empty(&found.document, world.shows_empty());
        assert!(shown.same_but_for_image(&sent, &container), "{name}: {found:#?}");
        assert_eq!(found.document.content_hash(), tags.content_hash, "{name}: the tag says what is there (S16)");
        let TaskDefinition { arn, document: _, tags: found_tags, active } = found;
        assert_eq!((arn, found_tags, active), (registered, all, true), "{name}");
    }
}

fn without_empty(document: &TaskDocument, fields: &[&str]) -> TaskDocument {
    let mut shown = document.as_json().clone();
    shown.retain(|field, value| !(fields.contains(&field.as_str()) && value == ""));
    TaskDocument::of(shown)
}

fn our_tags(base: &TaskDefArn, document: &TaskDocument) -> OurTags {
    OurTags {
        target: Target::parse("shop/dev").unwrap(),
        service: ServiceName::parse("web").unwrap(),
        release: Tag::parse("v1").unwrap(),
        generation: Generation(1),
        base: base.clone(),
        content_hash: document.content_hash(),
    }
}

/// A healthy revision comes live, is seen to have succeeded, and its containers are seen; a person can point elsewhere.
pub(crate) async fn about_rollouts<S: Setup>(world: &S) {
    let (live, place) = (world.live(), world.place());
    let (main, web) = (cluster("rollouts"), service("rollouts-web"));
    world.create_cluster(&main).await;
    let first = world.infrastructure_registers(&document("rollouts", &image("web")), &BTreeMap::new()).await;
    world.create_service(&main, &web, &first).await;
    let second = world.infrastructure_registers(&document("rollouts", &image("web2")), &BTreeMap::new()).await;

    live.update_service(&place, &main, &web, &second).await.unwrap();
    let told = live.services(&place, &main, std::slice::from_ref(&web)).await.unwrap().remove(0).unwrap();
    assert_eq!(told.task_definition, second, "the service is told at once");
    let settled = world.until_settled(&main, &web, &second).await;
    assert_eq!((settled.controller.as_str(), settled.desired_count), ("ECS", 2));

    match live.rollouts(&place, &main, &web).await.unwrap() {
        Some(rollouts) => {
            let newest = &rollouts[0];
            assert_eq!((&newest.task_definition, &newest.state), (&second, &RolloutState::Succeeded));
            assert_eq!(settled.rollout_id.as_ref(), Some(&newest.id), "the two answers name the same deployment");
        }
        None => assert_eq!(settled.rollout_id, None, "without service deployments there is none to name"),
    }
    let containers = live.running_containers(&place, &main, &web).await.unwrap();
    assert_eq!(containers.len(), 2, "{containers:?}");
    for container in containers {
        assert_eq!((container.container.as_str(), &container.task_definition), ("web", &second));
        assert_eq!(container.image.as_deref(), Some(image("web2").as_str()));
        let digest = container.digest.map(|digest| digest.to_string());
        assert_eq!(digest, world.shows_digests().then(|| format!("sha256:{}", "5".repeat(64))));
    }

    world.person_points_service(&main, &web, &first).await;
    world.until_settled(&main, &web, &first).await;
    let error = live.rollouts(&place, &main, &service("rollouts-none")).await;
    assert!(error.is_err() || error == Ok(None), "a service that is not there has no empty list: {error:?}");
}

/// A revision that crashes or cannot be pulled is taken back, and says why.
pub(crate) async fn about_failing_rollouts<S: Setup>(world: &S) {
    let (live, place) = (world.live(), world.place());
    let main = cluster("failing");
    world.create_cluster(&main).await;
    for (bad, says, exit_code) in
        [("crash", "ssential container", Some(1)), ("nopull", "CannotPullContainerError", None)]
    {
        let (name, web) = (format!("failing-{bad}"), service(&format!("failing-{bad}")));
        let good = world.infrastructure_registers(&document(&name, &image("web")), &BTreeMap::new()).await;
        world.create_service(&main, &web, &good).await;
        let broken = world.infrastructure_registers(&document(&name, &image(bad)), &BTreeMap::new()).await;
        live.update_service(&place, &main, &web, &broken).await.unwrap();

        let failed = |d: &driftless_domain::Rollout| d.task_definition == broken && d.state == RolloutState::Failed;
        let back = world
            .until(&main, &web, "taken back", &|live| {
                live.task_definition == good && live.deployments.iter().any(failed)
            })
            .await;
        let told = back.deployments.iter().find(|d| failed(d)).unwrap();
        assert!(told.reason.as_ref().is_some_and(|reason| reason.contains("circuit breaker")), "{told:?}");
        let settled = world.until_settled(&main, &web, &good).await;
        assert_eq!(settled.deployments[0].task_definition, good, "PRIMARY comes first wherever it is listed");

        if let Some(rollouts) = live.rollouts(&place, &main, &web).await.unwrap() {
            let ours = rollouts.iter().find(|rollout| rollout.task_definition == broken).unwrap();
            assert_eq!(ours.state, RolloutState::RolledBack, "{rollouts:#?}");
            assert!(ours.failed_tasks > 0, "{ours:?}");
        }
        let stopped = live.last_stopped(&place, &main, &web, &broken).await.unwrap().unwrap();
        assert!(stopped.reason.contains(says), "{stopped}");
        assert_eq!(stopped.exit_code, exit_code, "{stopped}");
        assert!(stopped.stopped_at.is_some(), "{stopped:?}");
    }
}

/// What the table of shortfalls needs: a document with fields that AWS keeps.
pub(crate) fn with_newer_fields(family: &str) -> Value {
    let mut with = document(family, &image("web"));
    with["enableFaultInjection"] = json!(true);
    with
}
