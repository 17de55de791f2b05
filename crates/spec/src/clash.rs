//! Resources that are named twice within one spec. Clashes between apps are for whoever has all specs, with
//! [`crate::Claim`].

use crate::claims::overlap;
use crate::tree::Path;
use crate::walk::Walk;

/// A resource that one environment names, and where.
pub(crate) struct Held {
    pub(crate) resource: String,
    pub(crate) environment: usize,
    pub(crate) path: Path,
}

/// Says which resources are named twice. Services of one environment may share a parameter.
pub(crate) fn check<'h>(walk: &mut Walk<'_, '_>, held: impl Iterator<Item = &'h Held>) {
    // Sorted, so that only neighbours need to be compared: 50 x 50 services name 5,000 resources. Prefixes are few, one
    // per environment, and are compared all with all.
    let (prefixes, mut exact): (Vec<&Held>, Vec<&Held>) = held.partition(|one| one.resource.starts_with("s3-prefix "));
    exact.sort_by_key(|one| &one.resource);
    for same in exact.chunk_by(|one, other| one.resource == other.resource) {
        for (index, one) in same.iter().enumerate().skip(1) {
            let clashes = |other: &&&Held| other.environment != one.environment || !one.resource.starts_with("ssm-");
            if let Some(first) = same[..index].iter().find(clashes) {
                report(walk, first, one);
            }
        }
    }
    for (index, one) in prefixes.iter().enumerate() {
        if let Some(first) = prefixes[..index].iter().find(|other| overlap(&other.resource, &one.resource)) {
            report(walk, first, one);
        }
    }
}

fn report(walk: &mut Walk<'_, '_>, first: &Held, second: &Held) {
    let (what, name) = second.resource.split_once(' ').unwrap_or(("resource", &second.resource));
    let what = match what {
        "ecs-service" => "the ECS service",
        "ssm-parameter" => "the parameter",
        _ => "the place in the bucket",
    };
    let line = walk.line(&first.path);
    let message = format!("{what} {name} is named twice, first by {} in line {line}", first.path);
    let message = if first.resource == second.resource {
        message
    } else {
        format!(
            "{what} {name} overlaps with {} of {} in line {line}",
            first.resource.trim_start_matches("s3-prefix "),
            first.path
        )
    };
    let help = "each environment and each service needs its own; use a template with {env} and {service}, or name them";
    walk.error_with(&second.path, message, Some(help.to_owned()));
}
