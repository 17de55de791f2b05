//! Specs that are accepted, and what they say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use driftless_domain::{EnvName, ServiceBinding, SiteBinding};
use driftless_spec::{
    AppSpec, ArtifactBucket, Claim, ContainerApp, Environment, HeaderRule, Kind, Resources, ServiceSpec, Severity,
    SiteApp, Strictness, parse,
};
use expect_test::expect;

const SHOP: &str = include_str!("data/good/shop.yaml");
const DOCS: &str = include_str!("data/good/docs.yaml");

fn accepted(text: &str) -> AppSpec {
    match parse(text, Strictness::Strict) {
        Ok(parsed) => parsed.spec,
        Err(errors) => panic!("{}", driftless_spec::render(&errors.findings, text, "spec.yaml")),
    }
}

/// All of a spec, a line for each thing that it names.
fn told(spec: &AppSpec) -> String {
    let AppSpec { app, kind, environments } = spec;
    let mut text = format!("app {app}\n");
    match kind {
        Kind::Container(ContainerApp { services }) => {
            for ServiceSpec { name, container, family } in services {
                text += &format!("  service {name}, container {container}, family {family:?}\n");
            }
        }
        Kind::StaticSite(SiteApp { artifacts: ArtifactBucket { bucket, account, region }, entry_page, headers }) => {
            text += &format!("  artifacts {bucket}, {account:?}, {region:?}, entry page {entry_page}\n");
            for HeaderRule { pattern, cache_control } in headers {
                text += &format!("  {pattern} has {cache_control}\n");
            }
        }
    }
    for environment in environments {
        let Environment { name, place, auto_deploy, after, approvals, heal, rollout_deadline, resources } = environment;
        text += &format!("{name} in {place}, role {:?}\n", place.role);
        let after: Vec<&str> = after.iter().map(EnvName::as_str).collect();
        text +=
            &format!("  auto deploy {auto_deploy}, after {after:?}, {approvals:?}, {heal:?}, {rollout_deadline:?}\n");
        match resources {
            Resources::Services(services) => {
                for ServiceBinding { name, container, cluster, service, parameter, family } in services {
                    text += &format!("  {name}: {container} of {cluster}/{service}, {parameter}, family {family:?}\n");
                }
            }
            Resources::Site(SiteBinding { bucket, prefix, distribution, origin_path, parameter, keep }) => {
                text += &format!("  {bucket}, {prefix:?}, {distribution:?}, {origin_path:?}, {parameter}, {keep:?}\n");
            }
        }
    }
    text
}

fn resources(spec: &AppSpec) -> String {
    spec.claims().iter().map(|Claim { resource, target }| format!("{target}: {resource}\n")).collect()
}

#[test]
fn a_spec_of_two_services_gives_its_environments_in_order() {
    expect![[r#"
        app shop
          service web, container nginx, family Some(TaskFamily("shop-web"))
          service worker, container worker, family None
        dev in 111111111111, eu-west-1, role None
          auto deploy true, after [], Approvals { staff: 0, client: 0 }, Auto, 1800s
          web: nginx of main/shop-dev-web, /shop/dev/web/version, family Some(TaskFamily("shop-web"))
          worker: worker of main/shop-dev-worker, /shop/dev/worker/version, family None
        staging in 222222222222, eu-west-1, role Some(RoleBinding { arn: RoleArn("arn:aws:iam::222222222222:role/driftless"), external_id: None })
          auto deploy false, after ["dev"], Approvals { staff: 1, client: 0 }, Report, 90s
          web: nginx of main/legacy-web, /shop/staging/container-image-tag, family Some(TaskFamily("shop-web"))
          worker: worker of main/worker-staging, /shop/staging/container-image-tag, family None
        prod in 333333333333, us-gov-west-1, role Some(RoleBinding { arn: RoleArn("arn:aws:iam::333333333333:role/driftless"), external_id: Some("acme-42") })
          auto deploy false, after ["dev", "staging"], Approvals { staff: 1, client: 1 }, Auto, 7200s
          web: nginx of main/shop-prod-web, /shop/prod/web-tag, family Some(TaskFamily("shop-web"))
          worker: worker of main/shop-prod-worker, /shop/prod/worker/version, family None
    "#]].assert_eq(&told(&accepted(SHOP)));
}

#[test]
fn a_static_site_gives_its_buckets() {
    expect![[r#"
        app docs
          artifacts shared-artifacts, Some(AccountId("333333333333")), Some(Region("us-east-1")), entry page start/index.html
          assets/** has max-age=31536000, immutable
          *.html has max-age=0, must-revalidate
        dev in 111111111111, eu-west-1, role None
          auto deploy false, after [], Approvals { staff: 0, client: 0 }, Auto, 1800s
          acme-sites-dev, Some(KeyPrefix("docs/")), None, None, /docs/dev/artifact-key, 604800s
        preview in 111111111111, eu-west-1, role None
          auto deploy false, after [], Approvals { staff: 0, client: 0 }, Auto, 1800s
          acme-sites-dev, Some(KeyPrefix("docs-preview/")), None, None, /docs/preview/key, 604800s
        prod in 222222222222, eu-west-1, role None
          auto deploy false, after ["dev"], Approvals { staff: 0, client: 1 }, Auto, 1800s
          acme-docs, Some(KeyPrefix("v1/docs/")), Some(DistributionId("E2EXAMPLE1ABCD")), Some(KeyPrefix("v1/")), /docs/prod/artifact-key, 2592000s
    "#]]
    .assert_eq(&told(&accepted(DOCS)));
}

#[test]
fn a_target_is_bound_to_its_services_or_to_its_bucket() {
    let dev = EnvName::parse("dev").unwrap();
    let binding = accepted(SHOP).binding(&dev).unwrap();
    let names: Vec<&str> = binding.services.iter().map(|service| service.service.as_str()).collect();
    assert_eq!(names, ["shop-dev-web", "shop-dev-worker"]);
    assert_eq!(accepted(SHOP).binding(&EnvName::parse("nowhere").unwrap()), None);
    assert_eq!(binding.site, None);
    let binding = accepted(DOCS).binding(&dev).unwrap();
    assert_eq!(binding.services, []);
    assert_eq!(binding.site.unwrap().bucket.as_str(), "acme-sites-dev");
}

#[test]
fn claims_name_every_resource_once_per_target() {
    expect![[r#"
        shop/dev: ecs-service 111111111111/eu-west-1/main/shop-dev-web
        shop/dev: ssm-parameter 111111111111/eu-west-1//shop/dev/web/version
        shop/dev: ecs-service 111111111111/eu-west-1/main/shop-dev-worker
        shop/dev: ssm-parameter 111111111111/eu-west-1//shop/dev/worker/version
        shop/staging: ecs-service 222222222222/eu-west-1/main/legacy-web
        shop/staging: ssm-parameter 222222222222/eu-west-1//shop/staging/container-image-tag
        shop/staging: ecs-service 222222222222/eu-west-1/main/worker-staging
        shop/prod: ecs-service 333333333333/us-gov-west-1/main/shop-prod-web
        shop/prod: ssm-parameter 333333333333/us-gov-west-1//shop/prod/web-tag
        shop/prod: ecs-service 333333333333/us-gov-west-1/main/shop-prod-worker
        shop/prod: ssm-parameter 333333333333/us-gov-west-1//shop/prod/worker/version
    "#]]
    .assert_eq(&resources(&accepted(SHOP)));
    expect![[r#"
        docs/dev: s3-prefix 111111111111/acme-sites-dev/docs/
        docs/dev: ssm-parameter 111111111111/eu-west-1//docs/dev/artifact-key
        docs/preview: s3-prefix 111111111111/acme-sites-dev/docs-preview/
        docs/preview: ssm-parameter 111111111111/eu-west-1//docs/preview/key
        docs/prod: s3-prefix 222222222222/acme-docs/v1/docs/
        docs/prod: ssm-parameter 222222222222/eu-west-1//docs/prod/artifact-key
    "#]]
    .assert_eq(&resources(&accepted(DOCS)));
    let targets: Vec<String> = accepted(SHOP).targets().iter().map(ToString::to_string).collect();
    assert_eq!(targets, ["shop/dev", "shop/staging", "shop/prod"]);
}

#[test]
fn aliases_repeat_a_value() {
    let text = SHOP.replacen("account: \"111111111111\"", "account: &acme \"111111111111\"", 1).replacen(
        "account: \"222222222222\"\n    region: eu-west-1\n    role: arn:aws:iam::222222222222:role/driftless",
        "account: *acme\n    region: eu-west-1",
        1,
    );
    assert_eq!(accepted(&text).environments[1].place.account.as_str(), "111111111111");
}

#[test]
fn a_later_environment_in_after_is_a_warning_and_an_error_when_strict() {
    let text = SHOP.replacen("autoDeploy: true", "after: [staging]", 1).replacen("after: [dev]", "after: []", 1);
    let parsed = parse(&text, Strictness::Lenient).unwrap();
    let [warning] = parsed.warnings.as_slice() else { panic!("{:?}", parsed.warnings) };
    assert_eq!(
        (warning.severity, warning.line, warning.field.as_str()),
        (Severity::Warning, 14, "environments[0].after[0]")
    );
    let errors = parse(&text, Strictness::Strict).unwrap_err();
    assert_eq!(errors.findings[0].severity, Severity::Error);
}

#[test]
fn findings_survive_json() {
    let errors = parse("apiVersion: driftless/v1\nkind: containr\n", Strictness::Lenient).unwrap_err();
    let json = serde_json::to_string(&errors.findings).unwrap();
    assert_eq!(serde_json::from_str::<Vec<driftless_spec::Finding>>(&json).unwrap(), errors.findings);
    expect![[r#"[{"severity":"error","message":"`kind` must be `container` or `static-site`, not `containr`","field":"kind","line":2,"column":7,"length":8,"help":"did you mean `container`?"}]"#]].assert_eq(&json);
}

#[test]
fn the_examples_of_the_reference_are_accepted() {
    let reference = include_str!("../../../docs/SPEC.md");
    let blocks = reference.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = blocks.filter(|block| block.starts_with("apiVersion")).collect();
    assert_eq!(examples.len(), 2);
    examples.into_iter().for_each(|example| drop(accepted(example)));
}
