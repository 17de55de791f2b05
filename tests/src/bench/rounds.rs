//! The rounds: every tool in turn, the order moved on by one each time, so that whatever else the machine does meets all.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use zip::CompressionMethod;

use super::build::Build;
use super::checks::{Findings, look};
use super::measure::{Measured, measure};
use super::options::Options;
use super::say;
use super::site::{Extent, Releases, large};
use super::tool::{Job, Scenario, Tool};
use crate::s3::{Event, Kind, Server, Stopwatch};

/// What a request waits for before S3 looks at it: nothing, and about what a small object takes within a region.
pub(crate) const LATENCIES: [u64; 2] = [0, 25];
/// Two GiB a tool and round are enough to see; memory, which it is about, hardly differs between rounds.
const LARGE_ROUNDS: usize = 3;

/// One deployment by one tool.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) tool: &'static str,
    /// Milliseconds.
    pub(crate) latency: u64,
    pub(crate) scenario: Scenario,
    pub(crate) measured: Measured,
    pub(crate) findings: Findings,
    pub(crate) connections: u64,
    /// Seconds of work before the clock started.
    pub(crate) prepared: Option<f64>,
}

/// Everything that is measured.
///
/// # Errors
/// When a tool fails: without it there is nothing to compare with.
pub(crate) async fn all(options: &Options, tools: &[Box<dyn Tool>], place: &Path) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let server = Server::start().await?;
    let watch = Stopwatch::start();
    let builds = small(options, place)?;
    for round in 0..options.rounds {
        for latency in LATENCIES {
            for at in 0..tools.len() {
                let Some(tool) = tools.get((at + round) % tools.len()) else { continue };
                let plan = Plan { server: &server, round, latency, builds: &builds, place };
                samples.extend(deploy_all(&**tool, &plan).await?);
            }
        }
        say::note(&format!("round {} of {}: {:.0} s so far", round + 1, options.rounds, watch.elapsed().as_secs_f64()));
    }
    drop(builds);
    if !options.quick {
        samples.extend(large_rounds(options, tools, &server, place).await?);
        say::note(&format!("the large files: {:.0} s so far", watch.elapsed().as_secs_f64()));
    }
    Ok(samples)
}

/// What one tool does in one round.
#[derive(Debug, Clone, Copy)]
struct Plan<'a> {
    server: &'a Server,
    round: usize,
    latency: u64,
    builds: &'a [(Scenario, Build)],
    place: &'a Path,
}

async fn large_rounds(
    options: &Options,
    tools: &[Box<dyn Tool>],
    server: &Server,
    place: &Path,
) -> Result<Vec<Sample>> {
    say::note("making one file of 1 GiB and 200 of 5 MiB");
    let builds = [(Scenario::Large, Build::write(large(), &place.join("builds"), CompressionMethod::Stored)?)];
    let mut samples = Vec::new();
    for round in 0..options.rounds.min(LARGE_ROUNDS) {
        for at in 0..tools.len() {
            let Some(tool) = tools.get((at + round) % tools.len()) else { continue };
            let plan = Plan { server, round, latency: 0, builds: &builds, place };
            samples.extend(deploy_all(&**tool, &plan).await?);
        }
    }
    Ok(samples)
}

/// What the server saw, one line each, for whoever asks why.
fn write_log(events: &[Event], file: &Path) -> Result<()> {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    std::fs::write(file, lines).with_context(|| format!("write {}", file.display()))
}

/// The builds of the small site, with what each is for.
fn small(options: &Options, place: &Path) -> Result<Vec<(Scenario, Build)>> {
    let extent = if options.quick { Extent::QUICK } else { Extent::FULL };
    let Releases { first, changed, older } = Releases::make(extent);
    say::note(&format!("a site of {} files, {:.1} MB", first.files.len(), first.bytes() as f64 / 1e6));
    let place = place.join("builds");
    let build = |release| Build::write(release, &place, CompressionMethod::Deflated);
    let first = build(first)?;
    // The second time it is the same build.
    let again = Build { release: first.release.clone(), folder: first.folder.clone(), zip: first.zip.clone() };
    Ok(vec![
        (Scenario::FirstSync, first),
        (Scenario::NoChange, again),
        (Scenario::Changed, build(changed)?),
        (Scenario::OlderArtifact, build(older)?),
    ])
}

/// One tool, from an empty bucket through all builds.
async fn deploy_all(tool: &dyn Tool, plan: &Plan<'_>) -> Result<Vec<Sample>> {
    let Plan { server, round, latency, builds, place } = *plan;
    let word = tool.name().split(' ').next().unwrap_or_default();
    let kind = if builds.len() == 1 { "large" } else { "small" };
    let bucket = format!("{word}-{kind}-{latency}ms-{round}");
    let home = place.join(&bucket);
    std::fs::create_dir_all(&home).with_context(|| format!("make {}", home.display()))?;
    server.store().make_bucket(&bucket, if builds.len() == 1 { Kind::Forgetful } else { Kind::Plain });
    let mut samples = Vec::new();
    for (scenario, build) in builds {
        let job = Job { server, scenario: *scenario, build, bucket: &bucket, home: &home };
        let sample = deploy(tool, &job, latency).await;
        let sample = sample.with_context(|| format!("{}, {scenario}, {latency} ms", tool.name()))?;
        let Sample { measured: Measured { wall, cpu, rss }, findings, .. } = &sample;
        say::note(&format!(
            "{:<12} {scenario:<14} {latency:>2} ms: {wall:6.2} s, CPU {cpu:6.2} s, {rss:5.0} MiB, {} requests, {} stale, {} pages \
             before their assets, {} removed early",
            tool.name(),
            findings.requests,
            findings.stale,
            findings.html_before_assets,
            findings.early_deletes
        ));
        samples.push(sample);
    }
    server.store().drop_bucket(&bucket);
    Ok(samples)
}

async fn deploy(tool: &dyn Tool, job: &Job<'_>, latency: u64) -> Result<Sample> {
    let Job { server, scenario, build, bucket, home } = *job;
    server.set_latency(Duration::ZERO);
    if scenario == Scenario::Changed {
        build.built_just_now()?;
    }
    let prepared = tool.prepare(job).await.context("prepare it")?;
    let run = tool.run(job)?;
    let before = server.store().contents(bucket).into_keys().collect();
    drop(server.take_log());
    server.set_latency(Duration::from_millis(latency));
    let measured = measure(&run, &home.join("output.txt")).await?;
    server.set_latency(Duration::ZERO);
    let (events, connections) = server.take_log();
    write_log(&events, &home.join(format!("{scenario}.log")))?;
    let findings = look(&build.release, bucket, before, &events, &server.store().contents(bucket));
    ensure!(findings.failures == 0, "the server failed {} times", findings.failures);
    Ok(Sample { tool: tool.name(), latency, scenario, measured, findings, connections, prepared })
}
