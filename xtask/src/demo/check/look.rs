//! Looks at everything, and what they cost.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::super::http::Client;
use super::super::story::{Story, Target, later};

/// The controller says how far back its oldest look is every 10 s.
const LOOKED_WITHIN: Duration = Duration::from_secs(30);

/// What a look at some targets cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Calls that only read.
    pub(super) reads_per_target: f64,
    /// Calls that change something.
    pub(super) writes: u64,
}

/// What one look at these targets of services costs, all of which are converged, and that it changes nothing.
pub(super) fn cost(story: &mut Story, targets: &[Target], most_reads: f64) -> Result<Cost> {
    // Looked at together once, so that the next look of their own is a whole period away.
    again(story, targets)?;
    story.client.post("/dev/calls/reset", &json!({}))?;
    let asked = ask(story, targets)?;
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
    let reads_per_target = reads as f64 / targets.len() as f64;
    if writes > 0 || reads_per_target > most_reads {
        bail!("expected: no write and at most {most_reads} reads per target\nsaw: {calls}");
    }
    Ok(Cost { reads_per_target, writes })
}

/// What a look at these sites changes, all of which are converged, and that it reads no more from S3 than that takes.
pub(super) fn cost_of_sites(story: &mut Story, targets: &[Target], most_reads: u64) -> Result<u64> {
    story.client.post("/dev/calls/reset", &json!({}))?;
    again(story, targets)?;
    let (_, writes) = reads_and_writes(&story.client)?;
    let calls = story.client.get("/dev/calls")?;
    let reads: u64 = ["s3:ListBucket", "s3:GetObject"].iter().map(|operation| sent(&calls, operation)).sum();
    let most = most_reads * u64::try_from(targets.len()).unwrap_or_default();
    if writes > 0 || reads == 0 || reads > most {
        bail!("expected: no write and at most {most} reads of S3\nsaw: {calls}");
    }
    Ok(writes)
}

/// How often an operation was called, whether or not its service is named before it.
pub(super) fn sent(calls: &Value, operation: &str) -> u64 {
    let operations = calls["byOperation"].as_object().into_iter().flatten();
    operations.filter(|(name, _)| name.ends_with(operation)).filter_map(|(_, count)| count.as_u64()).sum()
}

/// Asks for another look at these targets, and waits until that happened. (The controller says how old its *oldest* look is,
/// so asking for one target alone would take longer.)
pub(super) fn again(story: &mut Story, targets: &[Target]) -> Result<()> {
    let asked = ask(story, targets)?;
    looked_since(story, &asked)
}

fn reads_and_writes(client: &Client) -> Result<(u64, u64)> {
    let calls = client.get("/dev/calls")?;
    match (calls["reads"].as_u64(), calls["writes"].as_u64()) {
        (Some(reads), Some(writes)) => Ok((reads, writes)),
        _ => bail!("expected: reads and writes\nsaw: {calls}"),
    }
}

/// Asks for a look at each target, and gives when.
fn ask(story: &Story, targets: &[Target]) -> Result<Vec<(Target, Value)>> {
    targets.iter().map(|target| Ok((*target, story.ask_to_look(*target)?))).collect()
}

/// Waits until each was looked at since then.
fn looked_since(story: &mut Story, asked: &[(Target, Value)]) -> Result<()> {
    for (target, at) in asked {
        story.until(&format!("{target} was looked at again"), LOOKED_WITHIN, |client| {
            let seen = client.get(&target.path())?;
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

    use super::sent;

    #[test]
    fn calls_are_counted_with_and_without_the_name_of_the_service() {
        let calls = json!({"byOperation": {"ecs:UpdateService": 2, "UpdateService": 1, "DescribeServices": 9}});
        assert_eq!((sent(&calls, "UpdateService"), sent(&calls, "PutParameter")), (3, 0));
        assert_eq!(sent(&json!(null), "UpdateService"), 0);
    }
}
