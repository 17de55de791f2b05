//! How targets are.

use std::time::Duration;

use driftless_domain::{AppName, EnvName, Headline, Target};

use super::{path_of, site};
use crate::api::{Answer, Api, Ask};
use crate::args::Status as Command;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::{Desired, InvalidApp, Service, Status, TargetView, Targets};
use crate::out::{Format, Out, json_text};
use crate::table::{age, columns, or_dash, sentence};

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// Shows targets, once or again and again.
pub(crate) async fn run(api: &Api, command: Command, out: &mut Out) -> Result<Exit, Failure> {
    let Command { app, env, watch } = command;
    let mut shown = String::new();
    loop {
        let text = show(&ask(api, app.as_ref(), env.as_ref()).await?, env.is_some(), out.format())?;
        if text != shown {
            if watch {
                out.clear()?;
            }
            out.print(&text)?;
            shown = text;
        }
        if !watch {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn ask(api: &Api, app: Option<&AppName>, env: Option<&EnvName>) -> Result<Answer, Failure> {
    let (tried, path) = match (app, env) {
        (Some(app), Some(env)) => {
            let target = Target::new(app.clone(), env.clone());
            (format!("show {target}"), path_of(&target))
        }
        (Some(app), None) => (format!("show the targets of {app}"), format!("/v1/targets?app={app}")),
        (None, _) => ("show the targets".to_owned(), "/v1/targets".to_owned()),
    };
    Ok(api.ask(Ask::get(&tried, path)).await?)
}

fn show(answer: &Answer, one: bool, format: Format) -> Result<String, Failure> {
    if format == Format::Json {
        return Ok(json_text(&answer.json()?));
    }
    if one {
        return Ok(details(&answer.read()?, format));
    }
    let Targets { targets, invalid } = answer.read()?;
    if targets.is_empty() && invalid.is_empty() {
        return Ok("no app has a spec yet; `driftless spec apply FILE` makes one".to_owned());
    }
    Ok(overview(&targets, &invalid, format))
}

/// One line per target, and one per app of which only that much is known that its spec does not parse.
fn overview(targets: &[TargetView], invalid: &[InvalidApp], format: Format) -> String {
    let wide = format == Format::Wide;
    let mut headings = vec!["APP", "ENV", "HEADLINE", "WANTED", "RUNS", "SINCE"];
    if wide {
        headings.extend(["GENERATION", "LOOKED"]);
    }
    headings.push("REASON");
    let rows = targets.iter().map(|view| {
        let TargetView { target, desired, status: _, headline, reason, since, runs, looked_at, now } = view;
        let mut row = vec![
            target.app.to_string(),
            target.env.to_string(),
            headline.to_string(),
            or_dash(desired.as_ref().map(|desired| desired.artifact.clone())),
            or_dash(runs.clone()),
            or_dash(since.map(|since| age(since, *now))),
        ];
        if wide {
            row.push(or_dash(desired.as_ref().map(|desired| desired.generation.to_string())));
            row.push(or_dash(looked_at.map(|at| format!("{} ago", age(at, *now)))));
        }
        row.push(sentence(reason, format));
        row
    });
    let lost = invalid.iter().map(|InvalidApp { app, problem }| {
        let mut row = vec![app.clone(), or_dash(None), Headline::Degraded.to_string()];
        row.resize(headings.len() - 1, or_dash(None));
        row.push(sentence(problem, format));
        row
    });
    columns(&headings, rows.chain(lost))
}

/// All there is to say about one target.
pub(crate) fn details(view: &TargetView, format: Format) -> String {
    let mut text = overview(std::slice::from_ref(view), &[], format);
    let TargetView { target: _, desired, status, headline: _, reason, since: _, runs: _, looked_at, now } = view;
    text.push('\n');
    let mut line = |label: &str, value: String| {
        text.push_str(&format!("{label:<9} {}\n", crate::out::visible(&value)));
    };
    line("reason", reason.clone());
    if let Some(Desired { generation, artifact, requested_by, reason, requested_at }) = desired {
        let when = age(*requested_at, *now);
        line("wanted", format!("{artifact} at generation {generation}, by {requested_by} {when} ago: {reason}"));
    }
    if let Some(looked_at) = looked_at {
        line("looked", format!("{} ago", age(*looked_at, *now)));
    }
    let Some(Status { observed_generation, plan, rejected, services, site }) = status else { return text };
    if let Some(rejected) = rejected {
        line("rejected", format!("{} of generation {}: {}", rejected.tag, rejected.generation, rejected.reason));
        if let Some(stopped) = &rejected.stopped_task {
            line("stopped", stopped.clone());
        }
    }
    for (index, step) in plan.lines().enumerate() {
        let label = if index == 0 { "plan" } else { "" };
        line(
            label,
            if index == 0 { format!("{step} (for generation {observed_generation})") } else { step.to_owned() },
        );
    }
    for (label, value) in site.iter().flat_map(|site| site::lines(site, *now, format)) {
        line(label, value);
    }
    if !services.is_empty() {
        text.push('\n');
        text.push_str(&columns(
            &["SERVICE", "REVISION", "TASKS", "PARAMETER", "ROLLOUT"],
            services.iter().map(service),
        ));
    }
    text
}

fn service(service: &Service) -> Vec<String> {
    let Service { name, task_definition, parameter, running, wanted, rollout } = service;
    let count = |count: &Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    vec![
        name.clone(),
        or_dash(task_definition.clone()),
        format!("{}/{}", count(running), count(wanted)),
        or_dash(parameter.clone()),
        or_dash(rollout.clone()),
    ]
}
