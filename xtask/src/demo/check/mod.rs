//! `cargo xtask demo --check`: the whole story unattended, on a free port, each part observed through the API.

mod look;
mod services;
mod site;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::daemon::Daemon;
use super::observed::Observed;
use super::story::{Story, Target, summary};
use super::{Options, build, docs, shop};
use crate::say;
use crate::stopwatch::in_words;

/// Drift must be found by looking again, not by being told: every so often.
const RESYNC: Duration = Duration::from_secs(10);
/// Two services in order, about 4 s each, with room for a busy machine; a site takes less.
const DEPLOYED_WITHIN: Duration = Duration::from_secs(60);
/// One resync and one rollout.
const HEALED_WITHIN: Duration = Duration::from_secs(60);
/// Each target of services is in an account of its own, so each look at one is a DescribeServices and a GetParameters of its
/// own; a second look may fall between, and nothing else is read of a converged target.
const MOST_READS_OF_SERVICES: f64 = 4.0;
/// A look at a site that a person asked for: a list, and the headers of each of its 13 files; and a second look.
const MOST_READS_OF_A_SITE: u64 = 2 * (1 + 13);

/// Plays the story.
///
/// # Errors
///
/// What was expected, what was seen instead, and the end of the daemon's log.
pub(crate) fn check() -> Result<Observed> {
    let programs = build::programs()?;
    say::step("demo, unattended");
    let daemon = Daemon::start(&programs.daemon, &Options { port: 0, data: None }, RESYNC)?;
    let mut story = Story::new(daemon)?;
    match play(&mut story) {
        Ok(observed) => {
            let stopped = story.stop()?;
            say::note(&format!("{:>8}  driftlessd stopped when it was asked to", in_words(stopped)));
            Ok(observed)
        }
        Err(error) => Err(story.with_log(&error)),
    }
}

fn play(story: &mut Story) -> Result<Observed> {
    let (shop, docs) = (shop::targets(), docs::targets());
    let deployed = services::deploy(story).context("a release goes to three environments")?;
    let drifts_healed = services::heal(story).context("what is broken is put back")?;
    let rollbacks_obeyed = services::roll_back(story).context("a rollback is not fought")?;
    let cheap = "a look at what is converged costs little";
    let of_services = look::cost(story, &shop, MOST_READS_OF_SERVICES).context(cheap)?;

    let published = site::publish(story).context("a site goes to three environments")?;
    let site::Healed { objects: site_drifts_healed, left_alone: foreign_left_alone } =
        site::heal(story).context("what is changed in a bucket is put back")?;
    let site_rollbacks = site::go_back(story).context("a site goes to the next build and back")?;
    let written_to_sites = look::cost_of_sites(story, &docs, MOST_READS_OF_A_SITE).context(cheap)?;

    let targets = count_targets(story, shop.len() + docs.len())?;
    nothing_broken(&story.client.get("/dev/world")?)?;
    Ok(Observed {
        targets,
        converged: deployed + published,
        drifts_healed,
        rollbacks_obeyed,
        reads_per_target: of_services.reads_per_target,
        writes_when_converged: of_services.writes + written_to_sites,
        sites: 1,
        site_drifts_healed,
        site_rollbacks,
        foreign_left_alone,
    })
}

/// All targets are there, and all are converged again.
fn count_targets(story: &mut Story, expected: usize) -> Result<u64> {
    story.until(&format!("all {expected} targets are converged"), HEALED_WITHIN, |client| {
        let seen = client.get("/v1/targets")?;
        let targets = seen["targets"].as_array().cloned().unwrap_or_default();
        let good = targets.iter().filter(|target| target["headline"] == "converged").count();
        Ok(if good == targets.len() && good == expected {
            Ok(u64::try_from(good).unwrap_or_default())
        } else {
            Err(targets.iter().map(summary).collect::<Vec<_>>().join("; "))
        })
    })
}

/// The monitor of the simulated AWS saw nothing that must never be: no page that refers to what is not there (S13), nothing
/// deleted that is not ours (S14), and the others of its rules.
fn nothing_broken(world: &Value) -> Result<()> {
    match world["violations"].as_array() {
        Some(violations) if violations.is_empty() => Ok(()),
        Some(violations) => bail!("expected: no invariant is broken\nsaw: {violations:?}"),
        None => bail!("expected: a world with its violations\nsaw: {world}"),
    }
}

/// Asks for a build in an environment, after those before it and not earlier, and waits until it is there.
fn promote(
    story: &mut Story,
    targets: &[Target],
    tag: &str,
    converged: impl Fn(&mut Story, Target, u64) -> Result<()>,
) -> Result<u64> {
    let mut count = 0;
    for (at, target) in targets.iter().enumerate() {
        if let Some(later) = targets.get(at + 1)
            && let Ok(generation) = story.ask_for(*later, tag, "too early")
        {
            bail!("expected: {later} refuses {tag} before {target} runs it\nsaw: generation {generation}");
        }
        let generation = story.ask_for(*target, tag, "the demo")?;
        converged(story, *target, generation)?;
        count += 1;
    }
    Ok(count)
}

/// How often something was put back, as the status tells.
fn heals(seen: &Value, what: &str) -> usize {
    let heals = seen["status"]["heals"].as_array().into_iter().flatten();
    heals.filter(|heal| heal["field"].as_str().is_some_and(|field| field.contains(what))).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{heals, nothing_broken};

    #[test]
    fn heals_are_counted_by_what_was_put_back() {
        let seen = json!({"status": {"heals": [{"field": "web service"}, {"field": "web parameter"}, {"field": "worker service"}]}});
        assert_eq!((heals(&seen, "service"), heals(&seen, "parameter")), (2, 1));
    }

    #[test]
    fn a_broken_invariant_and_a_world_without_a_monitor_are_failures_s13() {
        assert!(nothing_broken(&json!({"violations": []})).is_ok());
        let broken = json!({"violations": ["S13: index.html refers to logo.svg, which is not there"]});
        assert!(nothing_broken(&broken).unwrap_err().to_string().contains("S13: index.html"));
        assert!(nothing_broken(&json!({"services": []})).is_err());
    }
}
