//! Records to write.

use std::collections::BTreeMap;

use jiff::Timestamp;

use driftless_domain::{
    Actor, AppName, Artifact, Content, Gate, Generation, Health, Reason, ServiceName, Status, Sync, Tag, Target,
};
use driftless_releases::{Claim, DesiredRecord, Event, EventKind, Heartbeat, SpecRecord};

/// A time with nine digits, so that a store that cuts some off is noticed.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_456_789).unwrap()
}

pub(crate) fn app(name: &str) -> AppName {
    AppName::parse(name.to_owned()).unwrap()
}

pub(crate) fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

pub(crate) fn ann() -> Actor {
    Actor::parse("ann@example.com").unwrap()
}

pub(crate) fn spec(name: &str, version: u64) -> SpecRecord {
    SpecRecord {
        app: app(name),
        version,
        document: format!("app: {name}\n# version {version}, äöü, {}\n", "x".repeat(2_000)),
        applied_by: ann(),
        applied_at: at(0),
    }
}

pub(crate) fn claim(resource: &str, of: &str) -> Claim {
    Claim { resource: resource.to_owned(), target: target(of) }
}

pub(crate) fn artifact(name: &str, tag: &str, second: i64) -> Artifact {
    let image = format!("registry.example/{name}@sha256:{}", "a".repeat(64)).parse().unwrap();
    Artifact {
        app: app(name),
        tag: Tag::parse(tag.to_owned()).unwrap(),
        content: Content::Container { images: BTreeMap::from([(ServiceName::parse("web").unwrap(), image)]) },
        git_sha: Some("0123abc".parse().unwrap()),
        branch: None,
        announced_by: ann(),
        announced_at: at(second),
    }
}

pub(crate) fn desired(of: &str, generation: u64) -> DesiredRecord {
    DesiredRecord {
        target: target(of),
        generation: Generation(generation),
        artifact: Tag::parse(format!("v{generation}")).unwrap(),
        requested_by: ann(),
        reason: Reason::parse("because: <b>ü</b> \"quoted\"").unwrap(),
        requested_at: at(i64::try_from(generation).unwrap()),
    }
}

pub(crate) fn event(of: &str, second: i64, sequence: u32, kind: EventKind) -> Event {
    Event {
        target: target(of),
        at: at(second),
        sequence,
        kind,
        generation: Generation(1),
        actor: ann(),
        text: format!("{kind} at {second}"),
    }
}

pub(crate) fn requested(record: &DesiredRecord) -> Event {
    let second = i64::try_from(record.generation.0).unwrap();
    let generation = record.generation;
    Event { generation, ..event(&record.target.to_string(), second, 0, EventKind::Requested) }
}

pub(crate) fn status(of: &str, reason: &str) -> Status {
    Status {
        target: target(of),
        observed_generation: Generation(1),
        wanted: Some(Tag::parse("v1").unwrap()),
        observed_at: at(1),
        sync: Sync::OutOfSync,
        health: Health::Progressing,
        gate: Gate::AwaitingApproval,
        plan: "update web from web:1 to web:2".to_owned(),
        reason: reason.to_owned(),
        since: at(0),
        converged: None,
        last_good: None,
        attempt: None,
        rejected: None,
        heals: Vec::new(),
        contested: None,
        services: Vec::new(),
        site: None,
    }
}

pub(crate) fn heartbeat(holder: &str, second: i64) -> Heartbeat {
    Heartbeat {
        holder: holder.to_owned(),
        at: at(second),
        all_looked_at: at(second - 1),
        targets: 3,
        resync_seconds: 30,
    }
}
