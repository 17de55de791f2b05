//! The table of [`super::view`]: what is stored, how old the look is, and the word that people read.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{
    Actor, Attempt, Cause, Converged, Gate, Generation, Headline, Health, ImageRef, Published, Reason, Rejected,
    RejectedAs, Release, ServiceName, ServiceStatus, SiteMemory, SiteStatus, Status, Sync, Tag, Target,
};
use driftless_releases::{DesiredRecord, Heartbeat, InvalidRecord, Loaded, Stored, Versioned};
use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};

use super::{Seen, view};
use crate::outcome::outcome;
use crate::wire::TargetView;

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);
const RESYNC: Duration = Duration::from_secs(60);

fn ago(seconds: i64) -> Timestamp {
    NOW.checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

fn target() -> Target {
    Target::parse("shop/dev").unwrap()
}

fn image(digit: char) -> ImageRef {
    format!("acme/web@sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn service(digit: char) -> ServiceStatus {
    ServiceStatus {
        name: ServiceName::parse("web").unwrap(),
        family: None,
        task_definition: None,
        image: Some(image(digit).to_string()),
        parameter: None,
        running: Some(1),
        wanted: Some(1),
        rollout: None,
    }
}

fn desired(generation: u64) -> Stored<DesiredRecord> {
    Stored::Valid(DesiredRecord {
        target: target(),
        generation: Generation(generation),
        artifact: Tag::parse("v2").unwrap(),
        requested_by: Actor::parse("operator").unwrap(),
        reason: Reason::parse("because").unwrap(),
        requested_at: ago(300),
    })
}

/// A status that converged at generation 2, looked at 10 s ago.
fn converged() -> Status {
    let tag = Tag::parse("v2").unwrap();
    let generation = Generation(2);
    let images = BTreeMap::from([(ServiceName::parse("web").unwrap(), image('2'))]);
    Status {
        target: target(),
        observed_generation: generation,
        wanted: Some(tag.clone()),
        observed_at: ago(10),
        sync: Sync::InSync,
        health: Health::Healthy,
        gate: Gate::Open,
        plan: "converged".to_owned(),
        reason: "runs v2 (generation 2)".to_owned(),
        since: ago(200),
        converged: Some(Converged { generation, tag: tag.clone(), since: ago(200) }),
        last_good: Some(Release { generation, tag, images, site: None }),
        attempt: None,
        rejected: None,
        heals: Vec::new(),
        contested: None,
        services: vec![service('2')],
        site: None,
    }
}

fn rejected(outcome: RejectedAs) -> Status {
    let rejected = Rejected {
        generation: Generation(2),
        tag: Tag::parse("v2").unwrap(),
        outcome,
        reason: "the circuit breaker was triggered".to_owned(),
        stopped_task: None,
        at: ago(20),
        parameters_before: BTreeMap::new(),
        revisions_before: BTreeMap::new(),
    };
    Status { gate: Gate::Rejected, rejected: Some(rejected), converged: None, ..converged() }
}

fn look(desired: Stored<DesiredRecord>, status: Stored<Versioned<Status>>, heartbeats: &[Heartbeat]) -> TargetView {
    let loaded = Loaded { target: target(), desired, spec: Stored::Missing, status };
    view(&loaded, Seen { heartbeats, resync: RESYNC, now: NOW })
}

fn found(status: Status) -> Stored<Versioned<Status>> {
    Stored::Valid(Versioned { version: 1, record: status })
}

fn line(view: &TargetView) -> String {
    let TargetView { headline, reason, since, runs, age_seconds, fresh, .. } = view;
    let since = since.map(|since| NOW.duration_since(since).as_secs());
    let runs = runs.as_deref().unwrap_or("-");
    let word = format!("{:?}", outcome(view, Generation(2))).to_lowercase();
    format!("{headline} | {reason} | since {since:?} runs {runs} age {age_seconds:?} fresh {fresh} | {word}")
}

fn check(view: &TargetView, expected: &Expect) {
    expected.assert_eq(&line(view));
}

#[test]
fn without_records_nothing_is_wanted() {
    let view = look(Stored::Missing, Stored::Missing, &[]);
    check(&view, &expect!["Pending | nothing is wanted here yet | since None runs - age None fresh false | pending"]);
}

#[test]
fn a_new_generation_is_pending_until_it_is_looked_at() {
    let view = look(desired(2), Stored::Missing, &[]);
    check(
        &view,
        &expect![
            "Pending | the controller has not looked at generation 2 yet | since Some(300) runs - age None fresh false | pending"
        ],
    );
}

#[test]
fn green_is_never_shown_for_another_generation() {
    for (stored, word) in [(3, "superseded"), (1, "pending")] {
        let view = look(desired(stored), found(converged()), &[]);
        assert_eq!(view.headline, Headline::Pending);
        assert!(line(&view).ends_with(word), "{}", line(&view));
    }
}

#[test]
fn green_is_never_shown_for_another_artifact_of_the_same_generation() {
    let edited = || match desired(2) {
        Stored::Valid(record) => Stored::Valid(DesiredRecord { artifact: Tag::parse("v3").unwrap(), ..record }),
        Stored::Missing | Stored::Invalid(_) => panic!("it is valid"),
    };
    let view = look(edited(), found(converged()), &[]);
    check(
        &view,
        &expect![
            "Pending | the record asks for v3 at generation 2, for which the controller has seen v2; it has not looked at v3 yet | since Some(300) runs v2 age Some(10) fresh true | pending"
        ],
    );
    // What was said of the artifact before is not said of this one.
    let view = look(edited(), found(rejected(RejectedAs::RolledBack)), &[]);
    assert!(line(&view).starts_with("Pending") && line(&view).ends_with("| pending"), "{}", line(&view));
    let view = look(desired(2), found(Status { wanted: None, ..converged() }), &[]);
    assert_eq!((view.headline, outcome(&view, Generation(2))), (Headline::Pending, crate::Outcome::Pending));
    // A look that could not get as far as the artifact says why.
    let why = "there is no artifact v3 of shop".to_owned();
    let broken = Status { health: Health::Degraded, sync: Sync::Unknown, reason: why, ..converged() };
    let view = look(edited(), found(broken), &[]);
    check(
        &view,
        &expect![
            "Degraded | there is no artifact v3 of shop | since Some(200) runs v2 age Some(10) fresh true | degraded"
        ],
    );
}

#[test]
fn a_spec_that_does_not_parse_is_not_green() {
    let problem = InvalidRecord { key: "spec#shop".to_owned(), problem: "document: missing".to_owned() };
    let (desired, status) = (desired(2), found(converged()));
    let loaded = Loaded { target: target(), desired, spec: Stored::Invalid(problem), status };
    let view = view(&loaded, Seen { heartbeats: &[], resync: RESYNC, now: NOW });
    assert_eq!((view.headline, outcome(&view, Generation(2))), (Headline::Degraded, crate::Outcome::Degraded));
    assert_eq!(view.reason, "Invalid record: spec#shop: document: missing");
}

#[test]
fn converged_is_converged() {
    let view = look(desired(2), found(converged()), &[]);
    check(
        &view,
        &expect!["Converged | runs v2 (generation 2) | since Some(200) runs v2 age Some(10) fresh true | converged"],
    );
}

#[test]
fn l8_a_look_older_than_three_resyncs_is_unknown_and_no_outcome() {
    for (age, headline) in [(179, Headline::Converged), (180, Headline::Converged), (181, Headline::Unknown)] {
        let view = look(desired(2), found(Status { observed_at: ago(age), ..converged() }), &[]);
        assert_eq!((view.headline, view.fresh), (headline, age <= 180), "{age}");
    }
    let view = look(desired(2), found(Status { observed_at: ago(900), ..converged() }), &[]);
    check(
        &view,
        &expect![
            "Unknown | nobody has looked since 2025-12-31T23:45:00Z: is the controller running? then: runs v2 (generation 2) | since Some(900) runs v2 age Some(900) fresh false | pending"
        ],
    );
}

#[test]
fn the_newest_heartbeat_says_how_recent_the_look_is_and_what_recent_means() {
    let beat = |at: i64, looked: i64, resync_seconds: u64| Heartbeat {
        holder: "one".to_owned(),
        at: ago(at),
        all_looked_at: ago(looked),
        targets: 1,
        resync_seconds,
    };
    let old = found(Status { observed_at: ago(5000), ..converged() });
    let fresh = look(desired(2), old.clone(), &[beat(400, 500, 60), beat(3, 20, 60)]);
    assert_eq!((fresh.headline, fresh.age_seconds), (Headline::Converged, Some(20)));
    let dead = look(desired(2), old.clone(), &[beat(400, 500, 60)]);
    assert_eq!((dead.headline, dead.age_seconds), (Headline::Unknown, Some(500)));
    let slow = look(desired(2), old, &[beat(400, 500, 300)]);
    assert_eq!(slow.headline, Headline::Converged);
}

#[test]
fn a_record_that_does_not_parse_is_degraded_and_said() {
    let problem = InvalidRecord { key: "desired#shop/dev".to_owned(), problem: "generation: not a number".to_owned() };
    let view = look(Stored::Invalid(problem.clone()), found(converged()), &[]);
    check(
        &view,
        &expect![
            "Degraded | Invalid record: desired#shop/dev: generation: not a number | since None runs v2 age Some(10) fresh true | degraded"
        ],
    );
    let view = look(desired(2), Stored::Invalid(problem), &[]);
    assert_eq!((view.headline, outcome(&view, Generation(2))), (Headline::Degraded, crate::Outcome::Degraded));
}

#[test]
fn s10_a_record_that_is_gone_is_told_and_not_green() {
    let view = look(Stored::Missing, found(converged()), &[]);
    check(
        &view,
        &expect![
            "Degraded | the desired record of shop/dev is gone, it was at generation 2; what runs stays | since None runs v2 age Some(10) fresh true | degraded"
        ],
    );
}

#[test]
fn a_rejected_generation_is_never_converged_even_when_the_last_good_release_runs_well() {
    let view = look(desired(2), found(rejected(RejectedAs::RolledBack)), &[]);
    assert!(line(&view).starts_with("Rejected") && line(&view).ends_with("| rolledback"), "{}", line(&view));
    let view = look(desired(2), found(rejected(RejectedAs::Failed)), &[]);
    assert!(line(&view).ends_with("| failed"), "{}", line(&view));
}

#[test]
fn the_outcome_follows_the_status_of_that_generation() {
    let progressing = Status { sync: Sync::OutOfSync, health: Health::Progressing, converged: None, ..converged() };
    let earlier = Converged { generation: Generation(1), tag: Tag::parse("v1").unwrap(), since: ago(900) };
    let table = [
        (progressing.clone(), "pending"),
        // In sync, and convergence at this generation is not recorded yet.
        (Status { converged: Some(earlier), ..converged() }, "pending"),
        (Status { sync: Sync::OutOfSync, ..converged() }, "pending"),
        (Status { health: Health::Degraded, ..progressing.clone() }, "degraded"),
        (Status { gate: Gate::AwaitingApproval, ..progressing.clone() }, "gated"),
        (Status { gate: Gate::Held, ..progressing }, "gated"),
        (Status { sync: Sync::Unknown, ..converged() }, "pending"),
    ];
    for (status, word) in table {
        let view = look(desired(2), found(status), &[]);
        assert!(line(&view).ends_with(&format!("| {word}")), "{}", line(&view));
    }
}

#[test]
fn what_runs_is_told_by_the_images() {
    let attempt = Attempt::new(Generation(3), Tag::parse("v3").unwrap(), Cause::Release, ago(9));
    let other = ServiceStatus { name: ServiceName::parse("worker").unwrap(), ..service('9') };
    let table = [
        (converged(), Some("v2")),
        (Status { services: Vec::new(), ..converged() }, None),
        (Status { services: vec![service('9')], ..converged() }, Some("other")),
        (Status { services: vec![service('2'), other], ..converged() }, Some("mixed")),
        (Status { services: vec![service('9')], attempt: Some(attempt.clone()), ..converged() }, Some("changing")),
        (Status { last_good: None, attempt: Some(attempt), ..converged() }, Some("changing")),
        (Status { last_good: None, ..converged() }, Some("other")),
    ];
    for (status, runs) in table {
        assert_eq!(super::runs(&status).as_deref(), runs);
    }
}

/// A site in which these releases were begun, in order, each as a whole or in part.
fn site(begun: &[(&str, bool)]) -> SiteStatus {
    let published = begun.iter().map(|(tag, whole)| Published {
        tag: Tag::parse(*tag).unwrap(),
        manifest: image('2').digest,
        since: ago(500),
        whole: *whole,
        until: None,
    });
    SiteStatus {
        files: 3,
        bytes: 300,
        missing: 0,
        changed: 0,
        other_headers: 0,
        foreign: 0,
        foreign_examples: Vec::new(),
        kept: 0,
        parameter: None,
        progress: None,
        memory: SiteMemory { published: published.collect(), ..SiteMemory::default() },
    }
}

/// A site that wants v2 and is not (or no more) as it should be.
fn unlike(site: SiteStatus) -> Status {
    Status { sync: Sync::OutOfSync, converged: None, services: Vec::new(), site: Some(site), ..converged() }
}

#[test]
fn what_a_bucket_holds_is_told_by_what_was_put_there() {
    let (v1, both) = ([("v1", true)], [("v1", true), ("v2", true)]);
    let half = [("v1", true), ("v2", false)];
    let table = [
        ("in sync", Status { sync: Sync::InSync, converged: converged().converged, ..unlike(site(&v1)) }, Some("v2")),
        ("nothing of ours is there", unlike(site(&[])), None),
        ("v2 is not begun", unlike(SiteStatus { missing: 3, ..site(&v1) }), Some("v1")),
        ("v2 is on its way", unlike(SiteStatus { missing: 1, ..site(&half) }), Some("changing")),
        ("somebody deleted a file", unlike(SiteStatus { missing: 1, ..site(&both) }), Some("mixed")),
        ("somebody changed a file", unlike(SiteStatus { changed: 1, ..site(&both) }), Some("mixed")),
        ("the parameter differs", unlike(site(&both)), Some("v2")),
    ];
    for (what, status, runs) in table {
        assert_eq!(super::runs(&status).as_deref(), runs, "{what}");
    }
}

#[test]
fn a_site_has_not_converged_while_caches_are_told() {
    let told = "the files are in place; invalidation I2J4 of distribution E2EXAMPLE1ABCD is under way";
    let waiting = Status { health: Health::Progressing, reason: told.to_owned(), ..unlike(site(&[("v2", true)])) };
    let view = look(desired(2), found(waiting.clone()), &[]);
    check(
        &view,
        &expect![
            "Progressing | the files are in place; invalidation I2J4 of distribution E2EXAMPLE1ABCD is under way | since Some(200) runs v2 age Some(10) fresh true | pending"
        ],
    );
    let slow = look(desired(2), found(Status { health: Health::Degraded, ..waiting }), &[]);
    assert_eq!(outcome(&slow, Generation(2)), crate::Outcome::Degraded);
}
