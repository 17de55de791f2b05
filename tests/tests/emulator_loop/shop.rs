//! An app in the emulator: services made from task definitions, records in its DynamoDB, a controller over both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use driftless_aws::{Aws, CallCounter, DeletionProtection, DynamoStore};
use driftless_domain::{
    Actor, AppName, Artifact, Content, EnvName, Place, Reason, Region, ServiceName, Status, Tag, Target,
};
use driftless_reconcile::{Controller, Ended, Settings, Sole, once};
use driftless_releases::{DeployRequest, ReadRecords as _, announce, apply_spec, deploy};
use driftless_sim::SimClock;
use driftless_spec::{AppSpec, Strictness, parse};
use driftless_tests::emulator::{Emulator, example_task_definitions, place};
use driftless_tests::raw_aws::Service;
use serde_json::{Value, json};

/// The account of the workloads; the records are in the controller's own.
pub(crate) const ACCOUNT: &str = "111111111111";

pub(crate) struct Shop {
    pub(crate) emulator: Emulator,
    pub(crate) spec: AppSpec,
    pub(crate) store: DynamoStore,
    pub(crate) aws: Aws,
    pub(crate) calls: CallCounter,
    pub(crate) records: CallCounter,
    pub(crate) clock: SimClock,
}

/// A spec of `shop`: one service `svc` per environment, whose container is given, with families as the services are called.
pub(crate) fn spec_text(container: &str, envs: &[String]) -> String {
    let mut text = format!(
        "apiVersion: driftless/v1\nkind: container\napp: shop\nservices:\n  - name: svc\n    container: {container}\nenvironments:\n"
    );
    for env in envs {
        writeln!(text, "  - name: {env}\n    account: \"{ACCOUNT}\"\n    region: eu-west-1\n    cluster: main")
            .unwrap();
    }
    text
}

impl Shop {
    /// The app in these environments; each service runs `task_definition` under a family of its own.
    pub(crate) async fn open(emulator: Emulator, task_definition: &Value, envs: &[String], count: u32) -> Self {
        let container = task_definition["containerDefinitions"][0]["name"].as_str().unwrap().to_owned();
        let calls = CallCounter::default();
        let accounts = emulator.accounts();
        let region = Region::parse("eu-west-1").unwrap();
        let records = CallCounter::default();
        let store = DynamoStore::connect(&accounts, &region, "driftless", records.clone());
        store.bootstrap(DeletionProtection::Off).await.unwrap();
        let aws = Aws::new(accounts, calls.clone()).unlimited();
        let clock = SimClock::start_at("2026-11-22T00:00:00Z".parse().unwrap());
        let text = spec_text(&container, envs);
        let spec = parse(&text, Strictness::Strict).unwrap().spec;
        apply_spec(&store, &spec.app, &text, None, actor(), clock.now()).await.unwrap();
        let shop = Self { emulator, spec, store, aws, calls, records, clock };
        shop.raw(Service::Ecs, "CreateCluster", json!({ "clusterName": "main" })).await;
        for env in envs {
            shop.make_service("shop", env, task_definition, count).await;
        }
        shop
    }

    /// Another app, made alike.
    pub(crate) async fn another_app(&self, app: &str, task_definition: &Value, envs: &[String]) -> Vec<String> {
        let container = task_definition["containerDefinitions"][0]["name"].as_str().unwrap();
        let text = spec_text(container, envs).replace("app: shop", &format!("app: {app}"));
        let name = AppName::parse(app).unwrap();
        apply_spec(&self.store, &name, &text, None, actor(), self.clock.now()).await.unwrap();
        for env in envs {
            self.make_service(app, env, task_definition, 1).await;
        }
        envs.to_vec()
    }

    async fn make_service(&self, app: &str, env: &str, task_definition: &Value, count: u32) {
        let mut document = task_definition.clone();
        document["family"] = format!("{app}-{env}-svc").into();
        document["tags"] = json!([{ "key": "managed-by", "value": "terraform" }]);
        let made = self.raw(Service::Ecs, "RegisterTaskDefinition", document).await;
        let breaker = json!({ "deploymentCircuitBreaker": { "enable": true, "rollback": true } });
        let service = json!({ "cluster": "main", "serviceName": format!("{app}-{env}-svc"), "desiredCount": count,
            "taskDefinition": made["taskDefinition"]["taskDefinitionArn"], "deploymentConfiguration": breaker });
        self.raw(Service::Ecs, "CreateService", service).await;
    }

    pub(crate) fn place(&self) -> Place {
        place(ACCOUNT).unwrap()
    }

    pub(crate) async fn raw(&self, service: Service, operation: &str, body: Value) -> Value {
        self.emulator.raw().call(&self.place(), service, operation, &body).await.unwrap()
    }

    pub(crate) async fn aws_cli(&self, arguments: &[&str]) -> Value {
        self.emulator.aws_cli(&self.place(), arguments).await.unwrap()
    }

    pub(crate) async fn announce(&self, tag: &str, image: &str) {
        self.announce_for("shop", tag, image).await;
    }

    pub(crate) async fn announce_for(&self, app: &str, tag: &str, image: &str) {
        let images = BTreeMap::from([(ServiceName::parse("svc").unwrap(), image.parse().unwrap())]);
        let artifact = Artifact {
            app: AppName::parse(app).unwrap(),
            tag: Tag::parse(tag).unwrap(),
            content: Content::Container { images },
            git_sha: None,
            branch: None,
            announced_by: actor(),
            announced_at: self.clock.now(),
        };
        announce(&self.store, artifact).await.unwrap();
    }

    pub(crate) async fn deploy(&self, env: &str, tag: &str) {
        self.deploy_for("shop", env, tag).await;
    }

    pub(crate) async fn deploy_for(&self, app: &str, env: &str, tag: &str) {
        let request = DeployRequest {
            target: Target::parse(&format!("{app}/{env}")).unwrap(),
            tag: Tag::parse(tag).unwrap(),
            expected: None,
            by: actor(),
            reason: Reason::parse("a test asks for it").unwrap(),
            at: self.clock.now(),
        };
        deploy(&self.store, request).await.unwrap();
    }

    pub(crate) fn target(&self, env: &str) -> Target {
        Target::new(self.spec.app.clone(), EnvName::parse(env).unwrap())
    }

    pub(crate) fn controller(&self) -> Controller {
        let settings = Settings { holder: "test".to_owned(), resync: Duration::from_secs(5), seed: 1 };
        let aws = Arc::new(self.aws.clone());
        let clock = Arc::new(self.clock.clone());
        Controller::new(Arc::new(self.store.clone()), aws.clone(), aws, clock, Arc::new(Sole), settings)
    }

    /// Rounds of `reconcile --once` until all targets are converged.
    pub(crate) async fn converge(&self, controller: &Controller) {
        let mut last: Vec<Ended> = Vec::new();
        for _ in 0..40 {
            last = once(controller, None).await.unwrap();
            if last.iter().all(|one| one.plan == "converged") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("not converged: {:#?}", last.iter().filter(|one| one.plan != "converged").collect::<Vec<_>>());
    }

    pub(crate) async fn status(&self, env: &str) -> Status {
        let loaded = self.store.load(&[self.target(env)]).await.unwrap();
        loaded.into_iter().next().unwrap().status.valid().unwrap().record
    }

    /// What the service runs: the whole description, tags included.
    pub(crate) async fn runs(&self, env: &str) -> Value {
        let service = format!("shop-{env}-svc");
        let found =
            self.raw(Service::Ecs, "DescribeServices", json!({ "cluster": "main", "services": [service] })).await;
        let arn = &found["services"][0]["taskDefinition"];
        self.describe(arn.as_str().unwrap()).await
    }

    pub(crate) async fn describe(&self, revision: &str) -> Value {
        let asked = json!({ "taskDefinition": revision, "include": ["TAGS"] });
        self.raw(Service::Ecs, "DescribeTaskDefinition", asked).await
    }

    pub(crate) async fn parameter(&self, env: &str) -> String {
        let name = format!("/shop/{env}/svc/version");
        let found = self.raw(Service::Ssm, "GetParameter", json!({ "Name": name })).await;
        found["Parameter"]["Value"].as_str().unwrap().to_owned()
    }
}

/// An image called by a word that the engine understands (`ok`, `crash`), and a letter for its digest.
pub(crate) fn image(word: &str, letter: char) -> String {
    format!("registry.example/shop/{word}@sha256:{}", letter.to_string().repeat(64))
}

pub(crate) fn actor() -> Actor {
    Actor::parse("ci").unwrap()
}

/// The example that most tests here make their services from.
pub(crate) fn nginx() -> Value {
    let mut examples = example_task_definitions().unwrap().into_iter();
    examples.find_map(|(name, document)| (name == "nginx_fargate").then_some(document)).unwrap()
}
