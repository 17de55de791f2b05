//! The end of a zip: where its directory is and how many entries it has. Only a file that is one whole zip and nothing else
//! passes: what is behind its end, or an end within the comment, would be read in one way here and in another elsewhere.

use std::io::{Read, Seek, SeekFrom};

use super::bad::{BadBuild, BadZip};
use super::bytes::Fields;
use super::limits;

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR64: [u8; 4] = *b"PK\x06\x07";

/// The size of the end record without its comment.
const END_SIZE: u64 = 22;
/// The size of the record in front of it that says where the end record of a zip64 is.
const LOCATOR64_SIZE: u64 = 20;
/// The size of the end record of a zip64, without additional data.
const END64_SIZE: u64 = 56;

/// Where the directory is.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// Its first byte.
    pub(super) directory: u64,
    /// How many bytes it has.
    pub(super) size: u64,
    /// How many entries.
    pub(super) entries: u64,
}

/// Reads the end of a zip of `length` bytes.
pub(super) fn read(zip: &mut (impl Read + Seek), length: u64) -> Result<End, BadBuild> {
    let tail_at = length.saturating_sub(END_SIZE + u64::from(u16::MAX));
    let tail = bytes_at(zip, tail_at, length - tail_at)?;
    // The last one: a zip whose comment holds another end is refused by the check of the comment's length.
    let within = tail.windows(4).rposition(|four| four == END).ok_or(BadZip::NoEnd)?;
    let end_at = tail_at + within as u64;
    let end = parse_end(tail.get(within..).unwrap_or_default()).ok_or(BadZip::NoEnd)?;
    if end_at + END_SIZE + u64::from(end.comment) != length {
        return Err(BadZip::NoEnd.into());
    }
    let (found, behind) = match end_at.checked_sub(LOCATOR64_SIZE) {
        Some(at) => read_end64(zip, at, &end)?.unwrap_or((end.plain(), end_at)),
        None => (end.plain(), end_at),
    };
    if end.disk != 0 || end.directory_disk != 0 || end.entries_here != end.entries {
        return Err(BadZip::SeveralDisks.into());
    }
    if found.entries > limits::ENTRIES {
        return Err(BadZip::TooMany(found.entries).into());
    }
    // Offsets count from the first byte of the file (the controller reads ranges of it), and nothing lies between the
    // directory and what says where it is.
    if found.size > limits::DIRECTORY_BYTES || found.directory.checked_add(found.size) != Some(behind) {
        return Err(BadZip::NoDirectory.into());
    }
    Ok(found)
}

/// So many bytes from a place on.
pub(super) fn bytes_at(zip: &mut (impl Read + Seek), at: u64, count: u64) -> std::io::Result<Vec<u8>> {
    zip.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    zip.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The end record as it is written.
struct Plain {
    disk: u16,
    directory_disk: u16,
    entries_here: u16,
    entries: u16,
    size: u32,
    directory: u32,
    comment: u16,
}

impl Plain {
    fn plain(&self) -> End {
        End { directory: self.directory.into(), size: self.size.into(), entries: self.entries.into() }
    }

    /// Whether it says the same, or that only the end record of a zip64 can say it.
    fn allows(&self, end: &End) -> bool {
        let fits = |short: u32, most: u32, long: u64| short == most || u64::from(short) == long;
        fits(self.entries.into(), u16::MAX.into(), end.entries)
            && fits(self.size, u32::MAX, end.size)
            && fits(self.directory, u32::MAX, end.directory)
    }
}

fn parse_end(record: &[u8]) -> Option<Plain> {
    let mut fields = Fields(record);
    (fields.bytes(4)? == END).then_some(())?;
    Some(Plain {
        disk: fields.u16()?,
        directory_disk: fields.u16()?,
        entries_here: fields.u16()?,
        entries: fields.u16()?,
        size: fields.u32()?,
        directory: fields.u32()?,
        comment: fields.u16()?,
    })
}

/// What the end record of a zip64 says and where it begins; none when the zip is not one.
fn read_end64(zip: &mut (impl Read + Seek), at: u64, end: &Plain) -> Result<Option<(End, u64)>, BadBuild> {
    let locator = bytes_at(zip, at, LOCATOR64_SIZE)?;
    let Some((disk, record_at, disks)) = parse_locator64(&locator) else { return Ok(None) };
    if disk != 0 || disks > 1 {
        return Err(BadZip::SeveralDisks.into());
    }
    let room = at.checked_sub(record_at).filter(|room| *room >= END64_SIZE).ok_or(BadZip::NoEnd)?;
    let record = bytes_at(zip, record_at, END64_SIZE)?;
    let (size, disks, found) = parse_end64(&record).ok_or(BadZip::NoEnd)?;
    if size.checked_add(12) != Some(room) {
        return Err(BadZip::NoEnd.into());
    }
    if disks {
        return Err(BadZip::SeveralDisks.into());
    }
    if !end.allows(&found) {
        return Err(BadZip::NoEnd.into());
    }
    Ok(Some((found, record_at)))
}

fn parse_locator64(record: &[u8]) -> Option<(u32, u64, u32)> {
    let mut fields = Fields(record);
    (fields.bytes(4)? == LOCATOR64).then_some(())?;
    Some((fields.u32()?, fields.u64()?, fields.u32()?))
}

/// Its size (without the 12 bytes that say it), whether it is about several disks, and what it says.
fn parse_end64(record: &[u8]) -> Option<(u64, bool, End)> {
    let mut fields = Fields(record);
    (fields.bytes(4)? == END64).then_some(())?;
    let size = fields.u64()?;
    let _versions = fields.u32()?;
    let (disk, directory_disk) = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let end = End { entries, size: fields.u64()?, directory: fields.u64()? };
    Some((size, disk != 0 || directory_disk != 0 || entries_here != entries, end))
}
