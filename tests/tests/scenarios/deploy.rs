//! A release goes live.

use std::time::Duration;

use driftless_domain::tag_keys;
use driftless_sim::ServiceOptions;
use driftless_tests::lab::{Lab, generation, image, tag};

const MINUTES: Duration = Duration::from_secs(5 * 60);

/// L1: one release, with exactly one of each call that changes something.
#[tokio::test(start_paused = true)]
async fn a_release_converges_with_one_of_each_call() {
    let lab = Lab::new(1).await;
    let base = lab.runs("dev", "web");
    lab.deploy("dev", 'a').await;
    lab.run_for(MINUTES).await;

    lab.assert_lives("dev", 'a', "after the release").await;
    for operation in ["ssm:PutParameter", "ecs:RegisterTaskDefinition", "ecs:UpdateService"] {
        assert_eq!(lab.effects(operation).len(), 1, "{operation}: {:#?}", lab.world.history());
    }
    let live = lab.runs("dev", "web");
    assert!(live.document.same_but_for_image(&base.document, &lab.binding("dev").services[0].container));
    assert_eq!(live.tags.get("owner").map(String::as_str), Some("platform"), "tags of others are carried over");
    assert_eq!(live.tags.get(tag_keys::BASE).map(String::as_str), Some(base.arn.short()));
    let kinds: Vec<String> = lab.events("dev").await.iter().map(|event| event.kind.to_string()).collect();
    assert_eq!(kinds, ["requested", "started", "intent", "intent", "intent", "converged"]);
    lab.assert_no_violation();
}

/// S6: a converged target is a fixpoint: no call that changes anything, and few reads.
#[tokio::test(start_paused = true)]
async fn a_converged_target_is_left_alone_s6() {
    let lab = Lab::new(2).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(MINUTES).await;
    lab.world.reset_counts();
    lab.run_for(Duration::from_secs(3600)).await;
    let counts = lab.world.counts();
    assert_eq!(counts.writes, 0, "{counts:?}");
    lab.assert_lives("dev", 'a', "an hour later").await;
}

/// Batching: at 100 targets a look at converged targets costs at most a quarter of a read per target.
#[tokio::test(start_paused = true)]
async fn a_look_at_a_hundred_converged_targets_costs_a_quarter_of_a_read_each() {
    let lab = Lab::with(3, &["web"], &["dev"], ServiceOptions::default()).await;
    let lab = hundred_targets(&lab).await;
    let controller = lab.controller();
    let mut rounds = 0;
    loop {
        let ended = driftless_reconcile::once(&controller, None).await.unwrap();
        assert_eq!(ended.len(), 100);
        if ended.iter().all(|one| one.plan == "converged") {
            break;
        }
        rounds += 1;
        assert!(rounds < 50, "{:?}", ended.iter().find(|one| one.plan != "converged"));
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    lab.world.reset_counts();
    let (records_before, world_before) = (lab.store.counts(), lab.world.counts());
    let ended = driftless_reconcile::once(&controller, None).await.unwrap();
    assert!(ended.iter().all(|one| one.plan == "converged"));
    let (records, world) = (lab.store.counts(), lab.world.counts());
    let reads = world.reads - world_before.reads + records.reads - records_before.reads;
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    let per_target = reads as f64 / 100.0;
    println!(
        "reads per converged target at 100 targets: {per_target} (of AWS {}, of records {})",
        world.reads,
        records.reads - records_before.reads
    );
    assert!(per_target <= 0.25, "{per_target}: {world:?}");
    assert_eq!(world.writes, 0, "{world:?}");
    assert_eq!(records.writes, records_before.writes, "no status is written without a change");
}

/// Four apps of twenty-five environments each, all in one account.
async fn hundred_targets(lab: &Lab) -> Lab {
    use std::fmt::Write as _;
    let mut labs = Vec::new();
    for app in ["mall", "fair", "kiosk", "stand"] {
        let mut spec =
            format!("apiVersion: driftless/v1\nkind: container\napp: {app}\nservices:\n  - name: web\nenvironments:\n");
        for index in 0..25 {
            writeln!(
                spec,
                "  - name: env-{index}\n    account: \"111111111111\"\n    region: eu-west-1\n    cluster: main"
            )
            .unwrap();
        }
        labs.push(lab.another_app(&spec, ServiceOptions { desired_count: 1, ..ServiceOptions::default() }).await);
    }
    for one in &labs {
        one.announce('a').await;
        for environment in &one.spec.environments {
            one.deploy_to(&environment.name, 'a').await;
        }
    }
    labs.swap_remove(0)
}

/// Section 5, point 4.
#[tokio::test(start_paused = true)]
async fn the_second_service_waits_for_the_first() {
    let lab = Lab::with(4, &["web", "worker"], &["dev"], ServiceOptions::default()).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(MINUTES).await;
    lab.assert_lives("dev", 'a', "both").await;
    let updates = lab.effects("ecs:UpdateService");
    let order: Vec<bool> = updates.iter().map(|call| call.object.ends_with("shop-dev-web")).collect();
    assert_eq!(order, [true, false]);
    let apart = updates[1].at.duration_since(updates[0].at);
    assert!(apart.as_secs() >= 20, "the first takes 20 s to become healthy; the second began after {apart}");
}

/// A rollback to an older release is a new generation with the older artifact; its revision is used again.
#[tokio::test(start_paused = true)]
async fn going_back_to_an_older_release_reuses_its_revision() {
    let lab = Lab::new(5).await;
    for letter in ['a', 'b'] {
        lab.deploy("dev", letter).await;
        lab.run_for(MINUTES).await;
        lab.assert_lives("dev", letter, "forward").await;
    }
    lab.deploy("dev", 'a').await;
    lab.run_for(MINUTES).await;
    lab.assert_lives("dev", 'a', "back").await;
    assert_eq!(lab.our_revisions("dev", "web"), 2, "no third revision");
    assert_eq!(lab.status("dev").await.unwrap().observed_generation, generation(3));
}

/// S9: a newer generation takes over a rollout that is under way, with exactly one update.
#[tokio::test(start_paused = true)]
async fn a_newer_generation_supersedes_with_one_update_s9() {
    let lab = Lab::new(6).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(Duration::from_secs(10)).await;
    assert_eq!(lab.runs_image("dev", "web"), image("web", 'a').to_string(), "the first is rolling out");
    lab.deploy("dev", 'b').await;
    lab.run_for(MINUTES).await;
    lab.assert_lives("dev", 'b', "the newer one").await;
    assert_eq!(lab.effects("ecs:UpdateService").len(), 2);
    let events = lab.events("dev").await;
    assert!(
        events.iter().any(|event| event.kind.to_string() == "superseded" && event.text.contains(tag('a').as_str()))
    );
    lab.assert_no_violation();
}

/// Section 5, point 2: nobody tells us of a new revision of infrastructure; a resync finds it.
#[tokio::test(start_paused = true)]
async fn a_revision_of_infrastructure_is_rebased_onto() {
    let lab = Lab::new(7).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(MINUTES).await;
    let newer = lab.register_base("dev", "web", "v2");
    lab.run_for(Duration::from_secs(15 * 60)).await;
    lab.assert_lives("dev", 'a', "on the new base").await;
    let live = lab.runs("dev", "web");
    assert_eq!(live.tags.get(tag_keys::BASE).map(String::as_str), Some(newer.short()));
    assert_eq!(lab.effects("ecs:UpdateService").len(), 2);
    lab.assert_no_violation();
}
