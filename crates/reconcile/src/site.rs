//! What is remembered of a site target, as it changes: begun, invalidated, settled, tidied; and its report.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use driftless_domain::{
    DesiredRelease, Digest, Invalidation, InvalidationState, Listing, Observed, Pruned, Published, RELEASES_KEPT, Seen,
    SiteBinding, SiteFiles, SiteMemory, SitePath, SiteStatus, Status,
};
use driftless_execute::Effect;
use driftless_plan::{Action, Plan, compare, fold};

/// How many foreign objects are named in the status; the others are counted.
const FOREIGN_NAMED: usize = 10;

/// What the status remembers of a site, made if it is not there yet.
pub(crate) fn memory<'a>(status: &'a mut Status, files: &SiteFiles) -> &'a mut SiteMemory {
    let site = status.site.get_or_insert_with(|| SiteStatus {
        files: 0,
        bytes: 0,
        missing: 0,
        changed: 0,
        other_headers: 0,
        foreign: 0,
        foreign_examples: Vec::new(),
        kept: 0,
        parameter: None,
        progress: None,
        memory: files.memory.clone(),
    });
    if site.memory.place != files.memory.place {
        site.memory = files.memory.clone();
    }
    &mut site.memory
}

/// An invalidation that is completed, or that CloudFront has forgotten, is not under way any more.
pub(crate) fn mark_propagated(status: &mut Status, desired: &DesiredRelease, observed: &Observed) {
    let (Some(files), Some(seen)) = (&desired.files, &observed.site) else { return };
    let memory = memory(status, files);
    match seen.invalidation {
        Seen::Known(InvalidationState::Completed) | Seen::Absent => memory.invalidation = None,
        Seen::Known(InvalidationState::InProgress) | Seen::Unknown(_) => {}
    }
}

/// Whether a plan only deletes files of earlier releases: the target is what it should be.
pub(crate) fn only_tidies(plan: &Plan) -> bool {
    match plan {
        Plan::Apply(actions) => actions.iter().all(|action| matches!(action, Action::DeleteFiles { .. })),
        Plan::Converged | Plan::Wait(_) => false,
    }
}

/// Files are about to be sent: their release counts as published from here on, so that what it leaves behind is known to
/// be ours, and what caches may hold of them is on the list before the first is exchanged.
pub(crate) fn begin_files(
    memory: &mut SiteMemory,
    desired: &DesiredRelease,
    stale: &[driftless_domain::InvalidationPath],
    now: Timestamp,
) {
    memory.pending = fold(memory.pending.iter().chain(stale).cloned());
    let Some((release, build)) = desired.release().and_then(|release| Some((release, release.site.as_ref()?))) else {
        return;
    };
    if memory.published.last().is_some_and(|last| last.manifest == build.manifest) {
        return;
    }
    if let Some(last) = memory.published.last_mut() {
        last.until.get_or_insert(now);
    }
    memory.published.push(Published {
        tag: release.tag.clone(),
        manifest: build.manifest.clone(),
        since: now,
        whole: false,
        until: None,
    });
}

/// What became of a step.
pub(crate) fn answered(
    memory: &mut SiteMemory,
    desired: &DesiredRelease,
    action: &Action,
    effect: &Effect,
    now: Timestamp,
) {
    match (action, effect) {
        (Action::Invalidate { reference, .. }, Effect::Invalidated(id)) => {
            memory.pending.clear();
            memory.publishes += 1;
            memory.invalidation = Some(Invalidation { id: id.clone(), reference: reference.clone(), at: now });
        }
        (Action::DeleteFiles { .. }, Effect::FilesDeleted { deleted, left: _ }) => {
            let generation = desired.generation;
            let before =
                memory.pruned.take().filter(|pruned| pruned.generation == generation).map_or(0, |one| one.files);
            memory.pruned = Some(Pruned { generation, files: before + deleted });
        }
        (_, _) => {}
    }
}

/// The reference was used with other paths (a crash between the call and our word of it): the next one takes a new number.
pub(crate) fn reference_taken(memory: &mut SiteMemory) {
    memory.publishes += 1;
}

/// Everything is in the bucket as it should be.
pub(crate) fn settle(status: &mut Status, desired: &DesiredRelease, observed: &Observed, now: Timestamp) {
    let (Some(files), Some(bound)) = (&desired.files, &desired.binding.site) else { return };
    let listing = observed.site.as_ref().and_then(|seen| seen.listing.known());
    let memory = memory(status, files);
    // A bucket that already was as it should be was never sent anything.
    begin_files(memory, desired, &[], now);
    if let Some(last) = memory.published.last_mut() {
        last.whole = true;
    }
    memory.settled = Some(files.build.manifest.clone());
    if let Some(listing) = listing {
        let gone = gone(files, bound, listing, now);
        memory.published.retain(|one| !gone.contains(&one.manifest));
    }
    if let Some(site) = &mut status.site {
        site.progress = None;
    }
}

/// Earlier releases whose time is over and of which nothing is left that others do not have.
fn gone(files: &SiteFiles, bound: &SiteBinding, listing: &Listing, now: Timestamp) -> BTreeSet<Digest> {
    let keep = SignedDuration::try_from(bound.keep).unwrap_or(SignedDuration::MAX);
    let current = files.manifest.files.iter().chain(files.previous.iter().flat_map(|previous| &previous.files));
    let current: BTreeSet<&SitePath> = current.map(|file| &file.path).collect();
    let over = files
        .earlier
        .iter()
        .enumerate()
        .filter(|(index, one)| index + 1 >= RELEASES_KEPT || now.duration_since(one.until) >= keep);
    let nothing_left = over.filter(|(_, one)| {
        let mut own = one.manifest.files.iter().filter(|file| !current.contains(&file.path));
        !own.any(|file| bound.key_of(&file.path).is_ok_and(|key| listing.objects.contains_key(&key)))
    });
    nothing_left.map(|(_, one)| one.digest.clone()).collect()
}

/// The site as seen. What could not be seen this time is left as it was.
pub(crate) fn describe(status: &mut Status, desired: &DesiredRelease, observed: &Observed) {
    let (Some(files), Some(bound), Some(seen)) = (&desired.files, &desired.binding.site, &observed.site) else {
        return;
    };
    memory(status, files);
    let Some(site) = &mut status.site else { return };
    site.files = count(files.manifest.files.len());
    site.bytes = files.manifest.bytes();
    if let Seen::Known(parameter) = &seen.parameter {
        site.parameter = Some(parameter.value.clone());
    }
    let Seen::Known(listing) = &seen.listing else { return };
    let differs = compare(files, bound, listing);
    site.missing = count(differs.uploads.iter().filter(|change| change.replaces.is_none()).count());
    site.changed = count(differs.uploads.iter().filter(|change| change.replaces.is_some()).count());
    site.other_headers = count(differs.headers.len());
    site.foreign = count(differs.foreign.len()) + listing.unnamed;
    site.foreign_examples = differs.foreign.into_iter().take(FOREIGN_NAMED).collect();
    site.kept = count(differs.kept.len());
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
