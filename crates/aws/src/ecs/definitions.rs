//! Task definitions, read as they are on the wire.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use serde_json::{Map, Value};

use driftless_domain::{CallClass, CallError, Place, TaskDefArn, TaskDefinition, TaskDocument, TaskFamily};

use super::raw::Captured;
use crate::live::{Aws, unreadable};
use crate::operation::{DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS};

/// How many pages of one listing are read before we take the endpoint for broken: 100 pages of 100 revisions.
const MOST_PAGES: usize = 100;

impl Aws {
    pub(crate) async fn describe_task_definition(
        &self,
        place: &Place,
        arn: &TaskDefArn,
    ) -> Result<Option<TaskDefinition>, CallError> {
        let captured = Captured::default();
        let interceptor = captured.clone();
        let answer = self
            .send(place, &DESCRIBE_TASK_DEFINITION, arn, |c| {
                let request = c.ecs_reads.describe_task_definition().task_definition(arn.as_str());
                request.include(TaskDefinitionField::Tags).customize().interceptor(interceptor).send()
            })
            .await;
        match answer {
            Ok(_) => {}
            Err(error) if is_unknown(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        captured.json().and_then(|body| described(arn, body)).map(Some).ok_or_else(|| {
            let problem = "the answer holds no task definition";
            unreadable(place, &DESCRIBE_TASK_DEFINITION, arn, CallClass::Transient, problem)
        })
    }

    pub(crate) async fn list_revisions(
        &self,
        place: &Place,
        family: &TaskFamily,
        limit: usize,
    ) -> Result<Vec<TaskDefArn>, CallError> {
        let object = format!("family {family}");
        let mut revisions: Vec<TaskDefArn> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .send(place, &LIST_TASK_DEFINITIONS, &object, |c| {
                    let request = c.ecs_reads.list_task_definitions().family_prefix(family.as_str());
                    let request = request.status(TaskDefinitionStatus::Active).sort(SortOrder::Desc).max_results(100);
                    request.set_next_token(token.take()).send()
                })
                .await?;
            // AWS takes the prefix for the whole name, other endpoints take it for a prefix.
            let ours = answer.task_definition_arns.unwrap_or_default().into_iter().filter_map(|arn| {
                let arn = TaskDefArn::parse(arn).ok()?;
                (arn.family() == *family).then_some(arn)
            });
            revisions.extend(ours);
            token = answer.next_token.filter(|token| !token.is_empty());
            if revisions.len() >= limit || token.is_none() {
                revisions.sort_by_key(|arn| std::cmp::Reverse(arn.revision()));
                revisions.truncate(limit);
                return Ok(revisions);
            }
        }
        let problem = format!("the list does not end after {MOST_PAGES} pages");
        Err(unreadable(place, &LIST_TASK_DEFINITIONS, &object, CallClass::Invalid, &problem))
    }
}

/// ECS has no code of its own for a revision that it does not know (any more): only these words.
fn is_unknown(error: &CallError) -> bool {
    error.said.code == "ClientException" && error.said.message.starts_with("Unable to describe task definition")
}

fn described(arn: &TaskDefArn, mut body: Map<String, Value>) -> Option<TaskDefinition> {
    let Some(Value::Object(described)) = body.remove("taskDefinition") else { return None };
    let active = described.get("status").and_then(Value::as_str) == Some("ACTIVE");
    let tags: BTreeMap<String, String> = body
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| {
            let text = |key: &str| tag.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("key")?, text("value").unwrap_or_default()))
        })
        .collect();
    Some(TaskDefinition { arn: arn.clone(), document: TaskDocument::of(described), tags, active })
}
