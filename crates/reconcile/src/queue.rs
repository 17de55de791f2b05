//! One slot per target; the earliest time wins; one pass per target at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::Target;

/// Targets and when each is due, on a monotonic clock.
#[derive(Debug, Default)]
pub struct Queue {
    slots: BTreeMap<Target, Slot>,
}

#[derive(Debug)]
struct Slot {
    due: Duration,
    running: bool,
    /// A wish that came while the target was running.
    wished: Option<Duration>,
}

impl Queue {
    /// Wants the target looked at no later than `due`. A later wish than the one that stands changes nothing.
    pub fn wish(&mut self, target: &Target, due: Duration) {
        match self.slots.get_mut(target) {
            None => {
                self.slots.insert(target.clone(), Slot { due, running: false, wished: None });
            }
            Some(slot) if slot.running => {
                slot.wished = Some(slot.wished.map_or(due, |wished| wished.min(due)));
            }
            Some(slot) => slot.due = slot.due.min(due),
        }
    }

    /// Adds the target if it is new.
    pub fn add(&mut self, target: &Target, due: Duration) {
        if !self.slots.contains_key(target) {
            self.wish(target, due);
        }
    }

    /// Takes the targets that are due, the longest overdue first, at most `most`. Each is running until
    /// [`Self::finished`].
    pub fn take_due(&mut self, now: Duration, most: usize) -> Vec<Target> {
        let mut due: Vec<(Duration, Target)> = self
            .slots
            .iter()
            .filter(|(_, slot)| !slot.running && slot.due <= now)
            .map(|(target, slot)| (slot.due, target.clone()))
            .collect();
        due.sort();
        due.truncate(most);
        let taken: Vec<Target> = due.into_iter().map(|(_, target)| target).collect();
        for target in &taken {
            if let Some(slot) = self.slots.get_mut(target) {
                slot.running = true;
            }
        }
        taken
    }

    /// The pass is over; the target is due again at `next`, or earlier if somebody wished so meanwhile.
    pub fn finished(&mut self, target: &Target, next: Duration) {
        if let Some(slot) = self.slots.get_mut(target) {
            slot.running = false;
            slot.due = slot.wished.take().map_or(next, |wished| wished.min(next));
        }
    }

    /// Drops a target that has no desired record. It comes back with the next one.
    pub fn remove(&mut self, target: &Target) {
        self.slots.remove(target);
    }

    /// When the next target is due, of those that are not running.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.slots.values().filter(|slot| !slot.running).map(|slot| slot.due).min()
    }

    /// How many targets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target::parse(&format!("shop/{name}")).unwrap()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_earliest_wish_wins() {
        let mut queue = Queue::default();
        queue.wish(&target("dev"), at(60));
        queue.wish(&target("dev"), at(5));
        queue.wish(&target("dev"), at(30));
        assert_eq!((queue.len(), queue.next_due()), (1, Some(at(5))));
    }

    #[test]
    fn a_running_target_is_not_taken_again_and_a_wish_meanwhile_is_kept() {
        let mut queue = Queue::default();
        queue.wish(&target("dev"), at(0));
        assert_eq!(queue.take_due(at(1), 10), vec![target("dev")]);
        assert!(queue.take_due(at(1), 10).is_empty());
        queue.wish(&target("dev"), at(2));
        assert_eq!(queue.next_due(), None);
        queue.finished(&target("dev"), at(60));
        assert_eq!(queue.next_due(), Some(at(2)));
    }

    #[test]
    fn the_longest_overdue_goes_first() {
        let mut queue = Queue::default();
        for (name, due) in [("aa", 3), ("bb", 1), ("cc", 2)] {
            queue.wish(&target(name), at(due));
        }
        assert_eq!(queue.take_due(at(9), 2), vec![target("bb"), target("cc")]);
    }
}
