//! Counting the calls that the adapters send, so that tests can bound them and metrics can show them.
//!
//! **Refuses:** labels that are not bounded: an operation is one of [`crate::operation`]'s constants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use driftless_domain::CallClass;

/// Whether a call changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It changes nothing, and may be repeated at will.
    Read,
    /// It changes something, and is sent once.
    Change,
}

/// What became of the calls of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// How often the operation was asked for. A read that the SDK repeats counts once.
    pub calls: u64,
    /// How many of them failed, by what the failure means.
    pub failed: BTreeMap<CallClass, u64>,
}

/// The counts of one process (or one test), shared by all adapters that were given a clone.
#[derive(Debug, Clone, Default)]
pub struct CallCounter(Arc<Mutex<BTreeMap<(&'static str, Kind), Counts>>>);

impl CallCounter {
    /// The counts by operation (`ecs:UpdateService`).
    #[must_use]
    pub fn by_operation(&self) -> BTreeMap<(&'static str, Kind), Counts> {
        self.lock().clone()
    }

    /// How often an operation was asked for.
    #[must_use]
    pub fn of(&self, operation: &str) -> u64 {
        self.lock().iter().filter(|((name, _), _)| *name == operation).map(|(_, counts)| counts.calls).sum()
    }

    /// How many calls of one kind there were.
    #[must_use]
    pub fn total(&self, kind: Kind) -> u64 {
        self.lock().iter().filter(|((_, of), _)| *of == kind).map(|(_, counts)| counts.calls).sum()
    }

    pub(crate) fn sent(&self, operation: &'static str, kind: Kind) {
        self.lock().entry((operation, kind)).or_default().calls += 1;
    }

    pub(crate) fn failed(&self, operation: &'static str, kind: Kind, class: CallClass) {
        *self.lock().entry((operation, kind)).or_default().failed.entry(class).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(&'static str, Kind), Counts>> {
        // A count is whole at every instant, so a panic elsewhere while it was held spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_operation_and_by_kind() {
        let counter = CallCounter::default();
        let shared = counter.clone();
        shared.sent("ecs:DescribeServices", Kind::Read);
        shared.sent("ecs:UpdateService", Kind::Change);
        shared.sent("ecs:UpdateService", Kind::Change);
        shared.failed("ecs:UpdateService", Kind::Change, CallClass::Ambiguous);
        assert_eq!((counter.of("ecs:UpdateService"), counter.of("ecs:DeleteService")), (2, 0));
        assert_eq!((counter.total(Kind::Read), counter.total(Kind::Change)), (1, 2));
        let failed = &counter.by_operation()[&("ecs:UpdateService", Kind::Change)].failed;
        assert_eq!(failed[&CallClass::Ambiguous], 1);
    }
}
