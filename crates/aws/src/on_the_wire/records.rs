//! Records when answers get lost.

use serde_json::{Value, json};

use driftless_domain::{Actor, CallClass, Generation, Reason, Region, Tag, Target};
use driftless_releases::{
    DesiredRecord, DesiredWrites, Event, EventKind, Lease, ReadRecords, StatusWrites, StoreError, Stored,
};
use jiff::Timestamp;

use crate::testing::{Fake, Reply, Request};
use crate::{CallCounter, DynamoStore};

fn store(fake: &Fake) -> DynamoStore {
    let region = Region::parse("eu-west-1").unwrap();
    DynamoStore::connect(&fake.accounts(), &region, "driftless", CallCounter::default())
}

fn lease() -> Lease {
    Lease { shard: 3, holder: "one".to_owned(), token: 5, version: 9 }
}

fn refused(item: &Value) -> Reply {
    let body = json!({
        "__type": "ConditionalCheckFailedException", "message": "The conditional request failed", "Item": item,
    });
    Reply::Page(400, body.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_arrived_before_its_answer_was_lost_has_worked() {
    let fake = Fake::new(|request, before| match before {
        0 => Reply::Breaks,
        _ => refused(&request.body["Item"]),
    });
    store(&fake).put_lease(&lease()).await.unwrap();
    assert_eq!(fake.count("PutItem"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_somebody_else_made_meanwhile_is_a_conflict() {
    let fake = Fake::new(|request, before| match before {
        0 => Reply::Breaks,
        _ => {
            let mut other = request.body["Item"].clone();
            other["holder"] = json!({"S": "two"});
            refused(&other)
        }
    });
    let error = store(&fake).put_lease(&lease()).await.unwrap_err();
    assert_eq!(error, StoreError::Conflict { what: "the lease of shard 3".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_gets_an_answer_is_ambiguous() {
    let fake = Fake::new(|_, _| Reply::Breaks);
    let error = store(&fake).put_lease(&lease()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call(call) if call.class == CallClass::Ambiguous), "{error:?}");
    assert_eq!(fake.count("PutItem"), 3);
}

fn request() -> (DesiredRecord, Event) {
    let (target, actor) = (Target::parse("shop/dev").unwrap(), Actor::parse("ann").unwrap());
    let event = Event {
        target: target.clone(),
        at: Timestamp::UNIX_EPOCH,
        sequence: 0,
        kind: EventKind::Requested,
        generation: Generation(1),
        actor: actor.clone(),
        text: "v1".to_owned(),
    };
    let record = DesiredRecord {
        target,
        generation: Generation(1),
        artifact: Tag::parse("v1").unwrap(),
        requested_by: actor,
        reason: Reason::parse("because").unwrap(),
        requested_at: Timestamp::UNIX_EPOCH,
    };
    (record, event)
}

fn transaction(request: &Request, before: usize) -> Reply {
    match (request.operation.as_str(), before) {
        ("TransactWriteItems", 0) => Reply::error(500, "InternalServerError", "oops"),
        ("TransactWriteItems", 1) => Reply::Page(
            400,
            json!({
                "__type": "TransactionCanceledException", "message": "cancelled",
                "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "busy"}],
            })
            .to_string(),
        ),
        _ => Reply::Json(json!({})),
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_sent_again_as_the_same_transaction() {
    let fake = Fake::new(transaction);
    let (record, event) = request();
    store(&fake).put_desired(&record, &event).await.unwrap();
    let tokens: Vec<Value> =
        fake.of("TransactWriteItems").iter().map(|r| r.body["ClientRequestToken"].clone()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|t| t == &tokens[0] && t.as_str().is_some_and(|t| t.len() == 36)), "{tokens:?}");
    store(&fake).put_desired(&record, &event).await.unwrap();
    let again = fake.of("TransactWriteItems")[3].body["ClientRequestToken"].clone();
    assert_ne!(again, tokens[0], "the same words said twice are two intents");
}

#[tokio::test(start_paused = true)]
async fn keys_that_were_left_out_of_an_answer_are_asked_for_again() {
    let fake = Fake::new(|request, before| {
        let keys = request.body["RequestItems"]["driftless"]["Keys"].as_array().unwrap();
        match before {
            0 => Reply::Json(json!({"Responses": {}, "UnprocessedKeys": {"driftless": {"Keys": keys}}})),
            _ => Reply::Json(json!({"Responses": {"driftless": []}})),
        }
    });
    let loaded = store(&fake).load(&[Target::parse("shop/dev").unwrap()]).await.unwrap();
    assert_eq!(loaded[0].desired, Stored::Missing);
    let again = &fake.of("BatchGetItem")[1].body["RequestItems"]["driftless"];
    assert_eq!((again["Keys"].as_array().map(Vec::len), &again["ConsistentRead"]), (Some(3), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_left_out_for_ever_are_an_error_and_not_missing_s10() {
    let fake = Fake::new(|request, _| {
        let keys = &request.body["RequestItems"]["driftless"]["Keys"];
        Reply::Json(json!({"Responses": {}, "UnprocessedKeys": {"driftless": {"Keys": keys}}}))
    });
    let error = store(&fake).load(&[Target::parse("shop/dev").unwrap()]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call(call) if call.class == CallClass::Throttled), "{error:?}");
}
