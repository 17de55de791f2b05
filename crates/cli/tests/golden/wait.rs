//! Waiting: only convergence exits with 0.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::fake::{Fake, Said, ok, problem, view, waited};

const WAIT: &str = "GET /v1/apps/shop/environments/dev/wait";

fn check(answers: Vec<Said>, arguments: &[&str], expected: &Expect) {
    let mut all = vec!["wait", "shop", "dev"];
    all.extend(arguments);
    expected.assert_eq(&Fake::new(vec![(WAIT, answers)]).run(&all));
}

fn progressing(reason: &str) -> Said {
    waited("pending", view("progressing", reason, &json!({})))
}

fn rejected(outcome: &str, stopped: &Value) -> Said {
    let status = json!({"observed_generation": 3, "plan": "converged", "services": [], "rejected": {"generation": 3,
        "tag": "v2", "outcome": outcome, "reason": "deployment failed: tasks failed to start", "stopped_task": stopped}});
    waited(outcome, view("rejected", "release v2 was rejected; runs v1", &json!({"status": status})))
}

#[test]
fn converged_exits_with_0_and_each_change_is_told_once() {
    let answers = vec![
        progressing("web: register a revision"),
        progressing("web: register a revision"),
        progressing("web: waiting for the rollout"),
        waited("converged", view("converged", "runs v2 (generation 3)", &json!({}))),
    ];
    check(
        answers,
        &["--generation", "3", "--for=converged"],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Progressing: web: register a revision
        00:10:00Z shop/dev generation 3: Progressing: web: waiting for the rollout
        00:10:00Z shop/dev generation 3: Converged: runs v2 (generation 3)
        shop/dev: v2 converged at generation 3
        --- exit 0
    "#]],
    );
}

#[test]
fn rolled_back_never_exits_with_0_and_says_why_the_task_stopped() {
    let stopped = json!("Essential container in task exited (exit code 1)");
    check(
        vec![progressing("web: waiting"), rejected("rolled-back", &stopped)],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Progressing: web: waiting
        00:10:00Z shop/dev generation 3: Rejected: release v2 was rejected; runs v1
        --- stderr
        driftless: shop/dev: v2 was rolled back (generation 3)
          deployment failed: tasks failed to start
          the last task stopped: Essential container in task exited (exit code 1)
          next: driftless status shop dev
        --- exit 7
    "#]],
    );
    check(
        vec![rejected("failed", &json!(null))],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Rejected: release v2 was rejected; runs v1
        --- stderr
        driftless: shop/dev: v2 failed (generation 3)
          deployment failed: tasks failed to start
          next: driftless status shop dev
        --- exit 7
    "#]],
    );
}

#[test]
fn superseded_is_not_live() {
    let newer = json!({"desired": {"generation": 4, "artifact": "v3", "requestedBy": "operator", "reason": "x",
        "requestedAt": "2026-01-01T00:09:00Z"}});
    check(
        vec![waited("superseded", view("pending", "not looked at yet", &newer))],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Pending: not looked at yet
        --- stderr
        driftless: shop/dev: generation 3 was superseded
          v3 is wanted at generation 4
          next: driftless status shop dev
        --- exit 7
    "#]],
    );
}

#[test]
fn degraded_is_3_and_gated_is_6_when_seen_twice() {
    let degraded = waited("degraded", view("degraded", "ecs:UpdateService of web (denied)", &json!({})));
    check(
        vec![degraded.clone(), progressing("web: update service"), degraded],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Degraded: ecs:UpdateService of web (denied)
        00:10:00Z shop/dev generation 3: Progressing: web: update service
        00:10:00Z shop/dev generation 3: Degraded: ecs:UpdateService of web (denied)
        --- stderr
        driftless: shop/dev: generation 3 needs a person
          ecs:UpdateService of web (denied)
          next: driftless status shop dev
        --- exit 3
    "#]],
    );
    let gated = waited("gated", view("awaiting-approval", "prod asks for approvals (staff: 1)", &json!({})));
    check(
        vec![gated],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Awaiting approval: prod asks for approvals (staff: 1)
        --- stderr
        driftless: shop/dev: a gate is closed for generation 3
          prod asks for approvals (staff: 1)
          next: driftless status shop dev
        --- exit 6
    "#]],
    );
}

#[test]
fn what_is_not_decided_in_time_is_124_and_says_the_last_state() {
    check(
        vec![progressing("web: waiting for the rollout")],
        &["--timeout", "1s"],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Progressing: web: waiting for the rollout
        --- stderr
        driftless: gave up waiting for generation 3 of shop/dev after 1 s
          Progressing: web: waiting for the rollout
          next: driftless status shop dev
        --- exit 124
    "#]],
    );
}

#[test]
fn an_api_that_restarts_meanwhile_is_waited_for() {
    let done = waited("converged", view("converged", "runs v2 (generation 3)", &json!({})));
    let gone = problem(503, "records-unreachable", "the records could not be reached");
    check(
        vec![progressing("web: waiting"), gone.clone(), done],
        &[],
        &expect![[r#"
        00:10:00Z shop/dev generation 3: Progressing: web: waiting
        00:10:00Z shop/dev generation 3: Converged: runs v2 (generation 3)
        shop/dev: v2 converged at generation 3
        --- exit 0
    "#]],
    );
    check(
        vec![gone],
        &[],
        &expect![[r#"
        --- stderr
        driftless: cannot wait for shop/dev
          the API at http://api says: the records could not be reached (records-unreachable, HTTP 503)
        --- exit 1
    "#]],
    );
}

#[test]
fn json_prints_one_document() {
    let done = waited(
        "converged",
        json!({"target": "shop/dev", "headline": "converged", "reason": "runs v2",
        "now": "2026-01-01T00:10:00Z"}),
    );
    check(
        vec![progressing("web: waiting"), done],
        &["-o", "json"],
        &expect![[r#"
        {
          "generation": 3,
          "headline": "converged",
          "now": "2026-01-01T00:10:00Z",
          "outcome": "converged",
          "reason": "runs v2",
          "target": "shop/dev"
        }
        --- exit 0
    "#]],
    );
}

#[test]
fn deploying_can_wait_for_its_own_generation() {
    let deployed = json!({"target": "shop/dev", "artifact": "v2", "generation": 3, "changed": true});
    let fake = Fake::new(vec![
        ("PUT /v1/apps/shop/environments/dev/desired", vec![ok(&deployed)]),
        (WAIT, vec![rejected("rolled-back", &json!("exit code 1"))]),
    ]);
    expect![[r#"
        shop/dev: v2 is wanted at generation 3
        00:10:00Z shop/dev generation 3: Rejected: release v2 was rejected; runs v1
        --- stderr
        driftless: shop/dev: v2 was rolled back (generation 3)
          deployment failed: tasks failed to start
          the last task stopped: exit code 1
          next: driftless status shop dev
        --- exit 7
    "#]]
    .assert_eq(&fake.run(&["deploy", "shop", "dev", "v2", "--reason", "try it", "--wait"]));
    let asked = fake.asked();
    assert_eq!(
        (asked[0].if_match.as_deref(), asked[0].body.as_str()),
        (Some("*"), r#"{"artifact":"v2","reason":"try it"}"#)
    );
    assert_eq!(asked[1].line, format!("{WAIT}?timeout=2&generation=3"));
}
