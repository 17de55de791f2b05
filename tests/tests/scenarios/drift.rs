//! The live state leaves the desired one without our doing, and is put back, within a budget.

use std::time::Duration;

use driftless_domain::{Headline, Health, Sync};
use driftless_reconcile::{CONTESTED_AFTER, Next};
use driftless_tests::lab::{Lab, RESYNC, image, tag};

async fn live() -> Lab {
    let lab = Lab::new(21).await;
    lab.deploy("dev", 'a').await;
    lab.run_for(Duration::from_secs(300)).await;
    lab.assert_lives("dev", 'a', "before the drift").await;
    lab.world.clear_history();
    lab
}

#[tokio::test(start_paused = true)]
async fn a_service_pointed_elsewhere_and_an_edited_parameter_are_put_right_in_one_resync() {
    let lab = live().await;
    let elsewhere = lab.register_other("dev", "web");
    lab.point_elsewhere("dev", "web", &elsewhere);
    lab.edit_parameter("dev", "web", "by-hand");
    let ended = lab.once().await;
    assert_eq!(ended[0].next, Next::Progress, "{ended:?}");
    assert_eq!(lab.runs_image("dev", "web"), image("web", 'a').to_string());
    assert_eq!(lab.parameter("dev", "web"), Some(tag('a').to_string()));
    assert_eq!((lab.effects("ecs:UpdateService").len(), lab.effects("ssm:PutParameter").len()), (1, 1));
    assert_eq!(lab.effects("ecs:RegisterTaskDefinition").len(), 0, "the revision that was live is used again");
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_lives("dev", 'a', "healed").await;
    assert_eq!(lab.status("dev").await.unwrap().heals.len(), 2);
    lab.assert_no_violation();
}

#[tokio::test(start_paused = true)]
async fn a_service_pointed_to_another_family_comes_back_to_its_own() {
    let lab = live().await;
    let place = lab.binding("dev").place;
    let other = serde_json::json!({"family": "other", "containerDefinitions": [{"name": "web", "image": "else:1", "memory": 64}]});
    let other = lab.world.person_registers(&place, other, std::collections::BTreeMap::new()).unwrap();
    lab.point_elsewhere("dev", "web", &other);
    lab.run_for(Duration::from_secs(180)).await;
    lab.assert_lives("dev", 'a', "back in its family").await;
    lab.assert_no_violation();
}

/// S8: within 24 hours, whatever the other side does, the heals stay within the budget, and then we stop and say who.
#[tokio::test(start_paused = true)]
async fn a_parameter_that_somebody_keeps_changing_back_is_contested_s8() {
    let lab = live().await;
    for _ in 0..(24 * 60) {
        if lab.parameter("dev", "web") != Some("theirs".to_owned()) {
            lab.edit_parameter("dev", "web", "theirs");
        }
        lab.run_for(RESYNC).await;
    }
    let writes = lab.effects("ssm:PutParameter").len();
    assert_eq!(writes, CONTESTED_AFTER, "writes in 24 hours");
    let status = lab.status("dev").await.unwrap();
    assert_eq!((status.sync, status.health), (Sync::OutOfSync, Health::Degraded));
    let now = lab.clock.now();
    assert_eq!(status.headline(now, now, RESYNC), Headline::Degraded);
    assert_eq!(
        status.reason,
        "Contested: web parameter was put back 5 times and comes back as theirs; it should be sha-aaaaaaa. Find who changes it, then run `driftless deploy` again"
    );
    // A person decides: asking again is a new generation with a new budget.
    assert!(lab.deploy("dev", 'a').await.changed);
    lab.run_for(Duration::from_secs(120)).await;
    lab.assert_lives("dev", 'a', "after the person's word").await;
}

/// Section 5, point 7: the count of tasks belongs to others.
#[tokio::test(start_paused = true)]
async fn scaling_is_seen_and_never_changed_s15() {
    let lab = live().await;
    let binding = lab.binding("dev");
    let one = &binding.services[0];
    lab.world.autoscaling_scales(&binding.place, &one.cluster, &one.service, 7);
    lab.run_for(Duration::from_secs(300)).await;
    let status = lab.status("dev").await.unwrap();
    assert_eq!(status.services[0].wanted, Some(7));
    assert_eq!(status.plan, "converged");
    lab.world.person_scales(&binding.place, &one.cluster, &one.service, 0);
    lab.run_for(Duration::from_secs(300)).await;
    assert_eq!(lab.status("dev").await.unwrap().plan, "converged");
    assert_eq!(
        lab.world
            .history()
            .iter()
            .filter(|call| call.actor == "driftless" && call.writes && call.operation.starts_with("ecs"))
            .count(),
        0
    );
}

/// S10: a service that is gone is reported after a minute, and neither made nor replaced.
#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_reported_and_not_made_again_s10() {
    let lab = live().await;
    let binding = lab.binding("dev");
    let one = &binding.services[0];
    lab.world.faults().missing("shop-dev-web", 1);
    lab.run_for(Duration::from_secs(200)).await;
    lab.assert_lives("dev", 'a', "missing once is nothing").await;

    lab.world.person_deletes_service(&binding.place, &one.cluster, &one.service);
    lab.run_for(Duration::from_secs(3 * 3600)).await;
    let status = lab.status("dev").await.unwrap();
    assert_eq!(status.health, Health::Degraded);
    assert!(status.reason.starts_with("ServiceMissing"), "{}", status.reason);
    assert_eq!(lab.effects("ecs:UpdateService").len() + lab.effects("ecs:RegisterTaskDefinition").len(), 0);
    lab.assert_no_violation();
}

#[tokio::test(start_paused = true)]
async fn heal_report_shows_the_drift_and_leaves_it() {
    let lab = live().await;
    let mut text = driftless_tests::lab::spec_text(&["web"], &["dev"]);
    text.push_str("    heal: report\n");
    lab.apply(&text).await;
    lab.edit_parameter("dev", "web", "by-hand");
    lab.run_for(Duration::from_secs(300)).await;
    let status = lab.status("dev").await.unwrap();
    assert!(status.reason.starts_with("drifted; the spec says heal: report"), "{}", status.reason);
    let now = lab.clock.now();
    assert_eq!(status.headline(now, now, RESYNC), Headline::Drifted);
    assert_eq!(lab.effects("ssm:PutParameter").len(), 0);
}
