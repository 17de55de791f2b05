//! Whether bytes are what they should be: those that were read from the zip, and those that S3 says it has.
//!
//! **Refuses:** to take size, time or a lone ETag for content. What can be confirmed is; where a bucket's encryption hides it,
//! S3 has compared the checksum that went with the upload.

use driftless_domain::{BucketName, CallClass, CallError, ObjectKey, SiteBuild, SiteFile};

use crate::site_port::StoredObject;

/// The code of a build whose bytes are not those that were announced.
const CONTENT_MISMATCH: &str = "ContentMismatch";

/// The code of an object that is not what was sent.
const CHECKSUM_MISMATCH: &str = "ChecksumMismatch";

/// S3's code for a body that does not fit its checksum.
const BAD_DIGEST: &str = "BadDigest";

/// The zip does not hold what was announced.
pub(super) fn content_mismatch(build: &SiteBuild, file: &SiteFile, what: &str) -> CallError {
    let SiteBuild { place: _, bucket, key, version, .. } = build;
    let object = format!("{} in {key} (version {version}) in bucket {bucket}", file.path);
    let message = format!(
        "{what}: these are not the bytes that were announced (sha256 {}); nothing of the file was published. Announce the \
         build again under another name",
        file.sha256
    );
    CallError::new("s3:GetObject", object, CallClass::Invalid, CONTENT_MISMATCH, &message)
}

/// Whether S3 has what was sent.
///
/// # Errors
/// `ChecksumMismatch` when it says that it has something else.
pub(super) fn is_there(
    bucket: &BucketName,
    key: &ObjectKey,
    file: &SiteFile,
    stored: &StoredObject,
) -> Result<(), CallError> {
    let StoredObject { etag, checksum } = stored;
    let sent = file.checksum();
    match checksum {
        // The ETag says it all, or it is that of a bucket with KMS and S3 verified the checksum that came with the body.
        _ if *etag == file.etag => Ok(()),
        None => Ok(()),
        Some(stored) if *stored == sent => Ok(()),
        Some(stored) => Err(other_checksum("s3:PutObject", bucket, key, &sent, stored)),
    }
}

/// What S3 has differs from what was sent.
pub(super) fn other_checksum(
    operation: &'static str,
    bucket: &BucketName,
    key: &ObjectKey,
    sent: &str,
    stored: &str,
) -> CallError {
    let message = format!("sent with the sha256 {sent}, and S3 answered that it has {stored}");
    CallError::new(operation, format!("{key} in bucket {bucket}"), CallClass::Transient, CHECKSUM_MISMATCH, &message)
}

/// Whether what arrived was not what was sent.
pub(super) fn arrived_damaged(error: &CallError) -> bool {
    matches!(error.said.code.as_str(), BAD_DIGEST | CHECKSUM_MISMATCH)
}

/// A step that no plan makes.
pub(super) fn defect(operation: &'static str, bucket: &BucketName, key: &ObjectKey, message: &str) -> CallError {
    CallError::new(operation, format!("{key} in bucket {bucket}"), CallClass::Invalid, "BadStep", message)
}
