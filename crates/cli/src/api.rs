//! Asking the API, and putting its refusals into words.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, Method, Url, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take: the API gives up after 30 s, and holds a long poll for a few seconds here.
const ANSWER: Duration = Duration::from_secs(40);
/// How long checking the zip of a site may take: the API gives up after 11 minutes.
const CHECK: Duration = Duration::from_secs(11 * 60 + 10);
/// How much of an answer that is no JSON is shown.
const SHOWN: usize = 200;

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    base: Url,
    client: Client,
    token: Option<String>,
}

/// A request. `tried` is what it is for, for people: "deploy v2 to shop/dev".
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) tried: &'a str,
    method: Method,
    path: String,
    if_match: Option<String>,
    body: Option<(&'static str, String)>,
    seen_by: String,
    longest: Duration,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(tried: &'a str, path: impl Into<String>) -> Self {
        let seen_by = "driftless status".to_owned();
        Self { tried, method: Method::GET, path: path.into(), if_match: None, body: None, seen_by, longest: ANSWER }
    }

    pub(crate) fn post(tried: &'a str, path: impl Into<String>, body: Option<&Value>) -> Self {
        let body = body.map(|body| ("application/json", body.to_string()));
        Self { method: Method::POST, body, ..Self::get(tried, path) }
    }

    /// A change of what is stored, made from the state that `if_match` names.
    pub(crate) fn put(
        tried: &'a str,
        path: impl Into<String>,
        if_match: String,
        kind: &'static str,
        body: String,
    ) -> Self {
        Self { method: Method::PUT, if_match: Some(if_match), body: Some((kind, body)), ..Self::get(tried, path) }
    }

    /// The command that shows whether a change happened whose answer was lost; `driftless status` when nothing is said.
    pub(crate) fn seen_by(self, command: String) -> Self {
        Self { seen_by: command, ..self }
    }

    /// Something that the API reads a large file for before it answers.
    pub(crate) fn patient(self) -> Self {
        Self { longest: CHECK, ..self }
    }
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body.
    pub(crate) text: String,
    /// The ETag.
    pub(crate) etag: Option<String>,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        self.read()
    }

    /// The body as a value of a type that we know.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| {
            Failure::new(Exit::Failed, "the API's answer cannot be read")
                .said(error.to_string())
                .next("is `driftless` as new as `driftlessd`? compare `driftless --version` and `driftlessd --version`")
        })
    }
}

/// Problem details, as far as they are told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    pub(crate) findings: Vec<driftless_spec::Finding>,
    unmet: Vec<Gate>,
    current: Option<u64>,
}

impl Problem {
    /// The last part of its type.
    fn slug(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    fn is(&self, slug: &str) -> bool {
        self.slug() == slug
    }
}

#[derive(Debug, Deserialize)]
struct Gate {
    message: String,
}

/// A refusal: its words, and what it says for programs.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    pub(crate) status: u16,
    pub(crate) problem: Problem,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}

impl Api {
    /// The API that the command line names.
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::new(Exit::Usage, format!("cannot use {} as the API's address", without_login(&global.api)))
                .said(why)
                .next("write it like http://127.0.0.1:7474, with --api or DRIFTLESS_API")
        };
        let base = Url::parse(&global.api).map_err(|error| wrong(error.to_string()))?;
        let login = !base.username().is_empty() || base.password().is_some();
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() || login {
            return Err(wrong("it must be http:// or https:// and a host, without user name and password".to_owned()));
        }
        let here = is_loopback(&base);
        if base.scheme() == "http" && !here {
            return Err(wrong("over http://, everybody on the way to another machine can read the token".to_owned())
                .next("write https://, or open a tunnel and use its end here, like http://127.0.0.1:7474"));
        }
        // A redirect would take the token somewhere else.
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("driftless/", env!("CARGO_PKG_VERSION")));
        // What is on this machine is not asked for through another one.
        let builder = if here { builder.no_proxy() } else { builder };
        let client = builder
            .build()
            .map_err(|error| Failure::new(Exit::Failed, "cannot prepare to speak HTTP").said(chain(&error)))?;
        Ok(Self { base, client, token: token(global)? })
    }

    /// Asks, and gives the answer or the refusal.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Refusal> {
        let Ask { tried, method, path, if_match, body, seen_by, longest } = ask;
        let changes = method != Method::GET;
        // The change may have been made before its answer was lost: who repeats it blindly may undo somebody else's.
        let uncertain = |mut refusal: Refusal| {
            if changes {
                let next = format!("it may have happened; look with `{seen_by}` before repeating");
                refusal.failure = refusal.failure.next(next);
            }
            refusal
        };
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        let mut request = self.client.request(method, url).timeout(longest);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(condition) = if_match {
            request = request.header(header::IF_MATCH, condition);
        }
        if let Some((kind, body)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(body);
        }
        let response = request.send().await.map_err(|error| {
            let refusal = self.unreachable(tried, &error, longest);
            // Without a connection nothing was sent.
            if error.is_connect() { refusal } else { uncertain(refusal) }
        })?;
        let status = response.status();
        let etag = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = response.text().await.map_err(|error| uncertain(self.unreachable(tried, &error, longest)))?;
        if status.is_success() {
            return Ok(Answer { text, etag });
        }
        let refusal = self.refused(tried, status.as_u16(), &text);
        // These are answered before anything is written.
        let unchanged = refusal.problem.is("busy") || refusal.problem.is("build-unreadable");
        Err(if status.is_server_error() && !unchanged { uncertain(refusal) } else { refusal })
    }

    fn unreachable(&self, tried: &str, error: &reqwest::Error, longest: Duration) -> Refusal {
        let failure = Failure::new(Exit::Failed, format!("cannot {tried}")).passing();
        let failure = if error.is_connect() {
            failure
                .said(format!("cannot reach the API at {}: {}", self.shown(), root(error)))
                .next("is `driftlessd serve` or `driftlessd dev` running? --api or DRIFTLESS_API says where")
        } else if error.is_timeout() {
            failure.said(format!("the API at {} did not answer within {} s", self.shown(), longest.as_secs()))
        } else {
            failure.said(format!("speaking to the API at {} failed: {}", self.shown(), chain(error)))
        };
        Refusal { failure, status: 0, problem: Problem::default() }
    }

    fn refused(&self, tried: &str, status: u16, text: &str) -> Refusal {
        let problem: Problem = serde_json::from_str(text).unwrap_or_default();
        let slug = problem.slug().to_owned();
        let exit = match (status, slug.as_str()) {
            (401 | 403, _) => Exit::NotAllowed,
            (409, "gated") => Exit::Gated,
            // Nobody else was first; somebody has to put the record right.
            (409, "invalid-record") => Exit::Degraded,
            (409 | 412 | 428, _) => Exit::Conflict,
            (400 | 413 | 415 | 422, _) => Exit::Usage,
            _ => Exit::Failed,
        };
        let mut failure = Failure::new(exit, format!("cannot {tried}"));
        failure.passing = matches!(status, 429 | 500..=599);
        if problem.unmet.is_empty() {
            let beginning: String = text.chars().take(SHOWN).collect();
            let said = if problem.detail.is_empty() { &beginning } else { &problem.detail };
            let kind = if slug.is_empty() { String::new() } else { format!("{slug}, ") };
            failure = failure.said(format!("the API at {} says: {said} ({kind}HTTP {status})", self.shown()));
        } else {
            for Gate { message } in &problem.unmet {
                failure = failure.said(format!("a gate is closed: {message}"));
            }
        }
        failure.next = match (status, self.token.is_some(), problem.current) {
            (401, false, _) => Some("set DRIFTLESS_TOKEN, or put the token into ~/.config/driftless/token".to_owned()),
            (401, true, _) => Some("is the token the one that `driftlessd` was started with?".to_owned()),
            (412, _, Some(current)) => Some(format!("look at it again; it is at {current} now")),
            (503, ..) if slug == "busy" => Some("repeat it in a minute; nothing was changed".to_owned()),
            _ => None,
        };
        Refusal { failure, status, problem }
    }

    fn shown(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }
}

/// Whether what is sent there stays on this machine.
fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    })
}

/// An address as it may be shown: up to its last `@` there may be a password, also when it is no valid address.
fn without_login(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => address.to_owned(),
    }
}

/// The token: as given, or from a file that only its owner should be able to read.
fn token(global: &Global) -> Result<Option<String>, Failure> {
    if let Some(token) = global.token.as_ref().filter(|token| !token.is_empty()) {
        return Ok(Some(token.trim().to_owned()));
    }
    let named = std::env::var_os("DRIFTLESS_TOKEN_FILE").map(PathBuf::from);
    let usual = || {
        let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
        config.map(|config| config.join("driftless/token"))
    };
    let must_exist = named.is_some();
    let Some(path) = named.or_else(usual) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|token| !token.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Ok(None),
        Err(error) => {
            Err(Failure::new(Exit::Usage, format!("cannot read the token from {}", path.display()))
                .said(error.to_string()))
        }
    }
}

/// An error with its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    driftless_domain::Chain(error).to_string()
}

/// The last cause: what the operating system said.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
