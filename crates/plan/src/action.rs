//! A plan as a value. What it prints is the dry run, the log line, the status row and the golden text.

use std::collections::BTreeMap;
use std::fmt;

use driftless_domain::{
    ClusterName, EcsServiceName, Generation, ImageRef, ParameterName, RejectedAs, ServiceName, Tag, TaskDefArn,
    TaskDocument,
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
            Self::Reject { .. } => None,
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
