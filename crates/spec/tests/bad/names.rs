//! Names and templates.

use expect_test::expect;

use super::{check, with_environment, with_more, with_sites};

#[test]
fn bad_names_are_all_said() {
    check(
        "apiVersion: driftless/v1\nkind: container\napp: My App\nservices:\n  - name: Web\n    container: a/b\n    family: shop:1\n  - name: ok\nenvironments:\n  - name: p\n    account: \"1234\"\n    region: Ireland\n    cluster: arn:aws:ecs:eu-west-1:111111111111:cluster/main\n    role: admin\n",
        &expect![[r#"
            the app spec has 9 errors, the first in line 3: app name "My App" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -
              × app name "My App" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -
               ╭─[app.yaml:3:6]
             3 │ app: My App
               ·      ───┬──
               ·         ╰── app
               ╰────

              × service name "Web" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending
              │ with -
               ╭─[app.yaml:5:11]
             5 │   - name: Web
               ·           ─┬─
               ·            ╰── services[0].name
               ╰────

              × container name "a/b" is not valid: 1 to 255 letters, digits, - and _ (ECS ContainerDefinition.name)
               ╭─[app.yaml:6:16]
             6 │     container: a/b
               ·                ─┬─
               ·                 ╰── services[0].container
               ╰────

              × task definition family "shop:1" is not valid: 1 to 255 letters, digits, - and _ (ECS
              │ RegisterTaskDefinition)
               ╭─[app.yaml:7:13]
             7 │     family: shop:1
               ·             ───┬──
               ·                ╰── services[0].family
               ╰────

              × environment name "p" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending
              │ with -
                ╭─[app.yaml:10:11]
             10 │   - name: p
                ·           ┬
                ·           ╰── environments[0].name
                ╰────

              × account id "1234" is not valid: 12 digits, quoted in YAML
                ╭─[app.yaml:11:14]
             11 │     account: "1234"
                ·              ───┬──
                ·                 ╰── environments[0].account
                ╰────

              × region "Ireland" is not valid: like eu-west-1
                ╭─[app.yaml:12:13]
             12 │     region: Ireland
                ·             ───┬───
                ·                ╰── environments[0].region
                ╰────

              × cluster name "arn:aws:ecs:eu-west-1:111111111111:cluster/main" is not valid: 1 to 255 letters, digits, -
              │ and _ (ECS CreateCluster), not an ARN
                ╭─[app.yaml:13:14]
             13 │     cluster: arn:aws:ecs:eu-west-1:111111111111:cluster/main
                ·              ───────────────────────┬───────────────────────
                ·                                     ╰── environments[0].cluster
                ╰────

              × role "admin" is not valid: an ARN like arn:aws:iam::123456789012:role/driftless
                ╭─[app.yaml:14:11]
             14 │     role: admin
                ·           ──┬──
                ·             ╰── environments[0].role
                ╰────

        "#]],
    );
}

#[test]
fn bad_buckets_prefixes_and_distributions_are_said() {
    check(
        &with_sites(&[
            "name: dev, bucket: \"s3://acme\", prefix: /x, distribution: d",
            "name: qa, bucket: Acme.Site, parameter: \"/aws/{app}/{env}\"",
            "name: prod, bucket: 10.0.0.1, parameter: \"/{app}/{service}\"",
        ]),
        &expect![[r#"
            the app spec has 7 errors, the first in line 6: bucket name "s3://acme" is not valid: 3 to 63 of a-z, 0-9 and -, not at either end; no dots (TLS), no s3:// (S3 bucket naming rules)
              × bucket name "s3://acme" is not valid: 3 to 63 of a-z, 0-9 and -, not at either end; no dots (TLS), no
              │ s3:// (S3 bucket naming rules)
               ╭─[app.yaml:6:69]
             6 │   - {account: "111111111111", region: eu-west-1, name: dev, bucket: "s3://acme", prefix: /x, distrib…
               ·                                                                     ─────┬─────
               ·                                                                          ╰── environments[0].bucket
               ╰────

              × prefix "/x" is not valid: 1 to 200 letters, digits, - _ . and /, not beginning with / and without
              │ empty, . or .. parts
               ╭─[app.yaml:6:90]
             6 │ …u-west-1, name: dev, bucket: "s3://acme", prefix: /x, distribution: d}
               ·                                                    ─┬
               ·                                                     ╰── environments[0].prefix
               ╰────

              × distribution id "d" is not valid: 10 to 20 capital letters and digits, like E2EXAMPLE1ABCD
               ╭─[app.yaml:6:108]
             6 │ …v, bucket: "s3://acme", prefix: /x, distribution: d}
               ·                                                    ┬
               ·                                                    ╰── environments[0].distribution
               ╰────

              × bucket name "Acme.Site" is not valid: 3 to 63 of a-z, 0-9 and -, not at either end; no dots (TLS), no
              │ s3:// (S3 bucket naming rules)
               ╭─[app.yaml:7:68]
             7 │   - {account: "111111111111", region: eu-west-1, name: qa, bucket: Acme.Site, parameter: "/aws/{app}…
               ·                                                                    ────┬────
               ·                                                                        ╰── environments[1].bucket
               ╰────

              × parameter name "/aws/docs/qa" is not valid: a path of 1 to 15 levels beginning with /, of letters,
              │ digits, . _ and -, the first not beginning with aws or ssm
               ╭─[app.yaml:7:90]
             7 │ …u-west-1, name: qa, bucket: Acme.Site, parameter: "/aws/{app}/{env}"}
               ·                                                    ─────────┬────────
               ·                                                             ╰── environments[1].parameter
               ╰────

              × bucket name "10.0.0.1" is not valid: 3 to 63 of a-z, 0-9 and -, not at either end; no dots (TLS), no
              │ s3:// (S3 bucket naming rules)
               ╭─[app.yaml:8:70]
             8 │   - {account: "111111111111", region: eu-west-1, name: prod, bucket: 10.0.0.1, parameter: "/{app}/{s…
               ·                                                                      ────┬───
               ·                                                                          ╰── environments[2].bucket
               ╰────

              × the placeholder `{service}` is not known; a template knows {app}, {env} and nothing else
               ╭─[app.yaml:8:91]
             8 │ …-west-1, name: prod, bucket: 10.0.0.1, parameter: "/{app}/{service}"}
               ·                                                    ─────────┬────────
               ·                                                             ╰── environments[2].parameter
               ╰────

        "#]],
    );
}

#[test]
fn templates_know_three_placeholders_and_evaluate_nothing() {
    check(
        &with_more("service: \"{app}-{stage}\"\nparameter: \"/{{ssm:secret}}/x\""),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: the placeholder `{stage}` is not known; a template knows {app}, {env}, {service} and nothing else
              × the placeholder `{stage}` is not known; a template knows {app}, {env}, {service} and nothing else
                ╭─[app.yaml:11:14]
             11 │     service: "{app}-{stage}"
                ·              ───────┬───────
                ·                     ╰── environments[0].service
                ╰────

              × the placeholder `{{ssm:secret}` is not known; a template knows {app}, {env}, {service} and nothing else
                ╭─[app.yaml:12:16]
             12 │     parameter: "/{{ssm:secret}}/x"
                ·                ─────────┬─────────
                ·                         ╰── environments[0].parameter
                ╰────

        "#]],
    );
    check(
        &with_more("service: \"${HOME}-x\"\nparameter: \"/{app\""),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: the placeholder `{HOME}` is not known; a template knows {app}, {env}, {service} and nothing else
              × the placeholder `{HOME}` is not known; a template knows {app}, {env}, {service} and nothing else
                ╭─[app.yaml:11:14]
             11 │     service: "${HOME}-x"
                ·              ─────┬─────
                ·                   ╰── environments[0].service
                ╰────

              × the template `/{app` opens a brace that it does not close; a template knows {app}, {env}, {service} and
              │ nothing else
                ╭─[app.yaml:12:16]
             12 │     parameter: "/{app"
                ·                ───┬───
                ·                   ╰── environments[0].parameter
                ╰────

        "#]],
    );
    check(
        &with_more("service: \"$(id)-{service}\"\nparameter: \"/${app}/{env}\""),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: ECS service name "$(id)-web" is not valid: 1 to 255 letters, digits, - and _ (ECS CreateService), not an ARN
              × ECS service name "$(id)-web" is not valid: 1 to 255 letters, digits, - and _ (ECS CreateService), not an
              │ ARN
                ╭─[app.yaml:11:14]
             11 │     service: "$(id)-{service}"
                ·              ────────┬────────
                ·                      ╰── environments[0].service
                ╰────

              × parameter name "/$shop/dev" is not valid: a path of 1 to 15 levels beginning with /, of letters,
              │ digits, . _ and -, the first not beginning with aws or ssm
                ╭─[app.yaml:12:16]
             12 │     parameter: "/${app}/{env}"
                ·                ───────┬───────
                ·                       ╰── environments[0].parameter
                ╰────

        "#]],
    );
    check(
        &with_more("services: {web: \"{app}-web\"}\nparameters: {web: \"/a b\"}"),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: ECS service name "{app}-web" is not valid: 1 to 255 letters, digits, - and _ (ECS CreateService), not an ARN
              × ECS service name "{app}-web" is not valid: 1 to 255 letters, digits, - and _ (ECS CreateService), not an
              │ ARN
                ╭─[app.yaml:11:21]
             11 │     services: {web: "{app}-web"}
                ·                     ─────┬─────
                ·                          ╰── environments[0].services.web
                ╰────

              × parameter name "/a b" is not valid: a path of 1 to 15 levels beginning with /, of letters, digits, . _
              │ and -, the first not beginning with aws or ssm
                ╭─[app.yaml:12:23]
             12 │     parameters: {web: "/a b"}
                ·                       ───┬──
                ·                          ╰── environments[0].parameters.web
                ╰────

        "#]],
    );
}

#[test]
fn a_default_that_gives_no_valid_name_says_what_to_do() {
    check(
        &with_more("").replace("app: shop", "app: aws-shop"),
        &expect![[r#"
            the app spec has 1 error, the first in line 7: parameter name "/aws-shop/dev/web/version" is not valid: a path of 1 to 15 levels beginning with /, of letters, digits, . _ and -, the first not beginning with aws or ssm
              × parameter name "/aws-shop/dev/web/version" is not valid: a path of 1 to 15 levels beginning with /, of
              │ letters, digits, . _ and -, the first not beginning with aws or ssm
               ╭─[app.yaml:7:11]
             7 │   - name: dev
               ·           ─┬─
               ·            ╰── environments[0].name
               ╰────
              help: the default is /{app}/{env}/{service}/version; give `parameter` to change it

        "#]],
    );
}

#[test]
fn names_of_unknown_services_get_a_suggestion() {
    check(
        &with_more("services: {wbe: x, worker: y}"),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: `wbe` is no service of this app
              × `wbe` is no service of this app
                ╭─[app.yaml:11:21]
             11 │     services: {wbe: x, worker: y}
                ·                     ┬
                ·                     ╰── environments[0].services.wbe
                ╰────
              help: did you mean `web`?

              × `worker` is no service of this app
                ╭─[app.yaml:11:32]
             11 │     services: {wbe: x, worker: y}
                ·                                ┬
                ·                                ╰── environments[0].services.worker
                ╰────

        "#]],
    );
}

#[test]
fn a_role_of_another_account_is_said() {
    check(
        &with_more("role: arn:aws:iam::222222222222:role/driftless"),
        &expect![[r#"
            the app spec has 1 error, the first in line 11: the role is of account 222222222222, the environment is in 111111111111
              × the role is of account 222222222222, the environment is in 111111111111
                ╭─[app.yaml:11:11]
             11 │     role: arn:aws:iam::222222222222:role/driftless
                ·           ────────────────────┬───────────────────
                ·                               ╰── environments[0].role
                ╰────

        "#]],
    );
    check(
        &with_environment(
            "account: \"111111111111\"\nregion: eu-west-1\ncluster: main\nrole: {arn: \"arn:aws:iam::222222222222:role/d\"}",
        ),
        &expect![[r#"
            the app spec has 1 error, the first in line 11: the role is of account 222222222222, the environment is in 111111111111
              × the role is of account 222222222222, the environment is in 111111111111
                ╭─[app.yaml:11:17]
             11 │     role: {arn: "arn:aws:iam::222222222222:role/d"}
                ·                 ─────────────────┬────────────────
                ·                                  ╰── environments[0].role.arn
                ╰────

        "#]],
    );
}
