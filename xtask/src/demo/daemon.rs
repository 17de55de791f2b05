//! `driftlessd dev` as a child process: started, waited for, and always ended.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Options;
use crate::repository::root;
use crate::stopwatch::Stopwatch;

/// It opens its records and its port in well under a second; this is for a machine that is busy with something else.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// What a clean stop may take: 20 s are promised, and some for the operating system.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);
/// What it logs, unless somebody says otherwise.
const LOG: &str = "info,driftless_server=warn";
/// How many lines of its log are shown when something went wrong.
const LOG_LINES: usize = 40;

/// The running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    /// `http://127.0.0.1:PORT`
    pub(crate) api: String,
    /// What opens it.
    pub(crate) token: String,
}

impl Daemon {
    /// Starts it and waits for the line that says where it listens.
    ///
    /// # Errors
    ///
    /// When it does not start or says nothing in time; the message holds the end of its log.
    pub(crate) fn start(program: &Path, options: &Options, resync: Duration) -> Result<Self> {
        let directory = root().join("target").join("demo");
        fs::create_dir_all(&directory).with_context(|| format!("make {}", directory.display()))?;
        // One per run: a demo and a check may run side by side.
        let log = directory.join(format!("driftlessd-{}.log", std::process::id()));
        let Options { port, data } = options;
        let mut command = Command::new(program);
        command.args(["dev", "--port", &port.to_string(), "--resync", &resync.as_secs().to_string()]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut child = command
            .current_dir(root())
            // The log is for people who look for what the controller did: without the requests that asked for it.
            .env("DRIFTLESS_LOG", std::env::var("DRIFTLESS_LOG").unwrap_or_else(|_| LOG.to_owned()))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("make {}", log.display()))?)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let lines = child.stdout.take().map(first_lines);
        let mut daemon = Self { child, log, api: String::new(), token: String::new() };
        match lines.map(|lines| ready(&lines)) {
            Some(Ok((api, token))) => {
                daemon.api = api;
                daemon.token = token;
                Ok(daemon)
            }
            Some(Err(error)) => Err(error.context(format!("driftlessd did not start{}", daemon.log_tail()))),
            None => bail!("driftlessd has no standard output"),
        }
    }

    /// # Errors
    ///
    /// When it has ended.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        match self.child.try_wait().context("ask whether driftlessd runs")? {
            None => Ok(()),
            Some(status) => bail!("driftlessd ended by itself: {status}"),
        }
    }

    /// Waits for its end: somebody stops it, or it fails.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The end of what it logged, for a message.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
        format!("\n--- the last {} lines of {} ---\n{}\n---", tail.len(), self.log.display(), tail.join("\n"))
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    ///
    /// When it had to be killed, or ended with a failure.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let watch = Stopwatch::start();
        let asked = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            bail!("driftlessd could not be asked to stop");
        }
        while watch.elapsed() < STOPPED_WITHIN {
            if let Some(status) = self.child.try_wait().context("wait for driftlessd")? {
                if !status.success() {
                    bail!("driftlessd was asked to stop and ended with {status}{}", self.log_tail());
                }
                return Ok(watch.elapsed());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("driftlessd did not stop within {} s{}", STOPPED_WITHIN.as_secs(), self.log_tail())
    }
}

impl Drop for Daemon {
    /// Whatever happened: no process of ours stays behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Passes its lines on; what nobody takes is thrown away, so that it never waits for us.
fn first_lines(stdout: std::process::ChildStdout) -> mpsc::Receiver<String> {
    let (told, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            let _ = told.send(line);
        }
    });
    lines
}

/// The address and the token, from the line `{"api":"http://…","token":"…"}`.
fn ready(lines: &mpsc::Receiver<String>) -> Result<(String, String)> {
    let watch = Stopwatch::start();
    loop {
        let left = READY_WITHIN.saturating_sub(watch.elapsed());
        let line = lines.recv_timeout(left).context("it did not say where it listens")?;
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        if let (Some(api), Some(token)) = (line["api"].as_str(), line["token"].as_str()) {
            return Ok((api.to_owned(), token.to_owned()));
        }
    }
}
