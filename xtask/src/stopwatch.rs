//! The clock of this tool: how long things took and when to give up.

use std::time::{Duration, Instant};

/// Time since it was started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "a build tool measures real time; nothing of the product runs here")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// `3.2 s`, `4 min 05 s`.
pub(crate) fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::in_words;

    #[test]
    fn short_times_have_tenths_and_long_ones_minutes() {
        assert_eq!(in_words(Duration::from_millis(3_210)), "3.2 s");
        assert_eq!(in_words(Duration::from_secs(245)), "4 min 05 s");
    }
}
