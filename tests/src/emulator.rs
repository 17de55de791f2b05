//! An AWS emulator (ministack) for tests, on a free port, gone when it is dropped. Beside it, for tests that want rollouts to
//! take their time and to fail, an engine that runs nothing (`tools/container-engine-stub.py`).

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use driftless_aws::{Accounts, Aws, CallCounter, Endpoint};
use driftless_domain::{AccountId, Place, Region};

use crate::raw_aws::RawAws;

/// How the emulator's ECS behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A deployment is complete when UpdateService answers. Nothing ever fails.
    AtOnce,
    /// Deployments take seconds, and an image named `crash`, `nopull` or `slow-5s` does that.
    RollsOut,
}

/// How long the emulator and the engine may take to answer for the first time.
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    endpoint: String,
    engine: Option<String>,
    venv: PathBuf,
    raw: RawAws,
    // Dropped in this order: the emulator before the engine that it talks to.
    _processes: Vec<Running>,
    _log: Log,
}

impl Emulator {
    /// Starts one. It knows nothing yet, and forgets everything when it is dropped.
    ///
    /// # Panics
    /// With one line, when the Python environment is not there or the emulator does not come up: that is no reason to skip
    /// a test.
    pub async fn start(mode: Mode) -> Self {
        Self::try_start(mode).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    async fn try_start(mode: Mode) -> Result<Self> {
        let venv = venv()?;
        let port = free_port()?;
        let log = Log(std::env::temp_dir().join(format!("driftless-emulator-{port}.log")));
        let file = std::fs::File::create(&log.0).context("make the emulator's log file")?;
        let mut emulator = Command::new(venv.join("bin/ministack"));
        emulator
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("SFTP_ENABLED", "0")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut engine = None;
        let mut engine_process = None;
        if mode == Mode::RollsOut {
            let (process, address) = start_engine(&venv).await?;
            emulator.env("DOCKER_HOST", format!("tcp://{address}"));
            engine = Some(format!("http://{address}"));
            engine_process = Some(process);
        }
        let process = Running(emulator.spawn().context("start ministack")?);
        let endpoint = format!("http://127.0.0.1:{port}");
        wait_for(&format!("{endpoint}/_ministack/health"), "the emulator")
            .await
            .with_context(|| format!("it said: {}", std::fs::read_to_string(&log.0).unwrap_or_default()))?;
        let raw = RawAws::at(&endpoint);
        let processes = [Some(process), engine_process].into_iter().flatten().collect();
        Ok(Self { endpoint, engine, venv, raw, _processes: processes, _log: log })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Calls as they are on the wire, for setting up.
    #[must_use]
    pub fn raw(&self) -> &RawAws {
        &self.raw
    }

    /// The way in that the product takes.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts::at(Endpoint { url: self.endpoint.clone() }, Some("driftless-tests".to_owned()))
    }

    /// The adapters of the product, with counts of their own.
    #[must_use]
    pub fn aws(&self) -> Aws {
        Aws::new(self.accounts(), CallCounter::default())
    }

    /// What the engine was asked to run; tells whether rollouts really go through it.
    ///
    /// # Errors
    /// When there is no engine ([`Mode::AtOnce`]) or it does not answer.
    pub async fn containers(&self) -> Result<Value> {
        let engine = self.engine.as_ref().context("no engine in this mode")?;
        Ok(reqwest::get(format!("{engine}/_fake/containers")).await?.json().await?)
    }

    /// Runs the AWS CLI against the emulator, as a person or a pipeline would: `aws_cli(&place, &["ecs", "list-clusters"])`.
    ///
    /// # Errors
    /// When it fails, with what it said; or when what it printed is neither empty nor JSON.
    pub async fn aws_cli(&self, place: &Place, arguments: &[&str]) -> Result<Value> {
        let output = tokio::task::spawn_blocking({
            let mut command = Command::new(self.venv.join("bin/aws"));
            command
                .args(["--endpoint-url", &self.endpoint, "--region", place.region.as_str(), "--output", "json"])
                .args(arguments)
                .env("AWS_ACCESS_KEY_ID", place.account.as_str())
                .env("AWS_SECRET_ACCESS_KEY", "emulator")
                .env("AWS_CONFIG_FILE", "/dev/null")
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .stdin(Stdio::null());
            move || command.output()
        })
        .await?
        .context("run the AWS CLI")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "aws {}: {}", arguments.join(" "), said.trim());
        if output.stdout.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("aws {}", arguments.join(" ")))
    }
}

/// A place in an emulator: the account is whatever the test says, and empty at first.
///
/// # Errors
/// When it is not an account id.
pub fn place(account: &str) -> Result<Place> {
    Ok(Place { account: AccountId::parse(account)?, region: Region::parse("eu-west-1")?, role: None })
}

/// The task definitions in `examples/`, by file name, with their placeholders filled in and otherwise untouched.
///
/// # Errors
/// When they cannot be read.
pub fn example_task_definitions() -> Result<Vec<(String, Value)>> {
    let folder = workspace().join("examples/task-definitions");
    let mut examples = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fill_in(&std::fs::read_to_string(&path)?);
            examples.push((name, serde_json::from_str(&text).with_context(|| path.display().to_string())?));
        }
    }
    examples.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(examples)
}

/// Puts something plausible for each `<placeholder>`.
fn fill_in(text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        filled.push_str(before);
        match after.split_once('>') {
            Some((name, later)) => {
                let name = name.to_ascii_lowercase();
                let value = if name.contains("region") {
                    "eu-west-1"
                } else if name.contains("account") {
                    "111111111111"
                } else {
                    "example"
                };
                filled.push_str(value);
                rest = later;
            }
            None => rest = after,
        }
    }
    filled + rest
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn venv() -> Result<PathBuf> {
    let venv = std::env::var_os("DRIFTLESS_VENV").map_or_else(|| workspace().join(".venv"), PathBuf::from);
    if !venv.join("bin/ministack").exists() {
        bail!("no emulator in {}: run `cargo xtask test`, which installs it", venv.display());
    }
    Ok(venv)
}

async fn start_engine(venv: &Path) -> Result<(Running, String)> {
    // Without this package the emulator ignores the engine without a word, and nothing would ever fail.
    let packages =
        Command::new(venv.join("bin/python3")).args(["-c", "import docker"]).stderr(Stdio::null()).status()?;
    ensure!(packages.success(), "no Python package `docker` in {}: run `cargo xtask test`", venv.display());
    let port = free_port()?;
    let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/container-engine-stub.py");
    let mut command = Command::new(venv.join("bin/python3"));
    command.arg(stub).arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Running(command.spawn().context("start the engine")?);
    let address = format!("127.0.0.1:{port}");
    wait_for(&format!("http://{address}/_fake/containers"), "the engine").await?;
    Ok((process, address))
}

/// A port that is free now. Somebody else can take it before we do; then the test says so and is run again.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn wait_for(url: &str, what: &str) -> Result<()> {
    let ready = async {
        loop {
            if reqwest::get(url).await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let within = tokio::time::timeout(READY_WITHIN, ready).await;
    within.with_context(|| format!("{what} did not answer at {url} within {} s", READY_WITHIN.as_secs()))
}

/// A process that ends with its owner.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file that goes with its owner.
#[derive(Debug)]
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        // Somebody may have tidied up already.
        let _ = std::fs::remove_file(&self.0);
    }
}
