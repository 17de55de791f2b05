//! The clocks of measurements and of the S3 in memory. Nothing else here reads one.

use std::time::{Duration, Instant, SystemTime};

/// Time since it was started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "a measurement is of real time; nothing of the product runs here")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// What time it is: when an object was last changed, and how new a file is.
#[expect(clippy::disallowed_methods, reason = "the tools that are measured compare it with the times of files")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
