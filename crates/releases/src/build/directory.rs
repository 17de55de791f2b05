//! The directory at the end of a zip, entry by entry as it is written: no name is rewritten and no repetition is folded, as
//! readers do that mean to be helpful.

use driftless_domain::{Packing, SitePath};

use super::bad::{BadBuild, BadEntry, BadZip, bad, shown};
use super::bytes::Fields;
use super::end::End;
use super::names::path_of;

const CENTRAL: [u8; 4] = *b"PK\x01\x02";

/// The bit that says that an entry is encrypted, and two that say how.
pub(super) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// The bit that says that sizes and checksum follow the content.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// The bit that says that the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;

/// The additional field with sizes of 64 bits.
const ZIP64: u16 = 0x0001;
/// The additional field with the name in UTF-8.
const UNICODE_PATH: u16 = 0x7075;

/// One entry, as the directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path, which for a directory is without the slash at its end.
    pub(super) path: SitePath,
    /// Its name, as it is written.
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: Packing,
    pub(super) checksum: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where its local header is.
    pub(super) header: u64,
    pub(super) directory: bool,
}

/// The entries of a directory, in its order.
pub(super) fn parse(bytes: &[u8], end: &End) -> Result<Vec<Entry>, BadBuild> {
    let broken = || BadZip::Directory(end.entries);
    let mut fields = Fields(bytes);
    let mut entries = Vec::new();
    for _ in 0..end.entries {
        let raw = record(&mut fields).ok_or_else(broken)?;
        entries.push(entry(&raw)?);
    }
    if !fields.0.is_empty() || bytes.len() as u64 != end.size {
        return Err(broken().into());
    }
    Ok(entries)
}

/// A record of the directory, before anything is made of it.
struct Record<'a> {
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u32,
    size: u32,
    disk: u16,
    attributes: u32,
    header: u32,
    name: &'a [u8],
    extra: &'a [u8],
}

fn record<'a>(fields: &mut Fields<'a>) -> Option<Record<'a>> {
    (fields.bytes(4)? == CENTRAL).then_some(())?;
    let _versions = fields.u32()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let _time = fields.u32()?;
    let (checksum, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _internal_attributes = fields.u16()?;
    let (attributes, header) = (fields.u32()?, fields.u32()?);
    let name = fields.bytes(name.into())?;
    let extra = fields.bytes(extra.into())?;
    fields.bytes(comment.into())?;
    Some(Record { flags, method, checksum, packed, size, disk, attributes, header, name, extra })
}

fn entry(record: &Record<'_>) -> Result<Entry, BadBuild> {
    let Record { flags, method, checksum, packed, size, disk, attributes, header, name, extra } = *record;
    let refuse = |problem| bad(name, problem);
    let path = path_of(name).map_err(refuse)?;
    let directory = kind(name, attributes).map_err(refuse)?;
    if flags & ENCRYPTED != 0 {
        return Err(refuse(BadEntry::Encrypted));
    }
    let method = packing(method).map_err(refuse)?;
    let extra = Extra::parse(extra).ok_or_else(|| refuse(BadEntry::ExtraFields))?;
    extra.same_name(name).map_err(refuse)?;
    let mut long = Fields(extra.zip64.unwrap_or_default());
    let mut widen = |short: u32| {
        if short == u32::MAX { long.u64().ok_or_else(|| refuse(BadEntry::ExtraFields)) } else { Ok(short.into()) }
    };
    let (size, packed, header) = (widen(size)?, widen(packed)?, widen(header)?);
    // A disk of 65,535 would be in the additional field too, where we do not look: it is not the only one either way.
    if disk != 0 {
        return Err(refuse(BadEntry::OtherDisk));
    }
    if directory && (size != 0 || checksum != 0) {
        return Err(refuse(BadEntry::FullDirectory));
    }
    Ok(Entry { path, name: name.to_vec(), flags, method, checksum, packed, size, header, directory })
}

/// How an entry is packed.
pub(super) fn packing(method: u16) -> Result<Packing, BadEntry> {
    match method {
        0 => Ok(Packing::Stored),
        8 => Ok(Packing::Deflated),
        // What AES encryption puts in the place of the method.
        99 => Err(BadEntry::Encrypted),
        other => Err(BadEntry::Method(other)),
    }
}

/// Whether an entry is a directory; everything that is neither that nor a file is refused. The upper half of the attributes
/// is a Unix mode, which some tools write whatever system they say they run on; where there is none, it is zero.
fn kind(name: &[u8], attributes: u32) -> Result<bool, BadEntry> {
    const DOS_DIRECTORY: u32 = 0x10;
    let by_name = name.ends_with(b"/");
    let by_attributes = match attributes >> 28 {
        0 => attributes & DOS_DIRECTORY != 0,
        0o10 => false,
        0o04 => true,
        0o12 => return Err(BadEntry::Special("symbolic link")),
        0o02 | 0o06 => return Err(BadEntry::Special("device")),
        0o01 => return Err(BadEntry::Special("named pipe")),
        0o14 => return Err(BadEntry::Special("socket")),
        _ => return Err(BadEntry::Special("thing of an unknown kind")),
    };
    if by_attributes && !by_name { Err(BadEntry::HalfDirectory) } else { Ok(by_name) }
}

/// The additional fields of an entry that say what we must know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extra<'a> {
    /// Sizes of 64 bits.
    pub(super) zip64: Option<&'a [u8]>,
    /// The name in UTF-8, behind the checksum of the name that it stands for.
    unicode: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// None when they end in the middle, or when one of those that matter is there twice.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut extra = Self::default();
        let mut fields = Fields(bytes);
        // Up to three bytes of filling are left by tools that align the content.
        while fields.0.len() >= 4 {
            let (id, length) = (fields.u16()?, fields.u16()?);
            let value = fields.bytes(length.into())?;
            let place = match id {
                ZIP64 => &mut extra.zip64,
                UNICODE_PATH => &mut extra.unicode,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(extra)
    }

    /// The name in UTF-8, if there is one, is the name of the entry. (By the book it does not count when its checksum is of
    /// another name; readers differ in that.)
    pub(super) fn same_name(&self, name: &[u8]) -> Result<(), BadEntry> {
        match self.unicode.map(|value| value.get(5..).unwrap_or_default()) {
            Some(other) if other != name => Err(BadEntry::OtherName(shown(other))),
            Some(_) | None => Ok(()),
        }
    }
}
