//! How long to wait before the next look, by what happened. The only file that knows the `backoff` crate, which is
//! unmaintained (RUSTSEC-2025-0012) and the owner's choice; see docs/decisions/0003-backoff.md.

use std::time::Duration;

use ::backoff::backoff::Backoff as _;
use ::backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

use driftless_domain::CallClass;

/// How far a delay may stray from its middle, so that targets that failed together do not come back together.
const JITTER: f64 = 0.2;

/// The growing delays of one target. A success resets them.
#[derive(Debug)]
pub struct Delays {
    throttled: ExponentialBackoff,
    failed: ExponentialBackoff,
    progress: ExponentialBackoff,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            // An account that says "slow down" is given time: 5 s, 10 s … 300 s.
            throttled: growing(Duration::from_secs(5), 2.0, Duration::from_secs(300)),
            // 2 s, 6 s, 18 s … 300 s (DESIGN.md section 4).
            failed: growing(Duration::from_secs(2), 3.0, Duration::from_secs(300)),
            // A rollout takes from tens of seconds to ten minutes: 2 s, 3 s, 4.5 s … 15 s.
            progress: growing(Duration::from_secs(2), 1.5, Duration::from_secs(15)),
        }
    }
}

impl Delays {
    /// The delay after a failed call; `None` when waiting does not help and the next resync will do.
    pub fn after_failure(&mut self, class: CallClass, rng: &mut fastrand::Rng) -> Option<Duration> {
        match class {
            CallClass::Throttled => Some(jittered(next(&mut self.throttled), rng)),
            CallClass::Transient | CallClass::Ambiguous | CallClass::Conflict => {
                Some(jittered(next(&mut self.failed), rng))
            }
            CallClass::Denied | CallClass::Invalid => None,
        }
    }

    /// The delay while something goes on by itself.
    pub fn during_progress(&mut self, rng: &mut fastrand::Rng) -> Duration {
        jittered(next(&mut self.progress), rng)
    }

    /// The target moved: progress is looked at closely again. Failures keep their pace until [`Self::settled`].
    pub fn moved(&mut self) {
        self.progress.reset();
    }

    /// The target converged.
    pub fn settled(&mut self) {
        self.throttled.reset();
        self.failed.reset();
        self.progress.reset();
    }
}

/// A delay with jitter of ours: seeded, so that a simulated history can be played again.
pub(crate) fn jittered(middle: Duration, rng: &mut fastrand::Rng) -> Duration {
    middle.mul_f64(1.0 - JITTER + 2.0 * JITTER * rng.f64())
}

fn growing(first: Duration, factor: f64, longest: Duration) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(first)
        .with_multiplier(factor)
        .with_max_interval(longest)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build()
}

fn next(delays: &mut ExponentialBackoff) -> Duration {
    let longest = delays.max_interval;
    delays.next_backoff().unwrap_or(longest).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_grow_from_two_seconds_by_three_and_stop_at_five_minutes() {
        let mut delays = Delays::default();
        let mut rng = fastrand::Rng::with_seed(1);
        let seconds: Vec<f64> = (0..8)
            .filter_map(|_| delays.after_failure(CallClass::Transient, &mut rng))
            .map(|delay| delay.as_secs_f64())
            .collect();
        for (delay, middle) in seconds.iter().zip([2.0, 6.0, 18.0, 54.0, 162.0, 300.0, 300.0, 300.0]) {
            assert!((delay / middle - 1.0).abs() <= JITTER, "{delay} is not near {middle}");
        }
    }

    #[test]
    fn what_waiting_does_not_help_is_left_to_the_resync() {
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(Delays::default().after_failure(CallClass::Denied, &mut rng), None);
        assert_eq!(Delays::default().after_failure(CallClass::Invalid, &mut rng), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let run = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut delays = Delays::default();
            (0..5).map(|_| delays.during_progress(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
