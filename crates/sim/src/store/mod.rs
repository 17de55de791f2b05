//! The records in memory, with the conditions of the port kept to the letter. What DynamoDB would refuse is refused.

mod reads;
mod table;
mod writes;

use std::sync::{Arc, Mutex};

use driftless_domain::{AppName, Digest, Tag, Target};
use driftless_releases::{DesiredRecord, Lease, StoreError};

use crate::call::{Kind, Request};
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::history::{Call, Counts, lock};
use crate::wire::{Arrival, Wire};
use crate::world::World;
use table::{Broken, Table};

/// The table that keeps the records. Clones are the same table.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    wire: Wire,
    table: Arc<Mutex<Table>>,
}

impl MemoryStore {
    /// An empty table with faults and a history of its own.
    #[must_use]
    pub fn new(seed: u64, clock: SimClock) -> Self {
        Self { wire: Wire::new(seed, clock), table: Arc::default() }
    }

    /// An empty table whose calls are numbered, hit and written down together with those of a world.
    #[must_use]
    pub fn beside(world: &World) -> Self {
        Self { wire: world.wire.clone(), table: Arc::default() }
    }

    /// The same table for another process: with its own name in the history, its own numbers, faults and crashes. The
    /// API's process is one.
    #[must_use]
    pub fn acting_as(&self, actor: &str, faults: &Faults) -> Self {
        Self { wire: self.wire.acting_as(actor, faults), table: Arc::clone(&self.table) }
    }

    /// What goes wrong for this process.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.wire.faults
    }

    /// The calls on records whose key contains this text: `desired shop/dev`, `status shop/dev`, `lease 3`.
    #[must_use]
    pub fn calls_on(&self, object_contains: &str) -> Vec<Call> {
        self.wire.history.calls_on(object_contains)
    }

    /// How many calls to the table there were.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.wire.history.counts(|operation| operation.starts_with("dynamodb:"))
    }

    /// Somebody breaks a desired record by hand: it reads as invalid until it is written again.
    pub fn put_raw_invalid(&self, target: &Target, problem: &str) {
        self.break_record(Broken::Desired(target.clone()), problem);
    }

    /// The same for a status.
    pub fn put_raw_invalid_status(&self, target: &Target, problem: &str) {
        self.break_record(Broken::Status(target.clone()), problem);
    }

    /// The same for a spec.
    pub fn put_raw_invalid_spec(&self, app: &AppName, problem: &str) {
        self.break_record(Broken::Spec(app.clone()), problem);
    }

    /// The same for an artifact.
    pub fn put_raw_invalid_artifact(&self, app: &AppName, tag: &Tag, problem: &str) {
        self.break_record(Broken::Artifact(app.clone(), tag.clone()), problem);
    }

    /// The same for a manifest: it is there, and cannot be read.
    pub fn put_raw_invalid_manifest(&self, app: &AppName, digest: &Digest, problem: &str) {
        self.break_record(Broken::Manifest(app.clone(), digest.clone()), problem);
    }

    /// Somebody changes a manifest by hand: one byte of it, so that it does not have its digest any more.
    pub fn spoil_manifest(&self, app: &AppName, digest: &Digest) {
        let mut table = lock(&self.table);
        let text = table.manifests.get_mut(&(app.clone(), digest.clone()));
        if let Some(last) = text.and_then(|text| text.last_mut()) {
            *last ^= 1;
        }
    }

    /// Somebody deletes a manifest by hand.
    pub fn delete_manifest(&self, app: &AppName, digest: &Digest) {
        lock(&self.table).manifests.remove(&(app.clone(), digest.clone()));
    }

    /// A lease that does not parse.
    pub fn put_raw_invalid_lease(&self, shard: u16, problem: &str) {
        self.break_record(Broken::Lease(shard), problem);
    }

    /// Somebody edits a desired record by hand: no condition, no event, no wake-up.
    pub fn edit_desired_by_hand(&self, record: DesiredRecord) {
        let mut table = lock(&self.table);
        table.broken.remove(&Broken::Desired(record.target.clone()));
        table.desired.insert(record.target.clone(), record);
    }

    /// Somebody edits a lease by hand: no condition.
    pub fn edit_lease_by_hand(&self, lease: Lease) {
        let mut table = lock(&self.table);
        table.broken.remove(&Broken::Lease(lease.shard));
        table.leases.insert(lease.shard, lease);
    }

    fn break_record(&self, record: Broken, problem: &str) {
        lock(&self.table).broken.insert(record, problem.to_owned());
    }

    async fn call<T: Send>(
        &self,
        operation: &'static str,
        kind: Kind,
        object: String,
        detail: String,
        effect: impl FnOnce(&mut Table, &mut Arrival<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let shown = object.clone();
        let request = Request { operation, kind, site: None, object, shown, detail };
        self.wire.send(request, |arrival| effect(&mut lock(&self.table), arrival)).await
    }
}
