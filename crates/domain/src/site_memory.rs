//! What is known of a site target besides its binding: the files that should be there, what we remember of what we put
//! there, and what people read of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, InvalidationPath, Manifest, ObjectKey, SiteBuild, SiteFile};

/// What a plan for a site needs besides the binding: what should be there, and what we know of what we put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFiles {
    /// The build to publish.
    pub build: Arc<SiteBuild>,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// The manifest that was in the bucket, headers and all, when the target last was what it should be. An object that
    /// looks as this one says is taken to have its headers too (they are sampled).
    pub settled: Option<Arc<Manifest>>,
    /// The manifest of the release that was here as a whole before this one: its files are never deleted (S14).
    pub previous: Option<Arc<Manifest>>,
    /// The manifests of all other releases that we began to publish here, newest first.
    pub earlier: Vec<EarlierFiles>,
    /// Whether every file's headers are looked at, because a person asked, and not only a sample.
    pub every_header: bool,
    /// The rest of what we know.
    pub memory: SiteMemory,
}

impl SiteFiles {
    /// Whether an object with this file's content may be taken to have its headers too, because that is what was here when
    /// the target last was as it should be.
    #[must_use]
    pub fn presumes_headers_of(&self, file: &SiteFile) -> bool {
        let settled = self.settled.as_ref().and_then(|manifest| manifest.get(&file.path));
        settled.is_some_and(|settled| settled.headers == file.headers && settled.sha256 == file.sha256)
    }
}

/// The files of a release that is neither current nor previous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierFiles {
    /// Its manifest's name.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// When it was superseded.
    pub until: jiff::Timestamp,
}

/// How many releases' files are kept besides the current one: the files of older ones go before their time.
pub const RELEASES_KEPT: usize = 20;

/// What we remember of a site, in its status record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SiteMemory {
    /// Where all of this was: bucket, prefix and distribution. Of another place it says nothing.
    #[serde(default)]
    pub place: String,
    /// The manifest that was in the bucket as a whole, headers and all, when the target last was what it should be.
    #[serde(default)]
    pub settled: Option<Digest>,
    /// Paths whose served content changed and that no invalidation covers yet: written down before the objects are
    /// uploaded, so that no crash forgets them. At most 15.
    #[serde(default)]
    pub pending: Vec<InvalidationPath>,
    /// How many invalidations were made. The next one's caller reference carries the number after this.
    #[serde(default)]
    pub publishes: u64,
    /// The last invalidation, until it is completed.
    #[serde(default)]
    pub invalidation: Option<Invalidation>,
    /// What was published here (or begun), oldest first; the last one is (or was last) in effect.
    #[serde(default)]
    pub published: Vec<Published>,
    /// How many files of earlier releases were deleted while this generation was in effect.
    #[serde(default)]
    pub pruned: Option<Pruned>,
}

/// An invalidation that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidation {
    /// CloudFront's id for it.
    pub id: String,
    /// Its caller reference.
    pub reference: String,
    /// When it was made.
    pub at: jiff::Timestamp,
}

/// One release that was put into the bucket, as a whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The artifact.
    pub tag: crate::Tag,
    /// Its manifest.
    pub manifest: Digest,
    /// Since when: the first file was sent.
    pub since: jiff::Timestamp,
    /// Whether all of it was there at some time.
    #[serde(default)]
    pub whole: bool,
    /// Until when; none for the one that is in effect.
    #[serde(default)]
    pub until: Option<jiff::Timestamp>,
}

/// Deletions that count against the cap of one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The generation.
    pub generation: crate::Generation,
    /// How many files.
    pub files: u64,
}

/// A site as last seen, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteStatus {
    /// How many files the wanted release has.
    pub files: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// How many of them are not in the bucket.
    pub missing: u64,
    /// How many are there with other content.
    pub changed: u64,
    /// How many are there with other headers, of those that were looked at.
    pub other_headers: u64,
    /// How many objects in our part of the bucket no release of ours has. They are left alone.
    pub foreign: u64,
    /// Some of them.
    pub foreign_examples: Vec<ObjectKey>,
    /// How many files of earlier releases are still there.
    pub kept: u64,
    /// The value of the version parameter.
    pub parameter: Option<String>,
    /// How far the upload is, while one runs.
    #[serde(default)]
    pub progress: Option<Progress>,
    /// What we remember.
    pub memory: SiteMemory,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Files uploaded (or put right in place).
    pub files: u64,
    /// Of this many.
    pub of_files: u64,
    /// Bytes uploaded.
    pub bytes: u64,
    /// Of this many.
    pub of_bytes: u64,
}
