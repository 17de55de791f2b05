//! What is never done: acting on what could not be read (S10), on what belongs to others, on what is not understood (S15).

use driftless_domain::{Seen, ServiceState, TaskDocument};
use driftless_plan::plan;
use expect_test::expect;

use crate::world::{before_release, check, denied, desired, live, name, observed, seen_of};

#[test]
fn nothing_unreadable_is_taken_for_absent_s10() {
    type Blinding = (&'static str, fn(&mut driftless_domain::ObservedService));
    let cases: [Blinding; 6] = [
        ("ecs:DescribeServices", |seen| seen.live = Seen::Unknown(denied("ecs:DescribeServices"))),
        ("ssm:GetParameters", |seen| seen.parameter = Seen::Unknown(denied("ssm:GetParameters"))),
        ("ecs:DescribeTaskDefinition", |seen| seen.running = Seen::Unknown(denied("ecs:DescribeTaskDefinition"))),
        ("ecs:ListTaskDefinitions", |seen| seen.family = Seen::Unknown(denied("ecs:ListTaskDefinitions"))),
        ("ecs:ListServiceDeployments", |seen| seen.rollouts = Seen::Unknown(denied("ecs:ListServiceDeployments"))),
        ("ecs:ListTasks", |seen| seen.containers = Seen::Unknown(denied("ecs:ListTasks"))),
    ];
    for (operation, blind) in cases {
        let (desired, mut observed) = crate::world::after_push(driftless_domain::RolloutState::Succeeded);
        blind(&mut observed.services[0]);
        let text = plan(&desired, &observed).to_string();
        assert_eq!(
            text,
            format!(
                "wait: could not be read: {operation} of shop-dev-web (denied): AccessDeniedException: not allowed"
            )
        );
    }
}

#[test]
fn a_missing_service_is_never_made_s10() {
    let (_, _, mut observed) = before_release();
    observed.services[0].live = Seen::Absent;
    check(
        &desired(),
        &observed,
        &expect![
            "wait: ServiceMissing: ECS knows no service shop-dev-web in cluster main; its owner must create it, or the spec must name another"
        ],
    );
}

#[test]
fn a_service_that_drains_or_belongs_to_another_controller_is_left() {
    let (_, _, mut observed) = before_release();
    live(&mut observed).state = ServiceState::Other("DRAINING".to_owned());
    check(&desired(), &observed, &expect!["wait: service shop-dev-web is DRAINING; nothing can be deployed to it"]);
    live(&mut observed).state = ServiceState::Active;
    live(&mut observed).controller = "CODE_DEPLOY".to_owned();
    check(
        &desired(),
        &observed,
        &expect![
            "wait: the deployments of service shop-dev-web belong to CODE_DEPLOY; Driftless deploys to services with the ECS deployment controller"
        ],
    );
}

#[test]
fn a_field_that_we_do_not_know_stops_everything_before_the_first_write_s15() {
    let (base, old, _) = before_release();
    let mut unknown = base;
    let mut fields = unknown.document.as_json().clone();
    fields.insert("quantum".to_owned(), true.into());
    unknown.document = TaskDocument::of(fields);
    let seen = seen_of("web", &old, vec![unknown, old.clone()], "sha-aaa");
    check(
        &desired(),
        &observed(vec![seen]),
        &expect![
            "wait: UnsupportedTaskDefinition: web:1: fields that this version of Driftless does not know: quantum"
        ],
    );
}

#[test]
fn an_artifact_without_an_image_for_a_service_goes_nowhere() {
    let (_, _, observed) = before_release();
    let mut desired = desired();
    let driftless_domain::Effective::Wanted(release) = &mut desired.effective else { panic!("a release") };
    release.images.remove(&name("web"));
    check(&desired, &observed, &expect!["wait: artifact sha-bbb has no image for service web"]);
}

#[test]
fn a_family_without_any_active_revision_has_no_base() {
    let (_, _, mut observed) = before_release();
    observed.services[0].running = Seen::Absent;
    observed.services[0].family = Seen::Absent;
    check(
        &desired(),
        &observed,
        &expect![
            "wait: there is no ACTIVE task definition to make the one for web from; infrastructure must register one"
        ],
    );
}

/// S8, S16: a revision that reads back as something else is not registered again and again.
#[test]
fn what_reads_back_different_is_registered_once_s8_s16() {
    let (base, old, _) = before_release();
    let mut odd = crate::world::ours(&base, 3, 'b');
    let mut fields = odd.document.as_json().clone();
    fields.insert("enableFaultInjection".to_owned(), true.into());
    odd.document = TaskDocument::of(fields);
    let mut desired = crate::world::pushed(&old, &odd, -300);
    let sent = desired.attempt.as_mut().unwrap().services.get_mut(&name("web")).unwrap();
    sent.push = None;
    sent.registered = Some(odd.arn.clone());
    let seen = seen_of("web", &old, vec![odd, old.clone(), base], "sha-bbb");
    // It carries our tags and is not what its base says: it counts as infrastructure's, and has our image already.
    check(
        &desired,
        &observed(vec![seen.clone()]),
        &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"],
    );
    // Not even the image reads back.
    let mut seen = seen;
    let Seen::Known(family) = &mut seen.family else { panic!("a family") };
    family.revisions[0] = crate::world::ours(&family.revisions[2].clone(), 3, 'd');
    check(
        &desired,
        &observed(vec![seen]),
        &expect![
            "wait: web: web:3 was registered from web:1 and reads back as something else; nothing more is registered. Compare the two with `aws ecs describe-task-definition` and report what differs"
        ],
    );
}
