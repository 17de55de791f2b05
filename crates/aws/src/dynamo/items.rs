//! What people ask for, as items: specs with their claims, artifacts, desired records, nudges.

use std::collections::BTreeMap;

use jiff::Timestamp;

use driftless_domain::{Artifact, Content, EnvName, Place, SiteBuild, Target};
use driftless_releases::{Claim, DesiredRecord, InvalidRecord, SpecRecord};

use super::attributes::{Attributes, DOCUMENT, Draft, Item, WORDS, fixed};
use super::keys::{CHANGED_AT, DESIRED, Key, LANE, NUDGE, SPEC, artifact_lane, shard};

/// A spec as it is stored: with what it claims, so that the next one knows what to let go of.
#[derive(Debug)]
pub(super) struct StoredSpec {
    pub(super) spec: SpecRecord,
    /// By resource.
    pub(super) claims: BTreeMap<String, EnvName>,
}

pub(super) fn spec_item(spec: &SpecRecord, claims: &BTreeMap<&str, &EnvName>) -> Item {
    let SpecRecord { app, version, document, applied_by, applied_at } = spec;
    Draft::new(&Key::spec(app))
        .text("app", app)
        .number("version", *version)
        .text("document", document)
        .text("applied_by", applied_by)
        .time("applied_at", *applied_at)
        .texts("claims", claims)
        .text(LANE, SPEC)
        .time(CHANGED_AT, *applied_at)
        .item()
}

pub(super) fn read_spec(key: &Key, item: &Item) -> Result<StoredSpec, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let spec = SpecRecord {
        app: a.parsed("app")?,
        version: a.number("version")?,
        document: a.text("document", DOCUMENT)?.to_owned(),
        applied_by: a.parsed("applied_by")?,
        applied_at: a.time("applied_at")?,
    };
    same_key(&a, key, &Key::spec(&spec.app), "app")?;
    let claims = a.texts("claims")?.into_iter().map(|(resource, env)| {
        let env = EnvName::parse(env).map_err(|error| a.wrong("claims", &error.to_string()))?;
        Ok((resource.to_owned(), env))
    });
    Ok(StoredSpec { spec, claims: claims.collect::<Result<_, _>>()? })
}

pub(super) fn claim_item(claim: &Claim) -> Item {
    let Claim { resource, target } = claim;
    Draft::new(&Key::claim(resource))
        .text("resource", resource)
        .text("app", &target.app)
        .text("env", &target.env)
        .item()
}

/// Whose a claim is.
pub(super) fn read_owner(key: &Key, item: &Item) -> Result<Target, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    Ok(Target::new(a.parsed("app")?, a.parsed("env")?))
}

pub(super) fn artifact_item(artifact: &Artifact) -> Item {
    let Artifact { app, tag, content, git_sha, branch, announced_by, announced_at } = artifact;
    let draft = Draft::new(&Key::artifact(app, tag))
        .text("app", app)
        .text("tag", tag)
        .optional("git_sha", git_sha.as_ref())
        .optional("branch", branch.as_ref())
        .text("announced_by", announced_by)
        .time("announced_at", *announced_at)
        .text(LANE, artifact_lane(app))
        .time(CHANGED_AT, *announced_at);
    match content {
        Content::Container { images } => draft.text("content", CONTAINER).texts("images", images).item(),
        Content::Site(build) => site_build(draft.text("content", SITE), build).item(),
    }
}

/// The `content` of a container app's build.
const CONTAINER: &str = "container";
/// The `content` of a static site's build.
const SITE: &str = "site";

fn site_build(draft: Draft, build: &SiteBuild) -> Draft {
    // The place has no role: artifact buckets are read with our own credentials.
    let SiteBuild { place, bucket, key, version, sha256, size, manifest, files, bytes } = build;
    let Place { account, region, role: _ } = place;
    draft
        .text("account", account)
        .text("region", region)
        .text("bucket", bucket)
        .text("key", key)
        .text("version", version)
        .text("sha256", sha256)
        .number("size", *size)
        .text("manifest", manifest)
        .number("files", u64::from(*files))
        .number("bytes", *bytes)
}

fn read_site_build(a: &Attributes<'_>) -> Result<SiteBuild, InvalidRecord> {
    Ok(SiteBuild {
        place: Place { account: a.parsed("account")?, region: a.parsed("region")?, role: None },
        bucket: a.parsed("bucket")?,
        key: a.parsed("key")?,
        version: a.parsed("version")?,
        sha256: a.parsed("sha256")?,
        size: a.number("size")?,
        manifest: a.parsed("manifest")?,
        files: a.number("files")?,
        bytes: a.number("bytes")?,
    })
}

pub(super) fn read_artifact(key: &Key, item: &Item) -> Result<Artifact, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let content = match a.text("content", WORDS)? {
        CONTAINER => {
            let images = a.texts("images")?.into_iter().map(|(service, image)| {
                let service =
                    service.parse().map_err(|e: driftless_domain::NameError| a.wrong("images", &e.to_string()))?;
                let image =
                    image.parse().map_err(|e: driftless_domain::NameError| a.wrong("images", &e.to_string()))?;
                Ok((service, image))
            });
            Content::Container { images: images.collect::<Result<_, _>>()? }
        }
        SITE => Content::Site(read_site_build(&a)?),
        other => return Err(a.wrong("content", &format!("container or site was expected, found {other:?}"))),
    };
    let artifact = Artifact {
        app: a.parsed("app")?,
        tag: a.parsed("tag")?,
        content,
        git_sha: if a.has("git_sha") { Some(a.parsed("git_sha")?) } else { None },
        branch: if a.has("branch") { Some(a.text("branch", WORDS)?.to_owned()) } else { None },
        announced_by: a.parsed("announced_by")?,
        announced_at: a.time("announced_at")?,
    };
    same_key(&a, key, &Key::artifact(&artifact.app, &artifact.tag), "app or tag")?;
    Ok(artifact)
}

pub(super) fn desired_item(record: &DesiredRecord) -> Item {
    let DesiredRecord { target, generation, artifact, requested_by, reason, requested_at } = record;
    Draft::new(&Key::desired(target))
        .text("app", &target.app)
        .text("env", &target.env)
        .number("generation", generation.0)
        .text("artifact", artifact)
        .text("requested_by", requested_by)
        .text("reason", reason)
        .time("requested_at", *requested_at)
        .number("shard", shard(target))
        .text(LANE, DESIRED)
        .time(CHANGED_AT, *requested_at)
        .item()
}

pub(super) fn read_desired(key: &Key, item: &Item) -> Result<DesiredRecord, InvalidRecord> {
    let a = Attributes::open(key, item)?;
    let record = DesiredRecord {
        target: Target::new(a.parsed("app")?, a.parsed("env")?),
        generation: driftless_domain::Generation(a.number("generation")?),
        artifact: a.parsed("artifact")?,
        requested_by: a.parsed("requested_by")?,
        reason: a.parsed("reason")?,
        requested_at: a.time("requested_at")?,
    };
    same_key(&a, key, &Key::desired(&record.target), "app or env")?;
    if record.generation.0 == 0 {
        return Err(a.wrong("generation", "1 or more was expected, found 0"));
    }
    // Without these the index does not lead to the item, and the controller would never look at it again.
    let lane = a.text(LANE, WORDS)?;
    if lane != DESIRED {
        return Err(a.wrong(LANE, &format!("{DESIRED} was expected, found {lane:?}")));
    }
    let _: Timestamp = a.time(CHANGED_AT)?;
    Ok(record)
}

pub(super) fn nudge_item(target: &Target, at: Timestamp) -> Item {
    Draft::new(&Key::nudge(target))
        .text("app", &target.app)
        .text("env", &target.env)
        .text(LANE, NUDGE)
        .text(CHANGED_AT, fixed(at))
        .item()
}

/// A record that was copied to another's key by hand says so, and is not taken for the other's (S17).
pub(super) fn same_key(a: &Attributes<'_>, found_at: &Key, belongs_at: &Key, name: &str) -> Result<(), InvalidRecord> {
    if found_at == belongs_at {
        return Ok(());
    }
    Err(a.wrong(name, &format!("the item belongs at {belongs_at}")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use driftless_domain::{
        AccountId, Actor, AppName, BucketName, ObjectKey, Region, Sha256, SiteBuild, Tag, VersionId,
    };

    use super::*;

    fn artifact() -> Artifact {
        let account = AccountId::parse("999999999999").unwrap();
        let place = Place { account, region: Region::parse("eu-west-1").unwrap(), role: None };
        let build = SiteBuild {
            place,
            bucket: BucketName::parse("acme-artifacts").unwrap(),
            key: ObjectKey::parse("builds/docs/1.zip").unwrap(),
            version: VersionId::parse("3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY").unwrap(),
            sha256: Sha256::of(b"zip"),
            size: 1_000,
            manifest: Sha256::of(b"manifest").to_digest(),
            files: 12,
            bytes: 5_000_000_000,
        };
        Artifact {
            app: AppName::parse("docs").unwrap(),
            tag: Tag::parse("v1").unwrap(),
            content: Content::Site(build),
            git_sha: None,
            branch: Some("main".to_owned()),
            announced_by: Actor::parse("ci").unwrap(),
            announced_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn key() -> Key {
        Key::artifact(&artifact().app, &artifact().tag)
    }

    #[test]
    fn the_build_of_a_site_is_stored_in_words_and_read_back_as_it_was() {
        let item = artifact_item(&artifact());
        assert_eq!(read_artifact(&key(), &item).unwrap(), artifact());
        for (name, value) in [
            ("content", "site"),
            ("account", "999999999999"),
            ("region", "eu-west-1"),
            ("bucket", "acme-artifacts"),
            ("key", "builds/docs/1.zip"),
            ("version", "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"),
        ] {
            assert_eq!(item[name], AttributeValue::S(value.to_owned()), "{name}");
        }
        assert_eq!(item["bytes"], AttributeValue::N("5000000000".to_owned()));
    }

    #[test]
    fn a_build_that_was_edited_by_hand_is_invalid_with_the_attribute() {
        use AttributeValue::{N, S};
        for (name, value, problem) in [
            ("version", S("null".to_owned()), "attribute version: version id \"null\" is not valid"),
            ("sha256", S("e3b0".to_owned()), "attribute sha256: sha256 \"e3b0\" is not valid"),
            ("manifest", S("e3b0".to_owned()), "attribute manifest: digest"),
            ("bucket", S("s3://x".to_owned()), "attribute bucket: bucket"),
            ("size", N("-1".to_owned()), "attribute size: a whole number that is not negative"),
            ("files", N("4294967296".to_owned()), "attribute files: a whole number"),
            ("content", S("zip".to_owned()), "attribute content: container or site was expected, found \"zip\""),
        ] {
            let mut item = artifact_item(&artifact());
            item.insert(name.to_owned(), value);
            let found = read_artifact(&key(), &item).unwrap_err();
            assert!(found.problem.starts_with(problem), "{found}");
        }
        let mut item = artifact_item(&artifact());
        item.remove("version");
        assert_eq!(read_artifact(&key(), &item).unwrap_err().problem, "attribute version: missing");
    }
}
