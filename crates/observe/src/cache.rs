//! What need not be read again. Everything here can be rebuilt from AWS; losing it costs calls, never correctness.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use driftless_domain::{
    BucketName, ClusterName, EcsServiceName, Family, Place, Rollout, RunningContainer, TaskDefArn, TaskDefinition,
    TaskFamily,
};

use crate::site::KnownBucket;

/// How long a family's list and the digests of running tasks are believed while nothing happens. A revision that
/// infrastructure registers is noticed after at most this long; everything else is noticed at every look.
pub const FAMILY_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// How many revisions of a family are looked at, newest first. Ours that may not be known yet (a crash after
/// registering) are the newest, and so is what infrastructure registered since; an older one of ours that is not found
/// costs one more revision (a rollback past ten releases), nothing else.
pub const REVISIONS_LOOKED_AT: usize = 10;

/// Task definitions kept at most: at about 8 KB each, 80 MB. The oldest entries by ARN go first.
const TASK_DEFINITIONS_KEPT: usize = 10_000;

/// Where a service is.
pub(crate) type ServiceKey = (Place, ClusterName, EcsServiceName);

/// Rollouts that were read when this deployment was current and finished.
#[derive(Debug, Clone)]
pub(crate) struct KeptRollouts {
    pub(crate) deployment: String,
    pub(crate) rollouts: Option<Vec<Rollout>>,
}

/// Containers that were read when this revision was running.
#[derive(Debug, Clone)]
pub(crate) struct KeptContainers {
    pub(crate) task_definition: TaskDefArn,
    pub(crate) read_at: Timestamp,
    pub(crate) containers: Vec<RunningContainer>,
}

/// What was read before.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    task_definitions: BTreeMap<TaskDefArn, TaskDefinition>,
    families: BTreeMap<(Place, TaskFamily), (Timestamp, Family)>,
    rollouts: BTreeMap<ServiceKey, KeptRollouts>,
    containers: BTreeMap<ServiceKey, KeptContainers>,
    buckets: BTreeMap<(Place, BucketName), KnownBucket>,
}

impl Cache {
    pub(crate) fn task_definition(&self, arn: &TaskDefArn) -> Option<TaskDefinition> {
        self.task_definitions.get(arn).cloned()
    }

    pub(crate) fn keep_task_definition(&mut self, definition: &TaskDefinition) {
        if self.task_definitions.len() >= TASK_DEFINITIONS_KEPT {
            self.task_definitions.pop_first();
        }
        self.task_definitions.insert(definition.arn.clone(), definition.clone());
    }

    pub(crate) fn family(&self, key: &(Place, TaskFamily), at: Timestamp) -> Option<Family> {
        let (read_at, family) = self.families.get(key)?;
        (at.duration_since(*read_at) < FAMILY_KEPT).then(|| family.clone())
    }

    pub(crate) fn keep_family(&mut self, key: (Place, TaskFamily), at: Timestamp, family: &Family) {
        self.families.insert(key, (at, family.clone()));
    }

    pub(crate) fn rollouts(&self, key: &ServiceKey) -> Option<&KeptRollouts> {
        self.rollouts.get(key)
    }

    pub(crate) fn keep_rollouts(&mut self, key: ServiceKey, kept: KeptRollouts) {
        self.rollouts.insert(key, kept);
    }

    pub(crate) fn containers(&self, key: &ServiceKey) -> Option<&KeptContainers> {
        self.containers.get(key)
    }

    pub(crate) fn keep_containers(&mut self, key: ServiceKey, kept: KeptContainers) {
        self.containers.insert(key, kept);
    }

    /// What is known of a bucket.
    pub(crate) fn bucket(&mut self, place: &Place, bucket: &BucketName) -> &mut KnownBucket {
        self.buckets.entry((place.clone(), bucket.clone())).or_default()
    }

    /// Forgets everything about a service that can change.
    pub(crate) fn forget(&mut self, key: &ServiceKey) {
        self.rollouts.remove(key);
        self.containers.remove(key);
    }

    /// Forgets the list of a family.
    pub(crate) fn forget_family(&mut self, place: &Place, family: &TaskFamily) {
        self.families.remove(&(place.clone(), family.clone()));
    }
}
