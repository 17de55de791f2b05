//! Records, written through the two ports. Every write is fenced by what it read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use driftless_domain::{AppName, Artifact, Digest, Manifest, Sha256, Status, Target};
use driftless_releases::{
    Claim, DesiredRecord, DesiredWrites, Event, Heartbeat, InvalidRecord, Lease, PutArtifact, SpecRecord, StatusWrites,
    StoreError, Versioned,
};
use jiff::Timestamp;

use crate::call::Kind;

use super::MemoryStore;
use super::table::{Broken, Table};

/// The most claims in one transaction: 100 items, less the spec and one in reserve (`StoreError::TooManyClaims`).
const CLAIMS: usize = 98;

#[async_trait]
impl DesiredWrites for MemoryStore {
    async fn put_spec(&self, spec: &SpecRecord, claims: &[Claim]) -> Result<(), StoreError> {
        let name = Broken::Spec(spec.app.clone());
        let detail = format!("version {}", spec.version);
        self.call("dynamodb:TransactWriteItems", Kind::Write, name.to_string(), detail, |table, _| {
            if claims.len() > CLAIMS {
                return Err(StoreError::TooManyClaims(claims.len()));
            }
            let claimed = claimed(table, spec, claims)?;
            let stored = table.specs.get(&spec.app).map(|spec| spec.version);
            table.condition(&name, stored, spec.version)?;
            table.claims.retain(|_, owner| owner.app != spec.app);
            table.claims.extend(claimed);
            table.specs.insert(spec.app.clone(), spec.clone());
            Ok(())
        })
        .await
    }

    async fn put_artifact(&self, artifact: &Artifact) -> Result<PutArtifact, StoreError> {
        let name = Broken::Artifact(artifact.app.clone(), artifact.tag.clone());
        self.call("dynamodb:PutItem", Kind::Write, name.to_string(), String::new(), |table, _| {
            if let Some(invalid) = table.problem(&name) {
                return Err(invalid.into());
            }
            let key = (artifact.app.clone(), artifact.tag.clone());
            match table.artifacts.get(&key) {
                Some(known) => Ok(PutArtifact::Exists(known.clone())),
                None => {
                    table.artifacts.insert(key, artifact.clone());
                    Ok(PutArtifact::New)
                }
            }
        })
        .await
    }

    async fn put_manifest(&self, app: &AppName, manifest: &Manifest) -> Result<Digest, StoreError> {
        let text = manifest
            .to_json()
            .map_err(|error| InvalidRecord { key: format!("manifest {app}"), problem: error.to_string() })?;
        let digest = Sha256::of(&text).to_digest();
        let name = Broken::Manifest(app.clone(), digest.clone());
        let detail = format!("{} files, {} bytes", manifest.files.len(), text.len());
        self.call("dynamodb:PutItem", Kind::Write, name.to_string(), detail, |table, _| {
            // Whatever lies there, under this name only this text is right.
            table.broken.remove(&name);
            table.manifests.insert((app.clone(), digest.clone()), text);
            Ok(digest)
        })
        .await
    }

    async fn put_desired(&self, record: &DesiredRecord, event: &Event) -> Result<(), StoreError> {
        let name = Broken::Desired(record.target.clone());
        let detail = format!("generation {}, {}", record.generation, record.artifact);
        self.call("dynamodb:TransactWriteItems", Kind::Write, name.to_string(), detail, |table, arrival| {
            let stored = table.desired.get(&record.target).map(|record| record.generation.0);
            table.condition(&name, stored, record.generation.0)?;
            table.desired.insert(record.target.clone(), record.clone());
            table.index(&record.target, record.requested_at, arrival.at);
            table.tell(event);
            Ok(())
        })
        .await
    }

    async fn nudge(&self, target: &Target, at: Timestamp) -> Result<(), StoreError> {
        self.call("dynamodb:PutItem", Kind::Write, format!("nudge {target}"), String::new(), |table, arrival| {
            table.index(target, at, arrival.at);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl StatusWrites for MemoryStore {
    async fn put_status(&self, status: &Versioned<Status>, events: &[Event]) -> Result<u64, StoreError> {
        let Versioned { version, record } = status;
        let name = Broken::Status(record.target.clone());
        let next = version.saturating_add(1);
        let kinds: Vec<String> = events.iter().map(|event| event.kind.to_string()).collect();
        let detail = format!("version {next}, {}", kinds.join(" "));
        self.call("dynamodb:TransactWriteItems", Kind::Write, name.to_string(), detail, |table, _| {
            let stored = table.statuses.get(&record.target).map(|status| status.version);
            table.condition(&name, stored, next)?;
            let written = Versioned { version: next, record: record.clone() };
            table.statuses.insert(record.target.clone(), written);
            events.iter().for_each(|event| table.tell(event));
            Ok(next)
        })
        .await
    }

    async fn put_heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let object = format!("heartbeat {}", heartbeat.holder);
        self.call("dynamodb:PutItem", Kind::Write, object, String::new(), |table, arrival| {
            table.heartbeats.insert(heartbeat.holder.clone(), (arrival.at, heartbeat.clone()));
            Ok(())
        })
        .await
    }

    async fn lease(&self, shard: u16) -> Result<Option<Lease>, StoreError> {
        let name = Broken::Lease(shard);
        self.call("dynamodb:GetItem", Kind::Read, name.to_string(), String::new(), |table, _| {
            match table.problem(&name) {
                Some(invalid) => Err(invalid.into()),
                None => Ok(table.leases.get(&shard).cloned()),
            }
        })
        .await
    }

    async fn put_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let name = Broken::Lease(lease.shard);
        let detail = format!("{:?} token {} version {}", lease.holder, lease.token, lease.version);
        self.call("dynamodb:PutItem", Kind::Write, name.to_string(), detail, |table, _| {
            let stored = table.leases.get(&lease.shard).map(|lease| lease.version);
            table.condition(&name, stored, lease.version)?;
            table.leases.insert(lease.shard, lease.clone());
            Ok(())
        })
        .await
    }
}

/// The claims of a spec by resource; refused when one belongs to another app, or twice to this one.
fn claimed(table: &Table, spec: &SpecRecord, claims: &[Claim]) -> Result<BTreeMap<String, Target>, StoreError> {
    let mut claimed: BTreeMap<String, Target> = BTreeMap::new();
    for Claim { resource, target } in claims {
        let others = table.claims.get(resource).filter(|owner| owner.app != spec.app);
        let own = claimed.get(resource).filter(|owner| *owner != target);
        if let Some(owner) = others.or(own) {
            return Err(StoreError::Claimed { resource: resource.clone(), owner: owner.clone() });
        }
        claimed.insert(resource.clone(), target.clone());
    }
    Ok(claimed)
}
