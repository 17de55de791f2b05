//! The description of the API is committed, so that a change of it is seen in review.

use std::path::Path;

use serde_json::Value;

use crate::setup::Setup;

#[tokio::test(start_paused = true)]
async fn the_committed_description_is_the_one_that_the_code_makes() {
    let made = Setup::empty().get("/openapi.json").await;
    assert_eq!((made.status.as_u16(), made.header("content-type")), (200, "application/json"));
    // Sorted, so that the file does not depend on how serde_json was built.
    let value = sorted(made.json());
    let text = serde_json::to_string_pretty(&value).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "openapi.json is out of date: run this test with UPDATE_OPENAPI=1 and review the change"
    );
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

#[tokio::test(start_paused = true)]
async fn every_route_of_the_api_says_what_it_is() {
    let description = Setup::empty().get("/openapi.json").await.json();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for field in ["operationId", "summary", "tags", "responses"] {
                assert!(!operation[field].is_null(), "{method} {path} has no {field}");
            }
        }
    }
}
