//! Files: from the zip of a build into the website bucket, put right in place, and deleted.
//!
//! **Refuses:** to choose. The plan says which files and in which order of steps; here each is carried out with as much in
//! flight as the budget allows, and stopped as a whole by the first failure.

mod budget;
mod check;
mod inflate;
mod parts;
mod small;
mod spans;
mod step;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::Decompress;
use futures::StreamExt as _;
use futures::future::join;
use futures::stream;

use driftless_domain::{BucketName, CallClass, CallError, ETag, Place, SiteBuild};
use driftless_plan::{FileChange, OldFile};

use crate::perform::StepFailure;
use crate::port::{Effect, Journal, LiveChanges};
use step::{Halted, Step};

/// Copies in place in flight. They carry no content.
const COPIES_AT_ONCE: usize = 64;

/// One upload under way.
struct Upload<'a> {
    step: Step<'a>,
    build: &'a SiteBuild,
    /// 40 KiB that each entry would otherwise make anew.
    inflate: Mutex<Decompress>,
}

impl Upload<'_> {
    /// Reads from the zip. A failure ends the step.
    async fn read(&self, from: u64, length: u64) -> Result<Bytes, Halted> {
        self.step.go_on()?;
        if length == 0 {
            return Ok(Bytes::new());
        }
        self.step.live.read_build(self.build, from, length).await.map_err(|error| self.step.fail(error))
    }

    fn unpack(&self, packed: &[u8], size: u64) -> Result<Bytes, inflate::Broken> {
        let mut inflate = self.inflate.lock().unwrap_or_else(PoisonError::into_inner);
        inflate::whole(&mut inflate, packed, size as usize)
    }
}

/// Puts the files into the bucket.
pub(crate) async fn upload(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    to: (&Place, &BucketName),
    build: &SiteBuild,
    files: &[FileChange],
) -> Result<Effect, StepFailure> {
    let bytes = files.iter().map(|change| change.file.size).sum();
    let of = (files.len() as u64, bytes);
    let inflate = Mutex::new(Decompress::new(false));
    let upload = Upload { step: Step::new(live, journal, to, of), build, inflate };
    let (spans, large) = spans::spans(files);
    let small = stream::iter(&spans).map(|span| small::put_span(&upload, span));
    let small = small.buffer_unordered(budget::SPANS_AT_ONCE).boxed();
    let large = stream::iter(large).map(|change| parts::put_large(&upload, change));
    let large = large.buffer_unordered(budget::LARGE_AT_ONCE).boxed();
    join(step::all(large), step::all(small)).await;
    upload.step.end()?;
    Ok(Effect::FilesUploaded { files: of.0, bytes: of.1 })
}

/// Puts headers right.
pub(crate) async fn replace_headers(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    (place, bucket): (&Place, &BucketName),
    files: &[FileChange],
) -> Result<Effect, StepFailure> {
    let known = |change| known_object(bucket, change).map(|etag| (change, etag));
    let known = files.iter().map(known).collect::<Result<Vec<(&FileChange, &ETag)>, CallError>>()?;
    let step = Step::new(live, journal, (place, bucket), (files.len() as u64, 0));
    let copies = stream::iter(known).map(|(change, etag)| copy_in_place(&step, change, etag));
    step::all(copies.buffer_unordered(COPIES_AT_ONCE).boxed()).await;
    step.end()?;
    Ok(Effect::HeadersReplaced(files.len() as u64))
}

fn known_object<'a>(bucket: &BucketName, change: &'a FileChange) -> Result<&'a ETag, CallError> {
    let why = "headers are replaced of an object that is there, and the step does not say which";
    change.replaces.as_ref().ok_or_else(|| check::defect("s3:CopyObject", bucket, &change.key, why))
}

async fn copy_in_place(step: &Step<'_>, change: &FileChange, etag: &ETag) -> Result<(), Halted> {
    let FileChange { key, file, replaces: _ } = change;
    step.must(step.live.replace_headers(step.place, step.bucket, key, &file.headers, etag)).await?;
    step.count(1, 0);
    Ok(())
}

/// Deletes files of earlier releases, one after the other: a page goes before what it refers to, and only when it is gone
/// may the next follow (S13).
pub(crate) async fn delete(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    (place, bucket): (&Place, &BucketName),
    files: &[OldFile],
) -> Result<Effect, StepFailure> {
    let step = Step::new(live, journal, (place, bucket), (files.len() as u64, 0));
    let (mut deleted, mut left) = (0, 0);
    for OldFile { key, etag } in files {
        match step.send(live.delete_object(place, bucket, key, etag)).await {
            Ok(Ok(())) => deleted += 1,
            Ok(Err(error)) if error.class == CallClass::Conflict => {
                tracing::info!(%bucket, %key, "somebody changed it since we put it there; it is left");
                left += 1;
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(Halted) => break,
        }
        step.count(1, 0);
    }
    step.end()?;
    Ok(Effect::FilesDeleted { deleted, left })
}
