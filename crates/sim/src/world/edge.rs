//! What the edges of CloudFront may answer. Refuses to be one cache: there are hundreds, and each may have fetched at
//! any time, so the answer is every object that one of them may still have.

use std::time::Duration;

use driftless_domain::DistributionId;
use jiff::Timestamp;

use crate::clock::after;
use crate::cloudfront::Distribution;
use crate::s3::{Object, ObjectHeaders, decoded};

use super::World;

/// CloudFront's default TTL for objects without `Cache-Control`: a day.
const DEFAULT_TTL: Duration = Duration::from_secs(24 * 3_600);

impl World {
    /// Every object that a viewer may get for a path (`/docs/index.html`, percent-encoded) at a time: what was in the bucket
    /// then, and before that what some edge may have fetched earlier, may still keep by its `Cache-Control`, and was not
    /// told to forget by a completed invalidation. A path that ends with a slash means its `index.html`.
    ///
    /// Nothing when the distribution serves no bucket ([`Self::distribution_serves`]).
    #[must_use]
    pub fn may_serve(&self, distribution: &DistributionId, path: &str, at: Timestamp) -> Vec<Object> {
        self.with(|state, _| {
            let Some(found) = state.cloudfront.get(distribution) else { return Vec::new() };
            let Some((bucket, prefix)) = &found.origin else { return Vec::new() };
            let index = if path.ends_with('/') { "index.html" } else { "" };
            let Some(relative) = decoded(path.trim_start_matches('/')) else { return Vec::new() };
            let key = format!("{prefix}{relative}{index}");
            let writes = state.s3.get(bucket).map(|bucket| bucket.history(&key)).unwrap_or_default();
            let mut served = Vec::new();
            for (index, write) in writes.iter().enumerate().filter(|(_, write)| write.at <= at) {
                let Some(object) = &write.object else { continue };
                let replaced = writes.get(index + 1).map(|next| next.at).filter(|replaced| *replaced <= at);
                let shown = replaced.is_none_or(|replaced| {
                    at < after(replaced, freshness(&object.headers)) && !forgotten(found, path, replaced, at)
                });
                if shown {
                    served.push(object.clone());
                }
            }
            served.reverse();
            served
        })
    }
}

/// Whether all edges were told to forget what they had of a path when it was replaced.
fn forgotten(distribution: &Distribution, path: &str, replaced: Timestamp, at: Timestamp) -> bool {
    let done = |done: Option<Timestamp>| done.is_some_and(|done| done <= at);
    distribution.invalidations.iter().any(|made| made.at >= replaced && done(made.done_at) && made.names(path))
}

/// How long an edge may keep an object without asking again.
fn freshness(headers: &ObjectHeaders) -> Duration {
    let Some(cache_control) = &headers.cache_control else { return DEFAULT_TTL };
    let text = cache_control.to_ascii_lowercase();
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    if directives.iter().any(|directive| matches!(*directive, "no-store" | "no-cache" | "private")) {
        return Duration::ZERO;
    }
    let seconds = |name: &str| {
        let value = directives.iter().find_map(|directive| directive.strip_prefix(name))?;
        value.parse::<u64>().ok().map(Duration::from_secs)
    };
    seconds("s-maxage=").or_else(|| seconds("max-age=")).unwrap_or(DEFAULT_TTL)
}
