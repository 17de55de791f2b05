//! The suite. Each part uses apps of its own, so that all of them can share one table.

use futures::future::join_all;

use driftless_domain::{CallClass, Generation, Tag};
use driftless_releases::{
    Claim, DesiredWrites, EventKind, Lease, PutArtifact, ReadRecords, StatusWrites, StoreError, Stored, Versioned,
};

use crate::values::{app, artifact, at, claim, desired, event, heartbeat, requested, spec, status, target};

/// All of it.
pub(crate) async fn all<S: ReadRecords + DesiredWrites + StatusWrites>(store: &S) {
    nothing_is_missing_and_not_an_error(store).await;
    a_spec_moves_one_version_at_a_time(store).await;
    a_resource_belongs_to_one_app(store).await;
    claims_have_a_limit(store).await;
    a_tag_stands_for_one_build(store).await;
    artifacts_are_listed_newest_first(store).await;
    generations_are_strictly_monotone_s4(store).await;
    changes_name_what_changed(store).await;
    a_status_is_written_over_the_version_that_was_read(store).await;
    history_is_newest_first(store).await;
    heartbeats_replace_each_other(store).await;
    a_lease_has_one_holder(store).await;
    many_targets_are_loaded_at_once(store).await;
}

#[track_caller]
fn conflict<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Conflict { .. })), "{answer:?}");
}

async fn nothing_is_missing_and_not_an_error<S: ReadRecords + StatusWrites>(store: &S) {
    let shop = target("nothing/dev");
    assert_eq!(store.desired(&shop).await.unwrap(), Stored::Missing);
    assert_eq!(store.spec(&shop.app).await.unwrap(), Stored::Missing);
    assert_eq!(store.artifact(&shop.app, &Tag::parse("v1").unwrap()).await.unwrap(), Stored::Missing);
    let loaded = store.load(std::slice::from_ref(&shop)).await.unwrap().remove(0);
    assert_eq!((loaded.desired, loaded.spec, loaded.status), (Stored::Missing, Stored::Missing, Stored::Missing));
    assert_eq!(loaded.target, shop);
    assert!(store.history(&shop, 10).await.unwrap().is_empty());
    assert!(store.artifacts(&shop.app, 10).await.unwrap().is_empty());
    assert_eq!(store.lease(63).await.unwrap(), None);
    assert!(store.load(&[]).await.unwrap().is_empty());
}

async fn a_spec_moves_one_version_at_a_time<S: ReadRecords + DesiredWrites>(store: &S) {
    conflict(&store.put_spec(&spec("specs", 2), &[]).await);
    conflict(&store.put_spec(&spec("specs", 0), &[]).await);
    store.put_spec(&spec("specs", 1), &[]).await.unwrap();
    conflict(&store.put_spec(&spec("specs", 1), &[]).await);
    store.put_spec(&spec("specs", 2), &[]).await.unwrap();
    assert_eq!(store.spec(&app("specs")).await.unwrap(), Stored::Valid(spec("specs", 2)));
    store.put_spec(&spec("another", 1), &[]).await.unwrap();
    let apps = store.apps().await.unwrap();
    assert!(apps.contains(&app("specs")) && apps.contains(&app("another")) && apps.is_sorted(), "{apps:?}");
}

async fn a_resource_belongs_to_one_app<S: DesiredWrites>(store: &S) {
    let claimed = |answer: Result<(), StoreError>, owner: &str| {
        let owned = matches!(&answer, Err(StoreError::Claimed { resource, owner: o })
            if resource == "bucket a" && *o == target(owner));
        assert!(owned, "{answer:?}");
    };
    store.put_spec(&spec("one", 1), &[claim("bucket a", "one/dev"), claim("bucket b", "one/prod")]).await.unwrap();
    claimed(store.put_spec(&spec("two", 1), &[claim("bucket a", "two/dev")]).await, "one/dev");
    let twice = [claim("bucket a", "one/dev"), claim("bucket a", "one/prod")];
    claimed(store.put_spec(&spec("one", 2), &twice).await, "one/dev");

    // The refused spec is not there at all: its first version can still be written.
    store.put_spec(&spec("two", 1), &[claim("bucket c", "two/dev")]).await.unwrap();
    // A claim moves between the environments of its app, and the same claim said twice is one.
    let moved = [claim("bucket a", "one/prod"), claim("bucket a", "one/prod")];
    store.put_spec(&spec("one", 2), &moved).await.unwrap();
    claimed(store.put_spec(&spec("two", 2), &[claim("bucket a", "two/dev")]).await, "one/prod");
    // `bucket b` was let go; `bucket a` is let go now.
    store.put_spec(&spec("two", 2), &[claim("bucket b", "two/dev")]).await.unwrap();
    store.put_spec(&spec("one", 3), &[]).await.unwrap();
    store.put_spec(&spec("two", 3), &[claim("bucket a", "two/dev")]).await.unwrap();
}

async fn claims_have_a_limit<S: DesiredWrites>(store: &S) {
    let claims = |count: usize| -> Vec<Claim> {
        (0..count).map(|number| claim(&format!("many {number}"), "many/dev")).collect()
    };
    let answer = store.put_spec(&spec("many", 1), &claims(99)).await;
    assert_eq!(answer, Err(StoreError::TooManyClaims(99)));
    store.put_spec(&spec("many", 1), &claims(98)).await.unwrap();
    store.put_spec(&spec("many", 2), &claims(98)).await.unwrap();
    store.put_spec(&spec("many", 3), &[]).await.unwrap();
}

async fn a_tag_stands_for_one_build<S: ReadRecords + DesiredWrites>(store: &S) {
    let first = artifact("builds", "v1", 0);
    assert_eq!(store.put_artifact(&first).await.unwrap(), PutArtifact::New);
    assert_eq!(store.put_artifact(&first).await.unwrap(), PutArtifact::Exists(first.clone()));
    let mut other = artifact("builds", "v1", 9);
    (other.git_sha, other.branch) = (None, Some("feature/ä".to_owned()));
    assert_eq!(store.put_artifact(&other).await.unwrap(), PutArtifact::Exists(first.clone()));
    assert_eq!(store.artifact(&first.app, &first.tag).await.unwrap(), Stored::Valid(first));
    other.tag = Tag::parse("v2").unwrap();
    store.put_artifact(&other).await.unwrap();
    assert_eq!(store.artifact(&other.app, &other.tag).await.unwrap(), Stored::Valid(other));
}

async fn artifacts_are_listed_newest_first<S: ReadRecords + DesiredWrites>(store: &S) {
    for (tag, second) in [("b", 2), ("a", 3), ("c", 1)] {
        store.put_artifact(&artifact("listed", tag, second)).await.unwrap();
    }
    store.put_artifact(&artifact("listed-too", "x", 9)).await.unwrap();
    let tags = async |limit| {
        let artifacts = store.artifacts(&app("listed"), limit).await.unwrap();
        artifacts.iter().map(|artifact| artifact.tag.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(tags(10).await, ["a", "b", "c"]);
    assert_eq!(tags(2).await, ["a", "b"]);
    assert!(tags(0).await.is_empty());
}

async fn generations_are_strictly_monotone_s4<S: ReadRecords + DesiredWrites>(store: &S) {
    let put = async |generation| {
        let record = desired("monotone/dev", generation);
        store.put_desired(&record, &requested(&record)).await
    };
    conflict(&put(0).await);
    conflict(&put(2).await);
    put(1).await.unwrap();
    conflict(&put(1).await);
    conflict(&put(3).await);
    put(2).await.unwrap();
    conflict(&put(1).await);
    let shop = target("monotone/dev");
    assert_eq!(store.desired(&shop).await.unwrap(), Stored::Valid(desired("monotone/dev", 2)));
    let history: Vec<Generation> =
        store.history(&shop, 10).await.unwrap().iter().map(|event| event.generation).collect();
    assert_eq!(history, [Generation(2), Generation(1)], "a refused change leaves no word");
}

async fn changes_name_what_changed<S: ReadRecords + DesiredWrites>(store: &S) {
    for (name, generation) in [("changed/dev", 1), ("changed/prod", 1), ("changed/prod", 2)] {
        let record = desired(name, generation);
        store.put_desired(&record, &requested(&record)).await.unwrap();
    }
    let mine = async |since| {
        let changes = store.changes(since).await.unwrap();
        assert!(changes.is_sorted(), "{changes:?}");
        let mine = changes.into_iter().filter(|change| change.target.app == app("changed"));
        mine.map(|change| change.target.env.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(mine(None).await, ["dev", "prod"]);
    assert_eq!(mine(Some(at(2))).await, ["prod"], "at that instant counts");
    assert!(mine(Some(at(3))).await.is_empty());
    store.nudge(&target("changed/dev"), at(50)).await.unwrap();
    store.nudge(&target("changed/dev"), at(40)).await.unwrap();
    store.nudge(&target("changed/never-asked-for"), at(50)).await.unwrap();
    assert_eq!(mine(Some(at(45))).await, ["dev", "never-asked-for"]);
    assert_eq!(mine(None).await.len(), 2, "a wish to look makes no desired record");
}

async fn a_status_is_written_over_the_version_that_was_read<S: ReadRecords + StatusWrites>(store: &S) {
    let put = async |version, reason| {
        let record = status("statuses/dev", reason);
        let told = event("statuses/dev", 1, u32::try_from(version).unwrap(), EventKind::Started);
        store.put_status(&Versioned { version, record }, &[told]).await
    };
    assert_eq!(put(0, "first").await, Ok(1));
    conflict(&put(0, "another first").await);
    assert_eq!(put(1, "second").await, Ok(2));
    conflict(&put(1, "late").await);
    conflict(&put(9, "early").await);
    let loaded = store.load(&[target("statuses/dev")]).await.unwrap().remove(0);
    let expected = Versioned { version: 2, record: status("statuses/dev", "second") };
    assert_eq!(loaded.status, Stored::Valid(expected));
    assert_eq!(store.history(&target("statuses/dev"), 10).await.unwrap().len(), 2);
    let quiet = Versioned { version: 2, record: status("statuses/dev", "without a word") };
    assert_eq!(store.put_status(&quiet, &[]).await, Ok(3));
}

async fn history_is_newest_first<S: ReadRecords + StatusWrites>(store: &S) {
    let events = [
        event("told/dev", 2, 0, EventKind::Started),
        event("told/dev", 1, 0, EventKind::Requested),
        event("told/dev", 2, 1, EventKind::Intent),
        event("told/dev", 2, 10, EventKind::Rejected),
        event("told/dev", 3, 0, EventKind::Converged),
    ];
    store.put_status(&Versioned { version: 0, record: status("told/dev", "x") }, &events).await.unwrap();
    let told = store.history(&target("told/dev"), 10).await.unwrap();
    let kinds: Vec<EventKind> = told.iter().map(|event| event.kind).collect();
    let expected =
        [EventKind::Converged, EventKind::Rejected, EventKind::Intent, EventKind::Started, EventKind::Requested];
    assert_eq!(kinds, expected);
    assert_eq!(told[0], events[4], "nothing of it is lost");
    assert_eq!(store.history(&target("told/dev"), 2).await.unwrap(), told[..2]);
    assert!(store.history(&target("told/prod"), 10).await.unwrap().is_empty());
}

async fn heartbeats_replace_each_other<S: ReadRecords + StatusWrites>(store: &S) {
    for (holder, second) in [("two", 5), ("one", 1), ("one", 2)] {
        store.put_heartbeat(&heartbeat(holder, second)).await.unwrap();
    }
    assert_eq!(store.heartbeats().await.unwrap(), [heartbeat("one", 2), heartbeat("two", 5)]);
}

async fn a_lease_has_one_holder<S: StatusWrites>(store: &S) {
    let lease = |holder: &str, token, version| Lease { shard: 5, holder: holder.to_owned(), token, version };
    conflict(&store.put_lease(&lease("one", 1, 0)).await);
    conflict(&store.put_lease(&lease("one", 1, 2)).await);
    store.put_lease(&lease("one", 1, 1)).await.unwrap();
    conflict(&store.put_lease(&lease("two", 2, 1)).await);
    store.put_lease(&lease("one", 1, 2)).await.unwrap();
    store.put_lease(&lease("", 1, 3)).await.unwrap();
    assert_eq!(store.lease(5).await.unwrap(), Some(lease("", 1, 3)), "let go, with its token");
    store.put_lease(&lease("two", 2, 4)).await.unwrap();
    conflict(&store.put_lease(&lease("one", 1, 4)).await);
}

async fn many_targets_are_loaded_at_once<S: ReadRecords + DesiredWrites>(store: &S) {
    let names: Vec<String> = (0..130).map(|number| format!("loaded/e{number}")).collect();
    for name in names.iter().step_by(3) {
        let record = desired(name, 1);
        store.put_desired(&record, &requested(&record)).await.unwrap();
    }
    store.put_spec(&spec("loaded", 1), &[]).await.unwrap();
    let targets: Vec<_> = names.iter().rev().map(|name| target(name)).chain([target("loaded/e0")]).collect();
    let loaded = store.load(&targets).await.unwrap();
    assert_eq!(loaded.len(), 131);
    for (loaded, target) in loaded.iter().zip(&targets) {
        assert_eq!((&loaded.target, &loaded.spec), (target, &Stored::Valid(spec("loaded", 1))));
        let number: usize = target.env.as_str()[1..].parse().unwrap();
        assert_eq!(loaded.desired.as_valid().is_some(), number.is_multiple_of(3), "{target}");
    }
}

/// Of writers at one instant, one wins, and the others learn that they did not.
pub(crate) async fn races<S: ReadRecords + DesiredWrites + StatusWrites>(store: &S) {
    for generation in 1..=5 {
        let record = desired("raced/dev", generation);
        let told = requested(&record);
        let answers = join_all((0..8).map(|_| store.put_desired(&record, &told))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        answers.iter().filter(|answer| answer.is_err()).for_each(conflict);
    }
    let leases = (0..8).map(|number| Lease { shard: 9, holder: format!("holder {number}"), token: 1, version: 1 });
    let leases: Vec<Lease> = leases.collect();
    let answers = join_all(leases.iter().map(|lease| store.put_lease(lease))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let transient = |answer: &Result<(), StoreError>| matches!(answer, Err(StoreError::Call(call)) if call.class == CallClass::Ambiguous);
    assert!(!answers.iter().any(transient), "{answers:?}");
}
