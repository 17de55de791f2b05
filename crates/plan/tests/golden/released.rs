//! The way of a release that lives.

use driftless_domain::{Effective, Family, RolloutState, Seen, TaskDocument};
use driftless_plan::{Action, Plan, plan};
use expect_test::expect;

use crate::world::{
    after_push, base_of, before_release, check, desired, desired_of, digest, live, observed, ours, pushed, rollout,
    seconds, seen_of,
};

#[test]
fn the_parameter_is_written_first_and_the_revision_is_registered_beside_it() {
    let (_, _, observed) = before_release();
    check(
        &desired(),
        &observed,
        &expect![[r#"
        write parameter /shop/dev/web/version: "sha-aaa" -> "sha-bbb"
        register task definition for web: web:1 with image registry.example/shop/web@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"#]],
    );
}

/// S15, S2: what is registered is the base with one image changed, pinned by digest, and tagged.
#[test]
fn a_registered_revision_is_the_base_with_one_image_changed() {
    let (base, _, observed) = before_release();
    let Plan::Apply(actions) = plan(&desired(), &observed) else { panic!("steps") };
    let Some(Action::RegisterTaskDefinition { document, tags, .. }) = actions.last() else { panic!("a registration") };
    let mut undone = serde_json::to_value(&**document).unwrap();
    undone["containerDefinitions"][0]["image"] = "nginx:latest".into();
    assert_eq!(TaskDocument::of(undone.as_object().unwrap().clone()), base.document);
    let keys: Vec<&str> = tags.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "driftless:app",
            "driftless:base",
            "driftless:content-hash",
            "driftless:env",
            "driftless:generation",
            "driftless:release",
            "driftless:service",
            "owner",
        ]
    );
    assert_eq!((tags["driftless:base"].as_str(), tags["driftless:generation"].as_str()), ("web:1", "3"));
}

/// S7: a revision of ours with the same content is used again, after a crash or for a rollback.
#[test]
fn a_revision_with_our_content_is_reused() {
    let (base, old, mut observed) = before_release();
    let new = ours(&base, 3, 'b');
    observed.services[0].family = Seen::Known(Family { revisions: vec![new, old, base], named_base: None });
    check(
        &desired(),
        &observed,
        &expect![[r#"
        write parameter /shop/dev/web/version: "sha-aaa" -> "sha-bbb"
        update service shop-dev-web in cluster main: web:2 -> web:3"#]],
    );
}

#[test]
fn an_inactive_revision_is_not_used() {
    let (base, old, mut observed) = before_release();
    let mut new = ours(&base, 3, 'b');
    new.active = false;
    observed.services[0].family = Seen::Known(Family { revisions: vec![new, old, base], named_base: None });
    let text = plan(&desired(), &observed).to_string();
    assert!(text.contains("register task definition"), "{text}");
}

#[test]
fn a_rollout_is_awaited() {
    let (desired, observed) = after_push(RolloutState::InProgress);
    check(&desired, &observed, &expect!["wait: web is rolling out web:3"]);
}

#[test]
fn success_is_a_successful_deployment_whose_tasks_show_the_digest() {
    let (desired, observed) = after_push(RolloutState::Succeeded);
    check(&desired, &observed, &expect!["converged"]);
}

/// S2: whatever the counts say, another digest is not what was approved.
#[test]
fn another_running_digest_is_shown_and_not_called_converged() {
    let (desired, mut observed) = after_push(RolloutState::Succeeded);
    let Seen::Known(containers) = &mut observed.services[0].containers else { panic!("containers") };
    containers[0].digest = Some(digest('c'));
    check(
        &desired,
        &observed,
        &expect![
            "wait: DigestMismatch: task t1 of web runs sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc, not sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        ],
    );
}

#[test]
fn no_running_task_is_not_success_unless_none_is_wanted() {
    let (desired, mut observed) = after_push(RolloutState::Succeeded);
    observed.services[0].containers = Seen::Known(Vec::new());
    check(&desired, &observed, &expect!["wait: web is deployed, and none of its 2 tasks is running yet"]);
    live(&mut observed).desired_count = 0;
    check(&desired, &observed, &expect!["converged"]);
}

#[test]
fn services_go_in_the_order_of_the_spec_each_waiting_for_the_one_before() {
    let desired = desired_of(&["web", "worker"], "sha-bbb", 'b');
    let base = |family: &str| base_of(family, 1, "x");
    let new = |family: &str| ours(&base(family), 3, 'b');
    let old = |family: &str| ours(&base(family), 2, 'a');
    let family = |name: &str| vec![new(name), old(name), base(name)];
    let mut seen = observed(vec![
        seen_of("web", &old("web"), family("web"), "sha-bbb"),
        seen_of("worker", &old("worker"), family("worker"), "sha-bbb"),
    ]);
    check(&desired, &seen, &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"]);

    seen.services[0] = seen_of("web", &new("web"), family("web"), "sha-bbb");
    live(&mut seen).deployments[0].state = RolloutState::InProgress;
    seen.services[0].rollouts = Seen::Known(vec![rollout("sd/1", &new("web"), RolloutState::InProgress, seconds(-5))]);
    check(&desired, &seen, &expect!["wait: web is rolling out web:3"]);

    seen.services[0] = seen_of("web", &new("web"), family("web"), "sha-bbb");
    check(&desired, &seen, &expect!["update service shop-dev-worker in cluster main: worker:2 -> worker:3"]);
}

/// Section 5, point 2: a new revision of infrastructure is rebased onto, not healed away.
#[test]
fn a_newer_infrastructure_revision_is_the_new_base() {
    let base = base_of("web", 1, "prod");
    let live = ours(&base, 3, 'b');
    let newer = base_of("web", 4, "prod-2");
    let seen = seen_of("web", &live, vec![newer, live.clone(), base], "sha-bbb");
    check(
        &desired(),
        &observed(vec![seen]),
        &expect![
            "register task definition for web: web:4 with image registry.example/shop/web@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        ],
    );
}

/// A person who copies our revision in the console and edits it copies our tags too; the edit is not lost (S15).
#[test]
fn an_edited_copy_with_our_tags_counts_as_infrastructures() {
    let base = base_of("web", 1, "prod");
    let live = ours(&base, 3, 'b');
    let mut copy = ours(&base_of("web", 1, "edited"), 4, 'c');
    copy.tags = live.tags.clone();
    let seen = seen_of("web", &copy, vec![copy.clone(), live, base], "sha-bbb");
    let text = plan(&desired(), &observed(vec![seen])).to_string();
    assert!(text.starts_with("register task definition for web: web:4 with image"), "{text}");
}

#[test]
fn a_service_that_was_pointed_elsewhere_is_drift() {
    let base = base_of("web", 1, "prod");
    let (good, other) = (ours(&base, 3, 'b'), ours(&base, 2, 'a'));
    let seen = seen_of("web", &other, vec![good, other.clone(), base], "sha-bbb");
    check(&desired(), &observed(vec![seen]), &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"]);
}

/// S9: a higher generation supersedes a rollout that is under way, with one update.
#[test]
fn a_newer_generation_supersedes_a_rollout_in_progress() {
    let base = base_of("web", 1, "prod");
    let (older, newer) = (ours(&base, 2, 'a'), ours(&base, 3, 'b'));
    let mut seen = seen_of("web", &older, vec![newer, older.clone(), base], "sha-bbb");
    seen.rollouts = Seen::Known(vec![rollout("sd/1", &older, RolloutState::InProgress, seconds(-20))]);
    check(&desired(), &observed(vec![seen]), &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"]);
}

/// Own-write tracking: a stale answer is not drift (S7).
#[test]
fn an_update_that_is_not_visible_yet_is_not_sent_again() {
    let (base, old, mut observed) = before_release();
    let new = ours(&base, 3, 'b');
    observed.services[0] = seen_of("web", &old, vec![new.clone(), old.clone(), base], "sha-bbb");
    check(
        &pushed(&old, &new, -30),
        &observed,
        &expect!["wait: web: web:3 was sent a moment ago and ECS does not show it yet"],
    );
    // After a minute it counts as not made.
    check(&pushed(&old, &new, -61), &observed, &expect!["update service shop-dev-web in cluster main: web:2 -> web:3"]);
}

#[test]
fn after_a_rejection_the_parameter_follows_the_last_good_release() {
    let (_, _, mut observed) = before_release();
    let mut desired = desired_of(&["web"], "sha-aaa", 'a');
    let Effective::Wanted(release) = desired.effective else { panic!("a release") };
    desired.effective = Effective::LastGood(release);
    observed.services[0].parameter = seen_of("web", &base_of("web", 1, "x"), Vec::new(), "sha-bbb").parameter;
    check(&desired, &observed, &expect![[r#"write parameter /shop/dev/web/version: "sha-bbb" -> "sha-aaa""#]]);
}
