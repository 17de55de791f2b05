//! The nouns of Driftless, in the order in which data flows: names, targets and what they are bound to, artifacts,
//! desired releases, what one look at AWS showed, how far an attempt has come, and the status that people read.
//!
//! **Refuses:** I/O, reading a clock ([`Clock`] is only its port), randomness, async. Every identifier is parsed once, here, and is a type from then on
//! (STYLE.md 10); no other crate passes a `String` where one of these names is meant.

mod artifact;
mod attempt;
mod binding;
mod call;
mod clock;
mod desired;
mod names;
mod object_names;
mod observed;
mod rollout;
mod seen;
mod sha256;
mod site;
mod site_memory;
mod status;
mod task_definition;
mod task_fields;

pub use artifact::{Artifact, Content, ImageRef};
pub use attempt::{Attempt, Cause, Push, Rejected, RejectedAs, ServiceAttempt};
pub use binding::{Binding, HealPolicy, Place, RoleBinding, ServiceBinding};
pub use call::{AwsSaid, CallClass, CallError, Chain};
pub use clock::Clock;
pub use desired::{DesiredRelease, Effective, Release};
pub use names::{
    AccountId, Actor, AppName, BucketName, ClusterName, ContainerName, Digest, DistributionId, EcsServiceName, EnvName,
    Generation, GitSha, NameError, ParameterName, Reason, Region, Repository, RoleArn, ServiceName, Tag, Target,
    TaskDefArn, TaskFamily,
};
pub use object_names::{ETag, InvalidationPath, KeyPrefix, ObjectKey, SitePath, VersionId};
pub use observed::{Family, LiveService, Observed, ObservedService, ParameterValue, ServiceState};
pub use rollout::{Rollout, RolloutState, RunningContainer, StoppedTask};
pub use seen::Seen;
pub use sha256::Sha256;
pub use site::{
    ContentEncoding, FileClass, Headers, InvalidationState, ListedObject, Listing, Manifest, ObjectHead, ObservedSite,
    PART_SIZE, Packed, Packing, SiteBinding, SiteBuild, SiteFile, site_part,
};
pub use site_memory::{
    EarlierFiles, Invalidation, Progress, Pruned, Published, RELEASES_KEPT, SiteFiles, SiteMemory, SiteStatus,
};
pub use status::{Contested, Converged, Gate, Headline, Heal, Health, ServiceStatus, Status, Sync};
pub use task_definition::{OurTags, TaskDefinition, TaskDocument, UnsupportedTaskDefinition, tag_keys};
