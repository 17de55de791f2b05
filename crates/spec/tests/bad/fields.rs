//! Types, missing fields, unknown keys.

use driftless_spec::Strictness;
use expect_test::expect;

use super::{check, check_as, with_environment, with_more, with_sites};

#[test]
fn several_wrong_types_are_all_said() {
    check(
        &with_environment(
            "account: 111111111111\nregion: [eu-west-1]\ncluster: {name: main}\nautoDeploy: yes\nafter: dev\n\
             approvals: {staff: \"1\", client: 1e3}\nheal: true\nrolloutDeadline: 30\nservices: web",
        ),
        &expect![[r#"
            the app spec has 10 errors, the first in line 8: `account` is text; without quotes, YAML reads `111111111111` as a number
              × `account` is text; without quotes, YAML reads `111111111111` as a number
               ╭─[app.yaml:8:14]
             8 │     account: 111111111111
               ·              ──────┬─────
               ·                    ╰── environments[0].account
               ╰────
              help: put it in quotes: "111111111111"

              × `region` must be text; it is a list
               ╭─[app.yaml:9:5]
             9 │     region: [eu-west-1]
               ·     ───┬──
               ·        ╰── environments[0].region
               ╰────

              × `cluster` must be text; it is a map
                ╭─[app.yaml:10:5]
             10 │     cluster: {name: main}
                ·     ───┬───
                ·        ╰── environments[0].cluster
                ╰────

              × `autoDeploy` must be true or false, not `yes`
                ╭─[app.yaml:11:17]
             11 │     autoDeploy: yes
                ·                 ─┬─
                ·                  ╰── environments[0].autoDeploy
                ╰────
              help: write true

              × `after` must be a list, not `dev`
                ╭─[app.yaml:12:12]
             12 │     after: dev
                ·            ─┬─
                ·             ╰── environments[0].after
                ╰────

              × `staff` must be a whole number like 1, not the text `1`
                ╭─[app.yaml:13:24]
             13 │     approvals: {staff: "1", client: 1e3}
                ·                        ─┬─
                ·                         ╰── environments[0].approvals.staff
                ╰────
              help: write it without quotes

              × `client` must be a whole number like 1, not `1e3`
                ╭─[app.yaml:13:37]
             13 │     approvals: {staff: "1", client: 1e3}
                ·                                     ─┬─
                ·                                      ╰── environments[0].approvals.client
                ╰────

              × `heal` must be `auto` or `report`, not `true`
                ╭─[app.yaml:14:11]
             14 │     heal: true
                ·           ──┬─
                ·             ╰── environments[0].heal
                ╰────

              × `rolloutDeadline` is text; without quotes, YAML reads `30` as a number
                ╭─[app.yaml:15:22]
             15 │     rolloutDeadline: 30
                ·                      ─┬
                ·                       ╰── environments[0].rolloutDeadline
                ╰────
              help: give it a unit: 90s, 30m or 2h

              × `services` must be a map of keys and values, not `web`
                ╭─[app.yaml:16:15]
             16 │     services: web
                ·               ─┬─
                ·                ╰── environments[0].services
                ╰────

        "#]],
    );
}

#[test]
fn numbers_and_booleans_by_accident_are_said() {
    check(
        &with_environment(
            "account: 0123\nregion: 1.5\ncluster: 0x1f\nautoDeploy: off\napprovals: {staff: 01, client: -1}\nheal: ~\nrole:",
        ),
        &expect![[r#"
            the app spec has 8 errors, the first in line 8: `account` is text; without quotes, YAML reads `0123` as a number
              × `account` is text; without quotes, YAML reads `0123` as a number
               ╭─[app.yaml:8:14]
             8 │     account: 0123
               ·              ──┬─
               ·                ╰── environments[0].account
               ╰────
              help: put it in quotes: "0123"

              × `region` is text; without quotes, YAML reads `1.5` as a number
               ╭─[app.yaml:9:13]
             9 │     region: 1.5
               ·             ─┬─
               ·              ╰── environments[0].region
               ╰────
              help: put it in quotes: "1.5"

              × `cluster` is text; without quotes, YAML reads `0x1f` as a number
                ╭─[app.yaml:10:14]
             10 │     cluster: 0x1f
                ·              ──┬─
                ·                ╰── environments[0].cluster
                ╰────
              help: put it in quotes: "0x1f"

              × `autoDeploy` must be true or false, not `off`
                ╭─[app.yaml:11:17]
             11 │     autoDeploy: off
                ·                 ─┬─
                ·                  ╰── environments[0].autoDeploy
                ╰────
              help: write false

              × `staff` must be a whole number like 1, not `01`
                ╭─[app.yaml:12:24]
             12 │     approvals: {staff: 01, client: -1}
                ·                        ─┬
                ·                         ╰── environments[0].approvals.staff
                ╰────

              × `client` must be a whole number like 1, not `-1`
                ╭─[app.yaml:12:36]
             12 │     approvals: {staff: 01, client: -1}
                ·                                    ─┬
                ·                                     ╰── environments[0].approvals.client
                ╰────

              × `heal` must be `auto` or `report`, not `~`
                ╭─[app.yaml:13:5]
             13 │     heal: ~
                ·     ──┬─
                ·       ╰── environments[0].heal
                ╰────

              × `role` must be text; it is empty
                ╭─[app.yaml:14:5]
             14 │     role:
                ·     ──┬─
                ·       ╰── environments[0].role
                ╰────

        "#]],
    );
}

#[test]
fn missing_fields_are_said_at_what_they_are_missing_from() {
    check(
        "apiVersion: driftless/v1\nkind: container\nservices:\n  - container: web\nenvironments:\n  - region: eu-west-1\n    role: {externalId: acme}\n  - just-a-name\n",
        &expect![[r#"
            the app spec has 7 errors, the first in line 1: `app` is missing
              × `app` is missing
               ╭─[app.yaml:1:1]
             1 │ apiVersion: driftless/v1
               · ─────┬────
               ·      ╰── app
               ╰────

              × `name` is missing
               ╭─[app.yaml:4:5]
             4 │   - container: web
               ·     ────┬────
               ·         ╰── services[0].name
               ╰────

              × `account` is missing
               ╭─[app.yaml:6:5]
             6 │   - region: eu-west-1
               ·     ───┬──
               ·        ╰── environments[0].account
               ╰────

              × `cluster` is missing
               ╭─[app.yaml:6:5]
             6 │   - region: eu-west-1
               ·     ───┬──
               ·        ╰── environments[0].cluster
               ╰────

              × `name` is missing
               ╭─[app.yaml:6:5]
             6 │   - region: eu-west-1
               ·     ───┬──
               ·        ╰── environments[0].name
               ╰────

              × `arn` is missing
               ╭─[app.yaml:7:12]
             7 │     role: {externalId: acme}
               ·            ─────┬────
               ·                 ╰── environments[0].role.arn
               ╰────

              × each item of `environments` must be a map of keys and values, not `just-a-name`
               ╭─[app.yaml:8:5]
             8 │   - just-a-name
               ·     ─────┬─────
               ·          ╰── environments[1]
               ╰────

        "#]],
    );
    check(
        "apiVersion: driftless/v1\nkind: static-site\n",
        &expect![[r#"
            the app spec has 3 errors, the first in line 1: `app` is missing
              × `app` is missing
               ╭─[app.yaml:1:1]
             1 │ apiVersion: driftless/v1
               · ─────┬────
               ·      ╰── app
               ╰────

              × `artifacts` is missing
               ╭─[app.yaml:1:1]
             1 │ apiVersion: driftless/v1
               · ─────┬────
               ·      ╰── artifacts
               ╰────

              × `environments` is missing
               ╭─[app.yaml:1:1]
             1 │ apiVersion: driftless/v1
               · ─────┬────
               ·      ╰── environments
               ╰────

        "#]],
    );
}

#[test]
fn empty_lists_are_said() {
    check(
        "apiVersion: driftless/v1\nkind: container\napp: shop\nservices: []\nenvironments: []\n",
        &expect![[r#"
            the app spec has 2 errors, the first in line 4: `services` must list at least one
              × `services` must list at least one
               ╭─[app.yaml:4:1]
             4 │ services: []
               · ────┬───
               ·     ╰── services
               ╰────

              × `environments` must list at least one
               ╭─[app.yaml:5:1]
             5 │ environments: []
               · ──────┬─────
               ·       ╰── environments
               ╰────

        "#]],
    );
}

#[test]
fn unknown_keys_are_warnings_beside_an_error_and_errors_when_strict() {
    let text = with_more("auto_deploy: true\nbucket: site\nfoo: 1\nheal: off");
    check(
        &text,
        &expect![[r#"
            the app spec has 1 error, the first in line 14: `heal` must be `auto` or `report`, not `off`
              × `heal` must be `auto` or `report`, not `off`
                ╭─[app.yaml:14:11]
             14 │     heal: off
                ·           ─┬─
                ·            ╰── environments[0].heal
                ╰────

              ⚠ the key `auto_deploy` is not known here
                ╭─[app.yaml:11:5]
             11 │     auto_deploy: true
                ·     ─────┬─────
                ·          ╰── environments[0].auto_deploy
                ╰────
              help: did you mean `autoDeploy`?

              ⚠ the key `bucket` is not known here
                ╭─[app.yaml:12:5]
             12 │     bucket: site
                ·     ───┬──
                ·        ╰── environments[0].bucket
                ╰────
              help: this key belongs to `kind: static-site`

              ⚠ the key `foo` is not known here
                ╭─[app.yaml:13:5]
             13 │     foo: 1
                ·     ─┬─
                ·      ╰── environments[0].foo
                ╰────
              help: known keys here: name, account, region, role, autoDeploy, after, approvals, heal, rolloutDeadline,
                    cluster, service, services, parameter, parameters

        "#]],
    );
    check_as(
        &with_more("rolloutDeadlin: 5m"),
        Strictness::Strict,
        &expect![[r#"
            the app spec has 1 error, the first in line 11: the key `rolloutDeadlin` is not known here
              × the key `rolloutDeadlin` is not known here
                ╭─[app.yaml:11:5]
             11 │     rolloutDeadlin: 5m
                ·     ───────┬──────
                ·            ╰── environments[0].rolloutDeadlin
                ╰────
              help: did you mean `rolloutDeadline`?

        "#]],
    );
}

#[test]
fn keys_of_the_other_kind_are_explained() {
    check_as(
        &with_sites(&["name: dev, bucket: acme-docs, cluster: main"]),
        Strictness::Strict,
        &expect![[r#"
            the app spec has 1 error, the first in line 6: the key `cluster` is not known here
              × the key `cluster` is not known here
               ╭─[app.yaml:6:80]
             6 │   - {account: "111111111111", region: eu-west-1, name: dev, bucket: acme-docs, cluster: main}
               ·                                                                                ───┬───
               ·                                                                                   ╰── environments[0].cluster
               ╰────
              help: this key belongs to `kind: container`

        "#]],
    );
}

#[test]
fn values_out_of_range_are_said() {
    check(
        &with_more(
            "approvals: {staff: 11}\nrolloutDeadline: 48h\nheal: atuo\nrole: {arn: x, externalId: \"a secret word\"}",
        ),
        &expect![[r#"
            the app spec has 5 errors, the first in line 11: `staff`: greater than 10
              × `staff`: greater than 10
                ╭─[app.yaml:11:24]
             11 │     approvals: {staff: 11}
                ·                        ─┬
                ·                         ╰── environments[0].approvals.staff
                ╰────

              × the rollout deadline `48h` is not valid: a whole number with s, m or h, like 90s, 30m or 2h, between 1m
              │ and 24h
                ╭─[app.yaml:12:22]
             12 │     rolloutDeadline: 48h
                ·                      ─┬─
                ·                       ╰── environments[0].rolloutDeadline
                ╰────

              × `heal` must be `auto` or `report`, not `atuo`
                ╭─[app.yaml:13:11]
             13 │     heal: atuo
                ·           ──┬─
                ·             ╰── environments[0].heal
                ╰────
              help: did you mean `auto`?

              × role "x" is not valid: an ARN like arn:aws:iam::123456789012:role/driftless
                ╭─[app.yaml:14:17]
             14 │     role: {arn: x, externalId: "a secret word"}
                ·                 ┬
                ·                 ╰── environments[0].role.arn
                ╰────

              × the external id is not valid: 2 to 1224 letters, digits and _ + = , . @ : / - (STS AssumeRole)
                ╭─[app.yaml:14:32]
             14 │     role: {arn: x, externalId: "a secret word"}
                ·                                ───────┬───────
                ·                                       ╰── environments[0].role.externalId
                ╰────

        "#]],
    );
}

#[test]
fn long_values_are_cut() {
    check(
        &with_more(&format!("rolloutDeadline: {}", "hunter2-".repeat(40))),
        &expect![[r#"
            the app spec has 1 error, the first in line 11: the rollout deadline `hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-…` is not valid: a whole number with s, m or h, like 90s, 30m or 2h, between 1m and 24h
              × the rollout deadline `hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-…`
              │ is not valid: a whole number with s, m or h, like 90s, 30m or 2h, between 1m and 24h
                ╭─[app.yaml:11:22]
             11 │     rolloutDeadline: hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2…
                ·                      ───────────────────────────────────────┬───────────────────────────────────────
                ·                                                             ╰── environments[0].rolloutDeadline
                ╰────

        "#]],
    );
}

#[test]
fn header_rules_are_checked() {
    let text = with_sites(&["name: dev, bucket: acme-docs"])
        + "headers:\n  - {match: \"a[\", cacheControl: \"a\\nb\"}\n  - {match: \"\"}\n";
    check(
        &text,
        &expect![[r#"
            the app spec has 4 errors, the first in line 8: the glob `a[` is not valid: unclosed character class; missing ']'
              × the glob `a[` is not valid: unclosed character class; missing ']'
               ╭─[app.yaml:8:13]
             8 │   - {match: "a[", cacheControl: "a\nb"}
               ·             ──┬─
               ·               ╰── headers[0].match
               ╰────

              × the Cache-Control value `a\nb` is not valid: 1 to 200 ASCII characters
               ╭─[app.yaml:8:33]
             8 │   - {match: "a[", cacheControl: "a\nb"}
               ·                                 ───┬──
               ·                                    ╰── headers[0].cacheControl
               ╰────

              × `cacheControl` is missing
               ╭─[app.yaml:9:6]
             9 │   - {match: ""}
               ·      ──┬──
               ·        ╰── headers[1].cacheControl
               ╰────

              × the glob `` is not valid: 1 to 200 characters
               ╭─[app.yaml:9:13]
             9 │   - {match: ""}
               ·             ─┬
               ·              ╰── headers[1].match
               ╰────

        "#]],
    );
}
