//! The monitor: what no change through the ports may do, checked as it arrives, whatever becomes of it. The numbers are
//! those of `docs/design/invariants.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{BucketName, ContainerName, ETag, ImageRef, ObjectKey, TaskDefArn, TaskDocument, tag_keys};
use jiff::Timestamp;

use crate::behaviour::containers;
use crate::clock::before;
use crate::ecs::Service;
use crate::s3::{Bucket, Dangling};

use super::state::Account;

/// How long a rollback may have begun before a caller must know of it: one pass from its first look to its last call,
/// with calls of some 20 ms each and no look that is stale.
const ONE_PASS: Duration = Duration::from_secs(2);

/// What may be deleted: files of earlier releases, which [`deletion`] checks, and uploads that were given up.
const DELETIONS: [&str; 2] = ["s3:DeleteObject", "s3:AbortMultipartUpload"];

/// S10: whatever it is called, it deletes nothing but files of earlier releases.
pub(super) fn operation(operation: &str) -> Option<String> {
    if DELETIONS.contains(&operation) {
        return None;
    }
    let deletes = ["Delete", "Deregister", "Stop", "Abort"].iter().any(|verb| operation.contains(verb));
    deletes.then(|| "S10: Driftless deletes nothing".to_owned())
}

/// S13: a page refers to what is not there.
pub(super) fn dangling(dangling: &Dangling) -> String {
    let Dangling { page, to } = dangling;
    format!("S13: {page} refers to {to}, which is not there")
}

/// S14: only what we put there ourselves, as we put it there.
pub(super) fn deletion(bucket: &Bucket, key: &ObjectKey, etag: &ETag) -> Option<String> {
    let ours = bucket.was_ours(key.as_str(), etag);
    (!ours).then(|| format!("S14: {key} with etag {etag} is deleted, which Driftless never put there"))
}

/// S10: no deletion leaves a bucket empty.
pub(super) fn emptied(bucket: &Bucket, name: &BucketName) -> Option<String> {
    bucket.was_emptied().then(|| format!("S10: nothing is left in {name}"))
}

/// S9: no UpdateService against a rollback or a stop; and never a bare family, which means "latest ACTIVE".
pub(super) fn update(service: Option<&Service>, to: &str, at: Timestamp, may_not_know: Duration) -> Vec<String> {
    let mut found = Vec::new();
    if TaskDefArn::parse(to).is_err() {
        found.push(format!("S2: UpdateService with {to}, which is no full ARN of one revision"));
    }
    let newest = service.and_then(|service| service.deployments.last());
    if let Some(newest) = newest
        && let Some(since) = newest.ending_since
        && since < before(at, ONE_PASS.saturating_add(may_not_know))
    {
        found.push(format!(
            "S9: UpdateService while the deployment of {} is {} since {since}",
            newest.revision, newest.state
        ));
    }
    found
}

/// S2 and S15: a registration names its base, differs from it in one container's image, and pins what differs.
pub(super) fn registration(
    account: Option<&Account>,
    document: &TaskDocument,
    tags: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    let base_tag = tags.get(tag_keys::BASE);
    let base = base_tag.and_then(|short| {
        let (family, _) = short.rsplit_once(':')?;
        let family = family.parse().ok()?;
        account?.families.get(&family)?.newest_first().find(|revision| revision.arn.short() == short)
    });
    let pinned = |image: &str| image.parse::<ImageRef>().is_ok();
    let images: Vec<(&str, &str)> = containers(document.as_json()).collect();
    match base {
        None => found.push(match base_tag {
            Some(short) => format!("S15: the base {short} is not there"),
            None => "S15: a registration that names no base".to_owned(),
        }),
        Some(base) => {
            let original = TaskDocument::of(base.document.clone());
            let same_but_for = |container: &ContainerName| document.same_but_for_image(&original, container);
            let names = images.iter().filter_map(|(name, _)| ContainerName::parse(*name).ok());
            if !names.into_iter().any(|container| same_but_for(&container)) {
                found.push(format!("S15: more than one container's image differs from {}", base.arn));
            }
            let before: BTreeMap<&str, &str> = containers(&base.document).collect();
            for (name, image) in images.iter().filter(|(name, image)| before.get(name) != Some(image)) {
                if !pinned(image) {
                    found.push(format!("S2: the image of {name} is {image}, not repository@sha256"));
                }
            }
        }
    }
    if found.is_empty() && !images.iter().any(|(_, image)| pinned(image)) {
        found.push("S2: no image of the registration is repository@sha256".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_deletes_is_found_s10() {
        for deletes in ["ecs:DeleteService", "ecs:DeregisterTaskDefinition", "ssm:DeleteParameter", "s3:DeleteBucket"] {
            assert!(operation(deletes).is_some_and(|found| found.starts_with("S10")), "{deletes}");
        }
        for kept in ["ecs:UpdateService", "ecs:RegisterTaskDefinition", "ssm:PutParameter", "s3:DeleteObject"] {
            assert_eq!(operation(kept), None);
        }
    }

    #[test]
    fn a_bare_family_is_found_s2() {
        let at = Timestamp::UNIX_EPOCH;
        let full = "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:3";
        assert_eq!(update(None, full, at, Duration::ZERO), Vec::<String>::new());
        for bare in ["web", "web:3", "arn:aws:ecs:eu-west-1:111111111111:task-definition/web"] {
            assert!(update(None, bare, at, Duration::ZERO)[0].starts_with("S2"), "{bare}");
        }
    }
}
