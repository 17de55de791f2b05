//! The decision over a whole target: all version parameters first, then the services one after the other in the order of
//! the spec (DESIGN.md section 5, points 1 and 4).

use std::collections::BTreeSet;

use driftless_domain::{
    Attempt, CallError, DesiredRelease, Effective, Observed, ObservedService, ParameterName, ParameterValue, Release,
    Seen, ServiceAttempt, ServiceBinding, ServiceName,
};
use jiff::Timestamp;

use crate::action::{Action, Plan};
use crate::service::{Step, step, way_back_to_infrastructure, within};
use crate::site::plan_site;
use crate::wait::WaitReason;

/// What to do about a target now, from what is wanted and what one look showed.
///
/// # Guarantees
/// Total and pure: the same arguments give the same plan. A plan only holds steps whose every input is known (a revision
/// that is yet to be registered is not deployed in the same plan), so that stopping after any step leaves an ordinary
/// state (L2). It names no service of another target and no field but the ones we own (S15).
pub fn plan(desired: &DesiredRelease, observed: &Observed) -> Plan {
    // Destructured so that a new field is a compile error here, not a silent gap.
    let DesiredRelease { target: _, generation: _, effective, rejected, attempt, binding, files: _ } = desired;
    let Observed { at, services, site } = observed;
    if let Some(bound) = &binding.site {
        return match site {
            Some(seen) => plan_site(desired, bound, seen, *at),
            None => Plan::Wait(WaitReason::Unplanned { reason: "the site was not looked at".to_owned() }),
        };
    }
    let pairs: Vec<(&ServiceBinding, &ObservedService)> = binding
        .services
        .iter()
        .filter_map(|bound| Some((bound, services.iter().find(|seen| seen.name == bound.name)?)))
        .collect();

    match effective {
        Effective::Wanted(release) => converge(desired, release, observed, &pairs),
        Effective::LastGood(release) => {
            // A service that is younger than the last good release stays as it is.
            let older: Vec<_> =
                pairs.into_iter().filter(|(bound, _)| release.images.contains_key(&bound.name)).collect();
            converge(desired, release, observed, &older)
        }
        Effective::Nothing { parameters, revisions } => {
            let wanted = |bound: &ServiceBinding| parameters.get(&bound.name).cloned();
            let writes = match parameter_writes(&pairs, attempt.as_ref(), *at, wanted) {
                Ok(writes) => writes,
                Err(error) => return Plan::Wait(WaitReason::Unreadable { error }),
            };
            let mut actions = writes.actions;
            let back = pairs.iter().find_map(|(bound, seen)| {
                way_back_to_infrastructure(desired, *at, bound, seen, revisions.get(&bound.name)?)
            });
            match back {
                Some(Step::Act(action)) => actions.push(action),
                Some(Step::Wait(reason) | Step::Blocked(reason)) if actions.is_empty() => return Plan::Wait(reason),
                Some(Step::Wait(_) | Step::Blocked(_) | Step::Done | Step::End(_)) | None => {}
            }
            if !actions.is_empty() {
                return Plan::Apply(actions);
            }
            match rejected {
                Some(rejected) => Plan::Wait(WaitReason::NothingToGoBackTo {
                    tag: rejected.tag.clone(),
                    reason: match &rejected.stopped_task {
                        Some(stopped) => format!("{}; last stopped task: {stopped}", rejected.reason),
                        None => rejected.reason.clone(),
                    },
                }),
                None => Plan::Converged,
            }
        }
    }
}

fn converge(
    desired: &DesiredRelease,
    release: &Release,
    observed: &Observed,
    pairs: &[(&ServiceBinding, &ObservedService)],
) -> Plan {
    let steps: Vec<Step> = pairs.iter().map(|(bound, seen)| step(desired, release, observed.at, bound, seen)).collect();

    // A verdict comes before everything: what was rejected is not written into a parameter again.
    if let Some(reject) = steps.iter().find_map(|step| if let Step::End(action) = step { Some(action) } else { None }) {
        return Plan::Apply(vec![reject.clone()]);
    }
    // Then whatever makes the release impossible here, for any of the services: they ship together or not at all.
    if let Some(reason) = steps.iter().find_map(|step| if let Step::Blocked(why) = step { Some(why) } else { None }) {
        return Plan::Wait(reason.clone());
    }
    let writes = parameter_writes(pairs, desired.attempt.as_ref(), observed.at, |_| Some(release.tag.to_string()));
    let Writes { mut actions, settling } = match writes {
        Ok(writes) => writes,
        Err(error) => return Plan::Wait(WaitReason::Unreadable { error }),
    };
    let next = steps.into_iter().find(|step| !matches!(step, Step::Done));
    match next {
        Some(Step::Wait(reason @ WaitReason::RollingBack { .. })) => return Plan::Wait(reason),
        Some(Step::Wait(reason)) if actions.is_empty() => return Plan::Wait(reason),
        Some(Step::Act(action)) => actions.push(action),
        Some(Step::Wait(_) | Step::Done | Step::End(_) | Step::Blocked(_)) | None => {}
    }
    match settling {
        _ if !actions.is_empty() => Plan::Apply(actions),
        Some(reason) => Plan::Wait(reason),
        None => Plan::Converged,
    }
}

/// What the version parameters need.
struct Writes {
    actions: Vec<Action>,
    /// A parameter that we wrote a moment ago and cannot see yet.
    settling: Option<WaitReason>,
}

/// The writes that make each parameter say what it should; services may share one.
fn parameter_writes(
    pairs: &[(&ServiceBinding, &ObservedService)],
    attempt: Option<&Attempt>,
    at: Timestamp,
    wanted: impl Fn(&ServiceBinding) -> Option<String>,
) -> Result<Writes, CallError> {
    let mut writes = Writes { actions: Vec::new(), settling: None };
    let mut named = BTreeSet::new();
    for (bound, seen) in pairs {
        let Some(to) = wanted(bound) else { continue };
        if !named.insert(&bound.parameter) {
            continue;
        }
        let sent = attempt.and_then(|attempt| attempt.services.get(&bound.name));
        match parameter_step((&bound.name, &bound.parameter), &seen.parameter, sent, at, &to) {
            Parameter::Right => {}
            Parameter::Write(write) => writes.actions.push(write),
            Parameter::Settling(reason) => writes.settling = Some(reason),
            Parameter::Unreadable(error) => return Err(error),
        }
    }
    Ok(writes)
}

/// What one version parameter needs.
pub(crate) enum Parameter {
    /// It says what it should.
    Right,
    /// This.
    Write(Action),
    /// It was written a moment ago, and that cannot be seen yet.
    Settling(WaitReason),
    /// It could not be read.
    Unreadable(CallError),
}

/// What the version parameter of one part of a target needs, to say `to`.
pub(crate) fn parameter_step(
    (service, name): (&ServiceName, &ParameterName),
    seen: &Seen<ParameterValue>,
    sent: Option<&ServiceAttempt>,
    at: Timestamp,
    to: &str,
) -> Parameter {
    let from = match seen {
        Seen::Known(parameter) if parameter.value == to => return Parameter::Right,
        Seen::Known(parameter) => Some(parameter.value.clone()),
        Seen::Absent => None,
        Seen::Unknown(error) => return Parameter::Unreadable(error.clone()),
    };
    let just_sent = sent.and_then(|sent| sent.parameter_sent_at).is_some_and(|sent| within(sent, at));
    if just_sent && sent.is_some_and(|sent| sent.parameter_before == from) {
        return Parameter::Settling(WaitReason::Settling {
            service: service.clone(),
            what: "the version parameter was written a moment ago and SSM does not show it yet".to_owned(),
        });
    }
    Parameter::Write(Action::WriteParameter { service: service.clone(), name: name.clone(), from, to: to.to_owned() })
}
