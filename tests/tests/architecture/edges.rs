//! The arrows between the crates, and who may name what from outside.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

use crate::nothing_of;
use crate::repository::metadata;

/// A crate of ours and what it may depend on, in the order in which data flows. `docs/ARCHITECTURE.md` draws the same.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("spec", &["domain"]),
    ("releases", &["domain", "spec"]),
    ("observe", &["domain"]),
    ("plan", &["domain"]),
    ("execute", &["domain", "plan"]),
    ("reconcile", &["domain", "spec", "releases", "observe", "plan", "execute"]),
    ("aws", &["domain", "releases", "observe", "execute"]),
    ("sim", &["domain", "releases", "observe", "execute"]),
    ("server", &["domain", "spec", "releases"]),
    ("cli", &["domain", "spec"]),
    ("driftlessd", &["domain", "spec", "releases", "observe", "plan", "execute", "reconcile", "aws", "sim", "server"]),
    (
        "tests",
        &[
            "domain",
            "spec",
            "releases",
            "observe",
            "plan",
            "execute",
            "reconcile",
            "aws",
            "sim",
            "server",
            "driftlessd",
            "cli",
        ],
    ),
    ("xtask", &[]),
];

/// Crates from outside that only some of ours may name.
const FENCED: [(&str, &[&str]); 6] = [
    ("aws-*", &["aws", "tests"]),
    ("backoff", &["reconcile"]),
    ("dynoxide-rs", &["driftlessd", "tests"]),
    ("axum", &["server", "driftlessd"]),
    ("reqwest", &["cli", "tests"]),
    // Chance goes through a seeded generator that is handed in; only these hold one.
    ("fastrand", &["reconcile", "sim", "driftlessd", "tests"]),
];

/// All that the pure part may be built from.
const PLAN_IS_BUILT_FROM: [&str; 2] = ["driftless-domain", "jiff"];

/// Crates of ours (without the prefix) with the normal and build dependencies that their manifests name.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(metadata: &Metadata) -> Graph {
    let packages = metadata.workspace_packages();
    let named = |package: &cargo_metadata::Package| {
        let dependencies = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        dependencies.map(|d| d.name.clone()).collect()
    };
    packages.into_iter().map(|package| (short(&package.name).to_owned(), named(package))).collect()
}

fn short(name: &str) -> &str {
    name.strip_prefix("driftless-").unwrap_or(name)
}

/// Edges between our crates that the design does not know.
fn forbidden_edges(graph: &Graph) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut violations = Vec::new();
    for (from, dependencies) in graph {
        let Some(allowed) = allowed.get(from.as_str()) else {
            violations.push(format!(
                "`{from}` is not in the design: name it and its arrows in this test and in ARCHITECTURE.md"
            ));
            continue;
        };
        for to in dependencies.iter().filter(|name| name.starts_with("driftless-")).map(|name| short(name)) {
            if !allowed.contains(&to) {
                violations.push(format!("{from} -> {to}"));
            }
        }
    }
    violations
}

/// Crates from outside that are named where they may not be.
fn outside_their_fence(graph: &Graph) -> Vec<String> {
    let mut violations = Vec::new();
    for (from, dependencies) in graph {
        for dependency in dependencies {
            let fence = FENCED.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
                Some(start) => dependency.starts_with(start),
                None => dependency == pattern,
            });
            if fence.is_some_and(|(_, may)| !may.contains(&from.as_str())) {
                violations.push(format!("{from} names {dependency}"));
            }
        }
    }
    violations
}

/// What the pure part is built from and should not be.
fn more_than_plan_needs(graph: &Graph) -> Vec<String> {
    let plan = graph.get("plan").into_iter().flatten();
    plan.filter(|name| !PLAN_IS_BUILT_FROM.contains(&name.as_str())).map(|name| format!("plan names {name}")).collect()
}

#[test]
fn crates_depend_on_each_other_only_as_the_design_allows() {
    nothing_of(&forbidden_edges(&graph(&metadata())));
}

#[test]
fn the_sdk_and_the_other_fenced_crates_are_named_only_where_they_may_be() {
    nothing_of(&outside_their_fence(&graph(&metadata())));
}

#[test]
fn the_pure_part_is_built_from_the_nouns_and_a_calendar() {
    nothing_of(&more_than_plan_needs(&graph(&metadata())));
}

#[test]
fn the_simulated_world_is_an_option_of_the_daemon() {
    let metadata = metadata();
    let daemon = metadata.workspace_packages().into_iter().find(|p| p.name == "driftless-driftlessd").unwrap();
    for name in ["driftless-sim", "dynoxide-rs"] {
        let dependency = daemon.dependencies.iter().find(|d| d.name == name).unwrap();
        assert!(dependency.optional, "{name} stays out of a build without `dev`");
    }
}

#[cfg(test)]
mod can_fail {
    use super::{Graph, forbidden_edges, more_than_plan_needs, outside_their_fence};

    fn made_up(from: &str, to: &[&str]) -> Graph {
        Graph::from([(from.to_owned(), to.iter().map(ToString::to_string).collect())])
    }

    #[test]
    fn the_server_that_names_live_writes_is_refused() {
        let server = made_up("server", &["driftless-domain", "driftless-releases", "driftless-execute"]);
        assert_eq!(forbidden_edges(&server), ["server -> execute"]);
    }

    #[test]
    fn a_crate_that_nobody_drew_is_refused() {
        assert_eq!(forbidden_edges(&made_up("helpers", &[])).len(), 1);
    }

    #[test]
    fn the_sdk_outside_its_crate_is_refused() {
        assert_eq!(
            outside_their_fence(&made_up("driftlessd", &["aws-sdk-ecs", "axum"])),
            ["driftlessd names aws-sdk-ecs"]
        );
        assert_eq!(outside_their_fence(&made_up("observe", &["aws-config"])), ["observe names aws-config"]);
        assert_eq!(outside_their_fence(&made_up("plan", &["backoff"])), ["plan names backoff"]);
    }

    #[test]
    fn a_pure_part_with_a_runtime_is_refused() {
        assert_eq!(more_than_plan_needs(&made_up("plan", &["jiff", "tokio"])), ["plan names tokio"]);
    }
}
