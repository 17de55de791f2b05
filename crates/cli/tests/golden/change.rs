//! Changing: deploy, release, the world of `driftlessd dev`.

use expect_test::expect;
use serde_json::json;

use crate::fake::{Fake, ok, problem};

const DESIRED: &str = "PUT /v1/apps/shop/environments/dev/desired";

#[test]
fn deploying_names_the_generation_that_asks_for_it() {
    let deployed =
        |changed: bool| ok(&json!({"target": "shop/dev", "artifact": "v2", "generation": 3, "changed": changed}));
    let fake = Fake::new(vec![(DESIRED, vec![deployed(true), deployed(false)])]);
    let arguments = ["deploy", "shop", "dev", "v2", "--reason", "try it", "--if-generation", "2"];
    expect![[r#"
        shop/dev: v2 is wanted at generation 3
          follow it with: driftless wait shop dev --generation 3
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&arguments));
    expect![[r#"
        shop/dev: v2 is wanted already, at generation 3
          follow it with: driftless wait shop dev --generation 3
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&arguments));
    assert_eq!(fake.asked()[0].if_match.as_deref(), Some("\"2\""));
}

#[test]
fn a_gate_is_6_and_a_conflict_is_5() {
    let unmet = json!({"type": "https://driftless.dev/problems/gated", "status": 409, "detail": "closed", "unmet": [
        {"gate": "order", "needsPerson": false, "message": "v2 has not converged in dev, which comes before prod"}]});
    let stale = json!({"type": "https://driftless.dev/problems/stale", "status": 412, "current": 7,
        "detail": "shop/dev is at 7, not at 2: somebody changed it; look again and repeat"});
    let arguments = ["deploy", "shop", "dev", "v2", "--reason", "try it"];
    let fake = Fake::new(vec![(DESIRED, vec![(409, None, unmet.to_string()), (412, None, stale.to_string())])]);
    expect![[r#"
        --- stderr
        driftless: cannot deploy v2 to shop/dev
          a gate is closed: v2 has not converged in dev, which comes before prod
        --- exit 6
    "#]]
    .assert_eq(&fake.run(&arguments));
    expect![[r#"
        --- stderr
        driftless: cannot deploy v2 to shop/dev
          the API at http://api says: shop/dev is at 7, not at 2: somebody changed it; look again and repeat (stale, HTTP 412)
          next: look at it again; it is at 7 now
        --- exit 5
    "#]].assert_eq(&fake.run(&arguments));
}

#[test]
fn a_build_is_announced_with_digests() {
    let image = format!("web=acme/web@sha256:{}", "2".repeat(64));
    let announced = json!({"artifact": {}, "new": true, "deployed": [{"environment": "dev", "generation": 3}],
        "notDeployed": [{"environment": "staging", "why": "v2 has not converged in dev"}]});
    let taken = problem(409, "tag-taken", "tag v2 of shop already stands for another build");
    let fake = Fake::new(vec![("POST /v1/apps/shop/artifacts", vec![ok(&announced), taken])]);
    let arguments = ["release", "create", "shop", "--tag", "v2", "--image", &image, "--git-sha", "abcdef1"];
    expect![[r#"
        v2 of shop is announced
          shop/dev: wanted at generation 3
          shop/staging: not asked for: v2 has not converged in dev
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&arguments));
    expect![[r#"
        --- stderr
        driftless: cannot announce v2 of shop
          the API at http://api says: tag v2 of shop already stands for another build (tag-taken, HTTP 409)
        --- exit 5
    "#]]
    .assert_eq(&fake.run(&arguments));
    let mutable = ["release", "create", "shop", "--tag", "v2", "--image", "web=acme/web:latest"];
    expect![[r#"
        --- stderr
        error: invalid value 'web=acme/web:latest' for '--image <SERVICE=REPOSITORY@DIGEST>': image "acme/web:latest" is not valid: written repository@sha256:… (the digest that was built, not a tag, which can move)

        For more information, try '--help'.
        --- exit 2
    "#]].assert_eq(&fake.run(&mutable));
}

#[test]
fn builds_are_listed() {
    let artifact = json!({"app": "shop", "tag": "v2", "git_sha": "abcdef0123456789", "branch": "main",
        "content": {"container": {"images": {"web": format!("acme/web@sha256:{}", "2".repeat(64))}}},
        "announced_by": "operator", "announced_at": "2026-01-01T00:00:00Z"});
    let fake = Fake::new(vec![(
        "GET /v1/apps/shop/artifacts",
        vec![ok(&json!({"now": "2026-01-01T00:10:00Z", "artifacts": [artifact]}))],
    )]);
    expect![[r#"
        TAG  COMMIT        BRANCH  ANNOUNCED  BY
        v2   abcdef012345  main    10m ago    operator
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["release", "list", "shop"]));
}

#[cfg(feature = "dev")]
#[test]
fn the_world_is_broken_by_name() {
    let fake = Fake::new(vec![
        ("POST /dev/break/release", vec![ok(&json!({"tag": "crash-1", "generation": 4}))]),
        ("POST /dev/scale", vec![(204, None, String::new())]),
    ]);
    expect![[r#"
        {
          "generation": 4,
          "tag": "crash-1"
        }
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["dev", "break", "release", "shop", "dev"]));
    expect![[r#"
        done
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["dev", "scale", "shop", "dev", "web", "3"]));
    expect![[r#"
        --- stderr
        driftless: cannot break the service web of shop/dev
          the API at http://api says: there is no such route (not-found, HTTP 404)
          next: `driftless dev` works with `driftlessd dev` only
        --- exit 1
    "#]]
    .assert_eq(&fake.run(&["dev", "break", "service", "shop", "dev", "web"]));
    let bodies: Vec<_> = fake.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(
        bodies,
        [
            r#"{"app":"shop","env":"dev"}"#,
            r#"{"app":"shop","count":3,"env":"dev","service":"web"}"#,
            r#"{"app":"shop","env":"dev","service":"web"}"#
        ]
    );
}
