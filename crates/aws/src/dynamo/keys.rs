//! Where each record is. The class of a record is the beginning of its partition key, because that is what IAM can tell
//! apart (`dynamodb:LeadingKeys`): the API's role writes `spec#`, `desired#` …, the controller's `status#`, `lease#` ….

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest as _, Sha256};

use driftless_domain::{AppName, Digest, Tag, Target};
use driftless_releases::Event;

/// The attribute of the partition key.
pub(super) const PK: &str = "pk";
/// The attribute of the sort key.
pub(super) const SK: &str = "sk";
/// The index of what changed: by lane, in order of time.
pub(super) const INDEX: &str = "changes";
/// The attribute of the index's partition key.
pub(super) const LANE: &str = "lane";
/// The attribute of the index's sort key.
pub(super) const CHANGED_AT: &str = "changed_at";
/// The attribute that DynamoDB deletes by.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// The lane of desired records.
pub(super) const DESIRED: &str = "desired";
/// The lane of wishes to be looked at.
pub(super) const NUDGE: &str = "nudge";
/// The lane of specs.
pub(super) const SPEC: &str = "spec";
/// The lane of heartbeats.
pub(super) const HEARTBEAT: &str = "heartbeat";

/// How many shards the targets are spread over (DESIGN.md section 8). Stored with each desired record.
const SHARDS: u64 = 64;

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(super) fn spec(app: &AppName) -> Self {
        Self::new(format!("spec#{app}"), SPEC)
    }

    pub(super) fn artifact(app: &AppName, tag: &Tag) -> Self {
        Self::new(artifact_lane(app), tag.as_str())
    }

    /// One piece of a site's manifest: they follow each other in one partition.
    pub(super) fn manifest(app: &AppName, digest: &Digest, piece: usize) -> Self {
        Self::new(manifests(app), format!("{}{piece:03}", manifest_pieces(digest)))
    }

    pub(super) fn desired(target: &Target) -> Self {
        Self::new(format!("desired#{target}"), DESIRED)
    }

    pub(super) fn nudge(target: &Target) -> Self {
        Self::new(format!("nudge#{target}"), NUDGE)
    }

    pub(super) fn claim(resource: &str) -> Self {
        Self::new(format!("claim#{resource}"), "claim")
    }

    pub(super) fn status(target: &Target) -> Self {
        Self::new(format!("status#{target}"), "status")
    }

    pub(super) fn event(event: &Event) -> Self {
        let Event { target, at, sequence, kind, generation: _, actor: _, text: _ } = event;
        Self::new(history(target), format!("{at:.6}#{sequence:04}#{kind}"))
    }

    pub(super) fn heartbeat(holder: &str) -> Self {
        Self::new(format!("heartbeat#{holder}"), HEARTBEAT)
    }

    pub(super) fn lease(shard: u16) -> Self {
        Self::new(format!("lease#{shard}"), "lease")
    }

    /// The key of an item that DynamoDB gave.
    pub(super) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    pub(super) fn to_item(&self) -> HashMap<String, AttributeValue> {
        let Self { pk, sk } = self;
        [(PK, pk), (SK, sk)].into_iter().map(|(k, v)| (k.to_owned(), AttributeValue::S(v.clone()))).collect()
    }

    /// What follows the class, if the class is this one: the target of `desired#shop/dev`.
    pub(super) fn after(&self, class: &str) -> Option<&str> {
        self.pk.strip_prefix(class)?.strip_prefix('#')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pk, sk } = self;
        // `desired#shop/dev` needs no sort key to be found; an artifact or an event does.
        match pk.split_once('#') {
            Some((class, _)) if class == sk => f.write_str(pk),
            _ => write!(f, "{pk} {sk}"),
        }
    }
}

/// The partition of an app's artifacts, which is also their lane.
pub(super) fn artifact_lane(app: &AppName) -> String {
    format!("artifact#{app}")
}

/// The partition of an app's manifests.
pub(super) fn manifests(app: &AppName) -> String {
    format!("manifest#{app}")
}

/// How the sort keys of all pieces of one manifest begin.
pub(super) fn manifest_pieces(digest: &Digest) -> String {
    let text = digest.as_str();
    format!("{}#", text.strip_prefix("sha256:").unwrap_or(text))
}

/// The partition of a target's history.
pub(super) fn history(target: &Target) -> String {
    format!("history#{target}")
}

/// The shard of a target: the same in every version and on every machine.
pub(super) fn shard(target: &Target) -> u64 {
    let hash = Sha256::digest(target.to_string().as_bytes());
    hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)) % SHARDS
}

#[cfg(test)]
mod tests {
    use driftless_domain::{Actor, Generation};
    use driftless_releases::EventKind;

    use super::*;

    fn target() -> Target {
        Target::parse("shop/dev").unwrap()
    }

    #[test]
    fn keys_are_what_the_iam_policies_say() {
        let event = Event {
            target: target(),
            at: "2026-01-02T03:04:05.6Z".parse().unwrap(),
            sequence: 7,
            kind: EventKind::Converged,
            generation: Generation(1),
            actor: Actor::parse("controller").unwrap(),
            text: String::new(),
        };
        let app = AppName::parse("shop").unwrap();
        let keys = [
            Key::spec(&app),
            Key::artifact(&app, &Tag::parse("v1").unwrap()),
            Key::manifest(&app, &driftless_domain::Sha256::of(b"").to_digest(), 7),
            Key::desired(&target()),
            Key::nudge(&target()),
            Key::claim("ssm-parameter 111111111111/eu-west-1/a"),
            Key::status(&target()),
            Key::event(&event),
            Key::heartbeat("one"),
            Key::lease(3),
        ];
        let shown: Vec<String> = keys.iter().map(|Key { pk, sk }| format!("{pk} | {sk}")).collect();
        expect_test::expect![[r#"
            spec#shop | spec
            artifact#shop | v1
            manifest#shop | e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855#007
            desired#shop/dev | desired
            nudge#shop/dev | nudge
            claim#ssm-parameter 111111111111/eu-west-1/a | claim
            status#shop/dev | status
            history#shop/dev | 2026-01-02T03:04:05.600000Z#0007#converged
            heartbeat#one | heartbeat
            lease#3 | lease"#]]
        .assert_eq(&shown.join("\n"));
    }

    #[test]
    fn the_shard_of_a_target_never_changes() {
        // echo -n shop/dev | sha256sum: the first eight bytes modulo 64.
        assert_eq!(shard(&target()), 51);
    }
}
