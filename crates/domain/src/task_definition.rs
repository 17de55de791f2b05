//! Task definitions as documents: we own one container's image and our tags; every other field is carried over untouched
//! (S15). Two documents are the same when they differ only by what ECS reorders or fills in (S16).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::task_fields::{READ_ONLY, REGISTRABLE};
use crate::{ContainerName, Generation, ImageRef, ServiceName, Tag, Target, TaskDefArn};

/// The keys of our tags on a revision.
pub mod tag_keys {
    /// The app.
    pub const APP: &str = "driftless:app";
    /// The environment.
    pub const ENV: &str = "driftless:env";
    /// The service, as the spec calls it.
    pub const SERVICE: &str = "driftless:service";
    /// The artifact's tag.
    pub const RELEASE: &str = "driftless:release";
    /// The generation it was registered for.
    pub const GENERATION: &str = "driftless:generation";
    /// The revision it was made from, as `family:revision`.
    pub const BASE: &str = "driftless:base";
    /// The hash of its content.
    pub const CONTENT_HASH: &str = "driftless:content-hash";
    /// All of them.
    pub const ALL: [&str; 7] = [APP, ENV, SERVICE, RELEASE, GENERATION, BASE, CONTENT_HASH];
    /// How each begins.
    pub const PREFIX: &str = "driftless:";
}

/// A document that we cannot take over without losing something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedTaskDefinition {
    /// Fields that this version does not know.
    #[error("fields that this version of Driftless does not know: {}", .0.join(", "))]
    UnknownFields(Vec<String>),
    /// The container that the spec names is not there.
    #[error("no container {container}; there are: {}", .present.join(", "))]
    ContainerNotFound {
        /// What the spec names.
        container: ContainerName,
        /// What there is.
        present: Vec<String>,
    },
    /// More tags than ECS takes once ours are added (50 per resource).
    #[error("{0} tags of others leave no room for ours (ECS takes 50 in all)")]
    TooManyTags(usize),
}

/// A task definition in the form that a registration takes: no read-only fields, no tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskDocument(Map<String, Value>);

impl Eq for TaskDocument {}

impl TaskDocument {
    /// The registrable part of a described (or hand-written) task definition.
    #[must_use]
    pub fn of(mut described: Map<String, Value>) -> Self {
        for key in READ_ONLY {
            described.remove(*key);
        }
        described.remove("tags");
        Self(described)
    }

    /// The document as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The family it belongs to.
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.get("family").and_then(Value::as_str).unwrap_or_default()
    }

    /// The containers, by name.
    pub fn containers(&self) -> impl Iterator<Item = &str> {
        self.container_values().filter_map(|c| c.get("name").and_then(Value::as_str))
    }

    /// The image of a container, as written.
    #[must_use]
    pub fn image_of(&self, container: &ContainerName) -> Option<&str> {
        self.container_values()
            .find(|c| c.get("name").and_then(Value::as_str) == Some(container.as_str()))?
            .get("image")
            .and_then(Value::as_str)
    }

    /// The same document with the image of one container replaced. Nothing else changes (S15).
    ///
    /// # Errors
    /// When a field is unknown or the container is not there: it is refused, never guessed.
    pub fn with_image(&self, container: &ContainerName, image: &ImageRef) -> Result<Self, UnsupportedTaskDefinition> {
        let unknown = self.unknown_fields();
        if !unknown.is_empty() {
            return Err(UnsupportedTaskDefinition::UnknownFields(unknown));
        }
        let mut copy = self.clone();
        let found = copy
            .0
            .get_mut("containerDefinitions")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .find(|c| c.get("name").and_then(Value::as_str) == Some(container.as_str()))
            .and_then(Value::as_object_mut);
        match found {
            Some(definition) => {
                definition.insert("image".to_owned(), Value::String(image.to_string()));
                Ok(copy)
            }
            None => Err(UnsupportedTaskDefinition::ContainerNotFound {
                container: container.clone(),
                present: self.containers().map(str::to_owned).collect(),
            }),
        }
    }

    /// Paths that are in the document and not in the list of fields we know, for example
    /// `containerDefinitions[].sidecarPolicy`.
    #[must_use]
    pub fn unknown_fields(&self) -> Vec<String> {
        let mut unknown = BTreeSet::new();
        for (key, value) in &self.0 {
            collect_unknown(key, value, &mut unknown);
        }
        unknown.into_iter().collect()
    }

    /// A hash of what the document means: the same under ECS's reordering and defaulting (S16).
    #[must_use]
    pub fn content_hash(&self) -> String {
        let canonical = self.canonical();
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(canonical.to_string().as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// Whether two documents mean the same, the images of one container aside.
    #[must_use]
    pub fn same_but_for_image(&self, other: &Self, container: &ContainerName) -> bool {
        let blank = |document: &Self| {
            let mut copy = document.clone();
            for definition in copy.0.get_mut("containerDefinitions").and_then(Value::as_array_mut).into_iter().flatten()
            {
                if definition.get("name").and_then(Value::as_str) == Some(container.as_str())
                    && let Some(fields) = definition.as_object_mut()
                {
                    fields.remove("image");
                }
            }
            copy.canonical()
        };
        blank(self) == blank(other)
    }

    fn container_values(&self) -> impl Iterator<Item = &Value> {
        self.0.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten()
    }

    fn canonical(&self) -> Value {
        let network = self.0.get("networkMode").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut value = canonical("", &Value::Object(self.0.clone()));
        for definition in value.get_mut("containerDefinitions").and_then(Value::as_array_mut).into_iter().flatten() {
            drop_defaults(definition, &network);
        }
        value
    }
}

fn collect_unknown(path: &str, value: &Value, unknown: &mut BTreeSet<String>) {
    // An empty value says nothing, so nothing is lost with it.
    if is_empty(value) {
        return;
    }
    let beyond = |start: String| REGISTRABLE.iter().any(|known| known.starts_with(&start));
    match value {
        Value::Object(fields) if beyond(format!("{path}.")) => {
            let any_key = beyond(format!("{path}.*"));
            for (key, inner) in fields {
                if !any_key {
                    collect_unknown(&format!("{path}.{key}"), inner, unknown);
                }
            }
        }
        Value::Array(items) if beyond(format!("{path}[]")) => {
            for item in items {
                collect_unknown(&format!("{path}[]"), item, unknown);
            }
        }
        _ if REGISTRABLE.contains(&path) => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            unknown.insert(path.to_owned());
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Lists whose order ECS does not keep or does not mean (aws-facts.md: "environment and secrets order"). The order of
/// containers, commands, entry points, links and permissions means something and stays.
const SETS: &[&str] = &[
    "environment",
    "environmentFiles",
    "extraHosts",
    "mountPoints",
    "placementConstraints",
    "portMappings",
    "requiresCompatibilities",
    "resourceRequirements",
    "secretOptions",
    "secrets",
    "systemControls",
    "ulimits",
    "volumes",
    "volumesFrom",
];

fn canonical(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            // serde_json's map is sorted by key (its feature preserve_order is off); the test below would notice.
            Value::Object(
                fields
                    .iter()
                    .filter(|(_, inner)| !is_empty(inner))
                    .map(|(name, inner)| (name.clone(), canonical(name, inner)))
                    .collect::<BTreeMap<_, _>>()
                    .into_iter()
                    .collect(),
            )
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| canonical("", item)).collect();
            if SETS.contains(&key) {
                items.sort_by_cached_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// What Describe fills in where a registration said nothing.
fn drop_defaults(definition: &mut Value, network: &str) {
    let Some(fields) = definition.as_object_mut() else { return };
    let drop_if = |fields: &mut Map<String, Value>, key: &str, default: Value| {
        if fields.get(key) == Some(&default) {
            fields.remove(key);
        }
    };
    drop_if(fields, "essential", Value::Bool(true));
    drop_if(fields, "cpu", Value::from(0));
    drop_if(fields, "versionConsistency", Value::from("enabled"));
    for mapping in fields.get_mut("portMappings").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(mapping) = mapping.as_object_mut() else { continue };
        drop_if(mapping, "protocol", Value::from("tcp"));
        // Under awsvpc and host the host port is the container port; under bridge 0 is "any".
        if matches!(network, "awsvpc" | "host") && mapping.get("hostPort") == mapping.get("containerPort") {
            mapping.remove("hostPort");
        } else {
            drop_if(mapping, "hostPort", Value::from(0));
        }
    }
}

/// Our tags on a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OurTags {
    /// Whose it is.
    pub target: Target,
    /// Which service.
    pub service: ServiceName,
    /// Which artifact.
    pub release: Tag,
    /// The generation it was registered for.
    pub generation: Generation,
    /// The revision it was made from.
    pub base: TaskDefArn,
    /// The hash of its content.
    pub content_hash: String,
}

impl OurTags {
    /// The tags as ECS takes them.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let Self { target, service, release, generation, base, content_hash } = self;
        [
            (tag_keys::APP, target.app.to_string()),
            (tag_keys::ENV, target.env.to_string()),
            (tag_keys::SERVICE, service.to_string()),
            (tag_keys::RELEASE, release.to_string()),
            (tag_keys::GENERATION, generation.to_string()),
            (tag_keys::BASE, base.short().to_owned()),
            (tag_keys::CONTENT_HASH, content_hash.clone()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

/// A described revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Which.
    pub arn: TaskDefArn,
    /// Its content.
    pub document: TaskDocument,
    /// All its tags, of others too.
    pub tags: BTreeMap<String, String>,
    /// Whether it is ACTIVE: an INACTIVE one runs on, but a service cannot be pointed at it.
    pub active: bool,
}

impl TaskDefinition {
    /// Whether it carries our tags at all.
    #[must_use]
    pub fn has_our_tags(&self) -> bool {
        self.tags.contains_key(tag_keys::APP) && self.tags.contains_key(tag_keys::BASE)
    }

    /// Whether it was registered for this target and service.
    #[must_use]
    pub fn is_tagged_for(&self, target: &Target, service: &ServiceName) -> bool {
        let says = |key: &str, value: &str| self.tags.get(key).is_some_and(|v| v == value);
        says(tag_keys::APP, target.app.as_str())
            && says(tag_keys::ENV, target.env.as_str())
            && says(tag_keys::SERVICE, service.as_str())
    }

    /// The revision it was made from, as its tag says.
    #[must_use]
    pub fn named_base(&self) -> Option<TaskDefArn> {
        self.arn.sibling(self.tags.get(tag_keys::BASE)?)
    }

    /// The tags that others put on it.
    pub fn tags_of_others(&self) -> impl Iterator<Item = (&String, &String)> {
        self.tags.iter().filter(|(key, _)| !key.starts_with(tag_keys::PREFIX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the tests write their documents in place")]
    fn document(value: Value) -> TaskDocument {
        TaskDocument::of(value.as_object().unwrap().clone())
    }

    fn image() -> ImageRef {
        format!("registry.example/web@sha256:{}", "a".repeat(64)).parse().unwrap()
    }

    fn web() -> ContainerName {
        ContainerName::parse("web").unwrap()
    }

    #[test]
    fn only_the_image_of_the_named_container_changes_s15() {
        let base = document(json!({
            "family": "f", "revision": 3, "status": "ACTIVE", "taskDefinitionArn": "x", "registeredAt": 1.0,
            "containerDefinitions": [
                {"name": "log", "image": "log:1", "environment": [{"name": "A", "value": "${B}"}]},
                {"name": "web", "image": "web:1", "dockerLabels": {"anything.goes": "1"}, "healthCheck": {"command": ["CMD"]}},
            ],
            "volumes": [{"name": "v", "host": {}}],
        }));
        let new = base.with_image(&web(), &image()).unwrap();
        assert_eq!(new.image_of(&web()), Some(image().to_string().as_str()));
        assert!(new.same_but_for_image(&base, &web()));
        assert!(!new.as_json().contains_key("revision") && !new.as_json().contains_key("registeredAt"));
        let mut back = new;
        back.0["containerDefinitions"][1]["image"] = json!("web:1");
        assert_eq!(back, base);
    }

    #[test]
    fn a_field_we_do_not_know_is_refused_with_its_path_s15() {
        let base = document(json!({
            "family": "f", "quantum": true,
            "containerDefinitions": [{"name": "web", "image": "i", "sidecarPolicy": {"a": 1},
                "logConfiguration": {"logDriver": "awslogs", "options": {"x": "y"}, "batching": 3}}],
        }));
        let error = base.with_image(&web(), &image()).unwrap_err();
        assert_eq!(
            error,
            UnsupportedTaskDefinition::UnknownFields(vec![
                "containerDefinitions[].logConfiguration.batching".to_owned(),
                "containerDefinitions[].sidecarPolicy".to_owned(),
                "quantum".to_owned(),
            ])
        );
    }

    #[test]
    fn a_missing_container_lists_those_that_are_there() {
        let base = document(json!({"family": "f", "containerDefinitions": [{"name": "api", "image": "i"}]}));
        assert_eq!(base.with_image(&web(), &image()).unwrap_err().to_string(), "no container web; there are: api");
    }

    #[test]
    fn reordering_and_defaults_do_not_change_the_hash_s16() {
        let sent = document(json!({"family": "f", "networkMode": "awsvpc", "containerDefinitions": [{
            "name": "web", "image": "i", "portMappings": [{"containerPort": 80}],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}));
        let described =
            document(json!({"family": "f", "networkMode": "awsvpc", "volumes": [], "containerDefinitions": [{
            "image": "i", "name": "web", "essential": true, "cpu": 0, "mountPoints": [],
            "portMappings": [{"protocol": "tcp", "hostPort": 80, "containerPort": 80}],
            "environment": [{"value": "2", "name": "B"}, {"name": "A", "value": "1"}]}]}));
        assert_eq!(sent.content_hash(), described.content_hash());
    }

    #[test]
    fn the_order_of_commands_and_containers_means_something() {
        let of = |command: Value| {
            document(json!({"family": "f", "containerDefinitions": [{"name": "web", "command": command}]}))
                .content_hash()
        };
        assert_ne!(of(json!(["a", "b"])), of(json!(["b", "a"])));
        let host_port = |port: u32| {
            document(json!({"networkMode": "bridge", "containerDefinitions": [{"name": "web",
                "portMappings": [{"containerPort": 80, "hostPort": port}]}]}))
            .content_hash()
        };
        assert_ne!(host_port(80), host_port(8080));
    }

    proptest! {
        /// S16: whatever order ECS answers in, the hash of what we registered is the hash of what it shows.
        #[test]
        fn shuffled_environments_hash_the_same(pairs in prop::collection::btree_map("[A-Z]{1,3}", "[a-z]{0,3}", 0..8), turn in 0usize..8) {
            let list: Vec<Value> = pairs.iter().map(|(k, v)| json!({"name": k, "value": v})).collect();
            let mut turned = list.clone();
            if !turned.is_empty() { let by = turn % turned.len(); turned.rotate_left(by); }
            let of = |env: Vec<Value>| document(json!({"containerDefinitions": [{"name": "web", "environment": env}]}));
            prop_assert_eq!(of(list).content_hash(), of(turned).content_hash());
        }
    }
}
