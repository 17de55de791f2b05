//! The site of the demo: promoted, changed behind our back and put right, replaced and brought back.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::super::docs::{APP, FIRST, SECOND, SPEC, at, key_of, targets};
use super::super::http::Client;
use super::super::story::{Story, Target, summary};
use super::{DEPLOYED_WITHIN, HEALED_WITHIN, heals, look, promote};

/// What is done to objects of ours, and what to the bucket beside them.
const BREAKS: [&str; 3] = ["changed", "deleted", "headers"];
const FOREIGN: &str = "foreign";
/// Where the files are whose names say what is in them.
const ASSETS: &str = "assets/";

/// The objects of a bucket by key.
type Objects = BTreeMap<String, Value>;

/// What became of what was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Healed {
    /// Objects that were put back.
    pub(super) objects: u64,
    /// Objects of others that are still there, and told of.
    pub(super) left_alone: u64,
}

/// One build, promoted, as with services.
pub(super) fn publish(story: &mut Story) -> Result<u64> {
    story.apply(APP, SPEC)?;
    announce(story, FIRST)?;
    promote(story, &targets(), FIRST, |story, target, generation| converged(story, target, FIRST, generation))
}

/// CI uploads a build and announces it.
fn announce(story: &Story, tag: &str) -> Result<()> {
    let built = story.client.post("/dev/builds", &json!({"app": APP, "tag": tag}))?;
    story.announce(APP, &json!({"tag": tag, "site": {"sha256": built["sha256"]}}))
}

/// Waits until a target serves a build at a generation: all files are there, caches are told, and the parameter says so.
fn converged(story: &mut Story, target: Target, tag: &str, generation: u64) -> Result<()> {
    story.converged(target, tag, generation, DEPLOYED_WITHIN, |seen| {
        let site = &seen["status"]["site"];
        let whole = ["missing", "changed", "other_headers"].iter().all(|apart| site[apart] == 0);
        whole && site["parameter"] == key_of(tag)
    })?;
    let world = story.client.get("/dev/world")?;
    let site = site_of(&world, target)?;
    let told = site["invalidations"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "Completed"));
    if !told || site["parameter"]["value"] != key_of(tag) {
        bail!(
            "expected: {target} is converged when all invalidations are completed and the parameter says {}\nsaw: {site}",
            key_of(tag)
        );
    }
    Ok(())
}

/// One file of ours changed, one deleted, one with other headers, and somebody else's object beside them.
pub(super) fn heal(story: &mut Story) -> Result<Healed> {
    let dev = at("dev");
    let before = objects(&story.client, dev)?;
    let status = story.client.get(&dev.path())?;
    let mut broken = Vec::new();
    for kind in BREAKS {
        broken.push(break_object(story, dev, kind)?);
    }
    let foreign = break_object(story, dev, FOREIGN)?;
    // Content is seen in the list of the bucket at the next look; headers are all looked at when a person asks.
    story.ask_to_look(dev)?;
    let expected = format!("{} of {dev} are put back, and {foreign} is left alone", broken.join(", "));
    let left_alone = story.until(&expected, HEALED_WITHIN, |client| {
        let now = objects(client, dev)?;
        let seen = client.get(&dev.path())?;
        let apart: Vec<&str> = broken.iter().map(String::as_str).filter(|key| !served_as(&now, &before, key)).collect();
        let settled = seen["headline"] == "converged" && heals(&seen, "site files") > heals(&status, "site files");
        let site = &seen["status"]["site"];
        let told_of = site["foreign"] == 1 && site["foreign_examples"] == json!([foreign]);
        if apart.is_empty() && settled && told_of && now.get(&foreign).is_some_and(|object| object["by"] == "person") {
            return Ok(Ok(1));
        }
        if seen["headline"] == "converged" {
            // It looked before the headers were changed, or was not yet settled when it was asked.
            client.post(&format!("{}/reconcile", dev.path()), &json!({}))?;
        }
        Ok(Err(format!("{}; not as they were: {apart:?}", summary(&seen))))
    })?;
    Ok(Healed { objects: u64::try_from(broken.len()).unwrap_or_default(), left_alone })
}

/// The next build, and back to the first by asking for it again.
pub(super) fn go_back(story: &mut Story) -> Result<u64> {
    let dev = at("dev");
    let first = objects(&story.client, dev)?;
    let told = invalidations(&story.client, dev)?;
    announce(story, SECOND)?;
    let generation = story.ask_for(dev, SECOND, "the next one")?;
    converged(story, dev, SECOND, generation)?;
    if invalidations(&story.client, dev)? <= told {
        bail!("expected: caches are told of {SECOND}\nsaw: {told} invalidations before and after");
    }
    let second = objects(&story.client, dev)?;
    story.client.post("/dev/calls/reset", &json!({}))?;
    let generation = story.ask_for(dev, FIRST, "back to the first")?;
    converged(story, dev, FIRST, generation)?;
    let puts = look::sent(&story.client.get("/dev/calls")?, "PutObject");
    let now = objects(&story.client, dev)?;
    if let Some(other) = first.keys().find(|key| !served_as(&now, &first, key)) {
        bail!("expected: {other} is what it was\nsaw: {:?}, it was {:?}", now.get(other), first.get(other));
    }
    let written: Vec<&String> =
        now.iter().filter(|(key, object)| second.get(*key) != Some(object)).map(|(key, _)| key).collect();
    let uploaded_again = written.iter().any(|key| key.starts_with(ASSETS));
    if written.is_empty() || uploaded_again || u64::try_from(written.len()).ok() != Some(puts) {
        bail!(
            "expected: going back writes what differs, once each, and nothing in {ASSETS}\nsaw: {puts} PutObject, of {written:?}"
        );
    }
    Ok(1)
}

/// Breaks an object, and says which.
fn break_object(story: &Story, target: Target, kind: &str) -> Result<String> {
    let Target { app, env } = target;
    let done = story.client.post("/dev/break/object", &json!({"app": app, "env": env, "kind": kind}))?;
    done["object"].as_str().map(str::to_owned).with_context(|| format!("no object in {done}"))
}

/// What is in the bucket of a target.
fn objects(client: &Client, target: Target) -> Result<Objects> {
    let Target { app, env } = target;
    let seen = client.get(&format!("/dev/objects/{app}/{env}"))?;
    let listed = seen["objects"].as_array().with_context(|| format!("no objects in {seen}"))?;
    let by_key = |object: &Value| Some((object["key"].as_str()?.to_owned(), object.clone()));
    Ok(listed.iter().filter_map(by_key).collect())
}

/// Whether an object has the content and the headers that it had; who wrote it and when does not count.
fn served_as(now: &Objects, before: &Objects, key: &str) -> bool {
    let fields = ["size", "sha256", "contentType", "cacheControl"];
    let (Some(now), Some(before)) = (now.get(key), before.get(key)) else { return false };
    fields.iter().all(|field| now[field] == before[field])
}

/// How many invalidations there ever were.
fn invalidations(client: &Client, target: Target) -> Result<u64> {
    let world = client.get("/dev/world")?;
    let site = site_of(&world, target)?;
    site["invalidationsMade"].as_u64().with_context(|| format!("no number of invalidations in {site}"))
}

/// The site of a target in the world.
fn site_of(world: &Value, target: Target) -> Result<&Value> {
    let sites = world["sites"].as_array();
    let found = sites.and_then(|sites| sites.iter().find(|site| site["env"] == target.env));
    found.with_context(|| format!("{target} is not in the world: {world}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Objects, served_as};

    #[test]
    fn an_object_is_as_it_was_by_content_and_headers_whoever_wrote_it() {
        let object = |sha256: &str, cache_control: &str, by: &str| -> Objects {
            let object = json!({"size": 1, "sha256": sha256, "cacheControl": cache_control, "by": by});
            [("a".to_owned(), object)].into()
        };
        let before = object("1", "no-cache", "driftless");
        assert!(served_as(&object("1", "no-cache", "person"), &before, "a"));
        assert!(!served_as(&object("2", "no-cache", "driftless"), &before, "a"));
        assert!(!served_as(&object("1", "max-age=1", "driftless"), &before, "a"));
        assert!(!served_as(&Objects::new(), &before, "a"));
    }
}
