//! Every call fails once before and once after its effect, and the process dies at every call: for a first deployment, an
//! update, a heal and a rollback. All converge, with at most one stray revision and no doubled deployment (S7, L2).

use std::sync::Arc;
use std::time::Duration;

use driftless_domain::{TaskDefArn, TaskFamily};
use driftless_reconcile::{Controller, Sole};
use driftless_sim::{Failure, ImageBehaviour, Where};
use driftless_tests::lab::{Lab, bound, image, tag};
use driftless_tests::warped::{Warp, Warped};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Deploy,
    Update,
    Heal,
    Rollback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hit {
    Fail(Where),
    Crash(Where),
}

const HITS: [Hit; 4] =
    [Hit::Fail(Where::Before), Hit::Fail(Where::After), Hit::Crash(Where::Before), Hit::Crash(Where::After)];

/// Long enough for a rollout, a settle window and the longest delays in between.
const LONG: Duration = Duration::from_secs(20 * 60);

type Make<'a> = &'a (dyn Fn(&Lab) -> Controller + Sync);

/// The history of a job, with one call hit. Answers with the lab and the number of the last call before the job.
async fn history(job: Job, hit: Option<(u64, Hit)>, make: Make<'_>) -> (Lab, u64) {
    let lab = Lab::new(11).await;
    if job != Job::Deploy {
        lab.deploy("dev", 'a').await;
        lab.run_for(Duration::from_secs(5 * 60)).await;
        lab.assert_lives("dev", 'a', "before the job").await;
    }
    lab.world.image_behaves(
        &"c".repeat(64),
        ImageBehaviour::Crashes { after: Duration::from_secs(5), exit_code: 1, reason: "boom".to_owned() },
    );
    lab.world.clear_history();
    match job {
        Job::Deploy | Job::Update => drop(lab.deploy("dev", 'b').await),
        Job::Rollback => drop(lab.deploy("dev", 'c').await),
        Job::Heal => {
            let elsewhere = lab.register_other("dev", "web");
            lab.point_elsewhere("dev", "web", &elsewhere);
            lab.edit_parameter("dev", "web", "by-hand");
        }
    }
    let before = lab.world.faults().calls_made();
    if let Some((number, hit)) = hit {
        match hit {
            Hit::Fail(at) => lab.world.faults().fail_call(number, at, Failure::Lost),
            Hit::Crash(at) => lab.world.faults().crash_at(number, at),
        }
    }
    lab.run_with(LONG, &|| make(&lab)).await;
    (lab, before)
}

/// What is wrong with how a job ended, in words.
async fn faults_of(job: Job, lab: &Lab) -> Vec<String> {
    let mut wrong = lab.world.violations();
    let status = lab.status("dev").await;
    let letter = match job {
        Job::Deploy | Job::Update => 'b',
        Job::Heal | Job::Rollback => 'a',
    };
    if lab.runs_image("dev", "web") != image("web", letter).to_string() {
        wrong.push(format!("the service runs {}", lab.runs_image("dev", "web")));
    }
    if lab.parameter("dev", "web") != Some(tag(letter).to_string()) {
        wrong.push(format!("the parameter says {:?}", lab.parameter("dev", "web")));
    }
    match &status {
        None => wrong.push("no status".to_owned()),
        Some(status) if status.plan != "converged" => {
            wrong.push(format!("the plan is {:?}: {}", status.plan, status.reason));
        }
        Some(status) if (job == Job::Rollback) != status.rejected.is_some() => {
            wrong.push(format!("rejected: {:?}", status.rejected));
        }
        Some(_) => {}
    }
    // Ours: `a` is there before all jobs but the first deployment; a job adds one revision of its own (a heal none), and
    // at most one stray.
    let needed = match job {
        Job::Deploy | Job::Heal => 1,
        Job::Update | Job::Rollback => 2,
    };
    let revisions = lab.our_revisions("dev", "web");
    if revisions > needed + 1 {
        wrong.push(format!("{revisions} revisions of ours, {needed} are needed"));
    }
    let binding = lab.binding("dev");
    let one = bound(&binding, "web");
    let wanted = match job {
        Job::Rollback => image("web", 'c'),
        Job::Deploy | Job::Update | Job::Heal => image("web", letter),
    };
    let family = TaskFamily::parse(one.service.as_str()).unwrap();
    let bringing: Vec<TaskDefArn> = lab
        .world
        .revisions_of(&binding.place, &family)
        .into_iter()
        .filter(|revision| revision.document.image_of(&one.container) == Some(wanted.to_string().as_str()))
        .map(|revision| revision.arn)
        .collect();
    let pushes = lab
        .effects("ecs:UpdateService")
        .into_iter()
        .filter(|call| bringing.iter().any(|arn| call.detail.contains(arn.short())))
        .count();
    if pushes != 1 {
        wrong.push(format!("{pushes} deployments of {wanted} instead of one"));
    }
    wrong
}

/// The calls of a job without faults, but for the index that is polled every second and the heartbeat.
async fn calls_of(job: Job) -> Vec<u64> {
    let (lab, before) = history(job, None, &Lab::controller).await;
    let wrong = faults_of(job, &lab).await;
    assert!(wrong.is_empty(), "{job:?} without faults: {wrong:#?}");
    // From the first call to one whole look after the last change in the world: past that the looks repeat themselves.
    let history = lab.world.history();
    let last_change =
        history.iter().filter(|call| call.actor != "driftless" || call.writes).map(|call| call.at).max().unwrap();
    let end = last_change + jiff::SignedDuration::try_from(driftless_tests::lab::RESYNC * 2).unwrap();
    let ours = history.iter().filter(|call| call.actor == "driftless" && call.number > before && call.at <= end);
    // Of the index that is polled every second, and of the heartbeats, the first few stand for all.
    let (polls, calls): (Vec<_>, Vec<_>) =
        ours.partition(|call| call.operation == "dynamodb:Query" || call.object.contains("heartbeat"));
    let mut numbers: Vec<u64> = calls.iter().chain(polls.iter().take(6)).map(|call| call.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

async fn crash_at_every_call(job: Job) {
    let numbers = calls_of(job).await;
    assert!(numbers.len() > 15, "{job:?}: {} calls", numbers.len());
    let mut histories = 0;
    for number in numbers {
        for hit in HITS {
            let (lab, _) = history(job, Some((number, hit)), &Lab::controller).await;
            let wrong = faults_of(job, &lab).await;
            assert!(wrong.is_empty(), "{job:?}, call {number}, {hit:?}: {wrong:#?}\n{}", log(&lab));
            histories += 1;
        }
    }
    println!("{job:?}: {histories} histories");
}

fn log(lab: &Lab) -> String {
    lab.world
        .history()
        .iter()
        .filter(|call| call.writes || call.actor != "driftless")
        .map(|call| format!("{call}\n"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_deployment_s7_l2() {
    crash_at_every_call(Job::Deploy).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_an_update_s7_l2() {
    crash_at_every_call(Job::Update).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_heal_s7_l2() {
    crash_at_every_call(Job::Heal).await;
}

#[tokio::test(start_paused = true)]
async fn crash_at_every_call_of_a_rollback_s7_s9_l2() {
    crash_at_every_call(Job::Rollback).await;
}

/// The guard of the guard: the same matrix, with an adapter that calls a failed read "absent", must be caught.
#[tokio::test(start_paused = true)]
async fn calling_a_failed_read_absent_is_caught_s10() {
    let gullible = |lab: &Lab| {
        let reader = Warped { world: lab.world.clone(), warp: Warp::ErrorsAreAbsent };
        lab.controller_over(Arc::new(reader), Arc::new(lab.store.clone()), Arc::new(Sole))
    };
    let mut caught = Vec::new();
    for number in calls_of(Job::Heal).await {
        let (lab, _) = history(Job::Heal, Some((number, Hit::Fail(Where::Before))), &gullible).await;
        caught.extend(faults_of(Job::Heal, &lab).await);
        // A parameter that is there must never be called missing to the people who read the plan.
        let lies = lab.events("dev").await;
        caught.extend(lies.into_iter().map(|event| event.text).filter(|text| text.contains("(not there)")));
    }
    assert!(!caught.is_empty(), "no history noticed that unknown was taken for absent");
}
