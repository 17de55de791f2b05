//! Deploying, healing and being frugal, against the emulator that completes everything at once.

use driftless_aws::Kind;
use driftless_reconcile::once;
use driftless_tests::emulator::{Emulator, Mode, example_task_definitions};
use serde_json::{Value, json};

use crate::shop::{Shop, image, nginx};

/// A service made from each example task definition is deployed, and every field of the new revision other than the image
/// and our tags equals the base (S15).
#[tokio::test]
async fn each_example_task_definition_is_deployed_with_only_its_image_changed_s15() {
    for (name, document) in example_task_definitions().unwrap() {
        let shop = Shop::open(Emulator::start(Mode::AtOnce).await, &document, &["dev".to_owned()], 1).await;
        let base = shop.runs("dev").await;
        let wanted = image("ok", 'a');
        shop.announce("sha-aaaaaaa", &wanted).await;
        shop.deploy("dev", "sha-aaaaaaa").await;
        shop.converge(&shop.controller()).await;

        let live = shop.runs("dev").await;
        assert_eq!(live["taskDefinition"]["containerDefinitions"][0]["image"], json!(wanted), "{name}");
        assert_eq!(comparable(live.clone()), comparable(base.clone()), "{name}");
        assert_eq!(shop.parameter("dev").await, "sha-aaaaaaa", "{name}");
        let tags = live["tags"].as_array().unwrap();
        assert!(tags.contains(&json!({ "key": "managed-by", "value": "terraform" })), "{name}: {tags:?}");
        let ours = tags.iter().filter(|tag| tag["key"].as_str().unwrap().starts_with("driftless:")).count();
        assert_eq!(ours, 7, "{name}: {tags:?}");
    }
}

/// A description without what every revision has of its own, without the image, and without our tags.
fn comparable(mut described: Value) -> Value {
    let definition = described["taskDefinition"].as_object_mut().unwrap();
    for own in ["taskDefinitionArn", "revision", "registeredAt", "registeredBy", "status", "deregisteredAt"] {
        definition.remove(own);
    }
    definition["containerDefinitions"][0]["image"] = Value::Null;
    let tags = described["tags"].as_array_mut().unwrap();
    tags.retain(|tag| !tag["key"].as_str().unwrap().starts_with("driftless:"));
    described.as_object_mut().unwrap().remove("responseMetadata");
    described
}

/// By the AWS CLI, as a person would: put right in one resync, with exactly the calls it needs.
#[tokio::test]
async fn what_a_person_does_with_the_aws_cli_is_put_right_in_one_resync() {
    let document = nginx();
    let shop = Shop::open(Emulator::start(Mode::AtOnce).await, &document, &["dev".to_owned()], 1).await;
    shop.announce("sha-aaaaaaa", &image("ok", 'a')).await;
    shop.deploy("dev", "sha-aaaaaaa").await;
    let controller = shop.controller();
    shop.converge(&controller).await;
    let good = shop.runs("dev").await["taskDefinition"]["taskDefinitionArn"].clone();

    shop.aws_cli(&[
        "ecs",
        "update-service",
        "--cluster",
        "main",
        "--service",
        "shop-dev-svc",
        "--task-definition",
        "shop-dev-svc:1",
    ])
    .await;
    shop.aws_cli(&[
        "ssm",
        "put-parameter",
        "--name",
        "/shop/dev/svc/version",
        "--value",
        "by-hand",
        "--type",
        "String",
        "--overwrite",
    ])
    .await;
    assert_eq!(shop.parameter("dev").await, "by-hand");
    let before = shop.calls.total(Kind::Change);
    once(&controller, None).await.unwrap();
    assert_eq!(shop.runs("dev").await["taskDefinition"]["taskDefinitionArn"], good);
    assert_eq!(shop.parameter("dev").await, "sha-aaaaaaa");
    assert_eq!(shop.calls.total(Kind::Change) - before, 2, "one parameter, one service");
    shop.converge(&controller).await;
    assert_eq!(shop.status("dev").await.heals.len(), 2);
}

/// A second pass on converged targets makes no write and at most a quarter of a read per target at 100 targets.
#[tokio::test]
async fn a_second_pass_over_a_hundred_targets_writes_nothing_and_reads_little() {
    let document = nginx();
    // A spec has at most 50 environments, and one transaction takes 98 claims: two per environment.
    let envs: Vec<String> = (0..49).map(|index| format!("env-{index}")).collect();
    let shop = Shop::open(Emulator::start(Mode::AtOnce).await, &document, &envs, 1).await;
    let others = shop.another_app("fair", &document, &envs).await;
    let third = shop.another_app("mall", &document, &envs[..2]).await;
    for (app, envs) in [("shop", &envs[..]), ("fair", &others[..]), ("mall", &third[..])] {
        shop.announce_for(app, "sha-aaaaaaa", &image("ok", 'a')).await;
        for env in envs {
            shop.deploy_for(app, env, "sha-aaaaaaa").await;
        }
    }
    let controller = shop.controller();
    shop.converge(&controller).await;
    let (reads, writes) = (shop.calls.total(Kind::Read), shop.calls.total(Kind::Change));
    let records = (shop.records.total(Kind::Read), shop.records.total(Kind::Change));
    let ended = once(&controller, None).await.unwrap();
    assert_eq!(ended.len(), 100);
    assert!(ended.iter().all(|one| one.plan == "converged"));
    let aws = shop.calls.total(Kind::Read) - reads;
    let table = shop.records.total(Kind::Read) - records.0;
    println!(
        "100 converged targets, one pass: {aws} reads of AWS and {table} of the table, {:.2} per target; {} writes",
        (aws + table) as f64 / 100.0,
        shop.calls.total(Kind::Change) - writes
    );
    assert!(aws + table <= 25, "{aws} + {table}: {:?}", shop.calls.by_operation());
    assert_eq!(shop.calls.total(Kind::Change), writes);
    assert_eq!(shop.records.total(Kind::Change), records.1);
}
