//! The machine's clocks: the one place that reads them.

use std::time::{Duration, Instant};

use driftless_domain::Clock;
use jiff::Timestamp;

/// Wall time for records, monotonic time for delays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn running_for(&self) -> Duration {
        self.started.elapsed()
    }
}
