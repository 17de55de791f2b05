//! Looking: status, diff, history, reconcile.

use expect_test::expect;
use serde_json::json;

use crate::fake::{Fake, ok, view};

const TARGET: &str = "GET /v1/apps/shop/environments/dev";

fn targets() -> Fake {
    let long =
        "web: waiting for the rollout of shop-web:15, which is in progress with 1 of 2 tasks running since 00:02";
    let nothing = json!({"target": "shop/staging", "desired": null, "status": null, "runs": null, "since": null,
        "lookedAt": null, "fresh": false});
    let list = json!({"now": "2026-01-01T00:10:00Z", "targets": [
        view("converged", "runs v2 (generation 3)", &json!({})),
        view("progressing", long, &json!({"target": "shop/perf", "runs": "changing"})),
        view("pending", "nothing is wanted here yet", &nothing),
        view("awaiting-approval", "prod asks\u{1b}[31m for approvals", &json!({"target": "shop/prod"})),
    ]});
    Fake::new(vec![("GET /v1/targets", vec![ok(&list)])])
}

#[test]
fn status_shows_one_line_per_target() {
    expect![[r#"
        APP   ENV      HEADLINE           WANTED  RUNS      SINCE  REASON
        shop  dev      Converged          v2      v2        8m     runs v2 (generation 3)
        shop  perf     Progressing        v2      changing  8m     web: waiting for the rollout of shop-web:15, which is in progress wit…
        shop  staging  Pending            -       -         -      nothing is wanted here yet
        shop  prod     Awaiting approval  v2      v2        8m     prod asks�[31m for approvals
        --- exit 0
    "#]].assert_eq(&targets().run(&["status"]));
    expect![[r#"
        APP   ENV      HEADLINE           WANTED  RUNS      SINCE  GENERATION  LOOKED   REASON
        shop  dev      Converged          v2      v2        8m     3           10s ago  runs v2 (generation 3)
        shop  perf     Progressing        v2      changing  8m     3           10s ago  web: waiting for the rollout of shop-web:15, which is in progress with 1 of 2 tasks running since 00:02
        shop  staging  Pending            -       -         -      -           -        nothing is wanted here yet
        shop  prod     Awaiting approval  v2      v2        8m     3           10s ago  prod asks�[31m for approvals
        --- exit 0
    "#]].assert_eq(&targets().run(&["status", "shop", "-o", "wide"]));
}

#[test]
fn status_of_one_target_shows_all_there_is() {
    let rejected = json!({"status": {"observed_generation": 3, "plan": "web: put back shop-web:13\nweb: write v1",
        "rejected": {"generation": 3, "tag": "v2", "outcome": "rolled-back",
            "reason": "the circuit breaker was triggered", "stopped_task": "Essential container exited (exit code 1)"},
        "services": [{"name": "web", "running": 1, "wanted": 2}]}});
    let fake = Fake::new(vec![(TARGET, vec![ok(&view("rejected", "v2 was rejected: it crashed", &rejected))])]);
    expect![[r#"
        APP   ENV  HEADLINE  WANTED  RUNS  SINCE  REASON
        shop  dev  Rejected  v2      v2    8m     v2 was rejected: it crashed

        reason    v2 was rejected: it crashed
        wanted    v2 at generation 3, by operator 10m ago: the new checkout
        looked    10s ago
        rejected  v2 of generation 3: the circuit breaker was triggered
        stopped   Essential container exited (exit code 1)
        plan      web: put back shop-web:13 (for generation 3)
                  web: write v1

        SERVICE  REVISION  TASKS  PARAMETER  ROLLOUT
        web      -         1/2    -          -
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["status", "shop", "dev"]));
    let token = fake.asked()[0].token.clone();
    assert_eq!(token.as_deref(), Some("Bearer 0123456789abcdef0123456789abcdef"));
}

#[test]
fn json_is_the_answer_of_the_api() {
    let answer = json!({"now": "2026-01-01T00:10:00Z", "targets": [], "later": {"field": 1}});
    let fake = Fake::new(vec![("GET /v1/targets", vec![ok(&answer)])]);
    expect![[r#"
        {
          "later": {
            "field": 1
          },
          "now": "2026-01-01T00:10:00Z",
          "targets": []
        }
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["-o", "json", "status"]));
    expect![[r#"
        no app has a spec yet; `driftless spec apply FILE` makes one
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["status"]));
}

#[test]
fn diff_exits_with_8_when_there_is_one() {
    let diff = |in_sync: serde_json::Value, steps: serde_json::Value| {
        let answer =
            json!({"target": "shop/dev", "inSync": in_sync, "steps": steps, "reason": "the reason", "plan": ""});
        Fake::new(vec![("GET /v1/apps/shop/environments/dev/diff", vec![ok(&answer)])]).run(&["diff", "shop", "dev"])
    };
    expect![[r#"
        shop/dev: out of sync
          web: update service
          web: write parameter
        --- exit 8
    "#]]
    .assert_eq(&diff(json!(false), json!(["web: update service", "web: write parameter"])));
    expect![[r#"
        shop/dev: out of sync
          the reason
        --- exit 8
    "#]]
    .assert_eq(&diff(json!(false), json!([])));
    expect![[r#"
        shop/dev: in sync
        --- exit 0
    "#]]
    .assert_eq(&diff(json!(true), json!([])));
    expect![[r#"
        --- stderr
        driftless: cannot compare shop/dev: the difference is not known
          the reason
          next: driftless status shop dev
        --- exit 1
    "#]]
    .assert_eq(&diff(json!(null), json!([])));
}

#[test]
fn history_is_told_newest_first() {
    let event = |generation: u64, kind: &str, at: &str, text: &str| {
        json!({"target": "shop/dev", "at": at,
        "sequence": 0, "kind": kind, "generation": generation, "actor": "operator", "text": text})
    };
    let answer = json!({"now": "2026-01-01T00:10:00Z", "events": [
        event(3, "converged", "2026-01-01T00:09:00Z", "runs v2"),
        event(3, "requested", "2026-01-01T00:01:00Z", "v2: the new checkout"),
    ]});
    let fake = Fake::new(vec![("GET /v1/apps/shop/environments/dev/history", vec![ok(&answer)])]);
    expect![[r#"
        WHEN     GENERATION  WHAT       WHO       TEXT
        60s ago  3           converged  operator  runs v2
        9m ago   3           requested  operator  v2: the new checkout
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["history", "shop", "dev", "--limit", "5"]));
    assert_eq!(fake.asked()[0].line, "GET /v1/apps/shop/environments/dev/history?limit=5");
}

#[test]
fn reconcile_waits_for_a_look_that_is_newer_than_the_request() {
    let asked = (202, None, json!({"target": "shop/dev", "requestedAt": "2026-01-01T00:10:00Z"}).to_string());
    let before = view("drifted", "somebody changed it", &json!({}));
    let later = json!({"lookedAt": "2026-01-01T00:10:01Z", "now": "2026-01-01T00:10:02Z"});
    let after = view("converged", "runs v2 (generation 3)", &later);
    let fake = Fake::new(vec![
        ("POST /v1/apps/shop/environments/dev/reconcile", vec![asked]),
        (TARGET, vec![ok(&before), ok(&after)]),
    ]);
    expect![[r#"
        APP   ENV  HEADLINE   WANTED  RUNS  SINCE  REASON
        shop  dev  Converged  v2      v2    8m     runs v2 (generation 3)

        reason    runs v2 (generation 3)
        wanted    v2 at generation 3, by operator 10m ago: the new checkout
        looked    1s ago
        plan      converged (for generation 3)

        SERVICE  REVISION     TASKS  PARAMETER  ROLLOUT
        web      shop-web:14  2/2    v2         shop-web:14 successful
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["reconcile", "shop", "dev"]));
}

#[test]
fn an_app_whose_spec_does_not_parse_has_a_line() {
    let problem = "Invalid record: spec#blog: document: missing";
    let list = json!({"now": "2026-01-01T00:10:00Z", "targets": [view("converged", "runs v2 (generation 3)", &json!({}))],
        "invalid": [{"app": "blog", "problem": problem}]});
    let fake = Fake::new(vec![("GET /v1/targets", vec![ok(&list)])]);
    expect![[r#"
        APP   ENV  HEADLINE   WANTED  RUNS  SINCE  REASON
        shop  dev  Converged  v2      v2    8m     runs v2 (generation 3)
        blog  -    Degraded   -       -     -      Invalid record: spec#blog: document: missing
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["status"]));
}

#[test]
fn what_others_wrote_is_escaped_in_json() {
    let answer = json!({"targets": [], "reason": "a\u{9b}2J\u{202e}b\u{1b}"});
    let fake =
        Fake::new(vec![("GET /v1/targets", vec![ok(&answer)]), ("GET /v1/apps/shop/artifacts", vec![ok(&answer)])]);
    for arguments in [&["status", "-o", "json"][..], &["release", "list", "shop", "-o", "json"]] {
        let shown = fake.run(arguments);
        assert!(shown.contains(r#""a\u009b2J\u202eb\u001b""#), "{shown}");
    }
}
