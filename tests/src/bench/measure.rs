//! Running another program and measuring it: this program starts itself once more, as a small process between, and that one
//! asks the kernel what its only child used. So the numbers are of one run alone, with everything that it started.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use serde_json::{Value, json};

use crate::s3::Stopwatch;

/// The word that makes this program the process between: `bench-site measure LOG PROGRAM ARGUMENT…`.
pub(crate) const WORD: &str = "measure";

/// A program to run. It sees these variables, `PATH` and nothing else of ours.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, the kernel's included.
    pub(crate) cpu: f64,
    /// The most memory that was in use at once, in MiB.
    pub(crate) rss: f64,
}

/// Runs it to its end, with all that it prints in the file `log`.
///
/// # Errors
/// When it cannot be started or does not exit with 0; the message ends with what it printed last.
pub(crate) async fn measure(run: &Run, log: &Path) -> Result<Measured> {
    let Run { program, arguments, variables } = run;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.arg(WORD).arg(log).arg(program).args(arguments).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(variables.iter().cloned());
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || command.output()).await.context("wait")?.context("start a run")?;
    let said: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("measure {}", program.display()))?;
    if said["success"] != true {
        let printed = std::fs::read_to_string(log).unwrap_or_default();
        let last: Vec<&str> = printed.lines().rev().take(8).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!("{} {}: {}\n{}", program.display(), arguments.join(" "), said["status"], last.join("\n"));
    }
    let number = |name: &str| said[name].as_f64().unwrap_or_default();
    Ok(Measured { wall: number("wall"), cpu: number("cpu"), rss: number("rss") })
}

/// What the process between does.
pub(crate) fn between(mut words: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let log = words.next().context("which file does its output go to?")?;
    let program = words.next().context("which program?")?;
    let log = File::create(&log).context("make the file for its output")?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(log.try_clone().context("share the file")?).stderr(log);
    let watch = Stopwatch::start();
    let status = command.spawn().context("start it")?.wait().context("wait for it")?;
    let wall = watch.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("ask what it used")?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let measured = json!({
        "success": status.success(),
        "status": status.to_string(),
        "wall": wall,
        "cpu": seconds(usage.user_time()) + seconds(usage.system_time()),
        // Linux counts it in KiB.
        "rss": usage.max_rss() as f64 / 1024.0,
    });
    super::say::line(&measured.to_string());
    Ok(ExitCode::SUCCESS)
}

/// Lets this process have as many connections as it may.
pub(crate) fn allow_many_connections() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Fewer are enough on most machines; what is missing shows as a failure of a tool.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}
