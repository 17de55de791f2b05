//! What a target should run, resolved: the desired record, the artifact's images and the binding, in one value that a
//! plan can be made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, Binding, Generation, ImageRef, Rejected, ServiceName, SiteBuild, SiteFiles, Tag, Target, TaskDefArn,
};

/// One artifact, wanted at one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The generation of the desired record that asked for it.
    pub generation: Generation,
    /// The artifact.
    pub tag: Tag,
    /// Its images, one per service. A static site has none.
    #[serde(default)]
    pub images: BTreeMap<ServiceName, ImageRef>,
    /// Its zip, of a static site.
    #[serde(default)]
    pub site: Option<SiteBuild>,
}

/// What to converge to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effective {
    /// The release that the record asks for.
    Wanted(Release),
    /// The record's release was rejected here: the last good one stands.
    LastGood(Release),
    /// The record's release was rejected and none of ours ever lived here. The version parameters return to what they said
    /// before, where they said anything, and a service that still runs the release to the revision that infrastructure gave
    /// it.
    Nothing {
        /// What the parameters said, by service.
        parameters: BTreeMap<ServiceName, String>,
        /// What the services ran.
        revisions: BTreeMap<ServiceName, TaskDefArn>,
    },
}

/// What a target should run: all that a plan needs besides the observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRelease {
    /// The target.
    pub target: Target,
    /// The generation of the desired record.
    pub generation: Generation,
    /// What to converge to.
    pub effective: Effective,
    /// The rejection of the record's generation, if it was rejected.
    pub rejected: Option<Rejected>,
    /// What we already sent for [`Self::effective`]: our own writes, which a stale read may not show yet.
    pub attempt: Option<Attempt>,
    /// Where it goes.
    pub binding: Binding,
    /// The files of a static site: those of [`Self::effective`], and what is known of earlier ones.
    pub files: Option<SiteFiles>,
}

impl DesiredRelease {
    /// The release to converge to, if there is one.
    #[must_use]
    pub fn release(&self) -> Option<&Release> {
        match &self.effective {
            Effective::Wanted(release) | Effective::LastGood(release) => Some(release),
            Effective::Nothing { .. } => None,
        }
    }
}
