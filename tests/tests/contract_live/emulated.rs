//! The adapters against the emulator as a world to test in, and what only they do: roles and image tags.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use serde_json::{Value, json};

use driftless_aws::Aws;
use driftless_domain::{
    CallClass, ClusterName, EcsServiceName, ParameterName, Place, Repository, RoleArn, RoleBinding, Tag, TaskDefArn,
};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;
use driftless_tests::emulator::{Emulator, Mode, place};
use driftless_tests::raw_aws::Service;

use crate::setup::Setup;

/// A row of the table of shortfalls.
pub(crate) const SHOWN_EMPTY: [&str; 4] = ["executionRoleArn", "taskRoleArn", "pidMode", "ipcMode"];

pub(crate) struct Emulated {
    pub(crate) emulator: Emulator,
    pub(crate) aws: Aws,
    mode: Mode,
}

impl Emulated {
    pub(crate) async fn start(mode: Mode) -> Self {
        let emulator = Emulator::start(mode).await;
        let aws = emulator.aws();
        Self { emulator, aws, mode }
    }

    pub(crate) async fn raw(&self, service: Service, operation: &str, body: Value) -> Result<Value> {
        self.emulator.raw().call(&self.place(), service, operation, &body).await
    }

    pub(crate) async fn ecs(&self, operation: &str, body: Value) -> Value {
        self.raw(Service::Ecs, operation, body).await.unwrap()
    }
}

#[async_trait]
impl Setup for Emulated {
    type Live = Aws;

    fn live(&self) -> &Aws {
        &self.aws
    }

    fn look_every(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn shows_digests(&self) -> bool {
        self.mode == Mode::RollsOut
    }

    fn shows_empty(&self) -> &'static [&'static str] {
        &SHOWN_EMPTY
    }

    async fn create_cluster(&self, cluster: &ClusterName) {
        self.ecs("CreateCluster", json!({"clusterName": cluster.as_str()})).await;
    }

    async fn infrastructure_registers(&self, document: &Value, tags: &BTreeMap<String, String>) -> TaskDefArn {
        let mut body = document.clone();
        body["tags"] = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let answer = self.ecs("RegisterTaskDefinition", body).await;
        TaskDefArn::parse(answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()).unwrap()
    }

    async fn create_service(&self, cluster: &ClusterName, service: &EcsServiceName, runs: &TaskDefArn) {
        let body = json!({
            "cluster": cluster.as_str(), "serviceName": service.as_str(), "taskDefinition": runs.as_str(),
            "desiredCount": 2, "launchType": "FARGATE",
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        });
        self.ecs("CreateService", body).await;
        self.until_settled(cluster, service, runs).await;
    }

    async fn person_points_service(&self, cluster: &ClusterName, service: &EcsServiceName, to: &TaskDefArn) {
        let (cluster, service) = (cluster.as_str(), service.as_str());
        let arguments =
            ["ecs", "update-service", "--cluster", cluster, "--service", service, "--task-definition", to.as_str()];
        self.emulator.aws_cli(&self.place(), &arguments).await.unwrap();
    }

    async fn person_deregisters(&self, revision: &TaskDefArn) {
        self.ecs("DeregisterTaskDefinition", json!({"taskDefinition": revision.as_str()})).await;
    }

    async fn infrastructure_writes_parameter(&self, name: &ParameterName, value: &str) {
        let body = json!({"Name": name.as_str(), "Value": value, "Type": "String", "Overwrite": true});
        self.raw(Service::Ssm, "PutParameter", body).await.unwrap();
    }
}

pub(crate) async fn resolves_tags(emulated: &Emulated) {
    let place = emulated.place();
    let put = |tag: &'static str, manifest: &'static str| {
        let body = json!({"repositoryName": "acme/web", "imageTag": tag, "imageManifest": manifest});
        emulated.raw(Service::Ecr, "PutImage", body)
    };
    emulated.raw(Service::Ecr, "CreateRepository", json!({"repositoryName": "acme/web"})).await.unwrap();
    let first = put("latest", "{\"one\":1}").await.unwrap();
    put("v1", "{\"one\":1}").await.unwrap();

    let host = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    let web = Repository::parse(format!("{host}/acme/web")).unwrap();
    let resolve = |tag: &'static str| {
        let (web, place) = (web.clone(), place.clone());
        async move { emulated.aws.resolve_image(&place, &web, &Tag::parse(tag).unwrap()).await.unwrap() }
    };
    let digest = resolve("latest").await.unwrap();
    assert_eq!(digest.as_str(), first["image"]["imageId"]["imageDigest"].as_str().unwrap());
    assert_eq!(resolve("v1").await, Some(digest.clone()));
    assert_eq!(resolve("v2").await, None);

    put("latest", "{\"two\":2}").await.unwrap();
    assert_ne!(resolve("latest").await.unwrap(), digest, "a tag that moved is seen to have moved");
    assert_eq!(resolve("v1").await, Some(digest));

    let other = Repository::parse(format!("{host}/acme/nothing")).unwrap();
    let error = emulated.aws.resolve_image(&place, &other, &Tag::parse("v1").unwrap()).await.unwrap_err();
    assert_eq!(error.class, CallClass::Invalid, "a repository that is not there is no missing tag");
}

pub(crate) async fn takes_roles(emulator: &Emulator) {
    let with_role = |account: &str, role_in: &str| Place {
        role: Some(RoleBinding {
            arn: RoleArn::parse(format!("arn:aws:iam::{role_in}:role/driftless")).unwrap(),
            external_id: Some("its-id".to_owned()),
        }),
        ..place(account).unwrap()
    };
    let aws = emulator.aws();
    let name = ParameterName::parse("/shop/dev/container-image-tag").unwrap();

    let there = with_role("222222222222", "222222222222");
    assert_eq!(aws.caller(&there).await.unwrap().as_str(), "222222222222");
    aws.put_parameter(&there, &name, "v1").await.unwrap();
    let read = |place: Place| {
        let (aws, name) = (&aws, &name);
        async move { aws.parameters(&place, std::slice::from_ref(name)).await.unwrap().remove(0).map(|p| p.value) }
    };
    assert_eq!(read(there.clone()).await.as_deref(), Some("v1"));
    assert_eq!(read(place("222222222222").unwrap()).await.as_deref(), Some("v1"));
    assert_eq!(read(place("333333333333").unwrap()).await, None, "another account has its own parameters");

    let wrong = with_role("222222222222", "333333333333");
    let error = aws.put_parameter(&wrong, &name, "v2").await.unwrap_err();
    assert_eq!((error.class, error.said.code.as_str()), (CallClass::Denied, "WrongAccount"));
    assert_eq!(read(place("333333333333").unwrap()).await, None, "nothing was sent there");
}
