//! Task definition families. Revisions are never removed; ECS forgets to describe old INACTIVE ones that nothing uses.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{NameError, TaskDefArn, TaskDefinition, TaskDocument};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::call::Site;
use crate::clock::after;

use super::document::{fill_defaults, shuffle};

/// How long an INACTIVE revision that nothing uses can still be described. AWS only says "may vanish later".
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// All revisions of one family, the first first.
#[derive(Debug, Default)]
pub(crate) struct Family(Vec<Revision>);

/// One revision.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) arn: TaskDefArn,
    pub(crate) document: Map<String, Value>,
    tags: BTreeMap<String, String>,
    registered_at: Timestamp,
    registered_by: String,
    deregistered_at: Option<Timestamp>,
}

impl Family {
    /// Adds a revision with defaults filled in.
    pub(crate) fn register(
        &mut self,
        site: &Site,
        family: &str,
        mut document: Map<String, Value>,
        tags: BTreeMap<String, String>,
        by: &str,
        at: Timestamp,
    ) -> Result<TaskDefArn, NameError> {
        let Site { account, region } = site;
        let number = self.0.len().saturating_add(1);
        let arn = TaskDefArn::parse(format!("arn:aws:ecs:{region}:{account}:task-definition/{family}:{number}"))?;
        fill_defaults(&mut document);
        self.0.push(Revision {
            arn: arn.clone(),
            document,
            tags,
            registered_at: at,
            registered_by: format!("arn:aws:iam::{account}:role/{by}"),
            deregistered_at: None,
        });
        Ok(arn)
    }

    pub(crate) fn get(&self, arn: &TaskDefArn) -> Option<&Revision> {
        self.0.iter().find(|revision| revision.arn == *arn)
    }

    pub(crate) fn get_mut(&mut self, arn: &TaskDefArn) -> Option<&mut Revision> {
        self.0.iter_mut().find(|revision| revision.arn == *arn)
    }

    /// The newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Revision> {
        self.0.iter().rev()
    }
}

impl Revision {
    pub(crate) fn known_at(&self, at: Timestamp) -> bool {
        self.registered_at <= at
    }

    pub(crate) fn active_at(&self, at: Timestamp) -> bool {
        self.known_at(at) && self.deregistered_at.is_none_or(|gone| at < gone)
    }

    pub(crate) fn forgotten_at(&self, at: Timestamp) -> bool {
        self.deregistered_at.is_some_and(|gone| at >= after(gone, FORGOTTEN_AFTER))
    }

    pub(crate) fn deregister(&mut self, at: Timestamp) {
        self.deregistered_at.get_or_insert(at);
    }

    /// As DescribeTaskDefinition shows it: with read-only fields, in some order; reduced as an adapter reduces it.
    pub(crate) fn described(&self, at: Timestamp, dice: &mut fastrand::Rng) -> TaskDefinition {
        let Self { arn, document, tags, registered_at, registered_by, deregistered_at } = self;
        let active = self.active_at(at);
        let mut shown = document.clone();
        shuffle(&mut shown, dice);
        let own = [
            ("taskDefinitionArn", json!(arn.as_str())),
            ("revision", json!(arn.revision())),
            ("status", json!(if active { "ACTIVE" } else { "INACTIVE" })),
            ("registeredAt", json!(registered_at.as_second())),
            ("registeredBy", json!(registered_by)),
            ("compatibilities", json!(["EC2", "FARGATE"])),
            ("requiresAttributes", json!([{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}])),
        ];
        shown.extend(own.map(|(key, value)| (key.to_owned(), value)));
        if let Some(gone) = deregistered_at {
            shown.insert("deregisteredAt".to_owned(), json!(gone.as_second()));
        }
        TaskDefinition { arn: arn.clone(), document: TaskDocument::of(shown), tags: tags.clone(), active }
    }
}
