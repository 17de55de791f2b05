//! Waiting for a generation. It ends with 0 only when that generation runs.

use std::time::Duration;

use driftless_domain::Target;

use super::path_of;
use super::site::uploading;
use crate::api::{Answer, Api, Ask};
use crate::args::Wait;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::{Outcome, Progress as Upload, TargetView, Waited};
use crate::out::Out;

/// How long the API holds one question. What it says in between is what people see happen.
const HOLD: Duration = Duration::from_secs(2);
/// The least time between two questions, for an API that does not hold them.
const BETWEEN: Duration = Duration::from_millis(250);
/// How many failures in a row are taken for a hiccup, and the time between them: an API that restarts is back by then.
const HICCUPS: u32 = 15;
const HICCUP: Duration = Duration::from_secs(2);

/// Waits, as the command line says.
pub(crate) async fn run(api: &Api, command: &Wait, out: &mut Out) -> Result<Exit, Failure> {
    let Wait { at, wait_for: _, generation, timeout } = command;
    until_decided(api, &at.target(), *generation, *timeout, out).await
}

/// What was seen so far: the state, and how many tenths of an upload.
#[derive(Debug, Default)]
struct Progress {
    generation: Option<u64>,
    last: Option<String>,
    tenths: Option<u64>,
}

/// Waits until the fate of a generation is decided, and says it.
pub(crate) async fn until_decided(
    api: &Api,
    target: &Target,
    generation: Option<u64>,
    timeout: Duration,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut progress = Progress { generation, last: None, tenths: None };
    match tokio::time::timeout(timeout, follow(api, target, &mut progress, out)).await {
        Ok(result) => {
            let (answer, waited) = result?;
            if out.is_json() {
                out.json(&answer.json()?)?;
            }
            tell(target, &waited, out)
        }
        Err(_) => {
            let Progress { generation, last, tenths: _ } = progress;
            let which = generation.map_or_else(String::new, |generation| format!(" generation {generation} of"));
            let failure = Failure::new(
                Exit::Timeout,
                format!("gave up waiting for{which} {target} after {} s", timeout.as_secs()),
            );
            Err(failure
                .said(last.unwrap_or_else(|| "nothing was heard of it".to_owned()))
                .next(format!("driftless status {} {}", target.app, target.env)))
        }
    }
}

/// Asks again and again, prints a line at each change (of an upload: at each tenth), and returns the answer that decides.
async fn follow(
    api: &Api,
    target: &Target,
    progress: &mut Progress,
    out: &mut Out,
) -> Result<(Answer, Waited), Failure> {
    let tried = format!("wait for {target}");
    let mut hiccups = 0;
    let mut needs_person = None;
    loop {
        let mut path = format!("{}/wait?timeout={}", path_of(target), HOLD.as_secs());
        if let Some(generation) = progress.generation {
            path.push_str(&format!("&generation={generation}"));
        }
        let answer = match api.ask(Ask::get(&tried, path)).await {
            Ok(answer) => answer,
            // Only once the API has answered: a wrong address is told at once.
            Err(refusal) if refusal.failure.passing && progress.last.is_some() && hiccups < HICCUPS => {
                hiccups += 1;
                tokio::time::sleep(HICCUP).await;
                continue;
            }
            Err(refusal) => return Err(refusal.into()),
        };
        hiccups = 0;
        let waited: Waited = answer.read()?;
        progress.generation = Some(waited.generation);
        let state = format!("{}: {}", waited.view.headline, waited.view.reason);
        let upload = upload_of(&waited);
        let tenths = upload.map(|upload| upload.bytes.saturating_mul(10).checked_div(upload.of_bytes).unwrap_or(0));
        if progress.last.as_ref() != Some(&state) || progress.tenths != tenths {
            if !out.is_json() {
                let time = waited.view.now.strftime("%H:%M:%SZ");
                let upload = upload.map_or_else(String::new, |upload| format!(" ({})", uploading(upload)));
                out.line(&format!("{time} {target} generation {}: {state}{upload}", waited.generation))?;
            }
            (progress.last, progress.tenths) = (Some(state), tenths);
        }
        match waited.outcome {
            Outcome::Converged | Outcome::RolledBack | Outcome::Failed | Outcome::Superseded => {
                return Ok((answer, waited));
            }
            // These can pass within a moment (a permission that is still spreading): twice in a row is an answer.
            Outcome::Degraded | Outcome::Gated if needs_person == Some(waited.outcome) => {
                return Ok((answer, waited));
            }
            Outcome::Degraded | Outcome::Gated => needs_person = Some(waited.outcome),
            Outcome::Pending => needs_person = None,
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

/// How far the upload of the generation that is waited for is, while one runs.
fn upload_of(waited: &Waited) -> Option<&Upload> {
    let status = waited.view.status.as_ref().filter(|status| status.observed_generation == waited.generation)?;
    status.site.as_ref()?.progress.as_ref()
}

/// Says how it ended.
fn tell(target: &Target, waited: &Waited, out: &mut Out) -> Result<Exit, Failure> {
    let Waited { generation, outcome, view } = waited;
    let TargetView { desired, status, reason, .. } = view;
    let wanted = desired.as_ref().map_or("the release", |desired| desired.artifact.as_str());
    let rejected = status.as_ref().and_then(|status| status.rejected.as_ref());
    let (exit, what, said) = match outcome {
        Outcome::Converged => {
            if !out.is_json() {
                out.line(&format!("{target}: {wanted} converged at generation {generation}"))?;
            }
            return Ok(Exit::Done);
        }
        Outcome::RolledBack => {
            (Exit::NotLive, format!("{target}: {wanted} was rolled back (generation {generation})"), None)
        }
        Outcome::Failed => (Exit::NotLive, format!("{target}: {wanted} failed (generation {generation})"), None),
        Outcome::Superseded => {
            let now = desired.as_ref().map_or(0, |desired| desired.generation);
            let said = format!("{wanted} is wanted at generation {now}");
            (Exit::NotLive, format!("{target}: generation {generation} was superseded"), Some(said))
        }
        Outcome::Degraded => (Exit::Degraded, format!("{target}: generation {generation} needs a person"), None),
        Outcome::Gated => (Exit::Gated, format!("{target}: a gate is closed for generation {generation}"), None),
        Outcome::Pending => (Exit::Timeout, format!("{target}: generation {generation} is not decided"), None),
    };
    let mut failure = Failure::new(exit, what);
    match (rejected.filter(|rejected| rejected.generation == *generation), said) {
        (Some(rejected), None) => {
            failure = failure.said(rejected.reason.clone());
            if let Some(stopped) = &rejected.stopped_task {
                failure = failure.said(format!("the last task stopped: {stopped}"));
            }
        }
        (_, Some(said)) => failure = failure.said(said),
        (None, None) => failure = failure.said(reason.clone()),
    }
    Err(failure.next(format!("driftless status {} {}", target.app, target.env)))
}
