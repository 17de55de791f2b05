//! What the controller found, as items: statuses, history, heartbeats, leases.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value};

use driftless_domain::{Generation, Status, Target};
use driftless_releases::{Event, Heartbeat, InvalidRecord, Lease, Versioned};

use super::attributes::{Attributes, DOCUMENT, Draft, Item, SENTENCE, WORDS};
use super::items::same_key;
use super::keys::{CHANGED_AT, EXPIRES_AT, HEARTBEAT, Key, LANE, history};

/// How long history is kept: a year, and a month in which to notice that one wanted to look at it.
const HISTORY: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How long the heartbeat of a process that is gone stays: readers judge by its time, not by its being there.
const LAST_HEARTBEAT: Duration = Duration::from_secs(24 * 60 * 60);

/// Fails only when the status cannot be JSON, which its types do not allow.
pub(super) fn status_item(status: &Versioned<Status>) -> Result<Item, serde_json::Error> {
    let Versioned { version, record } = status;
    let key = Key::status(&record.target);
    let document = serde_json::to_string(record)?;
    // The attributes beside the document are for people in the console. They are written, never read.
    let item = Draft::new(&key)
        .text("app", &record.target.app)
        .text("env", &record.target.env)
        .number("version", *version)
        .number("observed_generation", record.observed_generation.0)
        .optional("wanted", record.wanted.as_ref())
        .text("sync", word(&record.sync))
        .text("health", word(&record.health))
        .text("gate", word(&record.gate))
        .sentence("reason", &record.reason)
        .sentence("plan", &record.plan)
        .time("since", record.since)
        .time("observed_at", record.observed_at)
        .text("document", document)
        .item();
    Ok(item)
}

pub(super) fn read_status(key: &Key, item: &Item) -> Result<Versioned<Status>, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let version = a.number("version")?;
    let record: Status =
        serde_json::from_str(a.text("document", DOCUMENT)?).map_err(|error| a.wrong("document", &error.to_string()))?;
    same_key(&a, key, &Key::status(&record.target), "document")?;
    Ok(Versioned { version, record })
}

pub(super) fn event_item(event: &Event) -> Item {
    let Event { target, at, sequence, kind, generation, actor, text } = event;
    Draft::new(&Key::event(event))
        .text("app", &target.app)
        .text("env", &target.env)
        .time("at", *at)
        .number("sequence", u64::from(*sequence))
        .text("kind", kind)
        .number("generation", generation.0)
        .text("actor", actor)
        .sentence("text", text)
        .number(EXPIRES_AT, expiry(*at, HISTORY))
        .item()
}

pub(super) fn read_event(key: &Key, item: &Item) -> Result<Event, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let target = Target::new(a.parsed("app")?, a.parsed("env")?);
    if key.pk != history(&target) {
        return Err(a.wrong("app or env", &format!("the item belongs at {}", history(&target))));
    }
    Ok(Event {
        target,
        at: a.time("at")?,
        sequence: a.number("sequence")?,
        kind: from_word(a.text("kind", WORDS)?).map_err(|error| a.wrong("kind", &error.to_string()))?,
        generation: Generation(a.number("generation")?),
        actor: a.parsed("actor")?,
        text: a.text("text", SENTENCE)?.to_owned(),
    })
}

pub(super) fn heartbeat_item(heartbeat: &Heartbeat) -> Item {
    let Heartbeat { holder, at, all_looked_at, targets, resync_seconds } = heartbeat;
    Draft::new(&Key::heartbeat(holder))
        .text("holder", holder)
        .time("at", *at)
        .time("all_looked_at", *all_looked_at)
        .number("targets", u64::from(*targets))
        .number("resync_seconds", *resync_seconds)
        .text(LANE, HEARTBEAT)
        .time(CHANGED_AT, *at)
        .number(EXPIRES_AT, expiry(*at, LAST_HEARTBEAT))
        .item()
}

pub(super) fn read_heartbeat(key: &Key, item: &Item) -> Result<Heartbeat, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    Ok(Heartbeat {
        holder: a.text("holder", WORDS)?.to_owned(),
        at: a.time("at")?,
        all_looked_at: a.time("all_looked_at")?,
        targets: a.number("targets")?,
        resync_seconds: a.number("resync_seconds")?,
    })
}

pub(super) fn lease_item(lease: &Lease) -> Item {
    let Lease { shard, holder, token, version } = lease;
    Draft::new(&Key::lease(*shard))
        .number("shard", u64::from(*shard))
        .text("holder", holder)
        .number("token", *token)
        .number("version", *version)
        .item()
}

pub(super) fn read_lease(key: &Key, item: &Item) -> Result<Lease, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let lease = Lease {
        shard: a.number("shard")?,
        holder: a.text("holder", WORDS)?.to_owned(),
        token: a.number("token")?,
        version: a.number("version")?,
    };
    same_key(&a, key, &Key::lease(lease.shard), "shard")?;
    Ok(lease)
}

/// When DynamoDB may delete an item, in seconds since 1970.
fn expiry(at: Timestamp, after: Duration) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0).saturating_add(after.as_secs())
}

/// The word that serde writes for a plain enum (`awaiting-approval`).
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, value::Error> {
    T::deserialize(word.into_deserializer())
}
