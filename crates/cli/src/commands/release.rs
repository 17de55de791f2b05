//! Builds.

use std::collections::BTreeMap;

use driftless_domain::{Artifact, Content};
use serde_json::json;

use crate::api::{Api, Ask};
use crate::args::Release;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::{Announced, Artifacts, AutoDeployed, NotDeployed};
use crate::out::{Format, Out};
use crate::table::{age, columns, or_dash};

/// Announces or lists builds.
pub(crate) async fn run(api: &Api, command: Release, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Release::Create { app, tag, images, git_sha, branch } => {
            let tried = format!("announce {tag} of {app}");
            let given = images.len();
            let images: BTreeMap<_, _> = images.into_iter().collect();
            if images.len() != given {
                return Err(Failure::new(Exit::Usage, format!("cannot {tried}")).said("--image names a service twice"));
            }
            let body = json!({"tag": tag, "images": images, "gitSha": git_sha, "branch": branch});
            let ask = Ask::post(&tried, format!("/v1/apps/{app}/artifacts"), Some(&body))
                .seen_by(format!("driftless release list {app}"));
            let answer = api.ask(ask).await?;
            if out.is_json() {
                out.json(&answer.json()?)?;
                return Ok(Exit::Done);
            }
            let Announced { new, deployed, not_deployed } = answer.read()?;
            let what = if new { "is announced" } else { "was announced before; nothing changed" };
            out.line(&format!("{tag} of {app} {what}"))?;
            for AutoDeployed { environment, generation } in deployed {
                out.line(&format!("  {app}/{environment}: wanted at generation {generation}"))?;
            }
            for NotDeployed { environment, why } in not_deployed {
                out.line(&format!("  {app}/{environment}: not asked for: {why}"))?;
            }
            Ok(Exit::Done)
        }
        Release::List { app, limit } => {
            let tried = format!("list the builds of {app}");
            let answer = api.ask(Ask::get(&tried, format!("/v1/apps/{app}/artifacts?limit={limit}"))).await?;
            if out.is_json() {
                out.json(&answer.json()?)?;
                return Ok(Exit::Done);
            }
            let Artifacts { now, artifacts } = answer.read()?;
            if artifacts.is_empty() {
                out.line(&format!("no build of {app} was announced yet; `driftless release create {app}` does it"))?;
                return Ok(Exit::Done);
            }
            let wide = out.format() == Format::Wide;
            let mut headings = vec!["TAG", "COMMIT", "BRANCH", "ANNOUNCED", "BY"];
            if wide {
                headings.push("IMAGES");
            }
            let rows = artifacts.into_iter().map(|artifact| {
                let Artifact { app: _, tag, content, git_sha, branch, announced_by, announced_at } = artifact;
                let Content::Container { images } = content;
                let when = format!("{} ago", age(announced_at, now));
                let commit = or_dash(git_sha.map(|sha| sha.as_str().chars().take(12).collect()));
                let mut row = vec![tag.to_string(), commit, or_dash(branch), when, announced_by.to_string()];
                if wide {
                    let images: Vec<_> = images.iter().map(|(service, image)| format!("{service}={image}")).collect();
                    row.push(images.join(" "));
                }
                row
            });
            out.print(&columns(&headings, rows))?;
            Ok(Exit::Done)
        }
    }
}
