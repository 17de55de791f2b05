//! The keys that only a static site has.

use driftless_spec::Strictness;
use expect_test::expect;

use super::{check, check_as, with_more, with_sites};

#[test]
fn keys_of_a_site_are_explained_in_a_container_spec() {
    let text = with_more("originPath: v1\nkeep: 7d").replacen("app: shop\n", "app: shop\nentryPage: index.html\n", 1);
    check_as(
        &text,
        Strictness::Strict,
        &expect![[r#"
        the app spec has 3 errors, the first in line 4: the key `entryPage` is not known here
          × the key `entryPage` is not known here
           ╭─[app.yaml:4:1]
         4 │ entryPage: index.html
           · ────┬────
           ·     ╰── entryPage
           ╰────
          help: this key belongs to `kind: static-site`

          × the key `originPath` is not known here
            ╭─[app.yaml:12:5]
         12 │     originPath: v1
            ·     ─────┬────
            ·          ╰── environments[0].originPath
            ╰────
          help: this key belongs to `kind: static-site`

          × the key `keep` is not known here
            ╭─[app.yaml:13:5]
         13 │     keep: 7d
            ·     ──┬─
            ·       ╰── environments[0].keep
            ╰────
          help: this key belongs to `kind: static-site`

    "#]],
    );
}

#[test]
fn wrong_types_in_a_site_are_said() {
    let text = with_sites(&[
        "name: dev, bucket: acme-docs, originPath: [v1], keep: 7",
        "name: qa, bucket: acme-qa, keep: {days: 7}",
    ]);
    let artifacts = "artifacts: {bucket: builds, account: 333333333333, region: 1}\nentryPage: 404";
    check(
        &text.replacen("artifacts: {bucket: builds}", artifacts, 1),
        &expect![[r#"
        the app spec has 6 errors, the first in line 4: `account` is text; without quotes, YAML reads `333333333333` as a number
          × `account` is text; without quotes, YAML reads `333333333333` as a number
           ╭─[app.yaml:4:38]
         4 │ artifacts: {bucket: builds, account: 333333333333, region: 1}
           ·                                      ──────┬─────
           ·                                            ╰── artifacts.account
           ╰────
          help: put it in quotes: "333333333333"

          × `region` is text; without quotes, YAML reads `1` as a number
           ╭─[app.yaml:4:60]
         4 │ artifacts: {bucket: builds, account: 333333333333, region: 1}
           ·                                                            ┬
           ·                                                            ╰── artifacts.region
           ╰────
          help: put it in quotes: "1"

          × `entryPage` is text; without quotes, YAML reads `404` as a number
           ╭─[app.yaml:5:12]
         5 │ entryPage: 404
           ·            ─┬─
           ·             ╰── entryPage
           ╰────
          help: put it in quotes: "404"

          × `originPath` must be text; it is a list
           ╭─[app.yaml:7:80]
         7 │   - {account: "111111111111", region: eu-west-1, name: dev, bucket: acme-docs, originPath: [v1], kee…
           ·                                                                                ─────┬────
           ·                                                                                     ╰── environments[0].originPath
           ╰────

          × `keep` is text; without quotes, YAML reads `7` as a number
           ╭─[app.yaml:7:104]
         7 │ …: dev, bucket: acme-docs, originPath: [v1], keep: 7}
           ·                                                    ┬
           ·                                                    ╰── environments[0].keep
           ╰────
          help: give it a unit: 90m, 12h or 7d

          × `keep` must be text; it is a map
           ╭─[app.yaml:8:77]
         8 │   - {account: "111111111111", region: eu-west-1, name: qa, bucket: acme-qa, keep: {days: 7}}
           ·                                                                             ──┬─
           ·                                                                               ╰── environments[1].keep
           ╰────

    "#]],
    );
}

#[test]
fn values_of_a_site_out_of_range_are_said() {
    let text = with_sites(&[
        "name: dev, bucket: acme-docs, distribution: E2EXAMPLE1ABCD, originPath: /v1, keep: 59m",
        "name: qa, bucket: acme-qa, keep: 366d",
        "name: prod, bucket: acme-prod, keep: 3600s",
    ]);
    let artifacts = "artifacts: {bucket: builds, account: \"33\", region: Ireland}\nentryPage: ../index.html";
    check(
        &text.replacen("artifacts: {bucket: builds}", artifacts, 1),
        &expect![[r#"
        the app spec has 7 errors, the first in line 4: account id "33" is not valid: 12 digits, quoted in YAML
          × account id "33" is not valid: 12 digits, quoted in YAML
           ╭─[app.yaml:4:38]
         4 │ artifacts: {bucket: builds, account: "33", region: Ireland}
           ·                                      ──┬─
           ·                                        ╰── artifacts.account
           ╰────

          × region "Ireland" is not valid: like eu-west-1
           ╭─[app.yaml:4:52]
         4 │ artifacts: {bucket: builds, account: "33", region: Ireland}
           ·                                                    ───┬───
           ·                                                       ╰── artifacts.region
           ╰────

          × site path "../index.html" is not valid: a relative path of 1 to 900 bytes, with / between its parts and
          │ without empty, . or .. parts, \, drive letters and control characters
           ╭─[app.yaml:5:12]
         5 │ entryPage: ../index.html
           ·            ──────┬──────
           ·                  ╰── entryPage
           ╰────

          × prefix "/v1" is not valid: 1 to 200 letters, digits, - _ . and /, not beginning with / and without
          │ empty, . or .. parts
           ╭─[app.yaml:7:122]
         7 │ …e-docs, distribution: E2EXAMPLE1ABCD, originPath: /v1, keep: 59m}
           ·                                                    ─┬─
           ·                                                     ╰── environments[0].originPath
           ╰────

          × the time `59m` is not valid: a whole number with m, h or d, like 90m, 12h or 7d, between 1h and 365d
           ╭─[app.yaml:7:133]
         7 │ …tribution: E2EXAMPLE1ABCD, originPath: /v1, keep: 59m}
           ·                                                    ─┬─
           ·                                                     ╰── environments[0].keep
           ╰────

          × the time `366d` is not valid: a whole number with m, h or d, like 90m, 12h or 7d, between 1h and 365d
           ╭─[app.yaml:8:83]
         8 │   - {account: "111111111111", region: eu-west-1, name: qa, bucket: acme-qa, keep: 366d}
           ·                                                                                   ──┬─
           ·                                                                                     ╰── environments[1].keep
           ╰────

          × the time `3600s` is not valid: a whole number with m, h or d, like 90m, 12h or 7d, between 1h and 365d
           ╭─[app.yaml:9:87]
         9 │   - {account: "111111111111", region: eu-west-1, name: prod, bucket: acme-prod, keep: 3600s}
           ·                                                                                       ──┬──
           ·                                                                                         ╰── environments[2].keep
           ╰────

    "#]],
    );
}

#[test]
fn an_origin_path_belongs_to_a_distribution_that_serves_the_site() {
    check(
        &with_sites(&[
            "name: dev, bucket: acme-docs, originPath: v1",
            "name: qa, bucket: acme-qa, prefix: docs, distribution: E2EXAMPLE1ABCD, originPath: doc",
        ]),
        &expect![[r#"
            the app spec has 2 errors, the first in line 6: an origin path belongs to a distribution, and there is none
              × an origin path belongs to a distribution, and there is none
               ╭─[app.yaml:6:92]
             6 │   - {account: "111111111111", region: eu-west-1, name: dev, bucket: acme-docs, originPath: v1}
               ·                                                                                            ─┬
               ·                                                                                             ╰── environments[0].originPath
               ╰────
              help: give `distribution`, or remove `originPath`

              × a distribution with the origin path doc/ never serves what is under docs/
               ╭─[app.yaml:7:133]
             7 │ …: docs, distribution: E2EXAMPLE1ABCD, originPath: doc}
               ·                                                    ─┬─
               ·                                                     ╰── environments[1].originPath
               ╰────
              help: a `prefix` begins with the `originPath`: prefix v1/docs, originPath v1

        "#]],
    );
}
