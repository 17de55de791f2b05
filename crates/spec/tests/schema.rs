//! The committed JSON Schema is the generated one, and it lists the keys that the reader knows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use std::path::Path;

use driftless_spec::{Strictness, json_schema, parse};
use serde_json::Value;

#[test]
fn the_committed_schema_is_the_generated_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("app-spec.schema.json");
    let generated = format!("{}\n", serde_json::to_string_pretty(&json_schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(committed, generated, "run the tests with UPDATE_SCHEMA=1 to write {}", file.display());
}

/// The properties of a definition of the schema.
fn keys(schema: &Value, definition: &str) -> Vec<String> {
    let properties = &schema["$defs"][definition]["properties"];
    properties.as_object().unwrap_or_else(|| panic!("no {definition} in the schema")).keys().cloned().collect()
}

#[test]
fn the_reader_knows_every_key_of_the_schema_and_the_schema_every_key_of_the_examples() {
    let schema = json_schema();
    let places = [
        ("ContainerSpec", "container", "", ""),
        ("Service", "container", "services:\n  - ", "    "),
        ("ContainerEnvironment", "container", "environments:\n  - ", "    "),
        ("Approvals", "container", "environments:\n  - approvals:\n      ", "      "),
        ("Role", "container", "environments:\n  - role:\n      ", "      "),
        ("SiteSpec", "static-site", "", ""),
        ("Artifacts", "static-site", "artifacts:\n  ", "  "),
        ("Header", "static-site", "headers:\n  - ", "    "),
        ("SiteEnvironment", "static-site", "environments:\n  - ", "    "),
    ];
    let mut all = Vec::new();
    for (definition, kind, before, indent) in places {
        let keys: Vec<String> = keys(&schema, definition)
            .into_iter()
            .filter(|key| !["apiVersion", "kind"].contains(&key.as_str()))
            .collect();
        let fields: Vec<String> = keys.iter().map(|key| format!("{key}: ''\n")).collect();
        let text = format!("apiVersion: driftless/v1\nkind: {kind}\n{before}{}", fields.join(indent));
        let findings = parse(&text, Strictness::Lenient).unwrap_err().findings;
        assert!(findings.iter().all(|f| !f.message.contains("is not known here")), "{text}\n{findings:?}");
        all.extend(keys);
    }
    for example in [include_str!("data/good/shop.yaml"), include_str!("data/good/docs.yaml")] {
        for line in example.lines() {
            let line = line.trim_start_matches([' ', '-']);
            let key = line.split(':').next().unwrap_or_default();
            if !key.contains(['"', '{']) && !["apiVersion", "kind", "web"].contains(&key) {
                assert!(all.iter().any(|known| known == key), "{key} is not in the schema");
            }
        }
    }
}

#[test]
fn the_reference_has_a_row_for_every_key_of_the_schema() {
    let reference = include_str!("../../../docs/SPEC.md");
    let rows: Vec<&str> = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let schema = json_schema();
    for definition in ["ContainerSpec", "Service", "ContainerEnvironment", "SiteSpec", "SiteEnvironment"] {
        for key in keys(&schema, definition).into_iter().filter(|key| key != "artifacts") {
            assert!(rows.contains(&key.as_str()), "docs/SPEC.md has no row for `{key}` ({definition})");
        }
    }
    for key in keys(&schema, "Artifacts") {
        assert!(rows.contains(&format!("artifacts.{key}").as_str()), "docs/SPEC.md has no row for `artifacts.{key}`");
    }
}

#[test]
fn nothing_in_the_schema_may_be_null() {
    let text = json_schema().to_string();
    assert!(!text.contains("\"null\"") && !text.contains("unevaluatedProperties"), "{text}");
}
