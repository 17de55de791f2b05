//! What everybody may read.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use driftless_domain::{AppName, Artifact, Digest, Manifest, Tag, Target};
use driftless_releases::{
    Change, DesiredRecord, Event, Heartbeat, InvalidRecord, Loaded, ReadRecords, SpecRecord, StoreError, Stored,
};

use super::attributes::{Item, fixed};
use super::items::{read_artifact, read_desired, read_spec};
use super::items_found::{read_event, read_heartbeat, read_status};
use super::keys::{CHANGED_AT, DESIRED, HEARTBEAT, Key, NUDGE, SPEC, artifact_lane, history};
use super::{DynamoStore, LanePage};

/// The most items that one page of a listing asks for: what one BatchGetItem then fetches.
const PAGE: usize = 100;

/// One item, parsed.
pub(super) fn stored<T>(
    key: &Key,
    item: Option<&Item>,
    read: impl FnOnce(&Key, &Item) -> Result<T, InvalidRecord>,
) -> Stored<T> {
    match item.map(|item| read(key, item)) {
        None => Stored::Missing,
        Some(Ok(record)) => Stored::Valid(record),
        Some(Err(invalid)) => Stored::Invalid(invalid),
    }
}

/// The items that parse; the others are logged, and reading one by its key says what is wrong with it.
fn valid<T>(read: impl Iterator<Item = Result<T, InvalidRecord>>) -> impl Iterator<Item = T> {
    read.filter_map(|record| {
        record.inspect_err(|invalid| tracing::warn!(key = invalid.key, problem = invalid.problem, "left out")).ok()
    })
}

fn spec_of(key: &Key, item: Option<&Item>) -> Stored<SpecRecord> {
    stored(key, item, |key, item| read_spec(key, item).map(|stored| stored.spec))
}

#[async_trait]
impl ReadRecords for DynamoStore {
    async fn changes(&self, since: Option<Timestamp>) -> Result<Vec<Change>, StoreError> {
        let since = since.map(fixed);
        let mut items = self.whole_lane(DESIRED, since.as_deref()).await?;
        if since.is_some() {
            items.extend(self.whole_lane(NUDGE, since.as_deref()).await?);
        }
        let mut newest: BTreeMap<Target, Timestamp> = BTreeMap::new();
        for item in &items {
            let Some(key) = Key::of(item) else { continue };
            let Some(target) = key.after(DESIRED).or_else(|| key.after(NUDGE)) else { continue };
            let Ok(target) = Target::parse(target) else {
                tracing::warn!(key = %key, "not a target");
                continue;
            };
            // The time was edited by hand: the target changed, whenever that was.
            let at: Timestamp = item.get(CHANGED_AT).and_then(|at| at.as_s().ok()?.parse().ok()).unwrap_or_default();
            newest.entry(target).and_modify(|newest| *newest = at.max(*newest)).or_insert(at);
        }
        let mut changes: Vec<Change> = newest.into_iter().map(|(target, at)| Change { at, target }).collect();
        changes.sort();
        Ok(changes)
    }

    async fn load(&self, targets: &[Target]) -> Result<Vec<Loaded>, StoreError> {
        let apps: BTreeSet<&AppName> = targets.iter().map(|target| &target.app).collect();
        let distinct: BTreeSet<&Target> = targets.iter().collect();
        let specs = apps.into_iter().map(Key::spec);
        let own = distinct.into_iter().flat_map(|target| [Key::desired(target), Key::status(target)]);
        let items = self.get_all(specs.chain(own).collect()).await?;
        let loaded = targets.iter().map(|target| {
            let (desired, spec, status) = (Key::desired(target), Key::spec(&target.app), Key::status(target));
            Loaded {
                target: target.clone(),
                desired: stored(&desired, items.get(&desired), read_desired),
                spec: spec_of(&spec, items.get(&spec)),
                status: stored(&status, items.get(&status), read_status),
            }
        });
        Ok(loaded.collect())
    }

    async fn desired(&self, target: &Target) -> Result<Stored<DesiredRecord>, StoreError> {
        let key = Key::desired(target);
        Ok(stored(&key, self.get(&key).await?.as_ref(), read_desired))
    }

    async fn apps(&self) -> Result<Vec<AppName>, StoreError> {
        let items = self.whole_lane(SPEC, None).await?;
        let apps = items.iter().filter_map(|item| AppName::parse(Key::of(item)?.after(SPEC)?.to_owned()).ok());
        Ok(apps.collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn spec(&self, app: &AppName) -> Result<Stored<SpecRecord>, StoreError> {
        let key = Key::spec(app);
        Ok(spec_of(&key, self.get(&key).await?.as_ref()))
    }

    async fn artifact(&self, app: &AppName, tag: &Tag) -> Result<Stored<Artifact>, StoreError> {
        let key = Key::artifact(app, tag);
        Ok(stored(&key, self.get(&key).await?.as_ref(), read_artifact))
    }

    async fn artifacts(&self, app: &AppName, limit: usize) -> Result<Vec<Artifact>, StoreError> {
        let lane = artifact_lane(app);
        let mut artifacts: Vec<Artifact> = Vec::new();
        let mut page = LanePage { newest_first: true, ..LanePage::default() };
        while artifacts.len() < limit {
            page.limit = i32::try_from((limit - artifacts.len()).min(PAGE)).ok();
            let (found, after) = self.lane(&lane, &page).await?;
            let keys: Vec<Key> = found.iter().filter_map(Key::of).collect();
            let items = self.get_all(keys.clone()).await?;
            artifacts.extend(valid(keys.iter().filter_map(|key| Some(read_artifact(key, items.get(key)?)))));
            if after.is_none() {
                break;
            }
            page.after = after;
        }
        Ok(artifacts)
    }

    async fn manifest(&self, app: &AppName, digest: &Digest) -> Result<Stored<Manifest>, StoreError> {
        Ok(self.read_manifest(app, digest).await?)
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Event>, StoreError> {
        let pk = history(target);
        let mut events: Vec<Event> = Vec::new();
        let mut after = None;
        while events.len() < limit {
            let wanted = i32::try_from((limit - events.len()).min(PAGE)).unwrap_or(1);
            let (items, next) = self.partition(&pk, wanted, after).await?;
            events.extend(valid(items.iter().filter_map(|item| Some(read_event(&Key::of(item)?, item)))));
            if next.is_none() {
                break;
            }
            after = next;
        }
        Ok(events)
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        let keys: Vec<Key> = self.whole_lane(HEARTBEAT, None).await?.iter().filter_map(Key::of).collect();
        let items = self.get_all(keys).await?;
        let mut heartbeats: Vec<Heartbeat> = valid(items.iter().map(|(key, item)| read_heartbeat(key, item))).collect();
        heartbeats.sort_by(|a, b| a.holder.cmp(&b.holder));
        Ok(heartbeats)
    }
}
