//! Playing with the world of `driftlessd dev`. What the daemon answers is shown as it is.

use serde_json::json;

use crate::api::{Api, Ask};
use crate::args::{Break, Dev};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;

/// Changes the world, or shows it.
pub(crate) async fn run(api: &Api, command: Dev, out: &mut Out) -> Result<Exit, Failure> {
    let (tried, path, body) = match command {
        Dev::Break(Break::Service { at, service }) => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service});
            (format!("break the service {service} of {target}"), "/dev/break/service", Some(body))
        }
        Dev::Break(Break::Parameter { at, service }) => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service});
            (format!("break the parameter of {service} of {target}"), "/dev/break/parameter", Some(body))
        }
        Dev::Break(Break::Release(at)) => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env});
            (format!("deploy a build that crashes to {target}"), "/dev/break/release", Some(body))
        }
        Dev::Scale { at, service, count } => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service, "count": count});
            (format!("scale {service} of {target} to {count}"), "/dev/scale", Some(body))
        }
        Dev::World => ("show the world".to_owned(), "/dev/world", None),
    };
    let ask = match &body {
        Some(body) => Ask::post(&tried, path, Some(body)).seen_by("driftless dev world".to_owned()),
        None => Ask::get(&tried, path),
    };
    let answer = match api.ask(ask).await {
        Ok(answer) => answer,
        Err(refusal) if refusal.status == 404 => {
            return Err(refusal.failure.next("`driftless dev` works with `driftlessd dev` only"));
        }
        Err(refusal) => return Err(refusal.into()),
    };
    if answer.text.trim().is_empty() {
        out.line("done")?;
    } else {
        out.json(&answer.json()?)?;
    }
    Ok(Exit::Done)
}
