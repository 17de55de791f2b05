//! Files that are put in one piece: a span is read, and each of its files is unpacked, checked and put.
//!
//! **Refuses:** to put a file whose sha256 is not that of the manifest.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use tokio::sync::SemaphorePermit;

use driftless_domain::{Packing, Sha256};
use driftless_plan::FileChange;

use crate::site::Upload;
use crate::site::budget::{SENDING, TAKES_A_WHILE, WIDEST};
use crate::site::check;
use crate::site::inflate;
use crate::site::spans::{Span, unpacked};
use crate::site::step::{Halted, all};

/// What was read for a span. Its share of the budget comes back when the last file has no use for it any more.
struct Read<'a> {
    from: u64,
    bytes: Bytes,
    _share: Option<SemaphorePermit<'a>>,
}

/// Puts the files of a span.
pub(super) async fn put_span(upload: &Upload<'_>, span: &Span<'_>) -> Result<(), Halted> {
    if let Some(change) = span.files.iter().find(|change| change.file.packed.size > WIDEST) {
        let wide =
            check::content_mismatch(upload.build, &change.file, "it takes more room in the zip than its size can");
        return Err(upload.step.fail(wide));
    }
    // Everything at once, and then split: what the files are unpacked to is there when their turn comes.
    let mut share = upload.step.budget.bytes(span.weight()).await?;
    let read_share = share.split(span.length() as usize);
    let bytes = upload.read(span.from, span.length()).await?;
    let read = Arc::new(Read { from: span.from, bytes, _share: read_share });
    // The last file gets the one that is not a copy, so that nothing here keeps what was read.
    let reads = std::iter::repeat_n(read, span.files.len());
    let puts = span.files.iter().zip(reads).map(|(change, read)| {
        let own = share.split(unpacked(&change.file) as usize);
        put_file(upload, change, read, own)
    });
    all(stream::iter(puts).buffer_unordered(SENDING).boxed()).await;
    upload.step.go_on()
}

async fn put_file(
    upload: &Upload<'_>,
    change: &FileChange,
    read: Arc<Read<'_>>,
    _own: Option<SemaphorePermit<'_>>,
) -> Result<(), Halted> {
    let Upload { step, build, .. } = upload;
    let FileChange { key, file, replaces: _ } = change;
    let _sending = step.budget.sending().await?;
    step.go_on()?;
    let body = content(upload, change, &read).map_err(|what| step.fail(check::content_mismatch(build, file, what)))?;
    // What was unpacked has no use for what was read; what is stored is sent from it.
    let _read = match file.packed.method {
        Packing::Stored => Some(read),
        Packing::Deflated => {
            drop(read);
            None
        }
    };
    if file.size >= TAKES_A_WHILE {
        tokio::task::yield_now().await;
    }
    step.must_arrive(key, || async {
        let body = body.clone();
        let stored = step.live.put_object(step.place, step.bucket, key, &file.headers, file.sha256, body).await?;
        check::is_there(step.bucket, key, file, &stored)
    })
    .await?;
    step.count(1, file.size);
    Ok(())
}

/// What the file holds, checked.
fn content(upload: &Upload<'_>, change: &FileChange, read: &Read<'_>) -> Result<Bytes, inflate::Broken> {
    let file = &change.file;
    let outside = "it lies outside of what was read";
    let place = |at: u64| usize::try_from(at.checked_sub(read.from)?).ok().filter(|at| *at <= read.bytes.len());
    let from = place(file.packed.at).ok_or(outside)?;
    let end = place(file.packed.at.saturating_add(file.packed.size)).ok_or(outside)?;
    let packed = read.bytes.slice(from..end);
    let body = match file.packed.method {
        Packing::Stored => packed,
        Packing::Deflated => upload.unpack(&packed, file.size)?,
    };
    if body.len() as u64 != file.size {
        return Err("it is stored in the zip with another size");
    }
    if Sha256::of(&body) == file.sha256 { Ok(body) } else { Err("its sha256 is another") }
}
