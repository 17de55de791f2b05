//! How a target is: the one function that puts desired record, status and heartbeat together.
//!
//! **Refuses:** green for another generation or artifact than the stored one, or for a look that is too long ago (L8).

use std::time::Duration;

use driftless_domain::{Converged, Headline, Health, Published, Release, SiteStatus, Status, Sync, Tag, Target};
use driftless_releases::{DesiredRecord, Heartbeat, InvalidRecord, Loaded, Stored};
use jiff::{SignedDuration, Timestamp};

use crate::wire::{DesiredView, TargetView};

/// What is known besides a target's own records.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The controllers' heartbeats.
    pub heartbeats: &'a [Heartbeat],
    /// The resync period to judge by when no controller says its own.
    pub resync: Duration,
    /// The time.
    pub now: Timestamp,
}

/// What a target's records say about it, in one word and one sentence.
struct Verdict {
    headline: Headline,
    reason: String,
    since: Option<Timestamp>,
}

/// How a target is.
#[must_use]
pub fn view(loaded: &Loaded, seen: Seen<'_>) -> TargetView {
    let Loaded { target, desired, spec, status } = loaded;
    let Seen { heartbeats, resync, now } = seen;
    let record = status.as_valid().map(|status| &status.record);
    let newest = heartbeats.iter().max_by_key(|heartbeat| heartbeat.at);
    let resync = newest.map_or(resync, |heartbeat| Duration::from_secs(heartbeat.resync_seconds));
    let looked_at = record
        .map(|status| newest.map_or(status.observed_at, |heartbeat| heartbeat.all_looked_at.max(status.observed_at)));
    let invalid = problem(desired).or_else(|| problem(status)).or_else(|| problem(spec)).map(ToString::to_string);
    let Verdict { headline, reason, since } = match &invalid {
        Some(problem) => Verdict { headline: Headline::Degraded, reason: problem.clone(), since: None },
        None => judge(target, desired.as_valid(), record.zip(looked_at), now, resync),
    };
    let age = looked_at.map(|at| now.duration_since(at));
    TargetView {
        target: target.clone(),
        desired: desired.as_valid().map(DesiredView::from),
        invalid,
        headline,
        reason,
        since,
        runs: record.and_then(runs),
        looked_at,
        age_seconds: age.map(|age| age.as_secs().max(0)),
        fresh: age.is_some_and(|age| age <= longest(resync)),
        now,
        status: record.cloned(),
    }
}

fn judge(
    target: &Target,
    desired: Option<&DesiredRecord>,
    status: Option<(&Status, Timestamp)>,
    now: Timestamp,
    resync: Duration,
) -> Verdict {
    match (desired, status) {
        (None, None) => {
            let reason = "nothing is wanted here yet".to_owned();
            Verdict { headline: Headline::Pending, reason, since: None }
        }
        (None, Some((status, _))) => {
            let seen = status.observed_generation;
            let reason =
                format!("the desired record of {target} is gone, it was at generation {seen}; what runs stays");
            Verdict { headline: Headline::Degraded, reason, since: None }
        }
        (Some(record), None) => {
            let reason = format!("the controller has not looked at generation {} yet", record.generation);
            Verdict { headline: Headline::Pending, reason, since: Some(record.requested_at) }
        }
        (Some(record), Some((status, _))) if record.generation != status.observed_generation => {
            let (stored, seen) = (record.generation, status.observed_generation);
            let reason = if stored > seen {
                format!("the controller has not looked at generation {stored} yet")
            } else {
                format!("the record is at generation {stored}, and the controller has seen {seen}, which is later")
            };
            Verdict { headline: Headline::Pending, reason, since: Some(record.requested_at) }
        }
        // Somebody wrote the record by hand and left the generation as it was. A look that ended with a person being needed
        // keeps the artifact of the one before it, and is told as it is.
        (Some(record), Some((status, _))) if !is_of(status, &record.artifact) && status.health != Health::Degraded => {
            let (wanted, generation) = (&record.artifact, record.generation);
            let seen = status.wanted.as_ref().map_or("no artifact", Tag::as_str);
            let reason = format!(
                "the record asks for {wanted} at generation {generation}, for which the controller has seen {seen}; it \
                 has not looked at {wanted} yet"
            );
            Verdict { headline: Headline::Pending, reason, since: Some(record.requested_at) }
        }
        (Some(_), Some((status, looked_at))) => {
            let headline = status.headline(looked_at, now, resync);
            if now.duration_since(looked_at) > longest(resync) {
                let last = &status.reason;
                let reason = format!("nobody has looked since {looked_at:.0}: is the controller running? then: {last}");
                return Verdict { headline, reason, since: Some(looked_at) };
            }
            Verdict { headline, reason: status.reason.clone(), since: Some(status.since) }
        }
    }
}

/// Whether a status speaks of this artifact. A generation alone does not say so: a hand can change the record beneath it.
pub(crate) fn is_of(status: &Status, artifact: &Tag) -> bool {
    status.wanted.as_ref() == Some(artifact)
}

fn problem<T>(stored: &Stored<T>) -> Option<&InvalidRecord> {
    match stored {
        Stored::Invalid(problem) => Some(problem),
        Stored::Valid(_) | Stored::Missing => None,
    }
}

/// The oldest look that is believed: three resync periods, as in [`Status::headline`].
fn longest(resync: Duration) -> SignedDuration {
    SignedDuration::try_from(resync.saturating_mul(3)).unwrap_or(SignedDuration::MAX)
}

/// Which artifact the services, or the bucket of a site, were last seen with.
fn runs(status: &Status) -> Option<String> {
    if let Some(site) = &status.site {
        return site_runs(status, site);
    }
    if status.services.iter().all(|service| service.image.is_none()) {
        return None;
    }
    let changing = status.attempt.as_ref().map(|attempt| &attempt.tag);
    let Some(Release { tag, images, generation: _, site: _ }) = &status.last_good else {
        return Some(if changing.is_some() { "changing" } else { "other" }.to_owned());
    };
    let same = |service: &&driftless_domain::ServiceStatus| {
        let good = images.get(&service.name).map(ToString::to_string);
        good.is_some() && good == service.image
    };
    let count = status.services.iter().filter(same).count();
    Some(match (count == status.services.len(), count) {
        (true, _) => tag.to_string(),
        (false, _) if changing.is_some_and(|changing| changing != tag) => "changing".to_owned(),
        (false, 0) => "other".to_owned(),
        (false, _) => "mixed".to_owned(),
    })
}

/// Which artifact the bucket of a site was last seen with: none before anything of ours was put there, `changing` from the
/// first file of a release to its last, `mixed` when somebody else changed or deleted some.
fn site_runs(status: &Status, site: &SiteStatus) -> Option<String> {
    if let (Sync::InSync, Some(Converged { tag, .. })) = (status.sync, &status.converged) {
        return Some(tag.to_string());
    }
    let Published { tag, whole, .. } = site.memory.published.last()?;
    let wanted = status.attempt.as_ref().map(|attempt| &attempt.tag).or(status.wanted.as_ref());
    // What is missing is counted against the release that is wanted, and says nothing of an earlier one that still stands.
    let touched = wanted == Some(tag) && (site.missing > 0 || site.changed > 0);
    Some(match (whole, touched) {
        (false, _) => "changing".to_owned(),
        (true, true) => "mixed".to_owned(),
        (true, false) => tag.to_string(),
    })
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
