//! The simulated world as a stand.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bytes::Bytes;

use driftless_domain::{AccountId, BucketName, DistributionId, Place, VersionId};
use driftless_sim::{ObjectHeaders, SimClock, World};

use crate::setup::{Hands, Stand, home, key};

pub(crate) struct Simulated {
    world: World,
    distributions: AtomicU32,
}

impl Simulated {
    pub(crate) fn new() -> Self {
        let world = World::new(7, SimClock::new());
        world.runs_in(&home());
        Self { world, distributions: AtomicU32::new(0) }
    }

    pub(crate) fn stand(&self) -> Stand<'_> {
        Stand { state: &self.world, changes: &self.world, builds: &self.world, hands: self }
    }
}

#[async_trait]
impl Hands for Simulated {
    fn look_every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn create_bucket(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        self.world.create_bucket(place, bucket);
        Ok(())
    }

    async fn keep_versions(&self, _place: &Place, bucket: &BucketName) -> Result<()> {
        self.world.bucket_keeps_versions(bucket, true);
        Ok(())
    }

    async fn let_in(&self, _place: &Place, _bucket: &BucketName, _other: &AccountId) -> Result<()> {
        // There are no bucket policies: who is named in a call must own the bucket, and nothing else counts.
        Ok(())
    }

    async fn put(&self, _place: &Place, bucket: &BucketName, name: &str, body: Bytes) -> Result<Option<VersionId>> {
        self.world.put_by_person(bucket, name, body, ObjectHeaders::default());
        Ok(self.world.object(bucket, name).context("what was put is not there")?.version)
    }

    async fn delete(&self, _place: &Place, bucket: &BucketName, name: &str) -> Result<()> {
        self.world.delete_by_person(bucket, name);
        Ok(())
    }

    async fn erase(&self, _place: &Place, bucket: &BucketName, name: &str, version: &VersionId) -> Result<()> {
        self.world.delete_build_version(bucket, &key(name), version);
        Ok(())
    }

    async fn unfinished_uploads(&self, _place: &Place, bucket: &BucketName) -> Result<usize> {
        Ok(self.world.unfinished_uploads(bucket))
    }

    async fn create_distribution(&self, place: &Place) -> Result<DistributionId> {
        let number = self.distributions.fetch_add(1, Ordering::Relaxed);
        let distribution = DistributionId::parse(format!("E0CONTRACT{number:03}"))?;
        self.world.create_distribution(place, &distribution);
        Ok(distribution)
    }
}
