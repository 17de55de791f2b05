//! What is in the table.

use std::collections::BTreeMap;
use std::fmt;

use driftless_domain::{AppName, Artifact, Digest, Manifest, Sha256, Status, Tag, Target};
use driftless_releases::{
    DesiredRecord, Event, Heartbeat, InvalidRecord, Lease, SpecRecord, StoreError, Stored, Versioned,
};
use jiff::Timestamp;

/// The name of a record, which may be broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Broken {
    Desired(Target),
    Status(Target),
    Spec(AppName),
    Artifact(AppName, Tag),
    Manifest(AppName, Digest),
    Lease(u16),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desired(target) => write!(f, "desired {target}"),
            Self::Status(target) => write!(f, "status {target}"),
            Self::Spec(app) => write!(f, "spec {app}"),
            Self::Artifact(app, tag) => write!(f, "artifact {app}/{tag}"),
            Self::Manifest(app, digest) => write!(f, "manifest {app}/{digest}"),
            Self::Lease(shard) => write!(f, "lease {shard}"),
        }
    }
}

/// One entry of the index of changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed {
    /// When it was written, by our clock: what lags.
    pub(super) written: Timestamp,
    /// When, as the writer said: what is asked for.
    pub(super) at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) specs: BTreeMap<AppName, SpecRecord>,
    /// By resource.
    pub(super) claims: BTreeMap<String, Target>,
    pub(super) artifacts: BTreeMap<(AppName, Tag), Artifact>,
    /// The canonical texts of manifests, each under the digest that it had when it was put.
    pub(super) manifests: BTreeMap<(AppName, Digest), Vec<u8>>,
    pub(super) desired: BTreeMap<Target, DesiredRecord>,
    pub(super) statuses: BTreeMap<Target, Versioned<Status>>,
    /// By time, sequence and arrival: two writers at one instant lose nothing.
    pub(super) events: BTreeMap<Target, BTreeMap<(Timestamp, u32, usize), Event>>,
    pub(super) heartbeats: BTreeMap<String, (Timestamp, Heartbeat)>,
    pub(super) leases: BTreeMap<u16, Lease>,
    /// The newest entries of each target, oldest first.
    pub(super) changes: BTreeMap<Target, Vec<Indexed>>,
    /// Records that do not parse, with what is wrong. What was there is kept beneath: its condition attributes still hold.
    pub(super) broken: BTreeMap<Broken, String>,
}

impl Table {
    /// The record as a read gives it.
    pub(super) fn stored<T: Clone>(&self, name: &Broken, record: Option<&T>) -> Stored<T> {
        match (self.problem(name), record) {
            (Some(invalid), _) => Stored::Invalid(invalid),
            (None, Some(record)) => Stored::Valid(record.clone()),
            (None, None) => Stored::Missing,
        }
    }

    /// The manifest under a name, if what is stored there still has that digest.
    pub(super) fn manifest(&self, app: &AppName, digest: &Digest) -> Stored<Manifest> {
        let name = Broken::Manifest(app.clone(), digest.clone());
        let Some(text) = self.manifests.get(&(app.clone(), digest.clone())) else { return Stored::Missing };
        let invalid = |problem: String| Stored::Invalid(InvalidRecord { key: name.to_string(), problem });
        if let Some(broken) = self.problem(&name) {
            return Stored::Invalid(broken);
        }
        let found = Sha256::of(text).to_digest();
        if found != *digest {
            return invalid(format!("what is stored has the digest {found}"));
        }
        match serde_json::from_slice(text) {
            Ok(manifest) => Stored::Valid(manifest),
            Err(error) => invalid(error.to_string()),
        }
    }

    pub(super) fn problem(&self, name: &Broken) -> Option<InvalidRecord> {
        let problem = self.broken.get(name)?.clone();
        Some(InvalidRecord { key: name.to_string(), problem })
    }

    /// A conditional write: the count that is stored (none: nothing is) must be one less than the new one. A broken record
    /// without a count beneath is no "nothing".
    pub(super) fn condition(&mut self, name: &Broken, stored: Option<u64>, new: u64) -> Result<(), StoreError> {
        let headless = stored.is_none() && self.broken.contains_key(name);
        if headless || stored.unwrap_or(0).checked_add(1) != Some(new) {
            return Err(StoreError::Conflict { what: name.to_string() });
        }
        self.broken.remove(name);
        Ok(())
    }

    pub(super) fn tell(&mut self, event: &Event) {
        let events = self.events.entry(event.target.clone()).or_default();
        events.insert((event.at, event.sequence, events.len()), event.clone());
    }

    /// An entry of the index; those that no look can show any more are forgotten.
    pub(super) fn index(&mut self, target: &Target, at: Timestamp, written: Timestamp) {
        let entries = self.changes.entry(target.clone()).or_default();
        let horizon = crate::clock::before(written, crate::timeline::KEPT);
        while entries.get(1).is_some_and(|entry| entry.written <= horizon) {
            entries.remove(0);
        }
        entries.push(Indexed { written, at });
    }
}
