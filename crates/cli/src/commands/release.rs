//! Builds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use driftless_domain::{AppName, Artifact, Content, Sha256, SiteBuild, Tag};
use serde_json::{Value, json};
use sha2::Digest;

use crate::api::{Api, Ask};
use crate::args::{Create, Release};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::{Announced, Artifacts, AutoDeployed, NotDeployed};
use crate::number::{bytes, counted};
use crate::out::{Format, Out};
use crate::table::{age, columns, or_dash};

/// Announces or lists builds.
pub(crate) async fn run(api: &Api, command: Release, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Release::Create(build) => create(api, *build, out).await,
        Release::List { app, limit } => list(api, &app, limit, out).await,
    }
}

async fn create(api: &Api, build: Create, out: &mut Out) -> Result<Exit, Failure> {
    let app = build.app.clone();
    // clap has made sure that it is given in one of the two ways.
    let Some(tag) = build.tag.clone().or_else(|| build.named.clone()) else {
        return Err(Failure::new(Exit::Usage, format!("cannot announce a build of {app} without a tag")));
    };
    let tried = format!("announce {tag} of {app}");
    let body = body(build, &tag, &tried)?;
    let ask = Ask::post(&tried, format!("/v1/apps/{app}/artifacts"), Some(&body))
        .seen_by(format!("driftless release list {app}"));
    // The API reads all of a zip before it answers.
    let ask = if body.get("site").is_some() { ask.patient() } else { ask };
    let answer = api.ask(ask).await?;
    if out.is_json() {
        out.json(&answer.json()?)?;
        return Ok(Exit::Done);
    }
    let Announced { artifact, new, deployed, not_deployed } = answer.read()?;
    let what = if new { "is announced" } else { "was announced before; nothing changed" };
    out.line(&format!("{tag} of {app} {what}"))?;
    if let Some(build) = artifact.and_then(|artifact| artifact.content.site().cloned()) {
        out.line(&format!("  {}, version {}", zip(&build), build.version))?;
    }
    for AutoDeployed { environment, generation } in deployed {
        out.line(&format!("  {app}/{environment}: wanted at generation {generation}"))?;
    }
    for NotDeployed { environment, why } in not_deployed {
        out.line(&format!("  {app}/{environment}: not asked for: {why}"))?;
    }
    Ok(Exit::Done)
}

/// What is sent: images or a site, as the command line has it.
fn body(build: Create, tag: &Tag, tried: &str) -> Result<Value, Failure> {
    let Create { app: _, tag: _, named: _, images, sha256, sha256_of, zip, version_id, git_sha, branch } = build;
    let sha256 = match (sha256, sha256_of) {
        (Some(sha256), _) => Some(sha256),
        (None, Some(file)) => Some(hash(&file).map_err(|error| {
            Failure::new(Exit::Usage, format!("cannot {tried}"))
                .said(format!("cannot read {}: {error}", file.display()))
        })?),
        (None, None) => None,
    };
    let (name, content) = match sha256 {
        Some(sha256) => ("site", json!({"key": zip, "versionId": version_id, "sha256": sha256})),
        None => {
            let given = images.len();
            let images: BTreeMap<_, _> = images.into_iter().collect();
            if images.len() != given {
                return Err(Failure::new(Exit::Usage, format!("cannot {tried}")).said("--image names a service twice"));
            }
            ("images", json!(images))
        }
    };
    Ok(json!({"tag": tag, name: content, "gitSha": git_sha, "branch": branch}))
}

/// The sha256 of a file, read piece by piece: a zip may be larger than the memory.
fn hash(file: &Path) -> io::Result<Sha256> {
    let mut file = File::open(file)?;
    let mut hash = sha2::Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Sha256::from_bytes(hash.finalize().into())),
            count => hash.update(&piece[..count]),
        }
    }
}

async fn list(api: &Api, app: &AppName, limit: u32, out: &mut Out) -> Result<Exit, Failure> {
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
    // The key of a zip is what the version parameter says; the images of services are too long for a table.
    let sites = artifacts.iter().any(|artifact| artifact.content.site().is_some());
    let mut headings = vec!["TAG", "COMMIT", "BRANCH", "ANNOUNCED", "BY"];
    match (sites, wide) {
        (true, _) => headings.push("CONTENT"),
        (false, true) => headings.push("IMAGES"),
        (false, false) => {}
    }
    let rows = artifacts.into_iter().map(|artifact| {
        let Artifact { app: _, tag, content, git_sha, branch, announced_by, announced_at } = artifact;
        let when = format!("{} ago", age(announced_at, now));
        let commit = or_dash(git_sha.map(|sha| sha.as_str().chars().take(12).collect()));
        let mut row = vec![tag.to_string(), commit, or_dash(branch), when, announced_by.to_string()];
        if wide || sites {
            row.push(contents(&content, wide));
        }
        row
    });
    out.print(&columns(&headings, rows))?;
    Ok(Exit::Done)
}

/// What a build is made of.
fn contents(content: &Content, wide: bool) -> String {
    match content {
        Content::Container { images } => {
            let images: Vec<_> = images.iter().map(|(service, image)| format!("{service}={image}")).collect();
            images.join(" ")
        }
        Content::Site(build) if wide => {
            let (bucket, version, sha256) = (&build.bucket, &build.version, &build.sha256);
            format!("{} in {bucket}, version {version}, sha256 {sha256}", zip(build))
        }
        Content::Site(build) => zip(build),
    }
}

/// `zip builds/docs/abc.zip (4,312 files, 12 MB)`: how many files it holds and how much they are, unpacked.
fn zip(build: &SiteBuild) -> String {
    let SiteBuild { key, files, bytes: size, .. } = build;
    format!("zip {key} ({}, {})", counted(u64::from(*files), "file", "files"), bytes(*size))
}
