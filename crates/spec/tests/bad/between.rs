//! Rules over several fields and several environments.

use expect_test::expect;

use super::{check, with_environments, with_more, with_sites};

#[test]
fn an_unknown_environment_in_after_gets_a_suggestion() {
    check(
        &with_environments(&["name: dev", "name: prod, after: [dve, staging]"]),
        &expect![[r#"
            the app spec has 2 errors, the first in line 9: there is no environment `dve`
              × there is no environment `dve`
               ╭─[app.yaml:9:85]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: prod, after: [dve, staging]}
               ·                                                                                     ─┬─
               ·                                                                                      ╰── environments[1].after[0]
               ╰────
              help: did you mean `dev`?

              × there is no environment `staging`
               ╭─[app.yaml:9:90]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: prod, after: [dve, staging]}
               ·                                                                                          ───┬───
               ·                                                                                             ╰── environments[1].after[1]
               ╰────

        "#]],
    );
}

#[test]
fn circles_are_said_once_each() {
    check(
        &with_environments(&["name: dev, after: [prod]", "name: qa, after: [qa]", "name: prod, after: [dev]"]),
        &expect![[r#"
            the app spec has 2 errors, the first in line 9: environments wait for each other: qa → qa
              × environments wait for each other: qa → qa
               ╭─[app.yaml:9:83]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: qa, after: [qa]}
               ·                                                                                   ─┬
               ·                                                                                    ╰── environments[1].after[0]
               ╰────

              × environments wait for each other: dev → prod → dev
                ╭─[app.yaml:10:85]
             10 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: prod, after: [dev]}
                ·                                                                                     ─┬─
                ·                                                                                      ╰── environments[2].after[0]
                ╰────

              ⚠ `prod` is listed after the environment that waits for it
               ╭─[app.yaml:8:84]
             8 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: dev, after: [prod]}
               ·                                                                                    ──┬─
               ·                                                                                      ╰── environments[0].after[0]
               ╰────
              help: list environments in promotion order

        "#]],
    );
}

#[test]
fn deploying_by_itself_and_asking_exclude_each_other() {
    check(
        &with_more("autoDeploy: true\napprovals: {client: 1}"),
        &expect![[r#"
            the app spec has 1 error, the first in line 11: an environment cannot both deploy by itself and ask for approvals
              × an environment cannot both deploy by itself and ask for approvals
                ╭─[app.yaml:11:17]
             11 │     autoDeploy: true
                ·                 ──┬─
                ·                   ╰── environments[0].autoDeploy
                ╰────
              help: remove `autoDeploy` or `approvals`

        "#]],
    );
}

#[test]
fn names_are_given_once() {
    let text = with_environments(&["name: dev", "name: dev, service: \"x-{service}\", parameter: \"/x/{service}\""]);
    check(
        &text.replace("worker", "web"),
        &expect![[r#"
            the app spec has 2 errors, the first in line 6: the name `web` is given twice, first in line 5
              × the name `web` is given twice, first in line 5
               ╭─[app.yaml:6:11]
             6 │   - name: web
               ·           ─┬─
               ·            ╰── services[1].name
               ╰────

              × the name `dev` is given twice, first in line 8
               ╭─[app.yaml:9:71]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: dev, service: "x-{service}", p…
               ·                                                                       ─┬─
               ·                                                                        ╰── environments[1].name
               ╰────

        "#]],
    );
}

#[test]
fn services_and_parameters_belong_to_one_environment() {
    check(
        &with_environments(&[
            "name: dev, service: \"{service}\", parameter: /shop/tag",
            "name: prod, services: {web: web}, parameters: {worker: /shop/tag}",
        ]),
        &expect![[r#"
            the app spec has 2 errors, the first in line 9: the ECS service 111111111111/eu-west-1/main/web is named twice, first by environments[0].service in line 8
              × the ECS service 111111111111/eu-west-1/main/web is named twice, first by environments[0].service in line
              │ 8
               ╭─[app.yaml:9:93]
             9 │ …est-1, cluster: main, name: prod, services: {web: web}, parameters: {worker: /shop/tag}}
               ·                                                    ─┬─
               ·                                                     ╰── environments[1].services.web
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

              × the parameter 111111111111/eu-west-1//shop/tag is named twice, first by environments[0].parameter in
              │ line 8
               ╭─[app.yaml:9:120]
             9 │ … prod, services: {web: web}, parameters: {worker: /shop/tag}}
               ·                                                    ────┬────
               ·                                                        ╰── environments[1].parameters.worker
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

        "#]],
    );
}

#[test]
fn two_services_may_share_a_parameter_but_no_ecs_service() {
    check(
        &with_environments(&["name: dev, service: \"{app}\", parameter: /shop/tag"]),
        &expect![[r#"
            the app spec has 1 error, the first in line 8: the ECS service 111111111111/eu-west-1/main/shop is named twice, first by environments[0].service in line 8
              × the ECS service 111111111111/eu-west-1/main/shop is named twice, first by environments[0].service in
              │ line 8
               ╭─[app.yaml:8:85]
             8 │ …on: eu-west-1, cluster: main, name: dev, service: "{app}", parameter: /shop/tag}
               ·                                                    ───┬───
               ·                                                       ╰── environments[0].service
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

        "#]],
    );
}

#[test]
fn clashes_are_said_beside_other_errors() {
    check(
        &with_environments(&["name: dev, service: \"a-{service}\", heal: never", "name: qa, service: \"a-{service}\""]),
        &expect![[r#"
            the app spec has 3 errors, the first in line 8: `heal` must be `auto` or `report`, not `never`
              × `heal` must be `auto` or `report`, not `never`
               ╭─[app.yaml:8:106]
             8 │ …r: main, name: dev, service: "a-{service}", heal: never}
               ·                                                    ──┬──
               ·                                                      ╰── environments[0].heal
               ╰────

              × the ECS service 111111111111/eu-west-1/main/a-web is named twice, first by environments[0].service in
              │ line 8
               ╭─[app.yaml:9:84]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: qa, service: "a-{service}"}
               ·                                                                                    ──────┬──────
               ·                                                                                          ╰── environments[1].service
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

              × the ECS service 111111111111/eu-west-1/main/a-worker is named twice, first by environments[0].service in
              │ line 8
               ╭─[app.yaml:9:84]
             9 │   - {account: "111111111111", region: eu-west-1, cluster: main, name: qa, service: "a-{service}"}
               ·                                                                                    ──────┬──────
               ·                                                                                          ╰── environments[1].service
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

        "#]],
    );
}

#[test]
fn prefixes_of_one_bucket_do_not_overlap() {
    check(
        &with_sites(&[
            "name: dev, bucket: acme-docs",
            "name: qa, bucket: acme-docs, prefix: qa",
            "name: prod, bucket: acme-prod, prefix: a/b",
            "name: prod2, bucket: acme-prod, prefix: a/b/",
        ]),
        &expect![[r#"
            the app spec has 2 errors, the first in line 7: the place in the bucket 111111111111/acme-docs/qa/ overlaps with 111111111111/acme-docs/ of environments[0].bucket in line 6
              × the place in the bucket 111111111111/acme-docs/qa/ overlaps with 111111111111/acme-docs/ of
              │ environments[0].bucket in line 6
               ╭─[app.yaml:7:87]
             7 │   - {account: "111111111111", region: eu-west-1, name: qa, bucket: acme-docs, prefix: qa}
               ·                                                                                       ─┬
               ·                                                                                        ╰── environments[1].prefix
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

              × the place in the bucket 111111111111/acme-prod/a/b/ is named twice, first by environments[2].prefix in
              │ line 8
               ╭─[app.yaml:9:90]
             9 │   - {account: "111111111111", region: eu-west-1, name: prod2, bucket: acme-prod, prefix: a/b/}
               ·                                                                                          ──┬─
               ·                                                                                            ╰── environments[3].prefix
               ╰────
              help: each environment and each service needs its own; use a template with {env} and {service}, or name
                    them

        "#]],
    );
}
