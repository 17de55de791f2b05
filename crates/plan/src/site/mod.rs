//! The decision over a site target: files first, then what caches are told, then the parameter; and when all of that is in
//! order, the files of earlier releases whose time is over (DESIGN.md section 6).
//!
//! The order is what S13 rests on. Hashed assets and other files go before anything that refers to them; of the pages, data
//! that HTML loads (JSON, manifests, service workers) before HTML, and HTML that is new before HTML that changes, so that a
//! link from a page that was there leads to a page that is.

mod compare;
mod old;
mod paths;

use std::sync::Arc;

use driftless_domain::{
    DesiredRelease, FileClass, InvalidationPath, InvalidationState, ObservedSite, Seen, SiteBinding, SiteFile,
    SiteFiles, Target, site_part,
};
use jiff::{SignedDuration, Timestamp};

pub use compare::{Comparison, compare};
pub use old::deletions_at_most;
pub use paths::{PATHS_AT_MOST, fold};

use crate::action::{Action, FileChange, Plan};
use crate::decide::{Parameter, parameter_step};
use crate::wait::WaitReason;

/// How long an invalidation may take before a person is told: CloudFront completes 95 % within 25 s (aws-facts.md), and what
/// it has not completed in ten minutes is worth a look. It is waited for all the same: what the bucket serves is right.
const INVALIDATION_SLOW: SignedDuration = SignedDuration::from_mins(10);

/// What to do about a site target now.
pub(crate) fn plan_site(desired: &DesiredRelease, bound: &SiteBinding, observed: &ObservedSite, at: Timestamp) -> Plan {
    let ObservedSite { parameter, listing, invalidation } = observed;
    let Some(files) = &desired.files else {
        let reason = "the manifest of the release is not known".to_owned();
        return Plan::Wait(WaitReason::Unplanned { reason });
    };
    let listing = match listing {
        Seen::Known(listing) => listing,
        Seen::Absent => return Plan::Wait(WaitReason::BucketMissing { bucket: bound.bucket.clone() }),
        Seen::Unknown(error) => return Plan::Wait(WaitReason::Unreadable { error: error.clone() }),
    };
    let comparison = compare(files, bound, listing);
    if let Some(path) = comparison.too_long {
        return Plan::Wait(WaitReason::KeyTooLong { path });
    }
    if let Some(error) = comparison.unreadable {
        return Plan::Wait(WaitReason::Unreadable { error });
    }

    let mut actions = file_actions(files, bound, &comparison);
    actions.extend(invalidation_of(desired, files, bound, &actions));

    let to = files.build.key.as_str();
    let sent = desired.attempt.as_ref().and_then(|attempt| attempt.services.get(&site_part()));
    let mut settling = None;
    match parameter_step((&site_part(), &bound.parameter), parameter, sent, at, to) {
        Parameter::Right => {}
        Parameter::Write(write) => actions.push(write),
        Parameter::Settling(reason) => settling = Some(reason),
        Parameter::Unreadable(error) => return Plan::Wait(WaitReason::Unreadable { error }),
    }
    if !actions.is_empty() {
        return Plan::Apply(actions);
    }
    if let Some(reason) = settling {
        return Plan::Wait(reason);
    }
    if let Some(waiting) = propagating(files, bound, invalidation, at) {
        return Plan::Wait(waiting);
    }
    match old::deletions(desired, files, bound, listing, at) {
        Some(action) => Plan::Apply(vec![action]),
        None => Plan::Converged,
    }
}

/// The steps that bring the files into the bucket, in the order that S13 rests on.
fn file_actions(files: &SiteFiles, bound: &SiteBinding, comparison: &Comparison) -> Vec<Action> {
    let mut steps: [Vec<FileChange>; 5] = Default::default();
    for change in &comparison.uploads {
        let [assets, others, data, new_pages, changed_pages] = &mut steps;
        let step = match change.file.class {
            FileClass::Asset => assets,
            FileClass::Other => others,
            FileClass::Page if !is_html(&change.file) => data,
            FileClass::Page if change.replaces.is_none() => new_pages,
            FileClass::Page => changed_pages,
        };
        step.push(change.clone());
    }
    let uploads = steps.into_iter().filter_map(|changes| {
        let class = changes.first()?.file.class;
        let stale = stale(files, bound, &changes);
        let (bucket, build) = (bound.bucket.clone(), Arc::clone(&files.build));
        Some(Action::UploadFiles { bucket, class, build, files: Arc::new(changes), stale })
    });
    let mut actions: Vec<Action> = uploads.collect();
    if !comparison.headers.is_empty() {
        let stale = stale(files, bound, &comparison.headers);
        let files = Arc::new(comparison.headers.clone());
        actions.push(Action::ReplaceHeaders { bucket: bound.bucket.clone(), files, stale });
    }
    actions
}

/// Whether browsers render it: it may refer to anything else.
pub(crate) fn is_html(file: &SiteFile) -> bool {
    let kind = file.headers.content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
}

/// What caches may hold of these files as they were: of objects that are there, and of files that were ours and are gone
/// (the error that their path gave). A file that is new was never served.
fn stale(files: &SiteFiles, bound: &SiteBinding, changes: &[FileChange]) -> Vec<InvalidationPath> {
    if bound.distribution.is_none() {
        return Vec::new();
    }
    let settled = |file: &SiteFile| files.settled.as_ref().and_then(|manifest| manifest.get(&file.path));
    let held = changes.iter().filter(|change| match settled(&change.file) {
        Some(before) => !never_held(&before.headers.cache_control),
        None => change.replaces.is_some(),
    });
    fold(held.flat_map(|change| paths::served_at(bound, &change.key)))
}

/// Whether shared caches keep nothing of an answer with this `Cache-Control` (RFC 9111, section 5.2.2).
fn never_held(cache_control: &str) -> bool {
    cache_control.split(',').any(|directive| {
        let directive = directive.trim();
        directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("private")
    })
}

/// One invalidation for what was written down before and what these steps change.
fn invalidation_of(
    desired: &DesiredRelease,
    files: &SiteFiles,
    bound: &SiteBinding,
    actions: &[Action],
) -> Option<Action> {
    let distribution = bound.distribution.clone()?;
    let new = actions.iter().flat_map(|action| match action {
        Action::UploadFiles { stale, .. } | Action::ReplaceHeaders { stale, .. } => stale.clone(),
        Action::WriteParameter { .. }
        | Action::RegisterTaskDefinition { .. }
        | Action::UpdateService { .. }
        | Action::Invalidate { .. }
        | Action::DeleteFiles { .. }
        | Action::Reject { .. } => Vec::new(),
    });
    let paths = fold(files.memory.pending.iter().cloned().chain(new));
    let reference = caller_reference(&desired.target, desired.generation.0, files.memory.publishes + 1);
    (!paths.is_empty()).then_some(Action::Invalidate { distribution, reference, paths })
}

/// Made of target, generation and number, so that sending it again after a lost answer is the same invalidation (S7).
fn caller_reference(target: &Target, generation: u64, number: u64) -> String {
    format!("driftless/{target}/{generation}/{number}")
}

fn propagating(
    files: &SiteFiles,
    bound: &SiteBinding,
    seen: &Seen<InvalidationState>,
    at: Timestamp,
) -> Option<WaitReason> {
    let made = files.memory.invalidation.as_ref()?;
    let distribution = bound.distribution.clone()?;
    let invalidation = made.id.clone();
    match seen {
        // CloudFront forgets old ones: what it does not know is not under way.
        Seen::Known(InvalidationState::Completed) | Seen::Absent => None,
        Seen::Known(InvalidationState::InProgress) if at.duration_since(made.at) >= INVALIDATION_SLOW => {
            Some(WaitReason::InvalidationSlow { distribution, invalidation, since: made.at })
        }
        Seen::Known(InvalidationState::InProgress) => Some(WaitReason::Propagating { distribution, invalidation }),
        Seen::Unknown(error) => Some(WaitReason::Unreadable { error: error.clone() }),
    }
}
