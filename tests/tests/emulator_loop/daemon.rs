//! The daemon and the CLI as processes, with an engine that lets rollouts take their time and fail.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use driftless_tests::emulator::{Emulator, Mode};
use serde_json::Value;

use crate::shop::{Shop, image, nginx, spec_text};

/// Where the binaries are. They are built if they are not there yet.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "-p", "driftless-driftlessd", "-p", "driftless-cli", "--bins"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status()
            .unwrap();
        assert!(built.success());
        // target/debug/deps/emulator_loop-… -> target/debug
        std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned()
    })
}

struct Daemon {
    process: Child,
    dir: tempfile::TempDir,
    endpoint: String,
    api: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn driftlessd(endpoint: &str) -> Command {
    let mut command = Command::new(binaries().join("driftlessd"));
    command.args(["--endpoint", endpoint, "--region", "eu-west-1", "--table", "driftless"]);
    command.env("DRIFTLESS_LOG", "warn").stdin(Stdio::null());
    command
}

impl Daemon {
    async fn serve(endpoint: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let token = dir.path().join("token");
        let mut command = driftlessd(endpoint);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--resync", "5", "--token-file"]).arg(&token);
        let api = format!("http://127.0.0.1:{port}");
        let daemon = Self { process: command.spawn().unwrap(), dir, endpoint: endpoint.to_owned(), api };
        for _ in 0..100 {
            let ready = reqwest::get(format!("{}/readyz", daemon.api)).await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return daemon;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the daemon did not become ready");
    }

    /// Runs the CLI as a person would.
    fn driftless(&self, arguments: &[&str]) -> Output {
        Command::new(binaries().join("driftless"))
            .args(["--api", &self.api])
            .args(arguments)
            .env("DRIFTLESS_TOKEN_FILE", self.dir.path().join("token"))
            .env_remove("DRIFTLESS_TOKEN")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn says(&self, arguments: &[&str], code: i32) -> String {
        let output = self.driftless(arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "driftless {}: {text}", arguments.join(" "));
        text
    }
}

/// `bootstrap` twice, `serve`, and then an app goes live, is rolled back by ECS, and obeys: all through the command line.
#[tokio::test]
async fn a_release_whose_tasks_never_start_is_rolled_back_and_obeyed() {
    let document = nginx();
    let shop = Shop::open(Emulator::start(Mode::RollsOut).await, &document, &["dev".to_owned()], 2).await;
    let endpoint = shop.emulator.endpoint().to_owned();
    let again = driftlessd(&endpoint).args(["bootstrap", "--no-deletion-protection"]).output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success() && said.contains("already there"), "{said}");

    let mut daemon = Daemon::serve(&endpoint).await;
    let spec = daemon.dir.path().join("driftless.yaml");
    std::fs::write(&spec, spec_text("nginx", &["dev".to_owned()])).unwrap();
    let spec = spec.to_str().unwrap();
    daemon.says(&["spec", "apply", spec], 0);
    let good = image("ok", 'a');
    daemon.says(&["release", "create", "shop", "--tag", "sha-good", "--image", &format!("svc={good}")], 0);
    daemon.says(&["deploy", "shop", "dev", "sha-good", "--reason", "the good one", "--wait", "--timeout", "2m"], 0);
    assert_eq!(shop.parameter("dev").await, "sha-good");
    let containers = shop.emulator.containers().await.unwrap();
    assert!(containers.as_array().is_some_and(|all| !all.is_empty()), "the engine was asked: {containers}");

    // The image's name makes its tasks exit at once; the circuit breaker takes the deployment back.
    let bad = image("crash", 'c');
    daemon.says(&["release", "create", "shop", "--tag", "sha-bad", "--image", &format!("svc={bad}")], 0);
    daemon.says(&["deploy", "shop", "dev", "sha-bad", "--reason", "the bad one"], 0);
    let said = daemon.says(&["wait", "shop", "dev", "--for=converged", "--timeout", "2m"], 7);
    println!("{said}");
    assert!(said.contains("sha-bad") && said.contains("exit code 1"), "the stop reason is on the screen: {said}");
    let live = shop.runs("dev").await;
    assert_eq!(live["taskDefinition"]["containerDefinitions"][0]["image"], Value::String(good.clone()));
    for _ in 0..100 {
        if shop.parameter("dev").await == "sha-good" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(shop.parameter("dev").await, "sha-good", "SSM names the last good tag");
    // Some resyncs later it still stands, with no push since.
    let revision = live["taskDefinition"]["taskDefinitionArn"].clone();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(shop.runs("dev").await["taskDefinition"]["taskDefinitionArn"], revision);
    let history = daemon.says(&["history", "shop", "dev", "-o", "json"], 0);
    let pushes = history.matches("update service shop-dev-svc").count();
    assert_eq!(pushes, 2, "one push of each release: {history}");

    // Drift by a person's hand heals while the daemon runs.
    shop.aws_cli(&[
        "ssm",
        "put-parameter",
        "--name",
        "/shop/dev/svc/version",
        "--value",
        "by-hand",
        "--type",
        "String",
        "--overwrite",
    ])
    .await;
    let mut healed = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        healed = shop.parameter("dev").await == "sha-good";
        if healed {
            break;
        }
    }
    assert!(healed);

    // A second hand on the same records is told, and changes nothing.
    let once = driftlessd(&endpoint).args(["reconcile", "--once"]).output().unwrap();
    assert_eq!(once.status.code(), Some(5), "{}", String::from_utf8_lossy(&once.stdout));
    let dry = driftlessd(&endpoint).args(["reconcile", "--once", "--dry-run", "--app", "shop"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&dry.stdout), "shop/dev\n  converged\n");

    // SIGTERM: ends by itself within 20 s, and the lease is free at once.
    let pid = daemon.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Some(status) = daemon.process.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();
    assert!(ended.success(), "{ended}");
    let once =
        driftlessd(&daemon.endpoint).args(["reconcile", "--once", "--app", "shop", "--env", "dev"]).output().unwrap();
    let said = String::from_utf8_lossy(&once.stdout).into_owned();
    assert_eq!(once.status.code(), Some(7), "the wanted release is rejected: {said}");
    assert!(said.starts_with("shop/dev  Rejected  release sha-bad was rejected"), "{said}");
}

#[test]
fn serve_listens_on_loopback_only() {
    let output = driftlessd("http://127.0.0.1:9").args(["serve", "--listen", "0.0.0.0:7474"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("not a loopback address"), "{said}");
}
