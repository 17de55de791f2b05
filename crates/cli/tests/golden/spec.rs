//! Specs: checked without an API, applied with one.

use expect_test::expect;
use serde_json::json;

use crate::fake::{Fake, ok, problem, run};

pub(crate) const SPEC: &str = "apiVersion: driftless/v1
kind: container
app: shop
services:
  - name: web
environments:
  - name: dev
    account: \"111111111111\"
    region: eu-west-1
    cluster: main
";

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

fn local(arguments: &[&str], input: &str) -> String {
    run(NOWHERE, None, arguments, input)
}

#[test]
fn a_good_spec_is_valid() {
    expect![[r#"
        good/shop.yaml: valid, container app shop with 2 services in 3 environments
        --- exit 0
    "#]]
    .assert_eq(&local(&["spec", "validate", "good/shop.yaml"], ""));
    expect![[r#"
        {
          "findings": [],
          "valid": true
        }
        --- exit 0
    "#]]
    .assert_eq(&local(&["spec", "validate", "-", "-o", "json"], SPEC));
}

#[test]
fn a_bad_spec_is_2_with_every_finding_at_its_line() {
    let bad = SPEC.replace("eu-west-1", "Europe").replace("cluster", "clutser");
    expect![[r#"
        --- stderr
          × `cluster` is missing
           ╭─[standard input:7:5]
         7 │   - name: dev
           ·     ──┬─
           ·       ╰── environments[0].cluster
           ╰────

          × region "Europe" is not valid: like eu-west-1
           ╭─[standard input:9:13]
         9 │     region: Europe
           ·             ───┬──
           ·                ╰── environments[0].region
           ╰────

          ⚠ the key `clutser` is not known here
            ╭─[standard input:10:5]
         10 │     clutser: main
            ·     ───┬───
            ·        ╰── environments[0].clutser
            ╰────
          help: did you mean `cluster`?

        driftless: standard input is not valid: 2 errors
        --- exit 2
    "#]]
    .assert_eq(&local(&["spec", "validate", "-"], &bad));
}

#[test]
fn a_warning_is_an_error_when_strict() {
    let odd = format!("{SPEC}    autodeploy: true\n");
    expect![[r#"
        standard input: valid, container app shop with 1 service in 1 environment
        --- stderr
          ⚠ the key `autodeploy` is not known here
            ╭─[standard input:11:5]
         11 │     autodeploy: true
            ·     ─────┬────
            ·          ╰── environments[0].autodeploy
            ╰────
          help: did you mean `autoDeploy`?

        --- exit 0
    "#]]
    .assert_eq(&local(&["spec", "validate", "-"], &odd));
    expect![[r#"
        --- stderr
          × the key `autodeploy` is not known here
            ╭─[standard input:11:5]
         11 │     autodeploy: true
            ·     ─────┬────
            ·          ╰── environments[0].autodeploy
            ╰────
          help: did you mean `autoDeploy`?

        driftless: standard input is not valid: 1 error
        --- exit 2
    "#]]
    .assert_eq(&local(&["spec", "validate", "-", "--strict"], &odd));
}

#[test]
fn a_file_of_another_format_is_told_so_and_a_missing_one_too() {
    expect![[r#"
        --- stderr
          × this is an app spec of another format (codeforamerica shared services: keys title, program, repo); a
          │ Driftless spec begins with `apiVersion: driftless/v1`; importing this format is not supported yet
           ╭─[foreign/sample-app.yaml:1:1]
         1 │ title: My Application
           · ─────
           ╰────

        driftless: foreign/sample-app.yaml is not valid: 1 error
        --- exit 2
    "#]]
    .assert_eq(&local(&["spec", "validate", "foreign/sample-app.yaml"], ""));
    expect![[r#"
        --- stderr
        driftless: cannot read nothing.yaml
          No such file or directory (os error 2)
        --- exit 2
    "#]]
    .assert_eq(&local(&["spec", "validate", "nothing.yaml"], ""));
}

#[test]
fn the_schema_is_printed() {
    assert!(local(&["spec", "schema"], "").contains("\"$id\": \"https://driftless.dev/schemas/app-spec-v1.json\""));
}

#[test]
fn applying_says_which_version_it_was_made_from() {
    let get = "GET /v1/apps/shop/spec";
    let applied = ok(&json!({"app": "shop", "version": 4, "changed": true, "warnings": []}));
    let stored = (200, Some("\"3\""), "app: shop\n".to_owned());
    let fake = Fake::new(vec![(get, vec![stored]), ("PUT /v1/apps/shop/spec", vec![applied])]);
    let run = |arguments: &[&str]| run(&fake.address, Some("0123456789abcdef0123456789abcdef"), arguments, SPEC);
    expect![[r#"
        would change shop, now at version 3
        --- exit 0
    "#]]
    .assert_eq(&run(&["spec", "apply", "-", "--dry-run"]));
    assert_eq!(fake.asked().len(), 1, "a dry run changes nothing");
    expect![[r#"
        {
          "app": "shop",
          "version": 3,
          "warnings": [],
          "wouldChange": true
        }
        --- exit 0
    "#]]
    .assert_eq(&run(&["spec", "apply", "-", "--dry-run", "-o", "json"]));
    assert_eq!(fake.asked().len(), 2, "a dry run changes nothing");
    expect![[r#"
        shop is now at version 4: container app shop with 1 service in 1 environment
        --- exit 0
    "#]]
    .assert_eq(&run(&["spec", "apply", "-"]));
    let put = fake.asked().pop().unwrap();
    assert_eq!((put.if_match.as_deref(), put.body.as_str()), (Some("\"3\""), SPEC));
}

#[test]
fn applying_a_new_app_says_that_there_was_none() {
    let applied = ok(&json!({"app": "shop", "version": 1, "changed": true, "warnings": []}));
    let claimed = problem(409, "claimed", "ecs-service main/shop-dev-web already belongs to blog/dev");
    let fake = Fake::new(vec![("PUT /v1/apps/shop/spec", vec![applied, claimed])]);
    let run = || run(&fake.address, Some("0123456789abcdef0123456789abcdef"), &["spec", "apply", "-"], SPEC);
    expect![[r#"
        shop is now at version 1: container app shop with 1 service in 1 environment
        --- exit 0
    "#]]
    .assert_eq(&run());
    expect![[r#"
        --- stderr
        driftless: cannot apply the spec of shop (standard input)
          the API at http://api says: ecs-service main/shop-dev-web already belongs to blog/dev (claimed, HTTP 409)
        --- exit 5
    "#]]
    .assert_eq(&run());
    assert_eq!(fake.asked()[1].if_match.as_deref(), Some("\"0\""));
}

#[test]
fn an_invalid_spec_is_not_sent() {
    let fake = Fake::new(vec![]);
    let shown = run(&fake.address, None, &["spec", "apply", "-"], &SPEC.replace("app: shop", "app: Shop"));
    expect![[r#"
        --- stderr
          × app name "Shop" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -
           ╭─[standard input:3:6]
         3 │ app: Shop
           ·      ──┬─
           ·        ╰── app
           ╰────

        driftless: cannot apply standard input: 1 error
          nothing was changed
        --- exit 2
    "#]]
    .assert_eq(&shown);
    assert!(fake.asked().is_empty());
}

#[test]
fn a_dry_run_of_a_new_app_is_json_too() {
    let fake = Fake::new(vec![]);
    expect![[r#"
        {
          "app": "shop",
          "version": null,
          "warnings": [],
          "wouldChange": true
        }
        --- exit 0
    "#]]
    .assert_eq(&run(&fake.address, None, &["spec", "apply", "-", "--dry-run", "-o", "json"], SPEC));
}

#[test]
fn a_file_that_is_too_large_is_a_finding_at_its_line() {
    let large = "a: 1\n".repeat(2 << 20);
    expect![[r#"
        --- stderr
          × the file has 10485760 bytes; a spec has at most 1048576
           ╭─[standard input:1:1]
         1 │ a: 1
           · ▲
           ╰────

        driftless: standard input is not valid: 1 error
        --- exit 2
    "#]]
    .assert_eq(&local(&["spec", "validate", "-"], &large));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large.yaml");
    std::fs::write(&file, &large).unwrap();
    let shown = local(&["spec", "validate", file.to_str().unwrap(), "-o", "json"], "");
    assert!(shown.contains("\"line\": 1") && shown.contains("a spec has at most 1048576"), "{shown}");
    assert!(shown.ends_with("--- exit 2\n"), "{shown}");
}
