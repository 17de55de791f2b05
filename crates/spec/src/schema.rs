//! The JSON Schema of the file, for editors. It is generated from [`crate::raw`] and committed as
//! `app-spec.schema.json`; a test compares both.
//!
//! **Refuses:** to be the judge. It knows types and names; what spans several fields only [`crate::parse`] knows.

use serde_json::Value;

use crate::raw::Document;

/// Where the schema says that it lives.
pub const SCHEMA_ID: &str = "https://driftless.dev/schemas/app-spec-v1.json";

/// The JSON Schema of an app spec.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    tidy(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("$id".to_owned(), SCHEMA_ID.into());
    }
    schema
}

/// Takes out what comes from the types and not from the format: an `Option` is a key that may be left out, never `null`,
/// and a flattened struct is no reason for `unevaluatedProperties`, which few editors know.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    object.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(one)] = choices.as_slice() {
                    let one = one.clone();
                    object.remove("anyOf");
                    object.extend(one);
                }
            }
            if let Some(closed) = object.remove("unevaluatedProperties") {
                object.insert("additionalProperties".to_owned(), closed);
            }
            object.values_mut().for_each(tidy);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
