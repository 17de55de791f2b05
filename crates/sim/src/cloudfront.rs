//! Distributions and their invalidations. Refuses to be a cache: what an edge may still serve is worked out from the
//! writes of the bucket ([`crate::World::may_serve`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use driftless_domain::{AccountId, BucketName, DistributionId, InvalidationPath, InvalidationState};
use jiff::Timestamp;

use crate::call::mixed;
use crate::clock::after;

/// How long an invalidation takes when nobody said otherwise. aws-facts.md: reported complete in less than 25 s (P95).
const TAKES: Duration = Duration::from_secs(20);
/// The most wildcard paths in progress for one distribution (aws-facts.md).
const WILDCARDS: usize = 15;
/// The most file paths in progress for one distribution (aws-facts.md).
const FILES: usize = 3_000;

/// CloudFront. Ids of distributions are global.
#[derive(Debug)]
pub(crate) struct CloudFront {
    distributions: BTreeMap<DistributionId, Distribution>,
    takes: Option<Duration>,
}

/// What stands behind a distribution: a bucket, and the origin path as a prefix of keys.
pub(crate) type Origin = (BucketName, String);

#[derive(Debug)]
pub(crate) struct Distribution {
    pub(crate) account: AccountId,
    pub(crate) origin: Option<Origin>,
    pub(crate) invalidations: Vec<MadeInvalidation>,
}

/// An invalidation that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeInvalidation {
    /// CloudFront's id for it.
    pub id: String,
    /// Its caller reference.
    pub reference: String,
    /// What it names.
    pub paths: Vec<InvalidationPath>,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub by: String,
    /// The number of the call that made it; 0 for the hands of others.
    pub call: u64,
    /// When it is (or was) completed; none: never.
    pub done_at: Option<Timestamp>,
}

impl MadeInvalidation {
    /// How far it is at a time.
    #[must_use]
    pub fn state_at(&self, at: Timestamp) -> InvalidationState {
        match self.done_at {
            Some(done) if done <= at => InvalidationState::Completed,
            Some(_) | None => InvalidationState::InProgress,
        }
    }

    /// Whether it names a path as CloudFront writes it (percent-encoded).
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.paths.iter().any(|named| match named.as_str().strip_suffix('*') {
            Some(begin) => path.starts_with(begin),
            None => named.as_str() == path,
        })
    }
}

/// Why CloudFront does not take an invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotInvalidated {
    OtherPaths,
    TooManyInProgress,
    NoPaths,
    BatchTooLarge,
}

impl CloudFront {
    pub(crate) fn create(&mut self, id: &DistributionId, account: &AccountId) {
        let account = account.clone();
        self.distributions.insert(id.clone(), Distribution { account, origin: None, invalidations: Vec::new() });
    }

    pub(crate) fn delete(&mut self, id: &DistributionId) -> bool {
        self.distributions.remove(id).is_some()
    }

    /// How long the next invalidations take; none: they never end.
    pub(crate) fn take(&mut self, takes: Option<Duration>) {
        self.takes = takes;
    }

    pub(crate) fn get(&self, id: &DistributionId) -> Option<&Distribution> {
        self.distributions.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &DistributionId) -> Option<&mut Distribution> {
        self.distributions.get_mut(id)
    }

    /// How long an invalidation takes that is made now.
    pub(crate) fn takes(&self) -> Option<Duration> {
        self.takes
    }
}

impl Default for CloudFront {
    fn default() -> Self {
        Self { distributions: BTreeMap::new(), takes: Some(TAKES) }
    }
}

impl Distribution {
    /// Makes an invalidation, or finds the one that was made with this reference: its id, and whether it is new.
    pub(crate) fn invalidate(
        &mut self,
        mut made: MadeInvalidation,
        takes: Option<Duration>,
        seed: u64,
    ) -> Result<(String, bool), NotInvalidated> {
        if made.paths.is_empty() {
            return Err(NotInvalidated::NoPaths);
        }
        if made.paths.len() > FILES {
            return Err(NotInvalidated::BatchTooLarge);
        }
        let known = self.invalidations.iter().position(|known| known.reference == made.reference);
        if let Some(known) = known {
            // Order and repetitions do not count.
            let set = |paths: &[InvalidationPath]| paths.iter().cloned().collect::<BTreeSet<_>>();
            let known = self.invalidations.get(known).filter(|known| set(&known.paths) == set(&made.paths));
            return known.map(|known| (known.id.clone(), false)).ok_or(NotInvalidated::OtherPaths);
        }
        let in_progress = self.invalidations.iter();
        let in_progress = in_progress.filter(|known| known.state_at(made.at) == InvalidationState::InProgress);
        let under_way: Vec<_> = in_progress.flat_map(|known| &known.paths).chain(&made.paths).collect();
        let wildcards = under_way.iter().filter(|path| path.as_str().ends_with('*')).count();
        if wildcards > WILDCARDS || under_way.len() - wildcards > FILES {
            return Err(NotInvalidated::TooManyInProgress);
        }
        made.done_at = takes.map(|takes| after(made.at, takes));
        let number = u64::try_from(self.invalidations.len()).unwrap_or(u64::MAX);
        made.id = format!("I{:016X}", mixed(seed, &["invalidation", self.account.as_str(), &made.reference], number));
        let id = made.id.clone();
        self.invalidations.push(made);
        Ok((id, true))
    }

    /// Ends what is under way.
    pub(crate) fn complete(&mut self, at: Timestamp) {
        for made in &mut self.invalidations {
            made.done_at = Some(made.done_at.map_or(at, |done| done.min(at)));
        }
    }
}
