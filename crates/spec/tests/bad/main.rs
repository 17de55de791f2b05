//! Specs that are not accepted, each with the text that people see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

mod between;
mod fields;
mod names;
mod sites;
mod syntax;

use driftless_spec::{Strictness, parse, render};
use expect_test::Expect;

/// What people see for a spec that is read leniently.
fn check(text: &str, expected: &Expect) {
    check_as(text, Strictness::Lenient, expected);
}

fn check_as(text: &str, strictness: Strictness, expected: &Expect) {
    let errors = parse(text, strictness).expect_err("the spec is accepted");
    expected.assert_eq(&format!("{errors}\n{}", render(&errors.findings, text, "app.yaml")));
}

/// A container spec around these lines of its only environment.
fn with_environment(lines: &str) -> String {
    format!(
        "apiVersion: driftless/v1\nkind: container\napp: shop\nservices:\n  - name: web\nenvironments:\n  - name: dev\n    {}\n",
        lines.replace('\n', "\n    ")
    )
}

/// A valid environment with these lines more.
fn with_more(lines: &str) -> String {
    with_environment(&format!("account: \"111111111111\"\nregion: eu-west-1\ncluster: main\n{lines}"))
}

/// A container spec with these environments, each a flow map without its account, region and cluster.
fn with_environments(environments: &[&str]) -> String {
    let environments: Vec<String> = environments
        .iter()
        .map(|keys| format!("  - {{account: \"111111111111\", region: eu-west-1, cluster: main, {keys}}}\n"))
        .collect();
    format!(
        "apiVersion: driftless/v1\nkind: container\napp: shop\nservices:\n  - name: web\n  - name: worker\nenvironments:\n{}",
        environments.concat()
    )
}

/// A spec of a static site with these environments, each a flow map without its account and region.
fn with_sites(environments: &[&str]) -> String {
    let environments: Vec<String> = environments
        .iter()
        .map(|keys| format!("  - {{account: \"111111111111\", region: eu-west-1, {keys}}}\n"))
        .collect();
    format!(
        "apiVersion: driftless/v1\nkind: static-site\napp: docs\nartifacts: {{bucket: builds}}\nenvironments:\n{}",
        environments.concat()
    )
}
