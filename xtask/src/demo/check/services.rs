//! The services of the demo: promoted, broken and put back, rolled back.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::super::shop::{APP, FIRST, SECOND, SPEC, at, targets};
use super::super::story::{Story, Target, all_services, service, summary};
use super::{DEPLOYED_WITHIN, HEALED_WITHIN, RESYNC, heals, look, promote};

/// Three failing tasks and ECS's rollback.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(90);

/// One build, promoted. Each environment waits for the one before, and asking for it too early is refused.
pub(super) fn deploy(story: &mut Story) -> Result<u64> {
    story.apply(APP, SPEC)?;
    story.announce(APP, &FIRST.announcement())?;
    promote(story, &targets(), FIRST.tag, |story, target, generation| converged(story, target, FIRST.tag, generation))
}

/// Waits until a target runs a build at a generation.
fn converged(story: &mut Story, target: Target, tag: &str, generation: u64) -> Result<()> {
    story.converged(target, tag, generation, DEPLOYED_WITHIN, |seen| {
        all_services(seen, |service| service["parameter"] == tag)
    })
}

/// A service pointed elsewhere in dev and a parameter edited in staging, at the same time.
pub(super) fn heal(story: &mut Story) -> Result<u64> {
    let broken = [(at("dev"), "service"), (at("staging"), "parameter")];
    let before: Vec<Value> =
        broken.iter().map(|(target, _)| story.client.get(&target.path())).collect::<Result<_>>()?;
    for (Target { app, env }, what) in broken {
        story.client.post(&format!("/dev/break/{what}"), &json!({"app": app, "env": env, "service": "web"}))?;
    }
    let mut healed = 0;
    for ((target, what), before) in broken.iter().zip(&before) {
        let expected = format!("the web {what} of {target} is put back");
        story.until(&expected, HEALED_WITHIN, |client| {
            let seen = client.get(&target.path())?;
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

/// A release whose tasks never start: ECS takes it back, and that is that. Then a build that works.
pub(super) fn roll_back(story: &mut Story) -> Result<u64> {
    let dev = at("dev");
    let broken = story.client.post("/dev/break/release", &json!({"app": dev.app, "env": dev.env}))?;
    let generation = broken["generation"].as_u64().with_context(|| format!("no generation in {broken}"))?;
    let expected = format!("generation {generation} of {dev} is rejected, and its parameters say {}", FIRST.tag);
    story.until(&expected, ROLLED_BACK_WITHIN, |client| {
        let seen = client.get(&dev.path())?;
        let rejected = seen["headline"] == "rejected" && seen["status"]["rejected"]["generation"] == generation;
        let back = all_services(&seen, |service| service["parameter"] == FIRST.tag) && seen["runs"] == FIRST.tag;
        Ok(if rejected && back { Ok(()) } else { Err(summary(&seen)) })
    })?;
    let outcome = story.client.get(&format!("{}/wait?generation={generation}&timeout=0", dev.path()))?;
    if outcome["outcome"] != "rolled-back" {
        bail!("expected: who waits is told `rolled-back`\nsaw: {}", outcome["outcome"]);
    }
    // What the rollback asked for is done and seen; from here on every call is a look or a mistake.
    story.client.post("/dev/calls/reset", &json!({}))?;
    look::again(story, &targets())?;
    std::thread::sleep(RESYNC);
    let calls = story.client.get("/dev/calls")?;
    for operation in ["UpdateService", "RegisterTaskDefinition", "PutParameter"] {
        let sent = look::sent(&calls, operation);
        if sent > 0 {
            bail!("expected: no {operation} after the rollback\nsaw: {sent} of them, in {calls}");
        }
    }
    story.announce(APP, &SECOND.announcement())?;
    let generation = story.ask_for(dev, SECOND.tag, "mends what the last one broke")?;
    converged(story, dev, SECOND.tag, generation)?;
    Ok(1)
}
