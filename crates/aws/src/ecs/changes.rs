//! The two calls to ECS that change something. Neither takes an idempotency token, so each is sent once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use driftless_domain::{CallClass, CallError, ClusterName, EcsServiceName, Place, TaskDefArn, TaskDocument};

use super::in_cluster;
use super::raw::Replaced;
use crate::live::{Aws, unreadable};
use crate::operation::{REGISTER_TASK_DEFINITION, UPDATE_SERVICE};

impl Aws {
    pub(crate) async fn register(
        &self,
        place: &Place,
        document: &TaskDocument,
        tags: &BTreeMap<String, String>,
    ) -> Result<TaskDefArn, CallError> {
        let mut body = document.as_json().clone();
        if !tags.is_empty() {
            let tags = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            body.insert("tags".to_owned(), Value::Array(tags));
        }
        let body = Replaced::with(&Value::Object(body));
        let object = format!("family {}", document.family());
        let answer = self
            .send(place, &REGISTER_TASK_DEFINITION, &object, |c| {
                let request = c.ecs_changes.register_task_definition().family(document.family());
                request.customize().interceptor(body).send()
            })
            .await?;
        let arn = answer.task_definition().and_then(|d| d.task_definition_arn()).unwrap_or_default();
        // It is registered; only its name got lost. The next look finds it by its tags (S7).
        TaskDefArn::parse(arn).map_err(|error| {
            unreadable(place, &REGISTER_TASK_DEFINITION, &object, CallClass::Ambiguous, &error.to_string())
        })
    }

    pub(crate) async fn point_service(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        task_definition: &TaskDefArn,
    ) -> Result<(), CallError> {
        self.send(place, &UPDATE_SERVICE, &in_cluster(service, cluster), |c| {
            let request = c.ecs_changes.update_service().cluster(cluster.as_str()).service(service.as_str());
            request.task_definition(task_definition.as_str()).send()
        })
        .await
        .map(|_| ())
    }
}
