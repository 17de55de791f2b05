//! `deny.toml`, held against what cargo really builds with: bans, licences and sources. cargo-deny checks the same where it
//! is installed; this does it everywhere.

use cargo_metadata::Metadata;
use cargo_metadata::semver::{Version, VersionReq};

use crate::nothing_of;
use crate::repository::{metadata, root};
use crate::spdx::permits;

/// What `deny.toml` says, as far as it is checked here.
#[derive(Debug, Default, PartialEq)]
struct Policy {
    licences: Vec<String>,
    bans: Vec<Ban>,
    registries: Vec<String>,
}

/// One line of `[bans] deny`.
#[derive(Debug, Clone, PartialEq)]
struct Ban {
    name: String,
    versions: Option<VersionReq>,
    /// Who may have it as a dependency all the same.
    wrappers: Vec<String>,
    /// Only a second version of it is banned.
    only_a_second: bool,
}

/// One package that is built with.
struct Package {
    name: String,
    version: Version,
    licence: Option<String>,
    source: Option<String>,
    dependencies: Vec<String>,
}

/// Reads the parts of the file that matter here; it is ours, and written with one entry a line.
fn read(text: &str) -> Policy {
    let mut policy = Policy::default();
    let mut place = (String::new(), String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            place = (section.to_owned(), String::new());
            continue;
        }
        if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('{')) {
            place.1 = key.to_owned();
        }
        let value = if line.starts_with('{') { line } else { line.split_once(" = ").map_or(line, |(_, value)| value) };
        match (place.0.as_str(), place.1.as_str()) {
            ("licenses", "allow") => policy.licences.extend(quoted(value)),
            ("sources", "allow-registry") => policy.registries.extend(quoted(value)),
            ("bans", "deny") if line.starts_with('{') => policy.bans.push(ban(line)),
            _ => {}
        }
    }
    policy
}

fn ban(line: &str) -> Ban {
    let of = |key: &str| line.split_once(&format!("{key} = ")).map(|(_, rest)| rest.to_owned());
    let package = quoted(&of("crate").unwrap()).remove(0);
    let (name, versions) = match package.split_once(':') {
        Some((name, versions)) => (name.to_owned(), Some(versions.parse().unwrap())),
        None => (package, None),
    };
    Ban {
        name,
        versions,
        wrappers: of("wrappers").map(|rest| quoted(rest.split(']').next().unwrap())).unwrap_or_default(),
        only_a_second: line.contains("deny-multiple-versions = true"),
    }
}

/// All strings in quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn packages(metadata: &Metadata) -> Vec<Package> {
    metadata
        .packages
        .iter()
        .map(|package| Package {
            name: package.name.to_string(),
            version: package.version.clone(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
            dependencies: package.dependencies.iter().map(|d| d.name.clone()).collect(),
        })
        .collect()
}

fn banned(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let mut violations = Vec::new();
    for Ban { name, versions, wrappers, only_a_second } in &policy.bans {
        let found: Vec<&Package> = packages
            .iter()
            .filter(|p| p.name == *name && versions.as_ref().is_none_or(|versions| versions.matches(&p.version)))
            .collect();
        if *only_a_second {
            if found.len() > 1 {
                let versions: Vec<String> = found.iter().map(|p| p.version.to_string()).collect();
                violations.push(format!("{name} is there more than once: {}", versions.join(", ")));
            }
        } else if wrappers.is_empty() {
            violations.extend(found.iter().map(|p| format!("{name} {} is banned", p.version)));
        } else if !found.is_empty() {
            let users = packages.iter().filter(|p| p.dependencies.contains(name) && !wrappers.contains(&p.name));
            violations.extend(users.map(|user| format!("{} uses {name}, which only {wrappers:?} may", user.name)));
        }
    }
    violations
}

fn unlicensed(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let judge = |package: &Package| match &package.licence {
        None => Some(format!("{} {} names no licence", package.name, package.version)),
        Some(licence) => match permits(licence, &policy.licences) {
            Ok(true) => None,
            Ok(false) => Some(format!("{} {}: {licence}", package.name, package.version)),
            Err(why) => Some(format!("{} {}: {why}", package.name, package.version)),
        },
    };
    packages.iter().filter_map(judge).collect()
}

/// Packages that come from elsewhere: git, another registry, a path outside (a path inside has no source and is ours).
fn from_elsewhere(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let allowed = |source: &str| {
        source
            .strip_prefix("registry+")
            .is_some_and(|source| policy.registries.iter().any(|registry| registry == source))
    };
    let elsewhere = packages.iter().filter(|p| match &p.source {
        Some(source) => !allowed(source),
        None => !p.name.starts_with("driftless-") && p.name != "xtask",
    });
    elsewhere.map(|p| format!("{} comes from {:?}", p.name, p.source)).collect()
}

fn ours() -> (Policy, Vec<Package>) {
    (read(&std::fs::read_to_string(root().join("deny.toml")).unwrap()), packages(&metadata()))
}

#[test]
fn nothing_banned_is_built_with() {
    let (policy, packages) = ours();
    assert!(policy.bans.len() >= 10, "deny.toml is read");
    nothing_of(&banned(&policy, &packages));
}

#[test]
fn every_package_has_a_licence_that_is_allowed() {
    let (policy, packages) = ours();
    assert!(packages.len() > 100 && policy.licences.len() > 3, "deny.toml and the packages are read");
    nothing_of(&unlicensed(&policy, &packages));
}

#[test]
fn every_package_comes_from_the_one_registry() {
    let (policy, packages) = ours();
    nothing_of(&from_elsewhere(&policy, &packages));
}

#[test]
fn an_ignored_advisory_is_dated_and_says_why() {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let ignored: Vec<&str> = text.lines().filter(|line| line.contains("id = \"RUSTSEC-")).collect();
    assert!(ignored.iter().any(|line| line.contains("RUSTSEC-2025-0012")), "{ignored:?}");
    for line in ignored {
        assert!(line.contains("reason = ") && line.contains("decision 0003, 20"), "{line}");
    }
}

#[cfg(test)]
mod can_fail {
    use super::{Package, banned, from_elsewhere, read, unlicensed};

    const POLICY: &str = r#"
[licenses]
allow = [
    "MIT",
]
[bans]
multiple-versions = "warn"
deny = [
    # { crate = "commented-out" },
    { crate = "openssl" },
    { crate = "hyper:<1" },
    { crate = "rustls", deny-multiple-versions = true },
    { crate = "backoff", wrappers = ["driftless-reconcile"] },
]
[sources]
allow-registry = ["https://one.example/index"]
"#;

    fn package(name: &str, version: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            licence: Some("MIT".to_owned()),
            source: Some("registry+https://one.example/index".to_owned()),
            dependencies: dependencies.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn bans_find_names_old_versions_second_versions_and_other_users() {
        let packages = [
            package("openssl", "0.10.1", &[]),
            package("hyper", "0.14.30", &[]),
            package("hyper", "1.12.0", &[]),
            package("rustls", "0.23.1", &[]),
            package("rustls", "0.24.0", &[]),
            package("backoff", "0.4.0", &[]),
            package("driftless-reconcile", "0.1.0", &["backoff"]),
            package("driftless-aws", "0.1.0", &["backoff"]),
        ];
        assert_eq!(
            banned(&read(POLICY), &packages),
            [
                "openssl 0.10.1 is banned",
                "hyper 0.14.30 is banned",
                "rustls is there more than once: 0.23.1, 0.24.0",
                "driftless-aws uses backoff, which only [\"driftless-reconcile\"] may",
            ]
        );
    }

    #[test]
    fn a_licence_that_is_not_listed_and_one_that_is_missing_are_found() {
        let mut copyleft = package("copyleft", "1.0.0", &[]);
        copyleft.licence = Some("GPL-3.0-only".to_owned());
        let mut none = package("none", "1.0.0", &[]);
        none.licence = None;
        let found = unlicensed(&read(POLICY), &[package("fine", "1.0.0", &[]), copyleft, none]);
        assert_eq!(found, ["copyleft 1.0.0: GPL-3.0-only", "none 1.0.0 names no licence"]);
    }

    #[test]
    fn a_package_from_git_and_one_from_a_path_outside_are_found() {
        let mut git = package("forked", "1.0.0", &[]);
        git.source = Some("git+https://one.example/forked".to_owned());
        let mut path = package("vendored", "1.0.0", &[]);
        path.source = None;
        assert_eq!(from_elsewhere(&read(POLICY), &[package("fine", "1.0.0", &[]), git, path]).len(), 2);
    }
}
