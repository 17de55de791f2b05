//! Where the emulator falls short of AWS, and how we know. A row whose check fails is out of date: the emulator got better (or
//! otherwise), and what relies on the row can be tested against it now.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use driftless_domain::RolloutState;
use driftless_observe::LiveState;
use driftless_tests::emulator::Mode;
use driftless_tests::raw_aws::Service;

use crate::emulated::{Emulated, SHOWN_EMPTY};
use crate::setup::{Setup, cluster, document, family, image, service};
use crate::suite::with_newer_fields;

/// One difference.
struct Row {
    what: &'static str,
    aws: &'static str,
    emulator: &'static str,
    still_so: bool,
}

struct Table(Vec<Row>);

impl Table {
    fn row(&mut self, what: &'static str, aws: &'static str, emulator: &'static str, still_so: bool) {
        self.0.push(Row { what, aws, emulator, still_so });
    }

    fn text(&self) -> String {
        let width = |part: fn(&Row) -> &str| self.0.iter().map(|row| part(row).chars().count()).max().unwrap_or(0);
        let (what, aws) = (width(|row| row.what), width(|row| row.aws));
        let line = |row: &Row| {
            let changed = if row.still_so { "" } else { "   <- no longer so" };
            format!("{:what$}  {:aws$}  {}{changed}\n", row.what, row.aws, row.emulator)
        };
        let head = Row { what: "what", aws: "AWS", emulator: "ministack 1.5.33", still_so: true };
        std::iter::once(&head).chain(&self.0).map(line).collect()
    }
}

/// Prints the table, and fails when a row is out of date.
pub(crate) async fn all() {
    let mut table = Table(Vec::new());
    let at_once = Emulated::start(Mode::AtOnce).await;
    of_service_deployments(&mut table, &at_once).await;
    of_definitions(&mut table, &at_once).await;
    of_updates(&mut table, &at_once).await;
    of_other_services(&mut table, &at_once).await;
    of_mode_at_once(&mut table, &at_once).await;
    drop(at_once);
    of_mode_rolls_out(&mut table, &Emulated::start(Mode::RollsOut).await).await;
    println!("{}", table.text());
    assert!(table.0.iter().all(|row| row.still_so), "a row is out of date:\n{}", table.text());
}

async fn of_service_deployments(table: &mut Table, world: &Emulated) {
    let listed = world.ecs("ListServiceDeployments", json!({"cluster": "no-such", "service": "no-such"})).await;
    table.row(
        "ListServiceDeployments",
        "every deployment of 90 days; an error for a cluster that is not there",
        "an empty list, always: the adapter answers None",
        listed["serviceDeployments"] == json!([])
            && world.aws.rollouts(&world.place(), &cluster("a"), &service("b")).await == Ok(None),
    );
    let stop = world.raw(Service::Ecs, "StopServiceDeployment", json!({"serviceDeploymentArn": "arn"})).await;
    table.row(
        "StopServiceDeployment",
        "stops, or rolls back",
        "InvalidAction",
        stop.is_err_and(|error| error.to_string().starts_with("InvalidAction")),
    );
}

async fn of_definitions(table: &mut Table, world: &Emulated) {
    let kept = world.ecs("RegisterTaskDefinition", with_newer_fields("short")).await;
    table.row(
        "RegisterTaskDefinition, enableFaultInjection",
        "kept",
        "dropped",
        kept["taskDefinition"].get("enableFaultInjection").is_none(),
    );
    world.ecs("RegisterTaskDefinition", document("short-too", &image("web"))).await;
    let listed = world.ecs("ListTaskDefinitions", json!({"familyPrefix": "short"})).await;
    table.row(
        "ListTaskDefinitions, familyPrefix",
        "the family of that name",
        "every family that begins so",
        listed["taskDefinitionArns"].as_array().is_some_and(|arns| arns.len() == 2),
    );
    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "short-too:1"})).await;
    let bare = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "short-too"})).await;
    table.row(
        "DescribeTaskDefinition, a family whose revisions are INACTIVE",
        "an error",
        "its highest revision",
        bare["taskDefinition"]["status"] == "INACTIVE",
    );
    let unasked = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "short:1"})).await;
    table.row("DescribeTaskDefinition, tags", "when asked for", "always", unasked.get("tags").is_some());
    table.row(
        "DescribeTaskDefinition, roles and modes that were not given",
        "left out",
        "empty strings",
        SHOWN_EMPTY.iter().all(|field| unasked["taskDefinition"][field] == ""),
    );
    let mappings = json!([{"containerPort": 80}]);
    let mut ports = document("short-ports", &image("web"));
    ports["containerDefinitions"][0]["portMappings"] = mappings.clone();
    let described = world.ecs("RegisterTaskDefinition", ports).await;
    table.row(
        "DescribeTaskDefinition, hostPort and protocol",
        "filled in",
        "as registered",
        described["taskDefinition"]["containerDefinitions"][0]["portMappings"] == mappings,
    );
}

async fn of_updates(table: &mut Table, world: &Emulated) {
    let (main, web) = (cluster("short"), service("short-web"));
    let base = world.infrastructure_registers(&document("short-web", &image("web")), &BTreeMap::new()).await;
    let old = world.infrastructure_registers(&document("short-web", &image("web")), &BTreeMap::new()).await;
    world.create_service(&main, &web, &base).await;
    table.row(
        "CreateService in a cluster that is not there",
        "ClusterNotFoundException",
        "makes the cluster",
        world.aws.services(&world.place(), &main, std::slice::from_ref(&web)).await.is_ok(),
    );
    world.person_deregisters(&old).await;
    let update = |to: &str| {
        let body = json!({"cluster": "short", "service": "short-web", "taskDefinition": to});
        world.raw(Service::Ecs, "UpdateService", body)
    };
    table.row(
        "UpdateService to an INACTIVE revision",
        "ClientException",
        "accepted and rolled out",
        update(old.as_str()).await.is_ok(),
    );
    table.row(
        "UpdateService to a revision that is not there",
        "ClientException",
        "accepted",
        update("short-web:99").await.is_ok(),
    );
    let elsewhere = json!({"cluster": "no-such", "service": "short-web"});
    let elsewhere = world.raw(Service::Ecs, "UpdateService", elsewhere).await;
    table.row(
        "UpdateService in a cluster that is not there",
        "ClusterNotFoundException",
        "ServiceNotFoundException",
        elsewhere.is_err_and(|error| error.to_string().starts_with("ServiceNotFoundException")),
    );
    let tasks = world.ecs("ListTasks", json!({"cluster": "short", "serviceName": "no-such"})).await;
    table.row(
        "ListTasks of a service that is not there",
        "ServiceNotFoundException",
        "an empty list",
        tasks["taskArns"] == json!([]),
    );
}

async fn of_other_services(table: &mut Table, world: &Emulated) {
    let names: Vec<String> = (0..11).map(|number| format!("/short/{number}")).collect();
    let eleven = world.raw(Service::Ssm, "GetParameters", json!({"Names": names})).await;
    table.row("GetParameters with 11 names", "ValidationException", "accepted", eleven.is_ok());
    let odd = json!({"Name": "/bad name!", "Value": "v", "Type": "String"});
    let odd = world.raw(Service::Ssm, "PutParameter", odd).await;
    table.row("PutParameter with a name that is not one", "ValidationException", "accepted", odd.is_ok());
    world.raw(Service::Ecr, "CreateRepository", json!({"repositoryName": "short"})).await.unwrap();
    let missing = json!({"repositoryName": "short", "imageIds": [{"imageTag": "v1"}]});
    let missing = world.raw(Service::Ecr, "DescribeImages", missing).await;
    table.row(
        "DescribeImages of a tag that is not there",
        "ImageNotFoundException",
        "an empty list",
        missing.is_ok_and(|answer| answer["imageDetails"] == json!([])),
    );
}

async fn of_mode_at_once(table: &mut Table, world: &Emulated) {
    let main = cluster("short");
    let bad = world.infrastructure_registers(&document("short-bad", &image("crash")), &BTreeMap::new()).await;
    world.create_service(&main, &service("short-bad"), &bad).await;
    table.row("at once: an image that crashes", "fails", "runs", true);
    let containers = world.aws.running_containers(&world.place(), &main, &service("short-bad")).await.unwrap();
    table.row(
        "at once: containers[].imageDigest",
        "the digest that runs",
        "absent",
        containers.iter().all(|container| container.digest.is_none()),
    );
}

async fn of_mode_rolls_out(table: &mut Table, world: &Emulated) {
    let main = cluster("short");
    world.create_cluster(&main).await;
    let bad = world.infrastructure_registers(&document("short-first", &image("crash")), &BTreeMap::new()).await;
    let body = json!({
        "cluster": "short", "serviceName": "short-first", "taskDefinition": bad.as_str(), "desiredCount": 1,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    });
    let made: Value = world.ecs("CreateService", body).await;
    table.row(
        "rolls out: the first deployment of a service",
        "IN_PROGRESS until its tasks run",
        "COMPLETED at once, even when its tasks crash",
        made["service"]["deployments"][0]["rolloutState"] == "COMPLETED",
    );

    let web = service("short-web");
    let good = world.infrastructure_registers(&document("short-web", &image("web")), &BTreeMap::new()).await;
    world.create_service(&main, &web, &good).await;
    let broken = world.infrastructure_registers(&document("short-web", &image("crash")), &BTreeMap::new()).await;
    world.person_points_service(&main, &web, &broken).await;
    let failed = |live: &driftless_domain::LiveService| {
        live.deployments.iter().any(|d| d.task_definition == broken && d.state == RolloutState::Failed)
    };
    world.until(&main, &web, "taken back", &failed).await;
    world.until_settled(&main, &web, &good).await;
    let better = world.infrastructure_registers(&document("short-web", &image("web2")), &BTreeMap::new()).await;
    world.person_points_service(&main, &web, &better).await;
    let settled = world.until_settled(&main, &web, &better).await;
    table.row(
        "rolls out: a FAILED deployment after the next one succeeded",
        "gone from DescribeServices",
        "listed for good",
        failed(&settled),
    );
    let tasks = world.ecs("ListTasks", json!({"cluster": "short", "serviceName": "short-web"})).await;
    let body = json!({"cluster": "short", "tasks": tasks["taskArns"]});
    let tasks = world.ecs("DescribeTasks", body).await;
    table.row(
        "rolls out: tasks[].startedBy",
        "the deployment (ecs-svc/…)",
        "the service's name",
        tasks["tasks"][0]["startedBy"] == "short-web",
    );
    assert_eq!(world.aws.revisions(&world.place(), &family("short-web"), 1).await.unwrap(), [better]);
}
