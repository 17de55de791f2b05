//! Builds: what CI announces once and every environment runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, AppName, Digest, GitSha, NameError, Repository, ServiceName, SiteBuild, Tag};

/// An image by its content: `repository@sha256:…`. A tag can move; this cannot (S2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    /// Where it is.
    pub repository: Repository,
    /// What it is.
    pub digest: Digest,
}

impl FromStr for ImageRef {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let (repository, digest) = text.split_once('@').ok_or_else(|| NameError {
            kind: "image",
            shown: text.chars().take(80).collect(),
            rule: "written repository@sha256:… (the digest that was built, not a tag, which can move)",
        })?;
        Ok(Self { repository: Repository::parse(repository)?, digest: Digest::parse(digest)? })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repository, digest } = self;
        write!(f, "{repository}@{digest}")
    }
}

impl TryFrom<String> for ImageRef {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> String {
        image.to_string()
    }
}

/// The bits of an artifact.
#[expect(clippy::large_enum_variant, reason = "few of them are held at a time, and a box would show in every pattern")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// One image for each service of the app.
    Container {
        /// By the service's name in the spec.
        images: BTreeMap<ServiceName, ImageRef>,
    },
    /// The files of a static site, in one zip.
    Site(SiteBuild),
}

impl Content {
    /// The image of each service; a static site has none.
    #[must_use]
    pub fn images(&self) -> Option<&BTreeMap<ServiceName, ImageRef>> {
        match self {
            Self::Container { images } => Some(images),
            Self::Site(_) => None,
        }
    }

    /// The zip of a static site.
    #[must_use]
    pub fn site(&self) -> Option<&SiteBuild> {
        match self {
            Self::Container { .. } => None,
            Self::Site(build) => Some(build),
        }
    }
}

/// One immutable build. Its tag is its name: the same tag with other content is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The app it is a build of.
    pub app: AppName,
    /// Its name, and the value that the version parameter gets.
    pub tag: Tag,
    /// Its bits.
    pub content: Content,
    /// The commit it was built from.
    pub git_sha: Option<GitSha>,
    /// The branch it was built from, as CI named it.
    pub branch: Option<String>,
    /// Who announced it.
    pub announced_by: Actor,
    /// When.
    pub announced_at: Timestamp,
}

impl Artifact {
    /// Whether announcing `other` says the same as announcing this: who and when do not count.
    #[must_use]
    pub fn same_build(&self, other: &Self) -> bool {
        let Self { app, tag, content, git_sha, branch: _, announced_by: _, announced_at: _ } = self;
        app == &other.app && tag == &other.tag && content == &other.content && git_sha == &other.git_sha
    }
}
