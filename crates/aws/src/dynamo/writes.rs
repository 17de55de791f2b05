//! What people ask for, and what the controller found: every write under its condition.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use driftless_domain::{AppName, Artifact, CallError, Digest, EnvName, Manifest, Status, Target};
use driftless_releases::{
    Claim, DesiredRecord, DesiredWrites, Event, Heartbeat, Lease, PutArtifact, SpecRecord, StatusWrites, StoreError,
    Stored, Versioned,
};

use super::DynamoStore;
use super::items::{artifact_item, claim_item, desired_item, nudge_item, read_artifact, read_spec, spec_item};
use super::items_found::{event_item, heartbeat_item, lease_item, read_lease, status_item};
use super::keys::Key;
use super::put::{Condition, Put};
use super::read::stored;
use super::transact::Write;

/// A transaction takes 100 items: the spec, 98 claims, and one left for what comes later.
const MOST_CLAIMS: usize = 98;

#[async_trait]
impl DesiredWrites for DynamoStore {
    async fn put_spec(&self, spec: &SpecRecord, claims: &[Claim]) -> Result<(), StoreError> {
        let SpecRecord { app, version, .. } = spec;
        let key = Key::spec(app);
        let what = format!("the spec of {app}");
        let conflict = || StoreError::Conflict { what: what.clone() };
        let condition = Condition::version_before("version", *version).ok_or_else(conflict)?;

        if claims.len() > MOST_CLAIMS {
            return Err(StoreError::TooManyClaims(claims.len()));
        }
        let mut wanted: BTreeMap<&str, &EnvName> = BTreeMap::new();
        for Claim { resource, target } in claims {
            let former = wanted.insert(resource, &target.env);
            if let Some(env) = former.filter(|env| *env != &target.env) {
                let owner = Target::new(app.clone(), env.clone());
                return Err(StoreError::Claimed { resource: resource.clone(), owner });
            }
        }
        // Which claims change is read from the record that the condition below is about.
        let (stored_version, former) = match stored(&key, self.get(&key).await?.as_ref(), read_spec) {
            Stored::Missing => (0, BTreeMap::new()),
            Stored::Valid(former) => (former.spec.version, former.claims),
            Stored::Invalid(invalid) => return Err(invalid.into()),
        };
        if stored_version.checked_add(1) != Some(*version) {
            return Err(conflict());
        }
        let taken = wanted.iter().filter(|(resource, env)| former.get(**resource) != Some(**env));
        let dropped = former.keys().filter(|resource| !wanted.contains_key(resource.as_str()));

        let mut writes = vec![Write::record(spec_item(spec, &wanted), condition, what.clone())];
        writes.extend(taken.map(|(resource, env)| {
            let target = Target::new(app.clone(), (*env).clone());
            let claim = Claim { resource: (*resource).to_owned(), target };
            Write::claim(claim_item(&claim), app.as_str(), claim.resource)
        }));
        writes.extend(dropped.map(|resource| Write::release(resource, app.as_str())));
        match writes.len() - 1 {
            0..=MOST_CLAIMS => self.transact(&writes).await,
            // One spec that lets go of as many as it takes.
            more => Err(StoreError::TooManyClaims(more)),
        }
    }

    async fn put_artifact(&self, artifact: &Artifact) -> Result<PutArtifact, StoreError> {
        let key = Key::artifact(&artifact.app, &artifact.tag);
        match self.put(&artifact_item(artifact), &Condition::Absent).await? {
            Put::Written => Ok(PutArtifact::New),
            Put::Refused(old) => {
                // An endpoint that does not say what it found is asked.
                let old = match old {
                    Some(old) => Some(old),
                    None => self.get(&key).await?,
                };
                match stored(&key, old.as_ref(), read_artifact) {
                    Stored::Valid(artifact) => Ok(PutArtifact::Exists(artifact)),
                    Stored::Missing => Err(StoreError::Conflict { what: format!("artifact {}", artifact.tag) }),
                    Stored::Invalid(invalid) => Err(invalid.into()),
                }
            }
        }
    }

    async fn put_manifest(&self, app: &AppName, manifest: &Manifest) -> Result<Digest, StoreError> {
        self.write_manifest(app, manifest).await
    }

    async fn put_desired(&self, record: &DesiredRecord, event: &Event) -> Result<(), StoreError> {
        let what = format!("the desired release of {}", record.target);
        let condition = Condition::version_before("generation", record.generation.0);
        let condition = condition.ok_or_else(|| StoreError::Conflict { what: what.clone() })?;
        let record = Write::record(desired_item(record), condition, what);
        self.transact(&[record, Write::event(event_item(event))]).await
    }

    async fn nudge(&self, target: &Target, at: Timestamp) -> Result<(), StoreError> {
        // Refused means that a later wish is there already.
        self.put(&nudge_item(target, at), &Condition::not_newer(at)).await.map(drop).map_err(StoreError::from)
    }
}

#[async_trait]
impl StatusWrites for DynamoStore {
    async fn put_status(&self, status: &Versioned<Status>, events: &[Event]) -> Result<u64, StoreError> {
        let Versioned { version, record } = status;
        let what = format!("the status of {}", record.target);
        let written = version.checked_add(1).ok_or_else(|| StoreError::Conflict { what: what.clone() })?;
        let condition = Condition::version_before("version", written);
        let condition = condition.ok_or_else(|| StoreError::Conflict { what: what.clone() })?;
        let item = status_item(&Versioned { version: written, record: record.clone() })
            .map_err(|error| self.not_sent("dynamodb:TransactWriteItems", &error))?;
        let mut writes = vec![Write::record(item, condition, what)];
        writes.extend(events.iter().map(|event| Write::event(event_item(event))));
        self.transact(&writes).await.map(|()| written)
    }

    async fn put_heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        // Refused means that a later one of the same holder is there already.
        let condition = Condition::not_newer(heartbeat.at);
        self.put(&heartbeat_item(heartbeat), &condition).await.map(drop).map_err(StoreError::from)
    }

    async fn lease(&self, shard: u16) -> Result<Option<Lease>, StoreError> {
        let key = Key::lease(shard);
        match stored(&key, self.get(&key).await?.as_ref(), read_lease) {
            Stored::Valid(lease) => Ok(Some(lease)),
            Stored::Missing => Ok(None),
            Stored::Invalid(invalid) => Err(invalid.into()),
        }
    }

    async fn put_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let conflict = || StoreError::Conflict { what: format!("the lease of shard {}", lease.shard) };
        let condition = Condition::version_before("version", lease.version).ok_or_else(conflict)?;
        match self.put(&lease_item(lease), &condition).await.map_err(|error: CallError| StoreError::from(error))? {
            Put::Written => Ok(()),
            Put::Refused(_) => Err(conflict()),
        }
    }
}
