//! Objects and who wrote them.

use bytes::Bytes;
use driftless_domain::{ContentEncoding, ETag, Headers, ObjectHead, Sha256, VersionId};
use jiff::Timestamp;
use md5::{Digest as _, Md5};

/// The headers that an object is served with. S3 takes any, or none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectHeaders {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
}

impl ObjectHeaders {
    /// Only a `Content-Type`.
    #[must_use]
    pub fn of_type(content_type: &str) -> Self {
        Self { content_type: Some(content_type.to_owned()), ..Self::default() }
    }
}

impl From<&Headers> for ObjectHeaders {
    fn from(headers: &Headers) -> Self {
        let Headers { content_type, cache_control, content_encoding } = headers;
        Self {
            content_type: Some(content_type.clone()),
            cache_control: Some(cache_control.clone()),
            content_encoding: content_encoding.map(|encoding| ContentEncoding::as_str(encoding).to_owned()),
        }
    }
}

/// One object, as it was written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub body: Bytes,
    /// Their SHA-256.
    pub sha256: Sha256,
    /// How it is served.
    pub headers: ObjectHeaders,
    /// Its ETag.
    pub etag: ETag,
    /// `x-amz-checksum-sha256`, if whoever wrote it sent one.
    pub checksum: Option<String>,
    /// Its version, in a bucket with versioning.
    pub version: Option<VersionId>,
}

impl Object {
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.body.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn head(&self) -> ObjectHead {
        let ObjectHeaders { content_type, cache_control, content_encoding } = self.headers.clone();
        ObjectHead {
            etag: self.etag.clone(),
            size: self.size(),
            checksum: self.checksum.clone(),
            // What S3 says when nobody gave one.
            content_type: content_type.or_else(|| Some("binary/octet-stream".to_owned())),
            cache_control,
            content_encoding,
        }
    }
}

/// One write of an object: what it was from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectWrite {
    /// When.
    pub at: Timestamp,
    /// Who: `driftless`, `person`, `ci`.
    pub by: String,
    /// The number of the call that did it; 0 for the hands of others.
    pub call: u64,
    /// What is there since; none: it was deleted.
    pub object: Option<Object>,
    /// Whether somebody deleted this very version for good.
    pub erased: bool,
}

/// Who writes, and when.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) by: String,
    pub(crate) call: u64,
    pub(crate) at: Timestamp,
}

/// An object that is about to be written.
#[derive(Debug)]
pub(crate) struct NewObject {
    pub(crate) body: Bytes,
    pub(crate) sha256: Sha256,
    pub(crate) headers: ObjectHeaders,
    /// The ETag in a bucket without KMS.
    pub(crate) etag: String,
    pub(crate) checksum: Option<String>,
}

impl NewObject {
    /// An object that is put in one piece.
    pub(crate) fn whole(body: Bytes, headers: ObjectHeaders, with_checksum: bool) -> Self {
        let sha256 = Sha256::of(&body);
        let etag = hex(&md5(&body));
        Self { body, sha256, headers, etag, checksum: with_checksum.then(|| sha256.to_base64()) }
    }
}

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An ETag of hexadecimal digits and a dash.
#[expect(clippy::expect_used, reason = "hexadecimal digits and a dash can be seen")]
pub(crate) fn etag(text: String) -> ETag {
    ETag::parse(text).expect("an ETag")
}
