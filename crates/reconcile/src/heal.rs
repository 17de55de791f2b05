//! The budget of heals (S8): drift is put right at once, then after growing delays, and when the same field comes back
//! again and again the target is contested and left alone until a person decides.

use jiff::{SignedDuration, Timestamp};

use driftless_domain::{Attempt, Cause, Contested, Heal, HealPolicy, Status, site_part};
use driftless_plan::{Action, FileChange, Plan, WaitReason};

/// How far back heals count.
pub const HEAL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How often one field is put back within [`HEAL_WINDOW`] before we stop. With the delays below, the last comes about
/// 80 s after the first: a person or a tool that undoes us five times in a row means it.
pub const CONTESTED_AFTER: usize = 5;

/// The delay after the n-th heal of a field: 2 s, times three each, at most 300 s (DESIGN.md section 4).
fn delay_after(heals: usize) -> SignedDuration {
    let exponent = u32::try_from(heals.saturating_sub(1)).unwrap_or(u32::MAX);
    SignedDuration::from_secs(2_i64.saturating_mul(3_i64.saturating_pow(exponent)).min(300))
}

/// What the budget makes of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restrained {
    /// The plan that may be carried out.
    pub(crate) plan: Plan,
    /// What to write down as heals if it is.
    pub(crate) heals: Vec<Heal>,
    /// What is contested from now on.
    pub(crate) contested: Option<Contested>,
}

/// Holds a plan against the budget. A plan that brings a release live for the first time passes; one that puts something
/// back that we had already put there is a heal.
pub(crate) fn restrain(
    plan: Plan,
    status: &Status,
    attempt: &Attempt,
    policy: HealPolicy,
    now: Timestamp,
) -> Restrained {
    let pass = |plan| Restrained { plan, heals: Vec::new(), contested: None };
    let Plan::Apply(actions) = &plan else { return pass(plan) };
    // The steps that bring the files of a site count once together.
    let mut heals: Vec<Heal> = Vec::new();
    for heal in actions.iter().filter_map(|action| heal(action, attempt, now)) {
        if !heals.iter().any(|one| one.field == heal.field) {
            heals.push(heal);
        }
    }
    let preparing = attempt.cause == Cause::Heal && heals.is_empty() && actions.iter().any(|a| a.field().is_some());
    if heals.is_empty() && !preparing {
        return pass(plan);
    }
    if policy == HealPolicy::Report && attempt.cause == Cause::Heal {
        return pass(Plan::Wait(WaitReason::ReportOnly { steps: plan.to_string().replace('\n', "; ") }));
    }
    if let Some(contested) = &status.contested {
        return pass(Plan::Wait(waiting(contested)));
    }
    for heal in &heals {
        let earlier: Vec<&Heal> = status
            .heals
            .iter()
            .filter(|one| one.field == heal.field && now.duration_since(one.at) < HEAL_WINDOW)
            .collect();
        if earlier.len() >= CONTESTED_AFTER {
            let contested = Contested {
                field: heal.field.clone(),
                theirs: heal.from.clone(),
                ours: heal.to.clone(),
                heals: u32::try_from(earlier.len()).unwrap_or(u32::MAX),
                since: now,
            };
            return Restrained { plan: Plan::Wait(waiting(&contested)), heals: Vec::new(), contested: Some(contested) };
        }
        if let Some(last) = earlier.last() {
            let until = last.at.saturating_add(delay_after(earlier.len())).unwrap_or(now);
            if until > now {
                let step = format!("put {} back to {}", heal.field, heal.to);
                return pass(Plan::Wait(WaitReason::HealLater { step, until }));
            }
        }
    }
    Restrained { plan, heals, contested: None }
}

fn waiting(contested: &Contested) -> WaitReason {
    let Contested { field, theirs, ours, heals, since: _ } = contested;
    WaitReason::Contested { field: field.clone(), theirs: theirs.clone(), ours: ours.clone(), heals: *heals }
}

/// The heal that a step is, if it is one: anything after convergence, and anything that is done a second time. (A revision
/// that is registered on the way to a heal is part of it, not another.)
fn heal(action: &Action, attempt: &Attempt, now: Timestamp) -> Option<Heal> {
    let again = attempt.cause == Cause::Heal;
    let field = action.field()?;
    match action {
        Action::WriteParameter { service, name: _, from, to } => {
            // Whether it was undone or its outcome never known: a second write counts.
            let sent = attempt.services.get(service).is_some_and(|sent| sent.parameter_sent_at.is_some());
            let from = from.clone().unwrap_or_else(|| "(not there)".to_owned());
            (again || sent).then(|| Heal { field, from, to: to.clone(), at: now })
        }
        Action::UpdateService { service, cluster: _, ecs_service: _, from, to } => {
            let sent = attempt.services.get(service).is_some_and(|sent| sent.push.is_some() || sent.pushes > 0);
            (again || sent).then(|| Heal { field, from: from.to_string(), to: to.to_string(), at: now })
        }
        Action::UploadFiles { files, .. } | Action::ReplaceHeaders { files, .. } => {
            let pushes = attempt.services.get(&site_part()).map_or(0, |sent| sent.pushes);
            let what = if matches!(action, Action::UploadFiles { .. }) { "content" } else { "headers" };
            let from = format!("{} with other {what}", files_named(files));
            (again || pushes >= STEPS_OF_A_SITE).then(|| Heal { field, from, to: attempt.tag.to_string(), at: now })
        }
        Action::RegisterTaskDefinition { .. }
        | Action::Invalidate { .. }
        | Action::DeleteFiles { .. }
        | Action::Reject { .. } => None,
    }
}

/// How many steps bring the files of a release into a bucket: five uploads and one of headers. What comes after them in one
/// attempt puts something back that somebody else changed meanwhile.
const STEPS_OF_A_SITE: u32 = 6;

fn files_named(files: &[FileChange]) -> String {
    match files {
        [one] => one.key.to_string(),
        [first, ..] => format!("{} and {} more files", first.key, files.len() - 1),
        [] => "no files".to_owned(),
    }
}

/// Heals that still count.
pub(crate) fn recent(heals: Vec<Heal>, now: Timestamp) -> Vec<Heal> {
    heals.into_iter().filter(|heal| now.duration_since(heal.at) < HEAL_WINDOW).collect()
}
