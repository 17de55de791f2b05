//! `cargo xtask demo --check`: the whole story unattended, on a free port, each part observed through the API.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::http::Client;
use super::observed::Observed;
use super::shop::{APP, ENVIRONMENTS, FIRST, SECOND, SPEC};
use super::story::{Story, all_services, later, path, service, summary};
use super::{Options, build};
use crate::say;
use crate::stopwatch::in_words;

/// Drift must be found by looking again, not by being told: every so often.
const RESYNC: Duration = Duration::from_secs(10);
/// Two services in order, about 4 s each, with room for a busy machine.
const DEPLOYED_WITHIN: Duration = Duration::from_secs(60);
/// One resync and one rollout.
const HEALED_WITHIN: Duration = Duration::from_secs(60);
/// Three failing tasks and ECS's rollback.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(90);
/// The controller says how far back its oldest look is every 10 s.
const LOOKED_WITHIN: Duration = Duration::from_secs(30);
/// Each target is in an account of its own, so each look at one is a DescribeServices and a GetParameters of its own; a
/// second look may fall between, and nothing else is read of a converged target.
const MOST_READS_PER_TARGET: f64 = 4.0;

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
    let converged = deploy(story).context("a release goes to three environments")?;
    let drifts_healed = heal(story).context("what is broken is put back")?;
    let rollbacks_obeyed = roll_back(story).context("a rollback is not fought")?;
    let targets = count_targets(story)?;
    let (reads_per_target, writes_when_converged) = cost(story).context("a look at what is converged costs little")?;
    Ok(Observed { targets, converged, drifts_healed, rollbacks_obeyed, reads_per_target, writes_when_converged })
}

/// One build, promoted. Each environment waits for the one before, and asking for it too early is refused.
fn deploy(story: &mut Story) -> Result<u64> {
    story.client.put(&format!("/v1/apps/{APP}/spec"), "application/yaml", SPEC)?;
    story.announce(FIRST)?;
    let mut converged = 0;
    for (at, env) in ENVIRONMENTS.into_iter().enumerate() {
        if let Some(later) = ENVIRONMENTS.get(at + 1)
            && let Ok(generation) = story.ask_for(FIRST, later, "too early")
        {
            bail!("expected: {later} refuses {} before {env} runs it\nsaw: generation {generation}", FIRST.tag);
        }
        let generation = story.ask_for(FIRST, env, "the demo")?;
        story.converged(FIRST, env, generation, DEPLOYED_WITHIN)?;
        converged += 1;
    }
    Ok(converged)
}

/// A service pointed elsewhere in dev and a parameter edited in staging, at the same time.
fn heal(story: &mut Story) -> Result<u64> {
    let broken = [("dev", "service"), ("staging", "parameter")];
    let before: Vec<Value> = broken.iter().map(|(env, _)| story.client.get(&path(env))).collect::<Result<_>>()?;
    for (env, what) in broken {
        story.client.post(&format!("/dev/break/{what}"), &json!({"app": APP, "env": env, "service": "web"}))?;
    }
    let mut healed = 0;
    for ((env, what), before) in broken.iter().zip(&before) {
        let expected = format!("the web {what} of {env} is put back");
        story.until(&expected, HEALED_WITHIN, |client| {
            let seen = client.get(&path(env))?;
            let put_back = heals(&seen, what) > heals(before, what);
            let same = ["task_definition", "image", "parameter"]
                .iter()
                .all(|field| service(&seen, "web")[field] == service(before, "web")[field]);
            Ok(if put_back && same && seen["headline"] == "converged" { Ok(()) } else { Err(summary(&seen)) })
        })?;
        healed += 1;
    }
    Ok(healed)
}

/// How often something was put back, as the status tells.
fn heals(seen: &Value, what: &str) -> usize {
    let heals = seen["status"]["heals"].as_array().into_iter().flatten();
    heals.filter(|heal| heal["field"].as_str().is_some_and(|field| field.contains(what))).count()
}

/// A release whose tasks never start: ECS takes it back, and that is that. Then a build that works.
fn roll_back(story: &mut Story) -> Result<u64> {
    let broken = story.client.post("/dev/break/release", &json!({"app": APP, "env": "dev"}))?;
    let generation = broken["generation"].as_u64().with_context(|| format!("no generation in {broken}"))?;
    let expected = format!("generation {generation} of dev is rejected, and its parameters say {}", FIRST.tag);
    story.until(&expected, ROLLED_BACK_WITHIN, |client| {
        let seen = client.get(&path("dev"))?;
        let rejected = seen["headline"] == "rejected" && seen["status"]["rejected"]["generation"] == generation;
        let back = all_services(&seen, |service| service["parameter"] == FIRST.tag) && seen["runs"] == FIRST.tag;
        Ok(if rejected && back { Ok(()) } else { Err(summary(&seen)) })
    })?;
    let outcome = story.client.get(&format!("{}/wait?generation={generation}&timeout=0", path("dev")))?;
    if outcome["outcome"] != "rolled-back" {
        bail!("expected: who waits is told `rolled-back`\nsaw: {}", outcome["outcome"]);
    }
    // What the rollback asked for is done and seen; from here on every call is a look or a mistake.
    story.client.post("/dev/calls/reset", &json!({}))?;
    look_again(story)?;
    std::thread::sleep(RESYNC);
    let calls = story.client.get("/dev/calls")?;
    for operation in ["UpdateService", "RegisterTaskDefinition", "PutParameter"] {
        let sent = sent(&calls, operation);
        if sent > 0 {
            bail!("expected: no {operation} after the rollback\nsaw: {sent} of them, in {calls}");
        }
    }
    story.announce(SECOND)?;
    let generation = story.ask_for(SECOND, "dev", "mends what the last one broke")?;
    story.converged(SECOND, "dev", generation, DEPLOYED_WITHIN)?;
    Ok(1)
}

/// How often an operation was called, whether or not its service is named before it.
fn sent(calls: &Value, operation: &str) -> u64 {
    let operations = calls["byOperation"].as_object().into_iter().flatten();
    operations.filter(|(name, _)| name.ends_with(operation)).filter_map(|(_, count)| count.as_u64()).sum()
}

/// All targets are there, and all are converged again.
fn count_targets(story: &mut Story) -> Result<u64> {
    story.until("every target is converged", HEALED_WITHIN, |client| {
        let seen = client.get("/v1/targets")?;
        let targets = seen["targets"].as_array().cloned().unwrap_or_default();
        let good = targets.iter().filter(|target| target["headline"] == "converged").count();
        Ok(if good == targets.len() && good == ENVIRONMENTS.len() {
            Ok(u64::try_from(good).unwrap_or_default())
        } else {
            Err(targets.iter().map(summary).collect::<Vec<_>>().join("; "))
        })
    })
}

/// What one look at everything costs, and that it changes nothing.
fn cost(story: &mut Story) -> Result<(f64, u64)> {
    // Looked at together once, so that the next look of their own is a whole period away.
    look_again(story)?;
    story.client.post("/dev/calls/reset", &json!({}))?;
    let asked = ask_to_look(story)?;
    let reads = story.until("the calls of one look are counted", LOOKED_WITHIN, |client| {
        let first = reads_and_writes(client)?;
        std::thread::sleep(Duration::from_secs(2));
        let second = reads_and_writes(client)?;
        Ok(if first.0 > 0 && first == second { Ok(second.0) } else { Err(format!("{first:?}, then {second:?}")) })
    })?;
    looked_since(story, &asked)?;
    let (_, writes) = reads_and_writes(&story.client)?;
    let calls = story.client.get("/dev/calls")?;
    #[expect(clippy::cast_precision_loss, reason = "a few calls")]
    let per_target = reads as f64 / ENVIRONMENTS.len() as f64;
    if writes > 0 || per_target > MOST_READS_PER_TARGET {
        bail!("expected: no write and at most {MOST_READS_PER_TARGET} reads per target\nsaw: {calls}");
    }
    Ok((per_target, writes))
}

fn reads_and_writes(client: &Client) -> Result<(u64, u64)> {
    let calls = client.get("/dev/calls")?;
    match (calls["reads"].as_u64(), calls["writes"].as_u64()) {
        (Some(reads), Some(writes)) => Ok((reads, writes)),
        _ => bail!("expected: reads and writes\nsaw: {calls}"),
    }
}

/// Asks for another look at everything, and waits until that happened. (The controller says how old its *oldest* look is,
/// so asking for one target alone would take longer.)
fn look_again(story: &mut Story) -> Result<()> {
    let asked = ask_to_look(story)?;
    looked_since(story, &asked)
}

/// Asks for a look at each environment, and gives when.
fn ask_to_look(story: &Story) -> Result<Vec<(&'static str, Value)>> {
    let ask = |env: &'static str| {
        let answer = story.client.post(&format!("{}/reconcile", path(env)), &json!({}))?;
        Ok((env, answer["requestedAt"].clone()))
    };
    ENVIRONMENTS.into_iter().map(ask).collect()
}

/// Waits until each was looked at since then.
fn looked_since(story: &mut Story, asked: &[(&'static str, Value)]) -> Result<()> {
    for (env, at) in asked {
        story.until(&format!("{env} was looked at again"), LOOKED_WITHIN, |client| {
            let seen = client.get(&path(env))?;
            Ok(if later(&seen["lookedAt"], at) {
                Ok(())
            } else {
                Err(format!("the last look was at {}, it was asked for at {at}", seen["lookedAt"]))
            })
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{heals, sent};

    #[test]
    fn calls_are_counted_with_and_without_the_name_of_the_service() {
        let calls = json!({"byOperation": {"ecs:UpdateService": 2, "UpdateService": 1, "DescribeServices": 9}});
        assert_eq!((sent(&calls, "UpdateService"), sent(&calls, "PutParameter")), (3, 0));
        assert_eq!(sent(&json!(null), "UpdateService"), 0);
    }

    #[test]
    fn heals_are_counted_by_what_was_put_back() {
        let seen = json!({"status": {"heals": [{"field": "web service"}, {"field": "web parameter"}, {"field": "worker service"}]}});
        assert_eq!((heals(&seen, "service"), heals(&seen, "parameter")), (2, 1));
    }
}
