//! Throttling: for a time, for some of the calls, or beyond a rate, as AWS's token buckets do it.

use std::collections::BTreeMap;

use driftless_domain::Place;
use jiff::Timestamp;

use crate::call::{Request, Site, dice};

/// AWS asks to slow down. Begins as "every call, always"; each method narrows it.
///
/// ```
/// # use driftless_sim::Throttle;
/// // aws-facts.md: RegisterTaskDefinition has a burst of 20 and 1 per second, per account and region.
/// let registrations = Throttle::everything().operations("ecs:RegisterTaskDefinition").rate(1, 20);
/// ```
#[derive(Debug, Clone)]
pub struct Throttle {
    site: Option<Site>,
    operations: String,
    from: Timestamp,
    until: Timestamp,
    limit: Limit,
    /// One per account and region, as AWS counts.
    buckets: BTreeMap<Option<Site>, Bucket>,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    Percent(u8),
    Rate { per_second: u32, burst: u32 },
}

/// What is left, in millionths of a call.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: u64,
    at: Timestamp,
}

/// One call, in the bucket's unit: what one call per second refills in a microsecond is 1.
const CALL: u64 = 1_000_000;

impl Throttle {
    /// Every call of every account, from now on.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            site: None,
            operations: String::new(),
            from: Timestamp::MIN,
            until: Timestamp::MAX,
            limit: Limit::Percent(100),
            buckets: BTreeMap::new(),
        }
    }

    /// Only calls to this account and region.
    #[must_use]
    pub fn at(self, place: &Place) -> Self {
        Self { site: Some(Site::of(place)), ..self }
    }

    /// Only operations that contain this text: `"ecs:"`, `"ssm:PutParameter"`.
    #[must_use]
    pub fn operations(self, containing: &str) -> Self {
        Self { operations: containing.to_owned(), ..self }
    }

    /// Only in this time, its end not included.
    #[must_use]
    pub fn between(self, from: Timestamp, until: Timestamp) -> Self {
        Self { from, until, ..self }
    }

    /// Only this part of the calls.
    #[must_use]
    pub fn percent(self, percent: u8) -> Self {
        Self { limit: Limit::Percent(percent), ..self }
    }

    /// Only what goes beyond a token bucket, one per account and region.
    #[must_use]
    pub fn rate(self, per_second: u32, burst: u32) -> Self {
        Self { limit: Limit::Rate { per_second, burst }, ..self }
    }

    /// Whether it stops this call; takes a token if it has one.
    pub(crate) fn stops(&mut self, request: &Request, now: Timestamp, number: u64, seed: u64) -> bool {
        let Self { site, operations, from, until, limit, buckets } = self;
        let elsewhere = site.is_some() && *site != request.site;
        if elsewhere || !request.operation.contains(operations.as_str()) || now < *from || now >= *until {
            return false;
        }
        match *limit {
            Limit::Percent(percent) => dice(seed, &["throttle", request.operation], number).u8(0..100) < percent,
            Limit::Rate { per_second, burst } => {
                let full = u64::from(burst) * CALL;
                let bucket = buckets.entry(request.site.clone()).or_insert(Bucket { level: full, at: now });
                let micros = u64::try_from(now.duration_since(bucket.at).as_micros()).unwrap_or(0);
                bucket.level = bucket.level.saturating_add(micros.saturating_mul(u64::from(per_second))).min(full);
                bucket.at = now;
                let empty = bucket.level < CALL;
                if !empty {
                    bucket.level -= CALL;
                }
                empty
            }
        }
    }
}
