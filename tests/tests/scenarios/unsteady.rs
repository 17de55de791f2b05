//! Histories by chance, from a seed: reads lag, answers get lost, accounts throttle, people and tools interfere. Then the
//! faults cease, and everything converges and stays so (L1), with no invariant broken on the way.

use std::time::Duration;

use driftless_sim::{ImageBehaviour, Throttle};
use driftless_tests::lab::{Lab, RESYNC};

/// Histories in one test run. `DRIFTLESS_SEEDS=2000` walks further.
fn seeds() -> u64 {
    std::env::var("DRIFTLESS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

async fn unsteady(seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let services: &[&str] = if rng.bool() { &["web"] } else { &["web", "worker"] };
    let options = driftless_sim::ServiceOptions { desired_count: 2, ..Default::default() };
    let lab = Lab::with(seed, services, &["dev", "prod"], options).await;
    lab.world.service_deployments_known(rng.u8(0..4) > 0);
    lab.world.image_behaves(
        &"f".repeat(64),
        ImageBehaviour::Crashes { after: Duration::from_secs(3), exit_code: 1, reason: String::new() },
    );
    let faults = lab.world.faults();
    faults.stale_reads(Duration::from_secs(rng.u64(0..15)), rng.u8(0..60));
    faults.lose(rng.u8(0..8));
    if rng.bool() {
        faults.throttle(Throttle::everything().percent(rng.u8(0..30)));
    }
    for _ in 0..rng.usize(3..12) {
        let env = if rng.bool() { "dev" } else { "prod" };
        let service = services[rng.usize(0..services.len())];
        match rng.u8(0..8) {
            0..=2 => drop(lab.deploy(env, ['a', 'b', 'c', 'f'][rng.usize(0..4)]).await),
            3 => {
                let elsewhere = lab.register_other(env, service);
                lab.point_elsewhere(env, service, &elsewhere);
            }
            4 => lab.edit_parameter(env, service, "by-hand"),
            5 => drop(lab.register_base(env, service, &format!("v{}", rng.u8(2..9)))),
            6 => {
                let binding = lab.binding(env);
                let one = driftless_tests::lab::bound(&binding, service);
                lab.world.autoscaling_scales(&binding.place, &one.cluster, &one.service, rng.u32(1..5));
            }
            _ => faults.crash_at(
                faults.calls_made() + rng.u64(1..40),
                [driftless_sim::Where::Before, driftless_sim::Where::After][rng.usize(0..2)],
            ),
        }
        lab.run_for(Duration::from_secs(rng.u64(1..400))).await;
    }
    faults.cease();
    // The last word is a person's: a build that lives, everywhere.
    for env in ["dev", "prod"] {
        lab.deploy(env, 'd').await;
    }
    lab.run_for(Duration::from_secs(45 * 60)).await;
    for env in ["dev", "prod"] {
        lab.assert_lives(env, 'd', &format!("seed {seed}, {env}")).await;
    }
    let violations = lab.world.violations();
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    // S6: and it stays so.
    lab.world.reset_counts();
    lab.run_for(RESYNC * 30).await;
    assert_eq!(lab.world.counts().writes, 0, "seed {seed}: a fixpoint");
}

#[tokio::test(start_paused = true)]
async fn whatever_happened_before_it_converges_when_the_faults_cease_l1_l2_s6() {
    for seed in 0..seeds() {
        unsteady(seed).await;
    }
}

/// S16: ECS answers in another order each time; the diff closes all the same.
#[tokio::test(start_paused = true)]
async fn reordered_answers_are_not_drift_s16() {
    let lab = Lab::new(9).await;
    lab.deploy("dev", 'a').await;
    for _ in 0..20 {
        // A new process each time: nothing is remembered, everything is read and compared again.
        lab.run_for(Duration::from_secs(120)).await;
    }
    assert_eq!(lab.our_revisions("dev", "web"), 1);
    assert_eq!(lab.effects("ecs:UpdateService").len(), 1);
}

/// S7, own-write tracking: answers that are half a minute old make neither a second revision nor a second deployment, also
/// when the process dies in between.
#[tokio::test(start_paused = true)]
async fn answers_that_lag_double_nothing_s7() {
    for percent in [50, 100] {
        for crash in [None, Some(12), Some(20), Some(30)] {
            let lab = Lab::new(10).await;
            lab.world.faults().stale_reads(Duration::from_secs(30), percent);
            if let Some(number) = crash {
                lab.world.faults().crash_at(number, driftless_sim::Where::After);
            }
            lab.deploy("dev", 'a').await;
            lab.run_for(Duration::from_secs(900)).await;
            lab.world.faults().cease();
            lab.run_for(Duration::from_secs(300)).await;
            let context = format!("{percent} %, crash {crash:?}");
            lab.assert_lives("dev", 'a', &context).await;
            assert_eq!(lab.effects("ecs:UpdateService").len(), 1, "{context}");
            assert_eq!(lab.our_revisions("dev", "web"), 1, "{context}");
            lab.assert_no_violation();
        }
    }
}
