//! Playing with the world of `driftlessd dev`. What the daemon answers is shown as it is, where it is not for people.

use clap::ValueEnum as _;
use driftless_domain::{AppName, Tag, Target};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Ask};
use crate::args::{Break, Dev};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::number::bytes;
use crate::out::Out;
use crate::table::{age, columns, or_dash};

/// Changes the world, or shows it.
pub(crate) async fn run(api: &Api, command: Dev, out: &mut Out) -> Result<Exit, Failure> {
    let (tried, path, body) = match command {
        Dev::Break(broken) => broke(&broken),
        Dev::Build { app, tag } => return build(api, &app, &tag, out).await,
        Dev::Objects(at) => return objects(api, &at.target(), out).await,
        Dev::Scale { at, service, count } => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service, "count": count});
            (format!("scale {service} of {target} to {count}"), "/dev/scale", Some(body))
        }
        Dev::World => ("show the world".to_owned(), "/dev/world", None),
    };
    let answer = ask(api, &tried, path, body.as_ref()).await?;
    if answer.text.trim().is_empty() {
        out.line("done")?;
    } else {
        out.json(&answer.json()?)?;
    }
    Ok(Exit::Done)
}

/// What is broken, in words and as the daemon is told.
fn broke(broken: &Break) -> (String, &'static str, Option<Value>) {
    match broken {
        Break::Service { at, service } => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service});
            (format!("break the service {service} of {target}"), "/dev/break/service", Some(body))
        }
        Break::Parameter { at, service } => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env, "service": service});
            (format!("break the parameter of {service} of {target}"), "/dev/break/parameter", Some(body))
        }
        Break::Release(at) => {
            let target = at.target();
            let body = json!({"app": target.app, "env": target.env});
            (format!("deploy a build that crashes to {target}"), "/dev/break/release", Some(body))
        }
        Break::Object { at, kind } => {
            let target = at.target();
            let kind = kind.to_possible_value().map(|value| value.get_name().to_owned());
            let body = json!({"app": target.app, "env": target.env, "kind": kind});
            (format!("break an object of {target}"), "/dev/break/object", Some(body))
        }
    }
}

async fn ask(api: &Api, tried: &str, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
    let ask = match body {
        Some(body) => Ask::post(tried, path, Some(body)).seen_by("driftless dev world".to_owned()),
        None => Ask::get(tried, path),
    };
    api.ask(ask).await.map_err(|refusal| match refusal.status {
        404 => refusal.failure.next("`driftless dev` works with `driftlessd dev` only"),
        _ => refusal.failure,
    })
}

/// A zip that was uploaded.
#[derive(Debug, Deserialize)]
struct Uploaded {
    bucket: String,
    key: String,
    sha256: String,
    bytes: u64,
    new: bool,
}

/// Builds a site, and shows what CI would type next.
async fn build(api: &Api, app: &AppName, tag: &Tag, out: &mut Out) -> Result<Exit, Failure> {
    let body = json!({"app": app, "tag": tag});
    let answer = ask(api, &format!("build {tag} of {app}"), "/dev/builds", Some(&body)).await?;
    if out.is_json() {
        out.json(&answer.json()?)?;
        return Ok(Exit::Done);
    }
    let Uploaded { bucket, key, sha256, bytes: size, new } = answer.read()?;
    let what = if new { "is uploaded" } else { "was uploaded before" };
    out.line(&format!("{key} {what} to the bucket {bucket} ({})", bytes(size)))?;
    out.line(&format!("  next: driftless release create {app} {tag} --sha256 {sha256}"))?;
    Ok(Exit::Done)
}

/// What is in a bucket.
#[derive(Debug, Deserialize)]
struct Objects {
    now: Timestamp,
    objects: Vec<Object>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    size: u64,
    cache_control: Option<String>,
    by: Option<String>,
    at: Option<Timestamp>,
}

/// Shows the bucket of a site.
async fn objects(api: &Api, target: &Target, out: &mut Out) -> Result<Exit, Failure> {
    let Target { app, env } = target;
    let tried = format!("show the objects of {target}");
    let answer = ask(api, &tried, &format!("/dev/objects/{app}/{env}"), None).await?;
    if out.is_json() {
        out.json(&answer.json()?)?;
        return Ok(Exit::Done);
    }
    let Objects { now, objects } = answer.read()?;
    if objects.is_empty() {
        out.line("the bucket is empty")?;
        return Ok(Exit::Done);
    }
    let rows = objects.into_iter().map(|object| {
        let Object { key, size, cache_control, by, at } = object;
        let when = at.map(|at| format!("{} ago", age(at, now)));
        vec![key, bytes(size), or_dash(cache_control), or_dash(by), or_dash(when)]
    });
    out.print(&columns(&["KEY", "SIZE", "CACHE-CONTROL", "BY", "WHEN"], rows))?;
    Ok(Exit::Done)
}
