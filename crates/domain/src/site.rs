//! Static sites: what a build holds ([`Manifest`]), where it lies ([`SiteBuild`]), where it goes ([`SiteBinding`]), and
//! what one look at the bucket and the distribution showed ([`ObservedSite`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    BucketName, Digest, DistributionId, ETag, KeyPrefix, NameError, ObjectKey, ParameterName, ParameterValue, Place,
    Seen, ServiceName, Sha256, SitePath, VersionId,
};

/// Where the zip of a site lies. The version pins its bytes: nothing that is written to the key later is ever read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteBuild {
    /// The account and region of the artifact bucket, opened with the controller's own credentials.
    pub place: Place,
    /// The artifact bucket.
    pub bucket: BucketName,
    /// The zip: `builds/{app}/{sha}.zip`. This is what the version parameter says.
    pub key: ObjectKey,
    /// Its version.
    pub version: VersionId,
    /// The sha256 of the zip.
    pub sha256: Sha256,
    /// The size of the zip, in bytes.
    pub size: u64,
    /// The manifest: the sha256 of its canonical text. It is stored beside the artifact under this name.
    pub manifest: Digest,
    /// How many files it holds.
    pub files: u32,
    /// How many bytes they are, unpacked.
    pub bytes: u64,
}

/// What a build holds: every file with its content's hash and the headers that it is served with. Made once, when the
/// build is announced; a rollback reads it again and no rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The files, in order of path.
    pub files: Vec<Arc<SiteFile>>,
}

impl Manifest {
    /// The file at a path.
    #[must_use]
    pub fn get(&self, path: &SitePath) -> Option<&Arc<SiteFile>> {
        self.files.binary_search_by(|file| file.path.cmp(path)).ok().and_then(|index| self.files.get(index))
    }

    /// The canonical text, which is what [`Self::digest`] is of and what is stored.
    ///
    /// # Errors
    /// Never for values that were made by the constructors of their types.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// The sha256 of the canonical text: the manifest's name.
    ///
    /// # Errors
    /// As [`Self::to_json`].
    pub fn digest(&self) -> serde_json::Result<Digest> {
        Ok(Sha256::of(&self.to_json()?).to_digest())
    }

    /// How many bytes the files are, unpacked.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// The size of the parts in which a file is uploaded that is larger than this: 8 MiB. What S3 answers as ETag and checksum
/// depends on it, and so do [`SiteFile::etag`] and [`SiteFile::parts_checksum`]: a change of it is a change of manifests.
pub const PART_SIZE: u64 = 8 * 1024 * 1024;

/// One file of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteFile {
    /// Its path within the site.
    pub path: SitePath,
    /// Its size in bytes, unpacked.
    pub size: u64,
    /// The sha256 of its content.
    pub sha256: Sha256,
    /// The ETag that S3 gives it when we upload it to a bucket without KMS: the MD5 of the content, or for a file of more
    /// than [`PART_SIZE`] the MD5 of the parts' MD5s, a dash and their number.
    pub etag: ETag,
    /// For a file of more than [`PART_SIZE`]: the SHA-256 checksum that S3 gives it (`x-amz-checksum-sha256`), which is
    /// made of its parts' checksums: base64, a dash and their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts_checksum: Option<String>,
    /// How it is served.
    pub headers: Headers,
    /// When its turn is.
    pub class: FileClass,
    /// Where it is in the zip.
    pub packed: Packed,
}

impl SiteFile {
    /// What S3 shows as `x-amz-checksum-sha256` of the file as we upload it.
    #[must_use]
    pub fn checksum(&self) -> String {
        self.parts_checksum.clone().unwrap_or_else(|| self.sha256.to_base64())
    }

    /// Whether it is uploaded in parts.
    #[must_use]
    pub fn in_parts(&self) -> bool {
        self.size > PART_SIZE
    }
}

/// The headers that an object is served with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: String,
    /// `Content-Encoding`, for files that were compressed at build time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<ContentEncoding>,
}

/// How a file was compressed at build time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentEncoding {
    /// `gzip`.
    Gzip,
    /// `br`.
    Br,
}

impl ContentEncoding {
    /// The value of the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
        }
    }
}

/// When a file is uploaded: what others refer to first, what refers to others last (S13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileClass {
    /// Its name holds a hash of its content.
    Asset,
    /// Everything else.
    Other,
    /// HTML, and JSON that is read at run time: it refers to the others.
    Page,
}

impl fmt::Display for FileClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asset => "hashed assets",
            Self::Other => "other files",
            Self::Page => "pages",
        })
    }
}

/// Where the bytes of a file are in its zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// The offset of its first byte, after the local header.
    pub at: u64,
    /// How many bytes it takes there.
    pub size: u64,
    /// How it is packed.
    pub method: Packing,
}

/// How an entry of a zip is packed. Every other method is refused when the build is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// As it is.
    Stored,
    /// Raw DEFLATE.
    Deflated,
}

/// What a static site is bound to in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteBinding {
    /// The website bucket. Its account and region are those of the target's place.
    pub bucket: BucketName,
    /// The part of the bucket that is ours; none means all of it.
    pub prefix: Option<KeyPrefix>,
    /// The CloudFront distribution in front of it.
    pub distribution: Option<DistributionId>,
    /// The origin path of the distribution: what CloudFront puts before the path of a request. Invalidations are named
    /// without it.
    pub origin_path: Option<KeyPrefix>,
    /// The parameter that holds the key of the deployed artifact.
    pub parameter: ParameterName,
    /// How long files stay that only earlier releases have.
    pub keep: Duration,
}

impl SiteBinding {
    /// What [`SiteMemory`] is tied to: the same files in another place are other objects.
    #[must_use]
    pub fn memory_place(&self) -> String {
        let Self { bucket, prefix, distribution, origin_path: _, parameter: _, keep: _ } = self;
        let prefix = prefix.as_ref().map_or("", KeyPrefix::as_str);
        match distribution {
            Some(distribution) => format!("{bucket}/{prefix} {distribution}"),
            None => format!("{bucket}/{prefix}"),
        }
    }

    /// The key of a file in the bucket.
    ///
    /// # Errors
    /// [`NameError`] when prefix and path together are longer than S3 takes.
    pub fn key_of(&self, path: &SitePath) -> Result<ObjectKey, NameError> {
        match &self.prefix {
            Some(prefix) => ObjectKey::parse(format!("{prefix}{path}")),
            None => ObjectKey::parse(path.as_str()),
        }
    }
}

/// What the one part of a site target is called where a container target names a service: in attempts, heals and actions
/// (`site parameter`).
#[expect(clippy::expect_used, reason = "a constant that a test parses")]
#[must_use]
pub fn site_part() -> ServiceName {
    ServiceName::parse("site").expect("a valid name")
}

/// All files of our part of the bucket, by key, and what was learned of single objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// What the list said, by key.
    pub objects: BTreeMap<ObjectKey, ListedObject>,
    /// What HEAD said, of those that were asked one by one.
    pub heads: BTreeMap<ObjectKey, Seen<ObjectHead>>,
    /// Objects whose headers are known because this process gave them, and were not looked at since.
    pub written: BTreeSet<ObjectKey>,
    /// How many objects have a key that cannot be one of ours (control characters, `..` parts).
    pub unnamed: u64,
}

/// One object, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag.
    pub etag: ETag,
    /// What HEAD said its SHA-256 checksum is, now or when it had this ETag before: for buckets whose ETags are no MD5 (KMS).
    pub checksum: Option<String>,
}

impl ListedObject {
    /// Whether it has the content of this file. Size and time decide nothing.
    #[must_use]
    pub fn holds(&self, file: &SiteFile) -> bool {
        let Self { size, etag, checksum } = self;
        let checked = checksum.as_deref().is_some_and(|checksum| {
            // A copy of an object in parts is one piece, and has the checksum of the whole.
            checksum == file.checksum() || checksum == file.sha256.to_base64()
        });
        *size == file.size && (*etag == file.etag || checked)
    }

    /// Whether a list alone cannot tell if it has the content of this file.
    #[must_use]
    pub fn is_doubtful(&self, file: &SiteFile) -> bool {
        self.size == file.size && self.etag != file.etag && self.checksum.is_none()
    }
}

/// One object, as HEAD shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Its ETag: the answer is about the same content as the list if they agree.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// `x-amz-checksum-sha256`, if S3 has one.
    pub checksum: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
}

impl ObjectHead {
    /// Whether it is served as it should be.
    #[must_use]
    pub fn serves(&self, headers: &Headers) -> bool {
        let Headers { content_type, cache_control, content_encoding } = headers;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.content_type.as_deref() == Some(content_type)
            && self.cache_control.as_deref() == Some(cache_control)
            && given(&self.content_encoding).as_deref() == content_encoding.map(ContentEncoding::as_str)
    }
}

/// How far an invalidation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvalidationState {
    /// `InProgress`.
    InProgress,
    /// `Completed`.
    Completed,
}

/// One look at a site target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSite {
    /// The version parameter.
    pub parameter: Seen<ParameterValue>,
    /// The bucket. Absent: there is no such bucket.
    pub listing: Seen<Listing>,
    /// The invalidation that is under way. Absent: there is none, or CloudFront has forgotten it.
    pub invalidation: Seen<InvalidationState>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_site_has_a_valid_name() {
        assert_eq!(site_part().as_str(), "site");
    }

    #[test]
    fn headers_are_compared_as_they_are_served() {
        let headers = Headers {
            content_type: "text/html; charset=utf-8".to_owned(),
            cache_control: "max-age=0, must-revalidate".to_owned(),
            content_encoding: None,
        };
        let head = |encoding: Option<&str>| ObjectHead {
            etag: ETag::parse("0").unwrap(),
            size: 0,
            checksum: None,
            content_type: Some(headers.content_type.clone()),
            cache_control: Some(headers.cache_control.clone()),
            content_encoding: encoding.map(str::to_owned),
        };
        assert!(head(None).serves(&headers));
        assert!(head(Some("")).serves(&headers));
        assert!(!head(Some("gzip")).serves(&headers));
        assert!(!ObjectHead { cache_control: None, ..head(None) }.serves(&headers));
    }
}
