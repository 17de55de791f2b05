//! Records, read through the port. Only the index of changes can lag.

use std::time::Duration;

use async_trait::async_trait;
use driftless_domain::{AppName, Artifact, Digest, Manifest, Tag, Target};
use driftless_releases::{
    Change, DesiredRecord, Event, Heartbeat, Loaded, ReadRecords, SpecRecord, StoreError, Stored,
};
use jiff::Timestamp;

use crate::call::Kind;
use crate::clock::after;

use super::MemoryStore;
use super::table::{Broken, Table};

/// How long a heartbeat stays after it was written. The table's TTL is late by nature; an hour is late enough.
const HEARTBEAT_KEPT: Duration = Duration::from_secs(3_600);

#[async_trait]
impl ReadRecords for MemoryStore {
    async fn changes(&self, since: Option<Timestamp>) -> Result<Vec<Change>, StoreError> {
        let detail = since.map_or_else(|| "all".to_owned(), |since| format!("since {since}"));
        self.call("dynamodb:Query", Kind::Read, "changes".to_owned(), detail, |table, arrival| {
            let mut changes = Vec::new();
            for (target, entries) in &table.changes {
                let object = Broken::Desired(target.clone()).to_string();
                let horizon = arrival.as_of(&object);
                let shown = entries.iter().filter(|entry| entry.written <= horizon).map(|entry| entry.at).max();
                let Some(at) = shown else { continue };
                let wanted = match since {
                    Some(since) => at >= since,
                    None => {
                        table.desired.contains_key(target)
                            || table.broken.contains_key(&Broken::Desired(target.clone()))
                    }
                };
                if wanted && !arrival.misses(&object) {
                    changes.push(Change { at, target: target.clone() });
                }
            }
            changes.sort();
            Ok(changes)
        })
        .await
    }

    async fn load(&self, targets: &[Target]) -> Result<Vec<Loaded>, StoreError> {
        let objects: Vec<String> = targets.iter().map(|target| Broken::Desired(target.clone()).to_string()).collect();
        self.call("dynamodb:BatchGetItem", Kind::Read, objects.join(", "), String::new(), |table, _| {
            let loaded = |target: &Target| Loaded {
                target: target.clone(),
                desired: desired(table, target),
                spec: spec(table, &target.app),
                status: table.stored(&Broken::Status(target.clone()), table.statuses.get(target)),
            };
            Ok(targets.iter().map(loaded).collect())
        })
        .await
    }

    async fn desired(&self, target: &Target) -> Result<Stored<DesiredRecord>, StoreError> {
        let object = Broken::Desired(target.clone()).to_string();
        self.call("dynamodb:GetItem", Kind::Read, object, String::new(), |table, _| Ok(desired(table, target))).await
    }

    async fn apps(&self) -> Result<Vec<AppName>, StoreError> {
        self.call("dynamodb:Query", Kind::Read, "specs".to_owned(), String::new(), |table, _| {
            Ok(table.specs.keys().cloned().collect())
        })
        .await
    }

    async fn spec(&self, app: &AppName) -> Result<Stored<SpecRecord>, StoreError> {
        let object = Broken::Spec(app.clone()).to_string();
        self.call("dynamodb:GetItem", Kind::Read, object, String::new(), |table, _| Ok(spec(table, app))).await
    }

    async fn artifact(&self, app: &AppName, tag: &Tag) -> Result<Stored<Artifact>, StoreError> {
        let name = Broken::Artifact(app.clone(), tag.clone());
        self.call("dynamodb:GetItem", Kind::Read, name.to_string(), String::new(), |table, _| {
            Ok(table.stored(&name, table.artifacts.get(&(app.clone(), tag.clone()))))
        })
        .await
    }

    async fn artifacts(&self, app: &AppName, limit: usize) -> Result<Vec<Artifact>, StoreError> {
        self.call("dynamodb:Query", Kind::Read, format!("artifacts {app}"), String::new(), |table, _| {
            let readable = |artifact: &&Artifact| {
                let name = Broken::Artifact(artifact.app.clone(), artifact.tag.clone());
                artifact.app == *app && !table.broken.contains_key(&name)
            };
            let mut artifacts: Vec<Artifact> = table.artifacts.values().filter(readable).cloned().collect();
            // Stable: artifacts of one instant stay in the order of their tags.
            artifacts.sort_by_key(|artifact| std::cmp::Reverse(artifact.announced_at));
            artifacts.truncate(limit);
            Ok(artifacts)
        })
        .await
    }

    async fn manifest(&self, app: &AppName, digest: &Digest) -> Result<Stored<Manifest>, StoreError> {
        let object = Broken::Manifest(app.clone(), digest.clone()).to_string();
        self.call("dynamodb:GetItem", Kind::Read, object, String::new(), |table, _| Ok(table.manifest(app, digest)))
            .await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.call("dynamodb:Query", Kind::Read, format!("history {target}"), String::new(), |table, _| {
            let events = table.events.get(target).into_iter().flat_map(|events| events.values().rev());
            Ok(events.take(limit).cloned().collect())
        })
        .await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        self.call("dynamodb:Query", Kind::Read, "heartbeats".to_owned(), String::new(), |table, arrival| {
            let kept = |written: Timestamp| arrival.at < after(written, HEARTBEAT_KEPT);
            let heartbeats = table.heartbeats.values().filter(|(written, _)| kept(*written));
            Ok(heartbeats.map(|(_, heartbeat)| heartbeat.clone()).collect())
        })
        .await
    }
}

fn desired(table: &Table, target: &Target) -> Stored<DesiredRecord> {
    table.stored(&Broken::Desired(target.clone()), table.desired.get(target))
}

fn spec(table: &Table, app: &AppName) -> Stored<SpecRecord> {
    table.stored(&Broken::Spec(app.clone()), table.specs.get(app))
}
