//! The records keep the conditions of their ports.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests; clippy only knows their bodies")]

mod common;

use std::time::Duration;

use common::*;
use driftless_domain::{
    Actor, AppName, Artifact, CallClass, Content, ETag, FileClass, Gate, Generation, Health, Manifest, Packed, Packing,
    Reason, Sha256, SiteFile, SitePath, Status, Sync, Tag, Target,
};
use driftless_releases::{
    Change, Claim, DesiredRecord, DesiredWrites, Event, EventKind, Heartbeat, Lease, PutArtifact, ReadRecords,
    SpecRecord, StatusWrites, StoreError, Stored, Versioned,
};
use driftless_sim::{Failure, Faults, MemoryStore, SimClock, Where};
use jiff::Timestamp;

fn store() -> MemoryStore {
    MemoryStore::new(1, SimClock::new())
}

fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn ann() -> Actor {
    Actor::parse("ann").unwrap()
}

fn record(target: &Target, generation: u64) -> (DesiredRecord, Event) {
    let (target, generation, at) = (target.clone(), Generation(generation), at(generation.try_into().unwrap()));
    let text = "release".to_owned();
    let event =
        Event { target: target.clone(), at, sequence: 0, kind: EventKind::Requested, generation, actor: ann(), text };
    let (artifact, reason) = (Tag::parse("v1").unwrap(), Reason::parse("because").unwrap());
    (DesiredRecord { target, generation, artifact, requested_by: ann(), reason, requested_at: at }, event)
}

async fn put(store: &MemoryStore, target: &Target, generation: u64) -> Result<(), StoreError> {
    let (record, event) = record(target, generation);
    store.put_desired(&record, &event).await
}

fn spec(app: &str, version: u64) -> SpecRecord {
    let app = AppName::parse(app).unwrap();
    SpecRecord { app, version, document: "yaml".to_owned(), applied_by: ann(), applied_at: at(0) }
}

fn claim(resource: &str, owner: &str) -> Claim {
    Claim { resource: resource.to_owned(), target: target(owner) }
}

fn status(of: &Target) -> Status {
    Status {
        target: of.clone(),
        observed_generation: Generation(1),
        wanted: None,
        observed_at: at(0),
        sync: Sync::InSync,
        health: Health::Healthy,
        gate: Gate::Open,
        plan: String::new(),
        reason: String::new(),
        since: at(0),
        converged: None,
        last_good: None,
        attempt: None,
        rejected: None,
        heals: Vec::new(),
        contested: None,
        services: Vec::new(),
        site: None,
    }
}

fn conflict<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

#[tokio::test(start_paused = true)]
async fn generations_grow_by_one_and_bring_their_event_s4() {
    let (store, dev) = (store(), target("shop/dev"));
    assert!(conflict(&put(&store, &dev, 2).await));
    put(&store, &dev, 1).await.unwrap();
    assert!(conflict(&put(&store, &dev, 1).await));
    assert!(conflict(&put(&store, &dev, 3).await));
    put(&store, &dev, 2).await.unwrap();
    assert_eq!(store.desired(&dev).await.unwrap().valid().unwrap().generation, Generation(2));
    let generations: Vec<u64> = store.history(&dev, 10).await.unwrap().iter().map(|e| e.generation.0).collect();
    assert_eq!(generations, [2, 1]);
    assert_eq!(store.history(&dev, 1).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_app_keeps_renames_and_moves_its_claims_and_no_other_app_gets_them_s17() {
    let store = store();
    store.put_spec(&spec("shop", 1), &[claim("one", "shop/dev"), claim("two", "shop/dev")]).await.unwrap();
    let taken = store.put_spec(&spec("blog", 1), &[claim("one", "blog/dev")]).await;
    assert_eq!(taken, Err(StoreError::Claimed { resource: "one".to_owned(), owner: target("shop/dev") }));
    assert_eq!(store.spec(&AppName::parse("blog").unwrap()).await, Ok(Stored::Missing));
    // Moved between its own environments; "two" is let go.
    store.put_spec(&spec("shop", 2), &[claim("one", "shop/prod"), claim("three", "shop/dev")]).await.unwrap();
    store.put_spec(&spec("blog", 1), &[claim("two", "blog/dev")]).await.unwrap();
    let twice = store.put_spec(&spec("shop", 3), &[claim("four", "shop/dev"), claim("four", "shop/prod")]).await;
    assert_eq!(twice, Err(StoreError::Claimed { resource: "four".to_owned(), owner: target("shop/dev") }));
    assert!(conflict(&store.put_spec(&spec("shop", 2), &[]).await));
    let many: Vec<Claim> = (0..99).map(|n| claim(&n.to_string(), "shop/dev")).collect();
    assert_eq!(store.put_spec(&spec("shop", 3), &many).await, Err(StoreError::TooManyClaims(99)));
    store.put_spec(&spec("shop", 3), &many[..98]).await.unwrap();
    assert_eq!(store.apps().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_broken_record_is_its_own_trouble_only() {
    let (store, dev, prod) = (store(), target("shop/dev"), target("shop/prod"));
    put(&store, &dev, 1).await.unwrap();
    put(&store, &prod, 1).await.unwrap();
    store.put_raw_invalid(&dev, "attribute artifact is missing");
    let loaded = store.load(&[dev.clone(), prod.clone()]).await.unwrap();
    let Stored::Invalid(invalid) = &loaded[0].desired else { panic!("{:?}", loaded[0]) };
    assert_eq!(invalid.to_string(), "Invalid record: desired shop/dev: attribute artifact is missing");
    assert!(loaded[1].desired.as_valid().is_some());
    assert_eq!(store.changes(None).await.unwrap().len(), 2);
    put(&store, &dev, 2).await.unwrap();
    assert!(store.desired(&dev).await.unwrap().valid().is_some());
    let nowhere = target("shop/qa");
    store.put_raw_invalid(&nowhere, "empty");
    assert!(conflict(&put(&store, &nowhere, 1).await));
}

#[tokio::test(start_paused = true)]
async fn statuses_leases_and_heartbeats_are_fenced() {
    let (store, dev) = (store(), target("shop/dev"));
    let (_, event) = record(&dev, 1);
    let of = |version| Versioned { version, record: status(&dev) };
    assert!(conflict(&store.put_status(&of(1), &[]).await));
    assert_eq!(store.put_status(&of(0), std::slice::from_ref(&event)).await, Ok(1));
    assert!(conflict(&store.put_status(&of(0), std::slice::from_ref(&event)).await));
    assert_eq!(store.put_status(&of(1), &[event]).await, Ok(2));
    assert_eq!(store.history(&dev, 9).await.unwrap().len(), 2);
    assert_eq!(store.load(&[dev]).await.unwrap()[0].status.as_valid().unwrap().version, 2);

    let lease = |version| Lease { shard: 3, holder: "a".to_owned(), token: 1, version };
    assert_eq!(store.lease(3).await, Ok(None));
    assert!(conflict(&store.put_lease(&lease(2)).await));
    store.put_lease(&lease(1)).await.unwrap();
    assert!(conflict(&store.put_lease(&lease(1)).await));
    assert_eq!(store.lease(3).await, Ok(Some(lease(1))));

    let beat = Heartbeat { holder: "a".to_owned(), at: at(0), all_looked_at: at(0), targets: 1, resync_seconds: 60 };
    store.put_heartbeat(&beat).await.unwrap();
    assert_eq!(store.heartbeats().await, Ok(vec![beat]));
    seconds(3_601).await;
    assert_eq!(store.heartbeats().await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_tag_stands_for_one_build() {
    let store = store();
    let artifact = |tag: &str, second| Artifact {
        app: AppName::parse("shop").unwrap(),
        tag: Tag::parse(tag).unwrap(),
        content: Content::Container { images: Default::default() },
        git_sha: None,
        branch: None,
        announced_by: ann(),
        announced_at: at(second),
    };
    let app = AppName::parse("shop").unwrap();
    assert_eq!(store.put_artifact(&artifact("v1", 1)).await, Ok(PutArtifact::New));
    assert_eq!(store.put_artifact(&artifact("v1", 9)).await, Ok(PutArtifact::Exists(artifact("v1", 1))));
    store.put_artifact(&artifact("v2", 2)).await.unwrap();
    let tags: Vec<String> = store.artifacts(&app, 9).await.unwrap().iter().map(|a| a.tag.to_string()).collect();
    assert_eq!(tags, ["v2", "v1"]);
    store.put_raw_invalid_artifact(&app, &Tag::parse("v2").unwrap(), "no images");
    assert_eq!(store.artifacts(&app, 9).await.unwrap().len(), 1);
    assert!(matches!(store.put_artifact(&artifact("v2", 2)).await, Err(StoreError::Invalid(_))));
}

#[tokio::test(start_paused = true)]
async fn the_index_of_changes_can_lag_and_consistent_reads_cannot() {
    let (store, dev) = (store(), target("shop/dev"));
    seconds(60).await;
    store.faults().stale_reads(Duration::from_secs(30), 100);
    put(&store, &dev, 1).await.unwrap();
    assert_eq!(store.changes(None).await, Ok(Vec::new()));
    assert!(store.desired(&dev).await.unwrap().valid().is_some());
    seconds(31).await;
    assert_eq!(store.changes(None).await, Ok(vec![Change { at: at(1), target: dev.clone() }]));
    assert_eq!(store.changes(Some(at(2))).await, Ok(Vec::new()));
    store.nudge(&dev, at(5)).await.unwrap();
    store.nudge(&target("shop/none"), at(5)).await.unwrap();
    seconds(31).await;
    assert_eq!(store.changes(Some(at(2))).await.unwrap().len(), 2);
    assert_eq!(store.changes(None).await.unwrap().len(), 1);
    store.faults().cease();
    store.faults().missing("desired shop/dev", 1);
    assert_eq!(store.changes(None).await, Ok(Vec::new()));
    assert_eq!(store.changes(None).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_lost_after_its_effect_is_ambiguous_and_there() {
    let (store, dev) = (store(), target("shop/dev"));
    store.faults().fail_call(1, Where::After, Failure::Lost);
    let Err(StoreError::Call(error)) = put(&store, &dev, 1).await else { panic!("it was not lost") };
    assert_eq!(error.class, CallClass::Ambiguous);
    assert!(conflict(&put(&store, &dev, 1).await));
    let api = store.acting_as("api", &Faults::new(1));
    put(&api, &dev, 2).await.unwrap();
    assert_eq!(store.faults().calls_made(), 2);
    assert_eq!((store.counts().writes, store.calls_on("desired shop/dev").len()), (3, 3));
}

fn manifest() -> Manifest {
    let file = SiteFile {
        path: SitePath::parse("index.html").unwrap(),
        size: 5,
        sha256: Sha256::of(b"hello"),
        etag: ETag::parse("5d41402abc4b2a76b9719d911017c592").unwrap(),
        parts_checksum: None,
        headers: headers("text/html", "no-cache"),
        class: FileClass::Page,
        packed: Packed { at: 40, size: 5, method: Packing::Stored },
    };
    Manifest { files: vec![file.into()] }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_is_found_by_its_digest_and_by_no_other_app() {
    let (store, shop, manifest) = (store(), AppName::parse("shop").unwrap(), manifest());
    let digest = store.put_manifest(&shop, &manifest).await.unwrap();
    assert_eq!(digest, manifest.digest().unwrap());
    assert_eq!(store.put_manifest(&shop, &manifest).await.unwrap(), digest);
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Valid(manifest));
    assert_eq!(store.manifest(&AppName::parse("other").unwrap(), &digest).await.unwrap(), Stored::Missing);
    let other = Sha256::of(b"other").to_digest();
    assert_eq!(store.manifest(&shop, &other).await.unwrap(), Stored::Missing);
    store.delete_manifest(&shop, &digest);
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_somebody_changed_is_invalid_s2() {
    let (store, shop, manifest) = (store(), AppName::parse("shop").unwrap(), manifest());
    let digest = store.put_manifest(&shop, &manifest).await.unwrap();
    store.spoil_manifest(&shop, &digest);
    let Stored::Invalid(invalid) = store.manifest(&shop, &digest).await.unwrap() else { panic!("it is invalid") };
    assert_eq!(invalid.key, format!("manifest shop/{digest}"));
    assert!(invalid.problem.starts_with("what is stored has the digest sha256:"), "{}", invalid.problem);
    store.put_manifest(&shop, &manifest).await.unwrap();
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Valid(manifest));
    store.put_raw_invalid_manifest(&shop, &digest, "cut off");
    assert!(
        matches!(store.manifest(&shop, &digest).await.unwrap(), Stored::Invalid(found) if found.problem == "cut off")
    );
}
