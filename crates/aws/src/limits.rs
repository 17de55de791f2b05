//! How often we call: a token bucket for each (account, region) and API family, below AWS's rates and shared by all
//! targets. AWS's own buckets are shared with the console, Terraform and autoscaling, so the rest is left to them.
//!
//! **Refuses:** to let a change wait for long. The fence (lease, generation) is checked just before the call is handed to
//! this crate, so a change that would wait longer than [`LONGEST_WAIT_OF_A_CHANGE`] is turned away as throttled, unsent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use driftless_domain::{AccountId, Place, Region};

use crate::counting::Kind;

/// How long a change may wait for its turn: half of the attempt timeout (10 s), which is what the takeover grace is made
/// of (DESIGN.md section 8, point 3).
pub const LONGEST_WAIT_OF_A_CHANGE: Duration = Duration::from_secs(5);
/// How long a read may wait for its turn: as long as a read may take at all.
pub const LONGEST_WAIT_OF_A_READ: Duration = Duration::from_secs(30);

/// The share of AWS's published rates that we take, in percent. The rest is for people, Terraform and the SDK's retries.
const SHARE: u32 = 70;

/// Operations that share one of AWS's token buckets (aws-facts.md, "ECS API token buckets" and "SSM Parameter Store").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// RegisterTaskDefinition: the bottleneck of every release.
    TaskDefinitionModify,
    /// UpdateService.
    ServiceModify,
    /// DescribeServices.
    ServiceRead,
    /// DescribeTaskDefinition, ListTaskDefinitions.
    TaskDefinitionRead,
    /// ListServiceDeployments, DescribeServiceDeployments.
    ServiceDeployment,
    /// DescribeServiceRevisions.
    ServiceRevision,
    /// ListTasks, DescribeTasks.
    TaskRead,
    /// GetParameters.
    ParameterRead,
    /// PutParameter.
    ParameterWrite,
    /// ECR DescribeImages.
    ImageRead,
    /// STS.
    Identity,
    /// CloudFront CreateInvalidation.
    Invalidation,
    /// CloudFront GetInvalidation.
    InvalidationRead,
}

impl Bucket {
    /// AWS's own figures: burst, and sustained calls per second.
    fn published(self) -> (u32, u32) {
        match self {
            Self::TaskDefinitionModify => (20, 1),
            Self::ServiceModify => (50, 5),
            Self::ServiceRead | Self::TaskRead => (100, 20),
            Self::TaskDefinitionRead | Self::ServiceDeployment | Self::ServiceRevision => (50, 20),
            // 40 per second, shared by the Get* calls; no burst is published, so one second's worth.
            Self::ParameterRead => (40, 40),
            // 3 per second for standard throughput; exactly 20 of 44 at once were seen to pass.
            Self::ParameterWrite => (20, 3),
            // Far below what ECR and STS allow (hundreds per second): asked once per build, and once per place.
            Self::ImageRead | Self::Identity => (20, 20),
            // CloudFront publishes no rate; one invalidation per release and a look at it now and then need no more.
            Self::Invalidation => (5, 1),
            Self::InvalidationRead => (20, 5),
        }
    }

    fn rate(self) -> Rate {
        let (burst, per_second) = self.published();
        // For RegisterTaskDefinition: a burst of 20 x 70 % = 14, then 1 x 70 % = 0.7 per second.
        let share = f64::from(SHARE) / 100.0;
        Rate { burst: f64::from(burst) * share, per_second: f64::from(per_second) * share }
    }
}

/// How fast tokens come back, and how many can be saved up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    burst: f64,
    per_second: f64,
}

/// One token bucket. Time is an argument: the age of the process, or whatever the caller counts in.
#[derive(Debug, Clone, PartialEq)]
struct Tokens {
    rate: Rate,
    /// Below zero: that many callers are already waiting for theirs.
    left: f64,
    at: Duration,
}

impl Tokens {
    fn full(rate: Rate, now: Duration) -> Self {
        Self { rate, left: rate.burst, at: now }
    }

    /// Takes a token and says how long to wait for it; takes none when that is longer than `longest`.
    fn take(&mut self, now: Duration, longest: Duration) -> Result<Duration, Duration> {
        self.refill(now);
        let missing = (1.0 - self.left).max(0.0);
        let wait = Duration::from_secs_f64(missing / self.rate.per_second);
        if wait > longest {
            return Err(wait);
        }
        self.left -= 1.0;
        Ok(wait)
    }

    /// AWS said "slow down": what was saved up is gone, and the next token is a second further away.
    fn empty(&mut self, now: Duration) {
        self.refill(now);
        self.left = self.left.min(0.0).max(-self.rate.burst) - self.rate.per_second;
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate.per_second).min(self.rate.burst);
        self.at = self.at.max(now);
    }
}

type Key = (AccountId, Region, Bucket);

/// The limits of one process.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    began: Instant,
    /// None: no limits at all.
    buckets: Option<Arc<Mutex<HashMap<Key, Tokens>>>>,
}

impl Limits {
    #[expect(
        clippy::disallowed_methods,
        reason = "pacing on tokio's clock, which tests pause; nothing is decided by it"
    )]
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), buckets: Some(Arc::default()) }
    }

    /// The same without any limit.
    pub(crate) fn lifted(self) -> Self {
        Self { buckets: None, ..self }
    }

    /// Waits for a turn, first come first served; answers with the wait that it refused when that is too long.
    pub(crate) async fn enter(&self, place: &Place, bucket: Bucket, kind: Kind) -> Result<(), Duration> {
        let longest = match kind {
            Kind::Read => LONGEST_WAIT_OF_A_READ,
            Kind::Change => LONGEST_WAIT_OF_A_CHANGE,
        };
        let Some(wait) = self.with(place, bucket, |tokens, now| tokens.take(now, longest)).transpose()? else {
            return Ok(());
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Slows one place's bucket down after AWS throttled a call. Other accounts do not notice.
    pub(crate) fn slow_down(&self, place: &Place, bucket: Bucket) {
        self.with(place, bucket, Tokens::empty);
    }

    fn with<T>(&self, place: &Place, bucket: Bucket, act: impl FnOnce(&mut Tokens, Duration) -> T) -> Option<T> {
        let now = self.began.elapsed();
        let mut buckets = self.buckets.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place.account.clone(), place.region.clone(), bucket);
        Some(act(buckets.entry(key).or_insert_with(|| Tokens::full(bucket.rate(), now)), now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOR_EVER: Duration = Duration::MAX;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn place(account: &str) -> Place {
        Place { account: AccountId::parse(account).unwrap(), region: Region::parse("eu-west-1").unwrap(), role: None }
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut tokens = Tokens::full(Rate { burst: 2.0, per_second: 0.5 }, at(0));
        let waits: Vec<_> = (0..4).map(|_| tokens.take(at(0), FOR_EVER).unwrap()).collect();
        assert_eq!(waits, [at(0), at(0), at(2), at(4)]);
    }

    #[test]
    fn tokens_come_back_but_never_more_than_the_burst() {
        let mut tokens = Tokens::full(Rate { burst: 2.0, per_second: 1.0 }, at(0));
        for _ in 0..2 {
            assert_eq!(tokens.take(at(0), FOR_EVER), Ok(at(0)));
        }
        let waits: Vec<_> = (0..3).map(|_| tokens.take(at(1000), FOR_EVER).unwrap()).collect();
        assert_eq!(waits, [at(0), at(0), at(1)]);
    }

    #[test]
    fn who_would_wait_too_long_is_turned_away_and_takes_no_token() {
        let mut tokens = Tokens::full(Rate { burst: 1.0, per_second: 1.0 }, at(0));
        assert_eq!(tokens.take(at(0), at(0)), Ok(at(0)));
        assert_eq!(tokens.take(at(0), at(0)), Err(at(1)));
        assert_eq!(tokens.take(at(1), at(0)), Ok(at(0)));
    }

    #[test]
    fn a_throttled_bucket_forgets_its_burst() {
        let mut tokens = Tokens::full(Rate { burst: 10.0, per_second: 1.0 }, at(0));
        tokens.empty(at(0));
        assert_eq!(tokens.take(at(0), FOR_EVER), Ok(at(2)));
        for _ in 0..1000 {
            tokens.empty(at(0));
        }
        assert!(tokens.take(at(0), FOR_EVER).unwrap() <= at(12), "it comes back however often it was throttled");
    }

    #[test]
    fn a_clock_that_stands_still_or_jumps_back_gives_no_tokens() {
        let mut tokens = Tokens::full(Rate { burst: 1.0, per_second: 1.0 }, at(5));
        assert_eq!(tokens.take(at(5), FOR_EVER), Ok(at(0)));
        assert_eq!(tokens.take(at(3), FOR_EVER), Ok(at(1)));
    }

    #[test]
    fn every_rate_is_below_what_aws_publishes() {
        for bucket in [Bucket::TaskDefinitionModify, Bucket::ServiceModify, Bucket::ParameterWrite] {
            let (burst, per_second) = bucket.published();
            let rate = bucket.rate();
            assert!(rate.burst < f64::from(burst) && rate.per_second < f64::from(per_second), "{bucket:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_that_is_slow_does_not_hold_up_another_l4() {
        let limits = Limits::new();
        for _ in 0..14 {
            limits.enter(&place("111111111111"), Bucket::TaskDefinitionModify, Kind::Change).await.unwrap();
        }
        let begun = limits.began.elapsed();
        limits.enter(&place("222222222222"), Bucket::TaskDefinitionModify, Kind::Change).await.unwrap();
        assert_eq!(limits.began.elapsed(), begun);
        limits.enter(&place("111111111111"), Bucket::TaskDefinitionModify, Kind::Change).await.unwrap();
        assert!(limits.began.elapsed() - begun > Duration::from_millis(1400), "1 / 0.7 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_turned_away_rather_than_sent_long_after_its_fence_was_checked_s5() {
        let limits = Limits::new();
        for _ in 0..20 {
            limits.slow_down(&place("111111111111"), Bucket::ServiceModify);
        }
        let begun = limits.began.elapsed();
        assert!(limits.enter(&place("111111111111"), Bucket::ServiceModify, Kind::Change).await.is_err());
        assert_eq!(limits.began.elapsed(), begun);
    }
}
