//! The structs of [`crate::raw`] to [`AppSpec`]: names become names of the domain, defaults and templates are filled in.
//! What the field rules have reported already is passed over in silence here.

use std::str::FromStr;
use std::time::Duration;

use driftless_domain::{AccountId, AppName, EnvName, HealPolicy, NameError, Place, Region, RoleArn, RoleBinding};

use crate::clash::{self, Held};
use crate::duration::{DEFAULT_DEADLINE, parse_deadline};
use crate::model::{AppSpec, Approvals, Environment, Kind, Resources};
use crate::raw::{Common, ContainerSpec, Heal, SiteSpec};
use crate::template::fill;
use crate::tree::Path;
use crate::walk::Walk;
use crate::{order, raw};

mod container;
mod site;

/// More environments or services than this are refused by the field rules; comparing all with all would take long then.
const MOST: usize = 50;

/// The spec of a container application, when nothing that it needs is missing.
pub(crate) fn container(walk: &mut Walk<'_, '_>, raw: &ContainerSpec) -> Option<AppSpec> {
    if raw.environments.len() > MOST || raw.services.len() > MOST {
        return None;
    }
    let app: Option<AppName> = parsed(raw.app.as_ref());
    let services = container::services(walk, &raw.services);
    let mut held = Vec::new();
    let mut environments = Vec::new();
    for (index, environment) in raw.environments.iter().enumerate() {
        let at = Whereabouts::new(index, app.as_ref(), &environment.common);
        let bound = container::bind(walk, &at, environment, &services, &mut held);
        environments.push(finish(walk, &at, &environment.common, bound.map(Resources::Services)));
    }
    let commons: Vec<&Common> = raw.environments.iter().map(|environment| &environment.common).collect();
    between(walk, &commons, &held);
    let kind = Kind::Container(crate::model::ContainerApp { services: all(services)? });
    Some(AppSpec { app: app?, kind, environments: all(environments)? })
}

/// The spec of a static site, when nothing that it needs is missing.
pub(crate) fn static_site(walk: &mut Walk<'_, '_>, raw: &SiteSpec) -> Option<AppSpec> {
    if raw.environments.len() > MOST {
        return None;
    }
    let app: Option<AppName> = parsed(raw.app.as_ref());
    let site = site::app(raw);
    let mut held = Vec::new();
    let mut environments = Vec::new();
    for (index, environment) in raw.environments.iter().enumerate() {
        let at = Whereabouts::new(index, app.as_ref(), &environment.common);
        let bound = site::bind(walk, &at, environment, &mut held);
        environments.push(finish(walk, &at, &environment.common, bound.map(Resources::Site)));
    }
    let commons: Vec<&Common> = raw.environments.iter().map(|environment| &environment.common).collect();
    between(walk, &commons, &held);
    Some(AppSpec { app: app?, kind: Kind::StaticSite(site?), environments: all(environments)? })
}

/// The rules between environments.
fn between(walk: &mut Walk<'_, '_>, commons: &[&Common], held: &[Held]) {
    let names: Vec<Option<&str>> = commons.iter().map(|common| common.name.as_deref()).collect();
    unique(walk, &Path::root().key("environments"), &names);
    order::check(walk, commons);
    // An environment whose name is given twice has been reported; all that its templates give would clash as well.
    let named_once = |one: &&Held| same_before(&names, one.environment).is_none();
    clash::check(walk, held.iter().filter(named_once));
}

/// The parts of an environment that the names of its resources are made of, as far as they are valid.
struct Whereabouts<'a> {
    index: usize,
    path: Path,
    app: Option<&'a AppName>,
    env: Option<EnvName>,
    account: Option<AccountId>,
    region: Option<Region>,
}

impl<'a> Whereabouts<'a> {
    fn new(index: usize, app: Option<&'a AppName>, common: &Common) -> Self {
        let path = Path::root().key("environments").index(index);
        let env = parsed(common.name.as_ref());
        Self { index, path, app, env, account: parsed(common.account.as_ref()), region: parsed(common.region.as_ref()) }
    }

    /// A name made from a template, and where it stands. When the default template gives no valid name, the environment
    /// is where people must act.
    fn templated<T: FromStr<Err = NameError>>(
        &self,
        walk: &mut Walk<'_, '_>,
        key: &str,
        given: Option<&String>,
        default: &str,
        service: Option<&str>,
    ) -> Option<(T, Path)> {
        let path = self.path.key(if given.is_some() { key } else { "name" });
        let template = given.map_or(default, String::as_str);
        let mut values = vec![("app", self.app?.as_str()), ("env", self.env.as_ref()?.as_str())];
        values.extend(service.map(|service| ("service", service)));
        let text = fill(template, &values).ok()?;
        match text.parse() {
            Ok(name) => Some((name, path)),
            Err(error) => {
                let help = given.is_none().then(|| format!("the default is {default}; give `{key}` to change it"));
                walk.error_with(&path, error.to_string(), help);
                None
            }
        }
    }
}

fn finish(
    walk: &mut Walk<'_, '_>,
    at: &Whereabouts<'_>,
    common: &Common,
    resources: Option<Resources>,
) -> Option<Environment> {
    let Common { name: _, account: _, region: _, role, auto_deploy, after, approvals, heal, rollout_deadline } = common;
    let asked = approvals.as_ref().map_or_else(Approvals::default, |raw: &raw::Approvals| Approvals {
        staff: raw.staff.unwrap_or(0),
        client: raw.client.unwrap_or(0),
    });
    let auto_deploy = auto_deploy.unwrap_or(false);
    if auto_deploy && !asked.is_none() {
        let message = "an environment cannot both deploy by itself and ask for approvals";
        walk.error_with(&at.path.key("autoDeploy"), message, Some("remove `autoDeploy` or `approvals`".to_owned()));
    }
    let role = match role {
        None => None,
        Some(role) => Some(role_binding(walk, at, role)?),
    };
    let rollout_deadline: Duration = match rollout_deadline {
        None => DEFAULT_DEADLINE,
        Some(text) => parse_deadline(text)?,
    };
    let mut waits_for: Vec<EnvName> = Vec::new();
    for name in after.iter().flatten().filter_map(|text| text.parse().ok()) {
        if !waits_for.contains(&name) {
            waits_for.push(name);
        }
    }
    Some(Environment {
        name: at.env.clone()?,
        place: Place { account: at.account.clone()?, region: at.region.clone()?, role },
        auto_deploy,
        after: waits_for,
        approvals: asked,
        heal: match heal {
            Some(Heal::Auto) | None => HealPolicy::Auto,
            Some(Heal::Report) => HealPolicy::Report,
        },
        rollout_deadline,
        resources: resources?,
    })
}

/// A role acts in its own account, so one of another account would deploy there, whatever `account` says.
fn role_binding(walk: &mut Walk<'_, '_>, at: &Whereabouts<'_>, role: &raw::Role) -> Option<RoleBinding> {
    let arn: RoleArn = parsed(role.arn.as_ref())?;
    let owner = arn.as_str().split(':').nth(4).unwrap_or_default();
    if let Some(account) = at.account.as_ref().filter(|account| account.as_str() != owner) {
        let message = format!("the role is of account {owner}, the environment is in {account}");
        walk.error(&at.path.key("role").key("arn"), message);
    }
    Some(RoleBinding { arn, external_id: role.external_id.clone() })
}

/// Which item of a list has the same name before this one.
fn same_before(names: &[Option<&str>], index: usize) -> Option<usize> {
    let name = names[index]?;
    names[..index].iter().position(|other| *other == Some(name))
}

/// Says which names of a list are given twice.
fn unique(walk: &mut Walk<'_, '_>, list: &Path, names: &[Option<&str>]) {
    for (index, name) in names.iter().enumerate() {
        if let (Some(name), Some(first)) = (name, same_before(names, index)) {
            let line = walk.line(&list.index(first).key("name"));
            let message = format!("the name {} is given twice, first in line {line}", crate::finding::shown(name));
            walk.error(&list.index(index).key("name"), message);
        }
    }
}

fn parsed<T: FromStr>(text: Option<&String>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

fn all<T>(items: Vec<Option<T>>) -> Option<Vec<T>> {
    items.into_iter().collect()
}
