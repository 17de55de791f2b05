//! Waiting for a generation.

use std::time::Duration;

use driftless_domain::Clock;
use serde_json::{Value, json};

use crate::setup::Setup;

const WAIT: &str = "/v1/apps/shop/environments/dev/wait";

/// Deploys `v1` to dev, waits for it, and lets the controller write `change` after 5 s. The answer, and after how long.
async fn waited(change: Value, query: &str) -> (Value, u64) {
    let setup = Setup::shop().await;
    setup.deploy("dev", "v1", "*").await;
    let began = setup.clock.running_for();
    let path = format!("{WAIT}?{query}");
    let ((), answer) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            setup.found("shop/dev", change).await;
        },
        setup.get(&path)
    );
    (answer.json(), (setup.clock.running_for() - began).as_secs())
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_generation_has_converged() {
    let (answer, seconds) = waited(json!({}), "generation=1").await;
    assert_eq!((&answer["outcome"], &answer["target"]), (&json!("converged"), &json!("shop/dev")));
    assert!((5..=7).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_release_was_taken_back() {
    for (how, outcome) in [("rolled-back", "rolled-back"), ("failed", "failed")] {
        let rejected = json!({"generation": 1, "tag": "v1", "outcome": how, "reason": "tasks failed to start",
            "stopped_task": "exit code 1", "at": "2026-01-01T00:00:00Z"});
        let (answer, seconds) = waited(json!({"rejected": rejected, "gate": "rejected", "converged": null}), "").await;
        assert_eq!(answer["outcome"], outcome);
        assert!((5..=7).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_decided_is_told_at_the_timeout() {
    let table = [
        (json!({"sync": "out-of-sync", "health": "progressing", "converged": null}), "pending"),
        (json!({"sync": "out-of-sync", "health": "degraded", "converged": null}), "degraded"),
        (json!({"sync": "out-of-sync", "gate": "awaiting-approval", "converged": null}), "gated"),
    ];
    for (change, outcome) in table {
        let (answer, seconds) = waited(change, "generation=1&timeout=20").await;
        assert_eq!(answer["outcome"], outcome);
        assert!((20..=22).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_generation_is_superseded_and_a_later_one_is_not_there() {
    let setup = Setup::shop().await;
    assert_eq!(setup.get(WAIT).await.problem().0, 404, "nothing is wanted yet");
    setup.deploy("dev", "v1", "*").await;
    setup.deploy("dev", "v2", "*").await;
    assert_eq!(setup.get(&format!("{WAIT}?generation=1")).await.json()["outcome"], "superseded");
    assert_eq!(setup.get(&format!("{WAIT}?generation=3")).await.problem().0, 404);
    for bad in ["generation=0", "generation=x", "timeout=61", "timeout=-1", "for=converged"] {
        assert_eq!(setup.get(&format!("{WAIT}?{bad}")).await.problem().0, 400, "{bad}");
    }
    let now = setup.get(&format!("{WAIT}?timeout=0")).await.json();
    assert_eq!((&now["generation"], &now["outcome"]), (&json!(2), &json!("pending")));
}
