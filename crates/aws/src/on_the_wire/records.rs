//! Records when answers get lost.

use std::sync::Mutex;

use serde_json::{Value, json};

use driftless_domain::{
    Actor, CallClass, Gate, Generation, Health, InvalidationPath, ObjectKey, Progress, Reason, Region, SiteMemory,
    SiteStatus, Status, Sync, Tag, Target,
};
use driftless_releases::{
    DesiredRecord, DesiredWrites, Event, EventKind, Lease, ReadRecords, StatusWrites, StoreError, Stored, Versioned,
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

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_say_what_it_found_is_asked_after_a_lost_answer() {
    let check = async |holder: &'static str| {
        let sent = lease_on_the_wire(holder);
        let fake = Fake::new(move |request, before| match (request.operation.as_str(), before) {
            ("PutItem", 0) => Reply::Breaks,
            ("PutItem", _) => Reply::error(400, "ConditionalCheckFailedException", "The conditional request failed"),
            _ => Reply::Json(json!({"Item": sent})),
        });
        let answer = store(&fake).put_lease(&lease()).await;
        assert_eq!(fake.count("GetItem"), 1);
        answer
    };
    check("one").await.unwrap();
    let error = check("two").await.unwrap_err();
    assert_eq!(error, StoreError::Conflict { what: "the lease of shard 3".to_owned() });
}

fn lease_on_the_wire(holder: &str) -> Value {
    json!({
        "pk": {"S": "lease#3"}, "sk": {"S": "lease"}, "schema": {"N": "1"}, "shard": {"N": "3"},
        "holder": {"S": holder}, "token": {"N": "5"}, "version": {"N": "9"},
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_once_stays_ambiguous_whatever_fails_after_it() {
    for (after, puts, transactions) in [
        (Reply::Refuses, 3, 5),
        (Reply::error(400, "ThrottlingException", "Rate exceeded"), 3, 5),
        (Reply::error(400, "TransactionConflictException", "busy"), 3, 5),
        (Reply::error(400, "AccessDeniedException", "not authorized"), 2, 2),
        // These two are said of transactions only; a put takes them for something that waiting does not help.
        (cancelled("ThrottlingError", None), 2, 5),
        (cancelled("TransactionConflict", None), 2, 5),
    ] {
        let fake = Fake::new(move |_, before| if before == 0 { Reply::Breaks } else { after.clone() });
        let (record, event) = request();
        let answers = [store(&fake).put_lease(&lease()).await, store(&fake).put_desired(&record, &event).await];
        for answer in answers {
            let error = answer.unwrap_err();
            assert!(matches!(&error, StoreError::Call(call) if call.class == CallClass::Ambiguous), "{error:?}");
        }
        assert_eq!((fake.count("PutItem"), fake.count("TransactWriteItems")), (puts, transactions));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_decides_what_was_lost_before_it_even_after_a_throttle() {
    let fake = Fake::new(|_, before| match before {
        0 => Reply::Breaks,
        1 => Reply::error(400, "ThrottlingException", "Rate exceeded"),
        _ => Reply::Json(json!({})),
    });
    store(&fake).put_lease(&lease()).await.unwrap();
    let (record, event) = request();
    store(&fake).put_desired(&record, &event).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_never_sent_did_not_happen() {
    for (reply, class) in [
        (Reply::Refuses, CallClass::Transient),
        (Reply::error(400, "ThrottlingException", "Rate exceeded"), CallClass::Throttled),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let (record, event) = request();
        let answers = [store(&fake).put_lease(&lease()).await, store(&fake).put_desired(&record, &event).await];
        for answer in answers {
            let error = answer.unwrap_err();
            assert!(matches!(&error, StoreError::Call(call) if call.class == class), "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_whose_own_token_is_still_at_work_may_commit() {
    let fake = Fake::new(|_, _| Reply::error(400, "TransactionInProgressException", "in progress"));
    let (record, event) = request();
    let error = store(&fake).put_desired(&record, &event).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call(call) if call.class == CallClass::Ambiguous), "{error:?}");
    assert_eq!(fake.count("TransactWriteItems"), 5);
}

fn status() -> Versioned<Status> {
    let (DesiredRecord { target, generation, .. }, _) = request();
    let record = Status {
        target,
        observed_generation: generation,
        wanted: None,
        observed_at: Timestamp::UNIX_EPOCH,
        sync: Sync::OutOfSync,
        health: Health::Progressing,
        gate: Gate::AwaitingApproval,
        plan: String::new(),
        reason: "why".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        converged: None,
        last_good: None,
        attempt: None,
        rejected: None,
        heals: Vec::new(),
        contested: None,
        services: Vec::new(),
        site: None,
    };
    Versioned { version: 4, record }
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_site_is_read_back_as_it_was_written() {
    let stored = Mutex::new(Value::Null);
    let fake = Fake::new(move |request, _| match request.operation.as_str() {
        "TransactWriteItems" => {
            *stored.lock().unwrap() = request.body["TransactItems"][0]["Put"]["Item"].clone();
            Reply::Json(json!({}))
        }
        _ => Reply::Json(json!({"Responses": {"driftless": [*stored.lock().unwrap()]}})),
    });
    let mut written = status();
    let memory =
        SiteMemory { pending: vec![InvalidationPath::parse("/*").unwrap()], publishes: 3, ..SiteMemory::default() };
    written.record.site = Some(SiteStatus {
        files: 5,
        bytes: 6,
        missing: 1,
        changed: 2,
        other_headers: 0,
        foreign: 1,
        foreign_examples: vec![ObjectKey::parse("docs/theirs.html").unwrap()],
        kept: 4,
        parameter: Some("builds/docs/1.zip".to_owned()),
        progress: Some(Progress { files: 1, of_files: 5, bytes: 2, of_bytes: 6 }),
        memory,
    });
    store(&fake).put_status(&written, &[]).await.unwrap();
    let loaded = store(&fake).load(std::slice::from_ref(&written.record.target)).await.unwrap().remove(0);
    assert_eq!(loaded.status, Stored::Valid(Versioned { version: 5, ..written }));
}

#[tokio::test(start_paused = true)]
async fn a_status_that_arrived_before_its_answer_was_lost_is_no_conflict_even_where_tokens_are_unknown() {
    for says_what_it_found in [true, false] {
        let stored = Mutex::new(Value::Null);
        let fake = Fake::new(move |request, before| {
            let sent = |request: &Request| request.body["TransactItems"][0]["Put"]["Item"].clone();
            match (request.operation.as_str(), before) {
                ("TransactWriteItems", 0) => {
                    *stored.lock().unwrap() = sent(request);
                    Reply::Breaks
                }
                ("TransactWriteItems", _) => {
                    cancelled("ConditionalCheckFailed", says_what_it_found.then(|| sent(request)))
                }
                _ => Reply::Json(json!({"Item": *stored.lock().unwrap()})),
            }
        });
        assert_eq!(store(&fake).put_status(&status(), &[request().1]).await, Ok(5));
        assert_eq!((fake.count("TransactWriteItems"), fake.count("GetItem")), (2, usize::from(!says_what_it_found)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_somebody_else_wrote_meanwhile_is_a_conflict() {
    let fake = Fake::new(|request, before| {
        let mut other = request.body["TransactItems"][0]["Put"]["Item"].clone();
        other["reason"] = json!({"S": "another"});
        if before == 0 { Reply::Breaks } else { cancelled("ConditionalCheckFailed", Some(other)) }
    });
    let error = store(&fake).put_status(&status(), &[]).await.unwrap_err();
    assert_eq!(error, StoreError::Conflict { what: "the status of shop/dev".to_owned() });
    // Without a lost answer, the same words are somebody else's too.
    let fake = Fake::new(|request, _| {
        cancelled("ConditionalCheckFailed", Some(request.body["TransactItems"][0]["Put"]["Item"].clone()))
    });
    let error = store(&fake).put_status(&status(), &[]).await.unwrap_err();
    assert_eq!(error, StoreError::Conflict { what: "the status of shop/dev".to_owned() });
}

/// A transaction that its first item prevented.
fn cancelled(code: &str, found: Option<Value>) -> Reply {
    let mut reason = json!({"Code": code, "Message": "no"});
    if let Some(found) = found {
        reason["Item"] = found;
    }
    let body = json!({
        "__type": "TransactionCanceledException", "message": "cancelled", "CancellationReasons": [reason, {"Code": "None"}],
    });
    Reply::Page(400, body.to_string())
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
