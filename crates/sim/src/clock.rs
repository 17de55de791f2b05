//! Virtual time. Refuses to read the system's clock: tokio's clock drives everything, so pausing it pauses the world.

use std::time::Duration;

use driftless_domain::Clock;
use jiff::Timestamp;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z: 56 years of 365 days and 14 leap days after 1970.
const EPOCH: Timestamp = Timestamp::constant((56 * 365 + 14) * 86_400, 0);

/// The clock of a world: an epoch plus what tokio's clock has advanced since it was made. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SimClock {
    epoch: Timestamp,
    origin: Instant,
}

impl SimClock {
    /// A clock that shows 2026-01-01T00:00:00Z now.
    #[must_use]
    pub fn new() -> Self {
        Self::start_at(EPOCH)
    }

    /// A clock that shows `epoch` now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others follow in a simulation")]
    pub fn start_at(epoch: Timestamp) -> Self {
        Self { epoch, origin: Instant::now() }
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        after(self.epoch, self.origin.elapsed())
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn running_for(&self) -> Duration {
        self.origin.elapsed()
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::new()
    }
}

/// A time some while later; the end of time at most.
pub(crate) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// A time some while earlier; the beginning of time at least.
pub(crate) fn before(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_sub(wait).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_passes_only_as_tokio_says() {
        let clock = SimClock::new();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:30Z");
    }
}
