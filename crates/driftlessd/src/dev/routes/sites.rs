//! Hands on the static site of the demonstration: CI that uploads a build, people who change objects behind our back, and
//! what is really in the buckets.

use axum::Json;
use axum::extract::{Path, State};
use driftless_domain::{AppName, EnvName, InvalidationPath, Sha256, Tag};
use driftless_sim::{Object, ObjectHeaders};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::site::{Home, key_of};
use super::{Asked, Hands, Refusal, broken};

/// What is changed, deleted, given other headers and put beside our files. In every build, and in none.
const CHANGED: &str = "index.html";
const DELETED: &str = "logo.svg";
const REHEADED: &str = "search.json";
const FOREIGN: &str = "uploads/cat.svg";

/// What is put there.
const CAT: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>meow</text></svg>\n";

/// What somebody thought would be faster.
const FOREVER: &str = "public, max-age=31536000";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Build {
    app: AppName,
    tag: Tag,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrokenObject {
    app: AppName,
    env: EnvName,
    kind: Kind,
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Changed,
    Deleted,
    Headers,
    Foreign,
}

/// The site in an environment, or what there is instead.
fn home(hands: &Hands, app: &str, env: &str) -> Result<Home, Refusal> {
    let found = hands.site.homes().find(|home| app == hands.site.app().as_str() && home.env.as_str() == env);
    found.ok_or_else(|| {
        let envs: Vec<String> = hands.site.homes().map(|home| home.env.to_string()).collect();
        Refusal::unknown(format!(
            "{app}/{env} is no static site of the simulated AWS; it has {} in {}",
            hands.site.app(),
            envs.join(", ")
        ))
    })
}

/// CI builds the site and uploads the zip. The same build is uploaded once.
pub(super) async fn build(State(hands): State<Hands>, Asked(asked): Asked<Build>) -> Result<Json<Value>, Refusal> {
    let Build { app, tag } = asked;
    if app != *hands.site.app() {
        let site = hands.site.app();
        return Err(Refusal::unknown(format!("{app} is no static site of the simulated AWS; it builds {site}")));
    }
    let key = key_of(&app, &tag).map_err(broken)?;
    let zip = hands.site.build(&tag).map_err(|error| broken(format!("{error:#}")))?;
    let (size, sha256) = (zip.len(), Sha256::of(&zip));
    let bucket = &hands.site.builds().bucket;
    let there = hands.world.object(bucket, key.as_str()).filter(|object| object.sha256 == sha256);
    let (version, new) = match there.and_then(|object| object.version) {
        Some(version) => (version, false),
        None => (hands.world.upload_build(bucket, &key, zip), true),
    };
    Ok(Json(json!({ "bucket": bucket, "key": key, "version": version, "sha256": sha256, "bytes": size, "new": new })))
}

/// Somebody with the console and good intentions.
pub(super) async fn break_object(
    State(hands): State<Hands>,
    Asked(asked): Asked<BrokenObject>,
) -> Result<Json<Value>, Refusal> {
    let BrokenObject { app, env, kind } = asked;
    let bucket = home(&hands, app.as_str(), env.as_str())?.site.bucket;
    let there = |key: &str| {
        hands.world.object(&bucket, key).ok_or_else(|| {
            broken(format!(
                "{key} is not in the bucket {bucket}: nothing was published yet, or it is about to be put back"
            ))
        })
    };
    let (object, change) = match kind {
        Kind::Changed => {
            let Object { body, headers, .. } = there(CHANGED)?;
            let edited = [&body, &b"<p>edited by hand</p>\n"[..]].concat();
            let change = format!("content: {} -> {} bytes", body.len(), edited.len());
            hands.world.put_by_person(&bucket, CHANGED, edited, headers);
            (CHANGED, change)
        }
        Kind::Deleted => {
            there(DELETED)?;
            hands.world.delete_by_person(&bucket, DELETED);
            (DELETED, "deleted".to_owned())
        }
        Kind::Headers => {
            let headers = there(REHEADED)?.headers;
            let from = headers.cache_control.as_deref().unwrap_or("none");
            let change = format!("Cache-Control: {from} -> {FOREVER}");
            let headers = ObjectHeaders { cache_control: Some(FOREVER.to_owned()), ..headers };
            hands.world.set_headers_by_person(&bucket, REHEADED, headers);
            (REHEADED, change)
        }
        Kind::Foreign => {
            hands.world.put_by_person(&bucket, FOREIGN, CAT, ObjectHeaders::of_type("image/svg+xml"));
            (FOREIGN, "put there".to_owned())
        }
    };
    Ok(Json(json!({ "bucket": bucket, "object": object, "change": change })))
}

/// What is really in the bucket of a site, and who put it there.
pub(super) async fn objects(
    State(hands): State<Hands>,
    Path((app, env)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let bucket = home(&hands, &app, &env)?.site.bucket;
    let objects = hands.world.objects(&bucket);
    let objects = objects.into_iter().map(|(key, object)| {
        let last = hands.world.object_history(&bucket, &key).pop();
        let (by, at) = last.map(|write| (write.by, write.at)).unzip();
        let ObjectHeaders { content_type, cache_control, content_encoding: _ } = object.headers;
        json!({ "key": key, "size": object.body.len(), "sha256": object.sha256, "contentType": content_type,
            "cacheControl": cache_control, "by": by, "at": at })
    });
    let objects: Vec<Value> = objects.collect();
    let now = hands.clock.now();
    Ok(Json(json!({ "bucket": bucket, "now": now, "objects": objects })))
}

/// The site in each environment, as it is.
pub(super) fn all(hands: &Hands) -> Vec<Value> {
    let now = hands.clock.now();
    let one = |home: Home| {
        let Home { env, place, site } = home;
        let objects = hands.world.objects(&site.bucket);
        let bytes: usize = objects.values().map(|object| object.body.len()).sum();
        let made = site.distribution.as_ref().map(|id| hands.world.invalidations(id)).unwrap_or_default();
        let invalidations: Vec<Value> = made
            .iter()
            .rev()
            .take(3)
            .map(|one| {
                let paths: Vec<&str> = one.paths.iter().map(InvalidationPath::as_str).collect();
                json!({ "id": one.id, "at": one.at, "state": format!("{:?}", one.state_at(now)), "paths": paths })
            })
            .collect();
        json!({
            "env": env, "account": place.account, "bucket": site.bucket, "objects": objects.len(), "bytes": bytes,
            "distribution": site.distribution, "invalidations": invalidations, "invalidationsMade": made.len(),
            "parameter": { "name": site.parameter, "value": hands.world.parameter(&place, &site.parameter) },
        })
    };
    hands.site.homes().map(one).collect()
}

/// What CI uploaded.
pub(super) fn builds(hands: &Hands) -> Vec<Value> {
    let bucket = &hands.site.builds().bucket;
    let builds = hands.world.objects(bucket).into_iter();
    builds
        .map(|(key, object)| {
            json!({ "bucket": bucket, "key": key, "version": object.version, "sha256": object.sha256,
                "bytes": object.body.len() })
        })
        .collect()
}
