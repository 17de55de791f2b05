//! Files: from the zip of a build into the website bucket.

use driftless_domain::{BucketName, CallClass, CallError, Place, SiteBuild};
use driftless_plan::{FileChange, OldFile};

use crate::perform::StepFailure;
use crate::port::{Effect, Journal, LiveChanges};

/// Puts the files into the bucket.
pub(crate) async fn upload(
    _live: &dyn LiveChanges,
    _journal: &dyn Journal,
    _to: (&Place, &BucketName),
    _build: &SiteBuild,
    _files: &[FileChange],
) -> Result<Effect, StepFailure> {
    Err(not_yet())
}

/// Puts headers right.
pub(crate) async fn replace_headers(
    _live: &dyn LiveChanges,
    _journal: &dyn Journal,
    _to: (&Place, &BucketName),
    _files: &[FileChange],
) -> Result<Effect, StepFailure> {
    Err(not_yet())
}

/// Deletes files of earlier releases.
pub(crate) async fn delete(
    _live: &dyn LiveChanges,
    _journal: &dyn Journal,
    _to: (&Place, &BucketName),
    _files: &[OldFile],
) -> Result<Effect, StepFailure> {
    Err(not_yet())
}

fn not_yet() -> StepFailure {
    CallError::new("s3:PutObject", "", CallClass::Invalid, "NotYet", "").into()
}
