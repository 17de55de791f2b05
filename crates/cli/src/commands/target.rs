//! What else there is to ask about one target: the difference, the history, another look.

use std::time::Duration;

use driftless_domain::Target;

use super::{path_of, status};
use crate::api::{Api, Ask};
use crate::args::History as HistoryCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::{Diff, Event, History, Nudged, TargetView};
use crate::out::Out;
use crate::table::{age, columns, sentence};

/// How long to wait for a look that was asked for, and how often to ask.
const LOOK: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(1);

/// Shows the plan.
pub(crate) async fn diff(api: &Api, target: &Target, out: &mut Out) -> Result<Exit, Failure> {
    let tried = format!("compare {target}");
    let answer = api.ask(Ask::get(&tried, format!("{}/diff", path_of(target)))).await?;
    let Diff { in_sync, steps, reason } = answer.read()?;
    if out.is_json() {
        out.json(&answer.json()?)?;
    }
    match in_sync {
        Some(true) => {
            if !out.is_json() {
                out.line(&format!("{target}: in sync"))?;
            }
            Ok(Exit::Done)
        }
        Some(false) => {
            if !out.is_json() {
                out.line(&format!("{target}: out of sync"))?;
                // Out of sync with nothing to do is no answer: then the reason is the difference.
                let steps = if steps.is_empty() { vec![reason] } else { steps };
                for step in steps {
                    out.line(&format!("  {step}"))?;
                }
            }
            Ok(Exit::Difference)
        }
        None => Err(Failure::new(Exit::Failed, format!("cannot {tried}: the difference is not known"))
            .said(reason)
            .next(format!("driftless status {} {}", target.app, target.env))),
    }
}

/// Shows the history.
pub(crate) async fn history(api: &Api, command: &HistoryCommand, out: &mut Out) -> Result<Exit, Failure> {
    let target = command.at.target();
    let tried = format!("show the history of {target}");
    let path = format!("{}/history?limit={}", path_of(&target), command.limit);
    let answer = api.ask(Ask::get(&tried, path)).await?;
    if out.is_json() {
        out.json(&answer.json()?)?;
        return Ok(Exit::Done);
    }
    let History { now, events } = answer.read()?;
    if events.is_empty() {
        out.line(&format!("nothing happened to {target} yet"))?;
        return Ok(Exit::Done);
    }
    let format = out.format();
    let rows = events.into_iter().map(|event| {
        let Event { at, kind, generation, actor, text } = event;
        vec![format!("{} ago", age(at, now)), generation.to_string(), kind, actor, sentence(&text, format)]
    });
    out.print(&columns(&["WHEN", "GENERATION", "WHAT", "WHO", "TEXT"], rows))?;
    Ok(Exit::Done)
}

/// Asks for a look, waits for it, and shows what was seen.
pub(crate) async fn reconcile(api: &Api, target: &Target, out: &mut Out) -> Result<Exit, Failure> {
    let tried = format!("ask for a look at {target}");
    let ask = Ask::post(&tried, format!("{}/reconcile", path_of(target)), None)
        .seen_by(format!("driftless status {} {}", target.app, target.env));
    let answer = api.ask(ask).await?;
    let Nudged { requested_at } = answer.read()?;
    let looked = tokio::time::timeout(LOOK, async {
        loop {
            let answer = api.ask(Ask::get(&tried, path_of(target))).await?;
            let view: TargetView = answer.read()?;
            if view.looked_at.is_some_and(|at| at > requested_at) {
                return Ok::<_, Failure>((answer, view));
            }
            tokio::time::sleep(EVERY).await;
        }
    });
    match looked.await {
        Ok(result) => {
            let (answer, view) = result?;
            if out.is_json() {
                out.json(&answer.json()?)?;
            } else {
                out.print(&status::details(&view, out.format()))?;
            }
            Ok(Exit::Done)
        }
        Err(_) => {
            let seconds = LOOK.as_secs();
            Err(Failure::new(Exit::Timeout, format!("no look at {target} was reported within {seconds} s"))
                .said("the request is noted; the controller is busy, not running, or saw nothing new")
                .next(format!("driftless status {} {}", target.app, target.env)))
        }
    }
}
