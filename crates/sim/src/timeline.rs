//! A value with its recent past, so that a read can be stale. Snapshots are shared, not copied, until the next change.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::before;

/// How far back reads can be stale. AWS advises to back off "up to five minutes" after a change; twice that.
pub(crate) const KEPT: Duration = Duration::from_secs(600);

/// A value and what it was during the last [`KEPT`].
#[derive(Debug)]
pub(crate) struct Timeline<T> {
    current: Arc<T>,
    since: Timestamp,
    /// Oldest first, each with the time since when it was so.
    past: VecDeque<(Timestamp, Arc<T>)>,
    pruned: bool,
}

impl<T: Clone> Timeline<T> {
    /// A value that came to be at a time.
    pub(crate) fn new(at: Timestamp, value: T) -> Self {
        Self { current: Arc::new(value), since: at, past: VecDeque::new(), pruned: false }
    }

    /// What it is.
    pub(crate) fn now(&self) -> &T {
        &self.current
    }

    /// What it was at a time; `None` before it came to be.
    pub(crate) fn as_of(&self, at: Timestamp) -> Option<&T> {
        if at >= self.since {
            return Some(&self.current);
        }
        let then = self.past.iter().rev().find(|(since, _)| at >= *since);
        match then {
            Some((_, value)) => Some(value),
            None if self.pruned => self.past.front().map(|(_, value)| value.as_ref()),
            None => None,
        }
    }

    /// Changes it at a time, and keeps what it was.
    pub(crate) fn change<R>(&mut self, at: Timestamp, change: impl FnOnce(&mut T) -> R) -> R {
        let mut next = self.current.as_ref().clone();
        let answer = change(&mut next);
        let previous = std::mem::replace(&mut self.current, Arc::new(next));
        self.past.push_back((self.since, previous));
        self.since = at;
        let horizon = before(at, KEPT);
        // The newest snapshot at or before the horizon is what was true at the horizon: it stays.
        while self.past.get(1).is_some_and(|(since, _)| *since <= horizon) {
            self.past.pop_front();
            self.pruned = true;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::after;

    #[test]
    fn the_past_is_kept_as_long_as_reads_can_be_stale() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| after(start, Duration::from_secs(seconds));
        let mut line = Timeline::new(at(10), 0);
        for second in 11..2_000 {
            line.change(at(second), |value| *value = second);
        }
        assert_eq!((line.as_of(at(1_999)), line.as_of(at(1_500)), line.now()), (Some(&1_999), Some(&1_500), &1_999));
        assert!(line.past.len() <= 601);
        assert_eq!(Timeline::new(at(10), 0).as_of(at(9)), None);
    }
}
