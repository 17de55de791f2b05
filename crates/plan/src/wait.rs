//! "Not now" as a value with a reason.

use std::fmt;

use jiff::Timestamp;

use driftless_domain::{
    BucketName, CallError, Chain, ClusterName, Digest, DistributionId, EcsServiceName, RolloutState, ServiceName,
    SitePath, StoppedTask, Tag, TaskDefArn, UnsupportedTaskDefinition,
};

/// Why nothing is done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitReason {
    /// A read failed; nothing may be concluded (S10).
    Unreadable {
        /// The read.
        error: CallError,
    },
    /// ECS knows no such service. Infrastructure owns services: it is never made or deleted here (S10).
    ServiceMissing {
        /// The service in ECS.
        service: EcsServiceName,
        /// Its cluster.
        cluster: ClusterName,
    },
    /// The service is DRAINING or INACTIVE.
    ServiceNotActive {
        /// The service in ECS.
        service: EcsServiceName,
        /// Its status.
        status: String,
    },
    /// CODE_DEPLOY or EXTERNAL owns the deployments of the service.
    UnsupportedController {
        /// The service in ECS.
        service: EcsServiceName,
        /// The controller.
        controller: String,
    },
    /// The base cannot be taken over without losing something (S15).
    UnsupportedTaskDefinition {
        /// The base.
        base: TaskDefArn,
        /// What is in the way.
        problem: UnsupportedTaskDefinition,
    },
    /// There is no revision to make ours from.
    NoBase {
        /// The service in the spec.
        service: ServiceName,
    },
    /// What was registered reads back as something else: registering again would never end (S8, S16).
    ReadsBackDifferent {
        /// The service in the spec.
        service: ServiceName,
        /// The revision that was registered.
        revision: TaskDefArn,
        /// What it was made from.
        base: TaskDefArn,
    },
    /// The artifact has no image for a service of the spec.
    NoImage {
        /// The service in the spec.
        service: ServiceName,
        /// The artifact.
        tag: Tag,
    },
    /// We just changed it and cannot see it yet, or do not know whether the change was made (S7).
    Settling {
        /// The service in the spec.
        service: ServiceName,
        /// What is awaited.
        what: String,
    },
    /// ECS is replacing tasks.
    RollingOut {
        /// The service in the spec.
        service: ServiceName,
        /// The revision that it brings.
        to: TaskDefArn,
        /// How many tasks failed to start.
        failed_tasks: u32,
        /// The last one that stopped.
        stopped: Option<StoppedTask>,
    },
    /// ECS is taking a deployment back; it is left alone (S9).
    RollingBack {
        /// The service in the spec.
        service: ServiceName,
        /// The revision that is taken back.
        from: TaskDefArn,
    },
    /// The deployment of what should run has failed, and there is nothing better to go back to.
    Failing {
        /// The service in the spec.
        service: ServiceName,
        /// The revision.
        task_definition: TaskDefArn,
        /// The deployment's state.
        state: RolloutState,
        /// ECS's own words.
        reason: Option<String>,
        /// The last task that stopped.
        stopped: Option<StoppedTask>,
    },
    /// A running task shows another digest than the approved one (S2).
    DigestMismatch {
        /// The service in the spec.
        service: ServiceName,
        /// The task.
        task: String,
        /// What it runs; none if it does not tell.
        runs: Option<Digest>,
        /// What was approved.
        wanted: Digest,
    },
    /// The deployment succeeded, tasks are wanted and none is running yet.
    NoTasks {
        /// The service in the spec.
        service: ServiceName,
        /// How many are wanted.
        wanted: u32,
    },
    /// ECS answers with a deployment state that this version does not know.
    UnknownRollout {
        /// The service in the spec.
        service: ServiceName,
        /// The state.
        state: String,
    },
    /// There is no such bucket. Infrastructure owns buckets: it is never made here (S10).
    BucketMissing {
        /// The bucket.
        bucket: BucketName,
    },
    /// Prefix and path together are longer than S3 takes.
    KeyTooLong {
        /// The file.
        path: SitePath,
    },
    /// The bucket is as it should be, and CloudFront still tells its caches.
    Propagating {
        /// The distribution.
        distribution: DistributionId,
        /// The invalidation.
        invalidation: String,
    },
    /// CloudFront takes longer over an invalidation than it ever should. What the bucket serves is right.
    InvalidationSlow {
        /// The distribution.
        distribution: DistributionId,
        /// The invalidation.
        invalidation: String,
        /// Since when.
        since: Timestamp,
    },
    /// The release was rejected and there is none to go back to.
    NothingToGoBackTo {
        /// The artifact that was rejected.
        tag: Tag,
        /// Why.
        reason: String,
    },
    /// Somebody keeps changing it back: stopped until a person decides (S8).
    Contested {
        /// What.
        field: String,
        /// What they make of it.
        theirs: String,
        /// What we would make of it.
        ours: String,
        /// How often it was put back.
        heals: u32,
    },
    /// It drifted, and is put back later: the budget of heals is used up for now.
    HealLater {
        /// The step that waits.
        step: String,
        /// Not before.
        until: Timestamp,
    },
    /// Gates that only people open are closed.
    Gated {
        /// Each, in words.
        gates: String,
    },
    /// The records of the target give nothing to plan for.
    Unplanned {
        /// Why.
        reason: String,
    },
    /// It drifted, and the spec says `heal: report`.
    ReportOnly {
        /// What would be done.
        steps: String,
    },
}

/// What kind of waiting it is: what the status shows, and how soon to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitKind {
    /// It goes on by itself: look again soon.
    Progress,
    /// It needs a person (or infrastructure): look again at the next resync.
    Blocked,
    /// It could not be seen: look again with growing delays.
    Unreadable,
    /// It left the desired state and is left there for now.
    Drifted,
}

impl WaitReason {
    /// What kind of waiting it is.
    #[must_use]
    pub fn kind(&self) -> WaitKind {
        match self {
            Self::Unreadable { .. } => WaitKind::Unreadable,
            Self::Settling { .. }
            | Self::RollingOut { .. }
            | Self::RollingBack { .. }
            | Self::NoTasks { .. }
            | Self::Propagating { .. } => WaitKind::Progress,
            Self::ServiceMissing { .. }
            | Self::ServiceNotActive { .. }
            | Self::UnsupportedController { .. }
            | Self::UnsupportedTaskDefinition { .. }
            | Self::NoBase { .. }
            | Self::NoImage { .. }
            | Self::ReadsBackDifferent { .. }
            | Self::Failing { .. }
            | Self::DigestMismatch { .. }
            | Self::UnknownRollout { .. }
            | Self::BucketMissing { .. }
            | Self::KeyTooLong { .. }
            | Self::InvalidationSlow { .. }
            | Self::NothingToGoBackTo { .. }
            | Self::Gated { .. }
            | Self::Unplanned { .. }
            | Self::Contested { .. } => WaitKind::Blocked,
            Self::HealLater { .. } | Self::ReportOnly { .. } => WaitKind::Drifted,
        }
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { error } => write!(f, "could not be read: {}", Chain(error)),
            Self::ServiceMissing { service, cluster } => write!(
                f,
                "ServiceMissing: ECS knows no service {service} in cluster {cluster}; its owner must create it, or the \
                 spec must name another"
            ),
            Self::ServiceNotActive { service, status } => {
                write!(f, "service {service} is {status}; nothing can be deployed to it")
            }
            Self::UnsupportedController { service, controller } => write!(
                f,
                "the deployments of service {service} belong to {controller}; Driftless deploys to services with the ECS \
                 deployment controller"
            ),
            Self::UnsupportedTaskDefinition { base, problem } => {
                write!(f, "UnsupportedTaskDefinition: {base}: {problem}")
            }
            Self::NoBase { service } => write!(
                f,
                "there is no ACTIVE task definition to make the one for {service} from; infrastructure must register one"
            ),
            Self::ReadsBackDifferent { service, revision, base } => write!(
                f,
                "{service}: {revision} was registered from {base} and reads back as something else; nothing more is \
                 registered. Compare the two with `aws ecs describe-task-definition` and report what differs"
            ),
            Self::NoImage { service, tag } => write!(f, "artifact {tag} has no image for service {service}"),
            Self::Settling { service, what } => write!(f, "{service}: {what}"),
            Self::RollingOut { service, to, failed_tasks, stopped } => {
                write!(f, "{service} is rolling out {to}")?;
                if *failed_tasks > 0 {
                    write!(f, "; {failed_tasks} failed to start")?;
                }
                stopped_task(f, stopped.as_ref())
            }
            Self::RollingBack { service, from } => write!(f, "ECS is rolling {service} back from {from}"),
            Self::Failing { service, task_definition, state, reason, stopped } => {
                write!(f, "{service}: the deployment of {task_definition} is {state}")?;
                if let Some(reason) = reason {
                    write!(f, ": {reason}")?;
                }
                stopped_task(f, stopped.as_ref())
            }
            Self::DigestMismatch { service, task, runs: Some(runs), wanted } => {
                write!(f, "DigestMismatch: task {task} of {service} runs {runs}, not {wanted}")
            }
            Self::DigestMismatch { service, task, runs: None, wanted } => {
                write!(f, "DigestMismatch: task {task} of {service} does not tell that it runs {wanted}")
            }
            Self::NoTasks { service, wanted } => {
                write!(f, "{service} is deployed, and none of its {wanted} tasks is running yet")
            }
            Self::UnknownRollout { service, state } => write!(
                f,
                "ECS says that the deployment of {service} is {state}, which this version does not know; nothing is done"
            ),
            Self::BucketMissing { bucket } => write!(
                f,
                "BucketMissing: there is no bucket {bucket}; its owner must create it, or the spec must name another"
            ),
            Self::KeyTooLong { path } => {
                write!(f, "{path} is too long for S3 with the prefix of this environment (1024 bytes in all)")
            }
            Self::Propagating { distribution, invalidation } => {
                write!(
                    f,
                    "the files are in place; invalidation {invalidation} of distribution {distribution} is under way"
                )
            }
            Self::InvalidationSlow { distribution, invalidation, since } => write!(
                f,
                "InvalidationSlow: the files are in place, and invalidation {invalidation} of distribution {distribution} \
                 is under way since {since:.0}; caches may serve old files. Look at the distribution in CloudFront"
            ),
            Self::NothingToGoBackTo { tag, reason } => {
                write!(f, "release {tag} was rejected and there is no earlier one to go back to: {reason}")
            }
            Self::Contested { field, theirs, ours, heals } => write!(
                f,
                "Contested: {field} was put back {heals} times and comes back as {theirs}; it should be {ours}. Find who \
                 changes it, then run `driftless deploy` again"
            ),
            Self::HealLater { step, until } => write!(f, "drifted; not before {until:.0}: {step}"),
            Self::Gated { gates: reason } | Self::Unplanned { reason } => f.write_str(reason),
            Self::ReportOnly { steps } => write!(f, "drifted; the spec says heal: report, so this is left: {steps}"),
        }
    }
}

fn stopped_task(f: &mut fmt::Formatter<'_>, stopped: Option<&StoppedTask>) -> fmt::Result {
    match stopped {
        Some(task) => write!(f, "; last stopped task: {task}"),
        None => Ok(()),
    }
}
