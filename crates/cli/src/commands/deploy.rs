//! Asking for a build in an environment.

use serde_json::json;

use super::{path_of, wait};
use crate::api::{Api, Ask};
use crate::args::Deploy;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::Deployed;
use crate::out::Out;

/// Asks for a build, and waits for it if told to.
pub(crate) async fn run(api: &Api, command: Deploy, out: &mut Out) -> Result<Exit, Failure> {
    let Deploy { at, tag, reason, if_generation, wait, timeout } = command;
    let target = at.target();
    let condition = if_generation.map_or_else(|| "*".to_owned(), |generation| format!("\"{generation}\""));
    let body = json!({"artifact": tag, "reason": reason}).to_string();
    let tried = format!("deploy {tag} to {target}");
    let path = format!("{}/desired", path_of(&target));
    let ask = Ask::put(&tried, path, condition, "application/json", body)
        .seen_by(format!("driftless status {} {}", target.app, target.env));
    let answer = api.ask(ask).await?;
    let Deployed { generation, changed } = answer.read()?;
    match (out.is_json(), wait) {
        // One document on standard output: what became of it.
        (true, true) => {}
        (true, false) => out.json(&answer.json()?)?,
        (false, _) => {
            let what = if changed { "wanted at" } else { "wanted already, at" };
            out.line(&format!("{target}: {tag} is {what} generation {generation}"))?;
        }
    }
    if !wait {
        if !out.is_json() {
            out.line(&format!(
                "  follow it with: driftless wait {} {} --generation {generation}",
                target.app, target.env
            ))?;
        }
        return Ok(Exit::Done);
    }
    wait::until_decided(api, &target, Some(generation), timeout, out).await
}
