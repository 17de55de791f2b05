//! The tree to the structs of [`crate::raw`]: which keys there are, which are needed, and of what type.
//!
//! **Refuses:** to judge values. That is for the rules at the structs.

use std::collections::BTreeMap;

use crate::raw::{
    Approvals, Artifacts, Common, ContainerEnvironment, ContainerSpec, GivenParameter, GivenService, Header, Heal,
    Role, Service, SiteEnvironment, SiteSpec,
};
use crate::tree::{Node, Path, Value};
use crate::walk::{Fields, Walk};

/// Reads the rest of a container spec.
pub(crate) fn container<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> ContainerSpec {
    let app = fields.text(walk, "app");
    let services = each(walk, &mut fields, "services", service);
    let environments = each(walk, &mut fields, "environments", container_environment);
    fields.demand(walk, &["app", "services", "environments"]);
    fields.finish(walk, |key| match key {
        "artifacts" | "headers" | "entryPage" => Some("this key belongs to `kind: static-site`"),
        _ => None,
    });
    ContainerSpec { api_version: (), kind: (), app, services, environments }
}

/// Reads the rest of the spec of a static site.
pub(crate) fn static_site<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> SiteSpec {
    let app = fields.text(walk, "app");
    let artifacts = fields.map(walk, "artifacts").map(|mut fields| {
        let bucket = fields.text(walk, "bucket");
        let account = fields.text(walk, "account");
        let region = fields.text(walk, "region");
        fields.demand(walk, &["bucket"]);
        fields.finish(walk, nowhere);
        Artifacts { bucket, account, region }
    });
    let entry_page = fields.text(walk, "entryPage");
    let headers = each(walk, &mut fields, "headers", header);
    let environments = each(walk, &mut fields, "environments", site_environment);
    fields.demand(walk, &["app", "artifacts", "environments"]);
    fields.finish(walk, |key| (key == "services").then_some("this key belongs to `kind: container`"));
    SiteSpec { api_version: (), kind: (), app, artifacts, entry_page, headers, environments }
}

fn service<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> Service {
    let name = fields.text(walk, "name");
    let container = fields.text(walk, "container");
    let family = fields.text(walk, "family");
    fields.demand(walk, &["name"]);
    fields.finish(walk, nowhere);
    Service { name, container, family }
}

fn header<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> Header {
    let r#match = fields.text(walk, "match");
    let cache_control = fields.text(walk, "cacheControl");
    fields.demand(walk, &["match", "cacheControl"]);
    fields.finish(walk, nowhere);
    Header { r#match, cache_control }
}

fn container_environment<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> ContainerEnvironment {
    let common = common(walk, &mut fields);
    let cluster = fields.text(walk, "cluster");
    let service = fields.text(walk, "service");
    let services = names(walk, &mut fields, "services", GivenService);
    let parameter = fields.text(walk, "parameter");
    let parameters = names(walk, &mut fields, "parameters", GivenParameter);
    fields.demand(walk, &["name", "account", "region", "cluster"]);
    fields.finish(walk, |key| match key {
        "bucket" | "prefix" | "distribution" | "originPath" | "keep" => Some("this key belongs to `kind: static-site`"),
        _ => None,
    });
    ContainerEnvironment { common, cluster, service, services, parameter, parameters }
}

fn site_environment<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> SiteEnvironment {
    let common = common(walk, &mut fields);
    let bucket = fields.text(walk, "bucket");
    let prefix = fields.text(walk, "prefix");
    let distribution = fields.text(walk, "distribution");
    let origin_path = fields.text(walk, "originPath");
    let keep = fields.duration(walk, "keep", "90m, 12h or 7d");
    let parameter = fields.text(walk, "parameter");
    fields.demand(walk, &["name", "account", "region", "bucket"]);
    fields.finish(walk, |key| match key {
        "cluster" | "service" | "services" | "parameters" => Some("this key belongs to `kind: container`"),
        _ => None,
    });
    SiteEnvironment { common, bucket, prefix, distribution, origin_path, keep, parameter }
}

fn common<'t>(walk: &mut Walk<'t, '_>, fields: &mut Fields<'t>) -> Common {
    Common {
        name: fields.text(walk, "name"),
        account: fields.text(walk, "account"),
        region: fields.text(walk, "region"),
        role: role(walk, fields),
        auto_deploy: fields.flag(walk, "autoDeploy"),
        after: after(walk, fields),
        approvals: fields.map(walk, "approvals").map(|fields| approvals(walk, fields)),
        heal: fields.choice(walk, "heal", &[("auto", Heal::Auto), ("report", Heal::Report)]),
        rollout_deadline: fields.duration(walk, "rolloutDeadline", "90s, 30m or 2h"),
    }
}

fn role<'t>(walk: &mut Walk<'t, '_>, fields: &mut Fields<'t>) -> Option<Role> {
    let node = fields.node("role")?;
    let path = fields.at("role");
    match &node.value {
        Value::Map(_) => {
            let mut fields = walk.fields_of(node, path)?;
            let arn = fields.text(walk, "arn");
            let external_id = fields.text(walk, "externalId");
            fields.demand(walk, &["arn"]);
            fields.finish(walk, nowhere);
            Some(Role { arn, external_id })
        }
        Value::Scalar(_) | Value::List(_) => Some(Role { arn: walk.text_of(node, &path), external_id: None }),
    }
}

fn approvals<'t>(walk: &mut Walk<'t, '_>, mut fields: Fields<'t>) -> Approvals {
    let staff = fields.number(walk, "staff");
    let client = fields.number(walk, "client");
    fields.finish(walk, nowhere);
    Approvals { staff, client }
}

fn after<'t>(walk: &mut Walk<'t, '_>, fields: &mut Fields<'t>) -> Vec<Option<String>> {
    let path = fields.at("after");
    let items = fields.list(walk, "after");
    items.iter().enumerate().map(|(index, item)| walk.text_of(item, &path.index(index))).collect()
}

/// A map of names by service.
fn names<'t, T>(
    walk: &mut Walk<'t, '_>,
    fields: &mut Fields<'t>,
    key: &'static str,
    name: fn(String) -> T,
) -> BTreeMap<String, T> {
    let Some(fields) = fields.map(walk, key) else { return BTreeMap::new() };
    let named = fields.entries().iter().filter_map(|entry| {
        let text = walk.text_of(&entry.value, &fields.at(&entry.key))?;
        Some((entry.key.clone(), name(text)))
    });
    named.collect()
}

/// The items of a list, each of which must be a map. One that is not leaves an empty item, so that the places in the list
/// stay what they are in the file.
fn each<'t, T: Default>(
    walk: &mut Walk<'t, '_>,
    fields: &mut Fields<'t>,
    key: &'static str,
    read: fn(&mut Walk<'t, '_>, Fields<'t>) -> T,
) -> Vec<T> {
    let path = fields.at(key);
    let items = fields.list(walk, key);
    items.iter().enumerate().map(|(index, item)| one(walk, item, path.index(index), read)).collect()
}

fn one<'t, T: Default>(
    walk: &mut Walk<'t, '_>,
    item: &'t Node,
    path: Path,
    read: fn(&mut Walk<'t, '_>, Fields<'t>) -> T,
) -> T {
    match walk.fields_of(item, path) {
        Some(fields) => read(walk, fields),
        None => T::default(),
    }
}

fn nowhere(_key: &str) -> Option<&'static str> {
    None
}
