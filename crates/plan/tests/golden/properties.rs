//! What holds for every plan.

use driftless_domain::Seen;
use driftless_plan::{Action, Plan, plan};
use proptest::prelude::*;

use crate::world::{base_of, carry_out, desired_of, observed, ours, seen_of};

proptest! {
    /// L1, S6: carrying out the plan and looking again ends in `Converged` after a bounded number of looks, wherever the
    /// target starts; and a converged target needs nothing.
    #[test]
    fn plan_after_effect_is_converged(
        start in prop::collection::vec((0usize..3, any::<bool>(), any::<bool>()), 1..3),
        parameters in prop::collection::vec(prop_oneof![Just(None), Just(Some("sha-aaa")), Just(Some("sha-bbb"))], 2),
    ) {
        let names = ["web", "worker"];
        let used = &names[..start.len()];
        let desired = desired_of(used, "sha-bbb", 'b');
        let services = used.iter().zip(&start).zip(&parameters).map(|((name, (runs, newer_base, registered)), parameter)| {
            let base = base_of(name, 1, "x");
            let mut family = vec![ours(&base, 2, 'a'), base.clone()];
            if *newer_base { family.insert(0, base_of(name, 3, "y")); }
            if *registered {
                let onto = if *newer_base { family[0].clone() } else { base };
                family.insert(0, ours(&onto, 4, 'b'));
            }
            let running = family[(*runs).min(family.len() - 1)].clone();
            let mut seen = seen_of(name, &running, family, "");
            match parameter {
                Some(value) => seen.parameter = Seen::Known(driftless_domain::ParameterValue { value: (*value).to_owned(), version: 1 }),
                None => seen.parameter = Seen::Absent,
            }
            seen
        }).collect();
        let mut world = observed(services);
        for _ in 0..2 + 2 * start.len() {
            let next = plan(&desired, &world);
            prop_assert_eq!(&next, &plan(&desired, &world), "the same arguments give the same plan");
            if next == Plan::Converged { return Ok(()); }
            // S15: no plan names what is not ours.
            if let Plan::Apply(actions) = &next {
                for action in actions {
                    match action {
                        Action::WriteParameter { name, .. } => prop_assert!(desired.binding.services.iter().any(|b| &b.parameter == name)),
                        Action::UpdateService { ecs_service, .. } => prop_assert!(desired.binding.services.iter().any(|b| &b.service == ecs_service)),
                        Action::RegisterTaskDefinition { service, base, .. } => prop_assert!(base.family().as_str() == service.as_str()),
                        Action::UploadFiles { .. }
                        | Action::ReplaceHeaders { .. }
                        | Action::Invalidate { .. }
                        | Action::DeleteFiles { .. } => prop_assert!(false, "an app of services has no files"),
                        Action::Reject { .. } => prop_assert!(false, "nothing is rejected without an attempt"),
                    }
                }
            }
            carry_out(&next, &mut world);
        }
        prop_assert!(false, "not converged: {}", plan(&desired, &world));
    }
}
