//! Files that are put in parts: each part is read (or unpacked from what is read ahead), hashed and put, several at a time.
//!
//! **Refuses:** to put together what does not have the manifest's checksum, and to leave parts behind that S3 would bill.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::SemaphorePermit;

use driftless_domain::{CallError, PART_SIZE, Packing, Sha256, SiteFile};
use driftless_plan::FileChange;

use crate::site::Upload;
use crate::site::budget::{PARTS_AT_ONCE, RANGE, RANGES_AHEAD, STREAM};
use crate::site::check;
use crate::site::inflate::{Broken, SHORTER, Unpacking};
use crate::site::step::Halted;
use crate::site_port::StoredPart;

/// S3 takes no more than this many parts.
const MOST_PARTS: u64 = 10_000;

/// A part with its share of the budget.
struct Part<'a> {
    number: u16,
    bytes: Bytes,
    _share: SemaphorePermit<'a>,
}

/// Puts a large file, and once more if S3 has something else afterwards.
pub(super) async fn put_large(upload: &Upload<'_>, change: &FileChange) -> Result<(), Halted> {
    let FileChange { key, file, replaces: _ } = change;
    let step = &upload.step;
    step.go_on()?;
    if file.parts_checksum.is_none() || file.size.div_ceil(PART_SIZE) > MOST_PARTS {
        let why = "a file in parts has at most 10000 of them, and its manifest says the checksum of all together";
        return Err(step.fail(check::defect("s3:PutObject", step.bucket, key, why)));
    }
    let put = match attempt(upload, change).await? {
        Err(error) if check::arrived_damaged(&error) => {
            tracing::warn!(bucket = %step.bucket, %key, said = %error.said, "put together damaged; sent again");
            attempt(upload, change).await?
        }
        put => put,
    };
    put.map_err(|error| step.fail(error))?;
    step.count(1, 0);
    Ok(())
}

/// All parts, put together. What S3 says of the whole is the inner result; all else ends the step.
async fn attempt(upload: &Upload<'_>, change: &FileChange) -> Result<Result<(), CallError>, Halted> {
    let FileChange { key, file, replaces: _ } = change;
    let step = &upload.step;
    let (live, place, bucket) = (step.live, step.place, step.bucket);
    let id = step.must(live.begin_parts(place, bucket, key, &file.headers)).await?;
    let finished = match put_parts(upload, change, &id).await {
        Ok(parts) => step.send(live.finish_parts(place, bucket, key, &id, &parts)).await,
        Err(halted) => Err(halted),
    };
    if let Ok(Ok(stored)) = &finished {
        return Ok(check::is_there(bucket, key, file, stored));
    }
    // Not asked for, and also done when the step was refused: nobody sees these parts, and without this they are billed until
    // somebody finds them.
    if let Err(error) = live.abandon_parts(place, bucket, key, &id).await {
        tracing::warn!(%bucket, %key, upload = %id, said = %error.said, "parts are left behind");
    }
    finished.map(|answer| answer.map(drop))
}

async fn put_parts(upload: &Upload<'_>, change: &FileChange, id: &str) -> Result<Vec<StoredPart>, Halted> {
    let file = &change.file;
    let parts = match file.packed.method {
        Packing::Stored => stored(upload, file),
        Packing::Deflated => inflated(upload, file).await?,
    };
    let mut puts = parts.map(|part| put_part(upload, change, id, part)).buffer_unordered(PARTS_AT_ONCE).boxed();
    let mut there = Vec::new();
    let mut halted = Ok(());
    // After a failure too: what was sent is awaited, and what was not is not sent any more.
    while let Some(put) = puts.next().await {
        match put {
            Ok(part) => there.push(part),
            Err(halt) => halted = Err(halt),
        }
    }
    halted?;
    there.sort_by_key(|part| part.number);
    // The checksum of the parts' checksums says as much as that of the whole, and every byte is hashed once.
    let hashes: Vec<u8> = there.iter().flat_map(|part| *part.sha256.as_bytes()).collect();
    let together = format!("{}-{}", Sha256::of(&hashes).to_base64(), there.len());
    if together == file.checksum() { Ok(there) } else { Err(wrong(upload, file, "its checksum is another")) }
}

async fn put_part(
    upload: &Upload<'_>,
    change: &FileChange,
    id: &str,
    part: Result<Part<'_>, Halted>,
) -> Result<StoredPart, Halted> {
    let Part { number, bytes, _share } = part?;
    let step = &upload.step;
    let key = &change.key;
    let _sending = step.budget.sending().await?;
    step.go_on()?;
    let sha256 = Sha256::of(&bytes);
    tokio::task::yield_now().await;
    let put = step.must_arrive(key, || async {
        let body = bytes.clone();
        let part = step.live.put_part(step.place, step.bucket, key, id, number, sha256, body).await?;
        let (sent, there) = (sha256.to_base64(), part.sha256.to_base64());
        let same = part.sha256 == sha256 && part.number == number;
        if same { Ok(part) } else { Err(check::other_checksum("s3:PutObject", step.bucket, key, &sent, &there)) }
    });
    let there = put.await?;
    step.count(0, bytes.len() as u64);
    Ok(there)
}

fn wrong(upload: &Upload<'_>, file: &SiteFile, what: Broken) -> Halted {
    upload.step.fail(check::content_mismatch(upload.build, file, what))
}

/// The parts as they lie in the zip: each is a range.
fn stored<'a>(upload: &'a Upload<'_>, file: &'a SiteFile) -> BoxStream<'a, Result<Part<'a>, Halted>> {
    if file.packed.size != file.size {
        let halted = wrong(upload, file, "it is stored in the zip with another size");
        return stream::iter([Err(halted)]).boxed();
    }
    let count = file.size.div_ceil(PART_SIZE);
    let read = move |index: u64| async move {
        let begin = index * PART_SIZE;
        let length = PART_SIZE.min(file.size - begin);
        let share = upload.step.budget.bytes(length).await?;
        let bytes = upload.read(file.packed.at.saturating_add(begin), length).await?;
        Ok(Part { number: number(index), bytes, _share: share })
    };
    stream::iter(0..count).map(read).buffer_unordered(PARTS_AT_ONCE).boxed()
}

fn number(index: u64) -> u16 {
    // At most MOST_PARTS.
    u16::try_from(index + 1).unwrap_or(u16::MAX)
}

/// A large file that is being unpacked.
struct Cutter<'a> {
    upload: &'a Upload<'a>,
    file: &'a SiteFile,
    ranges: BoxStream<'a, Result<Bytes, Halted>>,
    unpacking: Unpacking,
    /// The part that is next.
    index: u64,
    _share: SemaphorePermit<'a>,
}

/// The parts as they come out of what is read ahead.
async fn inflated<'a>(
    upload: &'a Upload<'a>,
    file: &'a SiteFile,
) -> Result<BoxStream<'a, Result<Part<'a>, Halted>>, Halted> {
    let share = upload.step.budget.bytes(STREAM).await?;
    let packed = file.packed;
    let read = move |index: u64| {
        let begin = index * RANGE;
        upload.read(packed.at.saturating_add(begin), RANGE.min(packed.size - begin))
    };
    let ranges = stream::iter(0..packed.size.div_ceil(RANGE)).map(read).buffered(RANGES_AHEAD).boxed();
    let cutter = Cutter { upload, file, ranges, unpacking: Unpacking::new(), index: 0, _share: share };
    let next = |cutter: Option<Cutter<'a>>| async move {
        let mut cutter = cutter?;
        match cutter.next().await {
            Ok(Some(part)) => Some((Ok(part), Some(cutter))),
            Ok(None) => None,
            Err(halted) => Some((Err(halted), None)),
        }
    };
    Ok(stream::unfold(Some(cutter), next).boxed())
}

impl<'a> Cutter<'a> {
    async fn next(&mut self) -> Result<Option<Part<'a>>, Halted> {
        let Self { upload, file, ranges, unpacking, index, _share } = self;
        let begin = *index * PART_SIZE;
        if begin >= file.size {
            return Ok(None);
        }
        let length = PART_SIZE.min(file.size - begin);
        let last = begin + length == file.size;
        let share = upload.step.budget.bytes(length).await?;
        loop {
            let part = unpacking.part(length as usize, last).map_err(|what| wrong(upload, file, what))?;
            if let Some(bytes) = part {
                *index += 1;
                return Ok(Some(Part { number: number(*index - 1), bytes, _share: share }));
            }
            let range = ranges.next().await.ok_or_else(|| wrong(upload, file, SHORTER))?;
            unpacking.feed(range?);
        }
    }
}
