//! A tiny HTTP API that answers what it is told to, and the compiled `driftless` run against it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// One request, as `METHOD path`, with what matters of its headers and its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) if_match: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) body: String,
}

/// What is answered: status, ETag, body. Status 0: nothing, the connection ends.
pub(crate) type Said = (u16, Option<&'static str>, String);

/// An API on a port of its own. Answers go by `METHOD path` up to `?`, in the order given; the last one stays.
pub(crate) struct Fake {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(crate) fn new(answers: Vec<(&str, Vec<Said>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let mut answers: Vec<(String, VecDeque<Said>)> =
            answers.into_iter().map(|(line, said)| (line.to_owned(), said.into())).collect();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else { continue };
                let line = request.line.split('?').next().unwrap().to_owned();
                seen.lock().unwrap().push(request);
                let said = answers.iter_mut().find(|(wanted, _)| *wanted == line).map(|(_, said)| {
                    if said.len() > 1 { said.pop_front().unwrap() } else { said.front().unwrap().clone() }
                });
                let (status, etag, body) = said.unwrap_or_else(|| problem(404, "not-found", "there is no such route"));
                if status == 0 {
                    continue;
                }
                let etag = etag.map_or_else(String::new, |etag| format!("ETag: {etag}\r\n"));
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{etag}Content-Length: {}\r\n\
                     Connection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Self { address, asked }
    }

    /// What was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Runs `driftless` with these arguments against this API.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        run(&self.address, Some("0123456789abcdef0123456789abcdef"), arguments, "")
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let header = |name: &str| {
        head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + length {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let (if_match, token) = (header("if-match"), header("authorization"));
    Some(Asked { line, if_match, token, body: String::from_utf8(bytes[head_end..].to_vec()).unwrap() })
}

/// Runs `driftless`; what it printed and how it ended, with the API's address as `http://api`.
pub(crate) fn run(api: &str, token: Option<&str>, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftless"));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/tests/data"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("DRIFTLESS_API", api)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(token) = token {
        command.env("DRIFTLESS_TOKEN", token);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(api, "http://api");
    let mut shown = text(&output.stdout);
    if !output.stderr.is_empty() {
        shown.push_str("--- stderr\n");
        shown.push_str(&text(&output.stderr));
    }
    format!("{shown}--- exit {}\n", output.status.code().unwrap())
}

/// An answer with JSON.
pub(crate) fn ok(body: &Value) -> Said {
    (200, None, body.to_string())
}

/// A refusal.
pub(crate) fn problem(status: u16, slug: &str, detail: &str) -> Said {
    let kind = format!("https://driftless.dev/problems/{slug}");
    (status, None, json!({"type": kind, "title": "", "status": status, "detail": detail}).to_string())
}

/// A target as the API tells it; `change` goes over it.
pub(crate) fn view(headline: &str, reason: &str, change: &Value) -> Value {
    let mut view = json!({
        "target": "shop/dev",
        "desired": {"generation": 3, "artifact": "v2", "requestedBy": "operator", "reason": "the new checkout",
            "requestedAt": "2026-01-01T00:00:00Z"},
        "invalid": null,
        "status": {"target": "shop/dev", "observed_generation": 3, "plan": "converged", "rejected": null, "services": [
            {"name": "web", "task_definition": "shop-web:14", "parameter": "v2", "running": 2, "wanted": 2,
                "rollout": "shop-web:14 successful", "image": "acme/web@sha256:22"}]},
        "headline": headline, "reason": reason, "since": "2026-01-01T00:02:00Z", "runs": "v2",
        "lookedAt": "2026-01-01T00:09:50Z", "ageSeconds": 10, "fresh": true, "now": "2026-01-01T00:10:00Z",
    });
    for (key, value) in change.as_object().unwrap() {
        view[key] = value.clone();
    }
    view
}

/// The same as the answer of a long poll.
pub(crate) fn waited(outcome: &str, view: Value) -> Said {
    let mut waited = view;
    waited["generation"] = json!(3);
    waited["outcome"] = json!(outcome);
    ok(&waited)
}
