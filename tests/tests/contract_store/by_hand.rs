//! Records that somebody edited by hand (docs/design/faults.md): shown as invalid with the reason, without harm to others.

use serde_json::{Value, json};

use driftless_aws::{BootstrapError, BootstrapItem, BootstrapOutcome, DeletionProtection};
use driftless_domain::Tag;
use driftless_releases::{DesiredWrites, EventKind, Lease, ReadRecords, StatusWrites, StoreError, Stored, Versioned};

use crate::tables::Table;
use crate::values::{app, artifact, at, desired, event, requested, spec, status, target};

/// All of it.
pub(crate) async fn all(table: &Table) {
    a_broken_desired_record_is_shown_and_its_neighbour_is_well(table).await;
    every_other_record_says_what_is_wrong_with_it(table).await;
    a_copied_record_is_not_taken_for_anothers_s17(table).await;
    broken_items_are_left_out_of_lists(table).await;
    items_carry_what_iam_ttl_and_people_need(table).await;
}

async fn a_broken_desired_record_is_shown_and_its_neighbour_is_well(table: &Table) {
    for name in ["hand/dev", "hand/prod"] {
        let record = desired(name, 1);
        table.store.put_desired(&record, &requested(&record)).await.unwrap();
    }
    let long = "x".repeat(5_000);
    let edits: [(&str, Option<Value>, &str); 16] = [
        ("generation", Some(json!({"S": "1"})), "attribute generation: a number was expected, found a string"),
        (
            "generation",
            Some(json!({"N": "-1"})),
            "attribute generation: a whole number that is not negative was expected, found -1",
        ),
        ("generation", Some(json!({"N": "0"})), "attribute generation: 1 or more was expected, found 0"),
        ("generation", None, "attribute generation: missing"),
        ("artifact", Some(json!({"NULL": true})), "attribute artifact: null"),
        ("artifact", Some(json!({"L": []})), "attribute artifact: a string was expected, found a list"),
        ("reason", Some(json!({"S": long})), "attribute reason: 5000 bytes are more than 1024"),
        (
            "reason",
            Some(json!({"S": ""})),
            "attribute reason: reason \"\" is not valid: 1 to 500 characters that can be seen",
        ),
        (
            "requested_at",
            Some(json!({"S": "soon"})),
            "attribute requested_at: a time like 2026-01-02T03:04:05Z was expected, found \"soon\"",
        ),
        ("env", Some(json!({"S": "prod"})), "attribute app or env: the item belongs at desired#hand/prod"),
        ("schema", Some(json!({"N": "99"})), "written by a newer version of Driftless (schema 99; this one knows 1)"),
        ("schema", None, "attribute schema: missing"),
        // The index leads to an item by these two.
        ("lane", None, "attribute lane: missing"),
        ("lane", Some(json!({"S": "Desired"})), "attribute lane: desired was expected, found \"Desired\""),
        ("changed_at", None, "attribute changed_at: missing"),
        (
            "changed_at",
            Some(json!({"S": "now"})),
            "attribute changed_at: a time like 2026-01-02T03:04:05Z was expected, found \"now\"",
        ),
    ];
    let (pk, sk) = ("desired#hand/dev", "desired");
    let well = table.item(pk, sk).await;
    for (attribute, value, problem) in edits {
        match value {
            Some(value) => table.set(pk, sk, attribute, value).await,
            None => table.remove(pk, sk, attribute).await,
        }
        let loaded = table.store.load(&[target("hand/dev"), target("hand/prod")]).await.unwrap();
        let Stored::Invalid(invalid) = &loaded[0].desired else { panic!("{attribute}: {:?}", loaded[0].desired) };
        assert_eq!((invalid.key.as_str(), invalid.problem.as_str()), (pk, problem));
        assert_eq!(loaded[1].desired, Stored::Valid(desired("hand/prod", 1)), "{attribute}");
        assert_eq!(table.store.desired(&target("hand/dev")).await.unwrap(), loaded[0].desired);
        table.set(pk, sk, attribute, well[attribute].clone()).await;
    }
    assert_eq!(table.store.desired(&target("hand/dev")).await.unwrap(), Stored::Valid(desired("hand/dev", 1)));

    // The count still holds, so that somebody can put it right through the API.
    table.set(pk, sk, "artifact", json!({"N": "7"})).await;
    let next = desired("hand/dev", 2);
    table.store.put_desired(&next, &requested(&next)).await.unwrap();
    assert_eq!(table.store.desired(&target("hand/dev")).await.unwrap(), Stored::Valid(next));
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(answer: &Result<T, StoreError>, problem: &str) {
    assert!(matches!(answer, Err(StoreError::Invalid(i)) if i.problem.starts_with(problem)), "{answer:?}");
}

async fn every_other_record_says_what_is_wrong_with_it(table: &Table) {
    let store = &table.store;
    let record = status("hand-too/dev", "well");
    store.put_status(&Versioned { version: 0, record }, &[]).await.unwrap();
    table.set("status#hand-too/dev", "status", "document", json!({"S": "{\"target\":1}"})).await;
    let loaded = store.load(&[target("hand-too/dev")]).await.unwrap().remove(0);
    let Stored::Invalid(problem) = loaded.status else { panic!("{:?}", loaded.status) };
    assert!(problem.problem.starts_with("attribute document: "), "{problem}");

    store.put_spec(&spec("hand-too", 1), &[]).await.unwrap();
    table.set("spec#hand-too", "spec", "version", json!({"BOOL": true})).await;
    let Stored::Invalid(problem) = store.spec(&app("hand-too")).await.unwrap() else { panic!("valid") };
    assert_eq!(problem.problem, "attribute version: a number was expected, found a boolean");
    invalid(&store.put_spec(&spec("hand-too", 2), &[]).await, "attribute version");

    let build = artifact("hand-too", "v1", 0);
    store.put_artifact(&build).await.unwrap();
    table.set("artifact#hand-too", "v1", "images", json!({"M": {"web": {"S": "web:latest"}}})).await;
    let Stored::Invalid(problem) = store.artifact(&build.app, &build.tag).await.unwrap() else { panic!("valid") };
    assert!(problem.problem.starts_with("attribute images: image \"web:latest\" is not valid"), "{problem}");
    assert_eq!(problem.key, "artifact#hand-too v1");
    invalid(&store.put_artifact(&build).await, "attribute images");

    store.put_lease(&Lease { shard: 40, holder: "one".to_owned(), token: 1, version: 1 }).await.unwrap();
    table.set("lease#40", "lease", "token", json!({"N": "-4"})).await;
    invalid(&store.lease(40).await, "attribute token: a whole number that is not negative was expected, found -4");
}

async fn a_copied_record_is_not_taken_for_anothers_s17(table: &Table) {
    let record = desired("copied/prod", 1);
    table.store.put_desired(&record, &requested(&record)).await.unwrap();
    table.copy("desired#copied/prod", "desired#copied/dev", "desired").await;
    let Stored::Invalid(problem) = table.store.desired(&target("copied/dev")).await.unwrap() else { panic!("valid") };
    assert_eq!(problem.problem, "attribute app or env: the item belongs at desired#copied/prod");
}

async fn broken_items_are_left_out_of_lists(table: &Table) {
    let store = &table.store;
    for (tag, second) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        store.put_artifact(&artifact("lists", tag, second)).await.unwrap();
    }
    table.set("artifact#lists", "v3", "content", json!({"S": "tarball"})).await;
    let tags: Vec<Tag> = store.artifacts(&app("lists"), 2).await.unwrap().into_iter().map(|a| a.tag).collect();
    assert_eq!(tags, ["v2", "v1"].map(|tag| Tag::parse(tag).unwrap()), "the list is as long as asked for");

    let events = [event("lists/dev", 1, 0, EventKind::Started), event("lists/dev", 2, 0, EventKind::Converged)];
    store.put_status(&Versioned { version: 0, record: status("lists/dev", "x") }, &events).await.unwrap();
    let sk = format!("{:.6}#0000#converged", at(2));
    table.set("history#lists/dev", &sk, "kind", json!({"S": "celebrated"})).await;
    assert_eq!(store.history(&target("lists/dev"), 5).await.unwrap(), events[..1]);
}

async fn items_carry_what_iam_ttl_and_people_need(table: &Table) {
    let record = desired("seen/dev", 1);
    table.store.put_desired(&record, &requested(&record)).await.unwrap();
    let item = table.item("desired#seen/dev", "desired").await;
    let mut plain: Vec<String> =
        item.as_object().unwrap().iter().map(|(name, value)| format!("{name} {value}")).collect();
    plain.sort();
    expect_test::expect![[r#"
        app {"S":"seen"}
        artifact {"S":"v1"}
        changed_at {"S":"2027-01-15T08:00:01.123456789Z"}
        env {"S":"dev"}
        generation {"N":"1"}
        lane {"S":"desired"}
        pk {"S":"desired#seen/dev"}
        reason {"S":"because: <b>ü</b> \"quoted\""}
        requested_at {"S":"2027-01-15T08:00:01.123456789Z"}
        requested_by {"S":"ann@example.com"}
        schema {"N":"1"}
        shard {"N":"29"}
        sk {"S":"desired"}"#]]
    .assert_eq(&plain.join("\n"));
    let told = table.item("history#seen/dev", "2027-01-15T08:00:01.123456Z#0000#requested").await;
    let days = (told["expires_at"]["N"].as_str().unwrap().parse::<i64>().unwrap() - at(1).as_second()) / 86_400;
    assert_eq!(days, 400);
    let found = table.store.put_status(&Versioned { version: 0, record: status("seen/dev", "why") }, &[]).await;
    assert_eq!(found, Ok(1));
    let item = table.item("status#seen/dev", "status").await;
    assert_eq!((&item["gate"]["S"], &item["reason"]["S"]), (&json!("awaiting-approval"), &json!("why")));
}

/// Makes the table twice, and gives the words of the first time.
pub(crate) async fn bootstraps(table: &Table) -> String {
    let first = table.store.bootstrap(DeletionProtection::On).await.unwrap();
    let second = table.store.bootstrap(DeletionProtection::On).await.unwrap();
    assert!(second.iter().all(|step| step.outcome == BootstrapOutcome::AlreadyThere), "{second:?}");
    first.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn create(keys: [&str; 2]) -> Value {
    let [hash, range] = keys;
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let definition = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    json!({
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [key(hash, "HASH"), key(range, "RANGE")],
        "AttributeDefinitions": [definition(hash), definition(range)],
    })
}

/// A table that somebody made without its index and the rest gets them.
pub(crate) async fn puts_right(table: &Table) {
    table.call("CreateTable", create(["pk", "sk"])).await;
    let steps = table.store.bootstrap(DeletionProtection::On).await.unwrap();
    for step in steps {
        let expected = match step.item {
            BootstrapItem::Table => BootstrapOutcome::AlreadyThere,
            BootstrapItem::Index
            | BootstrapItem::Stream
            | BootstrapItem::TimeToLive
            | BootstrapItem::PointInTimeRecovery
            | BootstrapItem::DeletionProtection => BootstrapOutcome::Made,
        };
        assert_eq!(step.outcome, expected, "{step}");
    }
    let record = desired("right/dev", 1);
    table.store.put_desired(&record, &requested(&record)).await.unwrap();
    assert_eq!(table.store.changes(None).await.unwrap().len(), 1, "the index works");
}

/// A table with other keys is somebody else's.
pub(crate) async fn refuses_foreign(table: &Table) {
    table.call("CreateTable", create(["id", "at"])).await;
    let error = table.store.bootstrap(DeletionProtection::Off).await.unwrap_err();
    assert!(matches!(error, BootstrapError::NotOurs { .. }), "{error}");
    assert_eq!(error.to_string(), "table foreign is there and is not a table of Driftless: its keys are not pk and sk");
}
