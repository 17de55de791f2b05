//! A plan as a value. What it prints is the dry run, the log line, the status row and the golden text.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use driftless_domain::{
    BucketName, ClusterName, DistributionId, ETag, EcsServiceName, FileClass, Generation, ImageRef, InvalidationPath,
    ObjectKey, ParameterName, RejectedAs, ServiceName, SiteBuild, SiteFile, Tag, TaskDefArn, TaskDocument, site_part,
};

use crate::wait::WaitReason;

/// What to do about one target now.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: it is what it should be.
    Converged,
    /// These steps, in this order; stop at the first that fails. The next pass looks again.
    Apply(Vec<Action>),
    /// Nothing now, for a reason.
    Wait(WaitReason),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make the version parameter say the tag.
    WriteParameter {
        /// The service it speaks of.
        service: ServiceName,
        /// The parameter.
        name: ParameterName,
        /// What it says; none if it is not there.
        from: Option<String>,
        /// What it shall say.
        to: String,
    },
    /// Register a revision: the base with one image replaced and our tags added.
    RegisterTaskDefinition {
        /// The service it is for.
        service: ServiceName,
        /// What it is made from.
        base: TaskDefArn,
        /// The image that is put in.
        image: ImageRef,
        /// The document to register.
        document: Box<TaskDocument>,
        /// The tags: those of the base, and ours.
        tags: BTreeMap<String, String>,
    },
    /// Point the service to a revision that is there.
    UpdateService {
        /// The service in the spec.
        service: ServiceName,
        /// Its cluster.
        cluster: ClusterName,
        /// The service in ECS.
        ecs_service: EcsServiceName,
        /// What it runs.
        from: TaskDefArn,
        /// What it shall run.
        to: TaskDefArn,
    },
    /// Put files into the website bucket whose content is not there, all of one class.
    UploadFiles {
        /// The bucket.
        bucket: BucketName,
        /// When their turn is.
        class: FileClass,
        /// The zip they come from.
        build: Arc<SiteBuild>,
        /// The files, in order of key.
        files: Arc<Vec<FileChange>>,
        /// What of it caches may hold: written down before the first file is sent.
        stale: Vec<InvalidationPath>,
    },
    /// Put headers right by copying objects onto themselves.
    ReplaceHeaders {
        /// The bucket.
        bucket: BucketName,
        /// The files, in order of key. Each replaces an object.
        files: Arc<Vec<FileChange>>,
        /// What of it caches may hold.
        stale: Vec<InvalidationPath>,
    },
    /// Tell CloudFront what changed.
    Invalidate {
        /// The distribution.
        distribution: DistributionId,
        /// Made of target, generation and number: sent again, it is the same invalidation.
        reference: String,
        /// The paths, at most 15.
        paths: Vec<InvalidationPath>,
    },
    /// Delete files that only releases of ours had that are neither current nor previous (S14).
    DeleteFiles {
        /// The bucket.
        bucket: BucketName,
        /// The files, in order of key.
        files: Arc<Vec<OldFile>>,
    },
    /// Write down that the release did not live here. One conditional write to our records; no call to AWS.
    Reject {
        /// The generation.
        generation: Generation,
        /// The artifact.
        tag: Tag,
        /// How it ended.
        outcome: RejectedAs,
        /// Why, with ECS's own words.
        reason: String,
        /// Why the last task stopped.
        stopped_task: Option<String>,
    },
}

/// A file that the bucket does not have as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its key in the bucket.
    pub key: ObjectKey,
    /// What it should be.
    pub file: Arc<SiteFile>,
    /// The object that is there.
    pub replaces: Option<ETag>,
}

/// A file of an earlier release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldFile {
    /// Its key in the bucket.
    pub key: ObjectKey,
    /// What we put there: it is deleted only while it still is this (`If-Match`).
    pub etag: ETag,
}

impl Action {
    /// What the step changes, in the words of heals and budgets: `web service`, `web parameter`. A rejection changes
    /// nothing that is live.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        match self {
            Self::WriteParameter { service, .. } => Some(format!("{service} parameter")),
            Self::RegisterTaskDefinition { service, .. } | Self::UpdateService { service, .. } => {
                Some(format!("{service} service"))
            }
            Self::UploadFiles { .. } | Self::ReplaceHeaders { .. } => Some(format!("{} files", site_part())),
            Self::Invalidate { .. } | Self::DeleteFiles { .. } | Self::Reject { .. } => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteParameter { service: _, name, from: Some(from), to } => {
                write!(f, "write parameter {name}: {from:?} -> {to:?}")
            }
            Self::WriteParameter { service: _, name, from: None, to } => {
                write!(f, "write parameter {name}: (not there) -> {to:?}")
            }
            Self::RegisterTaskDefinition { service, base, image, document: _, tags: _ } => {
                write!(f, "register task definition for {service}: {base} with image {image}")
            }
            Self::UpdateService { service: _, cluster, ecs_service, from, to } => {
                write!(f, "update service {ecs_service} in cluster {cluster}: {from} -> {to}")
            }
            Self::UploadFiles { bucket, class, build: _, files, stale: _ } => {
                let bytes = files.iter().map(|change| change.file.size).sum();
                write!(f, "upload {} {class} ({}) to bucket {bucket}: ", files.len(), Bytes(bytes))?;
                some_of(f, files.iter().map(|change| &change.key))
            }
            Self::ReplaceHeaders { bucket, files, stale: _ } => {
                write!(f, "replace the headers of {} files in bucket {bucket}: ", files.len())?;
                some_of(f, files.iter().map(|change| &change.key))
            }
            Self::Invalidate { distribution, reference: _, paths } => {
                write!(f, "invalidate in distribution {distribution}: ")?;
                let paths: Vec<&str> = paths.iter().map(InvalidationPath::as_str).collect();
                f.write_str(&paths.join(" "))
            }
            Self::DeleteFiles { bucket, files } => {
                write!(f, "delete {} files of earlier releases from bucket {bucket}: ", files.len())?;
                some_of(f, files.iter().map(|file| &file.key))
            }
            Self::Reject { generation, tag, outcome, reason, stopped_task } => {
                let how = match outcome {
                    RejectedAs::RolledBack => "rolled back",
                    RejectedAs::Failed => "failed",
                };
                write!(f, "reject release {tag} (generation {generation}), which {how}: {reason}")?;
                match stopped_task {
                    Some(stopped) => write!(f, "; last stopped task: {stopped}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// How many files of a step are named; the others are counted.
const NAMED: usize = 3;

fn some_of<'a>(f: &mut fmt::Formatter<'_>, mut keys: impl ExactSizeIterator<Item = &'a ObjectKey>) -> fmt::Result {
    let rest = keys.len().saturating_sub(NAMED);
    let named: Vec<&str> = keys.by_ref().take(NAMED).map(ObjectKey::as_str).collect();
    f.write_str(&named.join(", "))?;
    if rest > 0 {
        write!(f, " and {rest} more")?;
    }
    Ok(())
}

/// A number of bytes as people read it.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = self;
        match bytes {
            0..1_000 => write!(f, "{bytes} B"),
            1_000..1_000_000 => write!(f, "{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
            1_000_000..1_000_000_000 => write!(f, "{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
            _ => write!(f, "{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::Apply(actions) => {
                for (index, action) in actions.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{action}")?;
                }
                Ok(())
            }
            Self::Wait(reason) => write!(f, "wait: {reason}"),
        }
    }
}
