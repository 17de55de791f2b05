//! One walk over a zip from its first byte to its directory: every entry's local header must say what the directory says,
//! every content is unpacked and hashed, and no byte is left over. So what is at `Packed { at, size, method }` is proven by
//! having been read there, and no two readers of the zip can see two different sites.

use std::io::{BufRead, Read};

use driftless_domain::Packed;

use super::bad::{BadBuild, BadEntry, BadZip, bad, shown};
use super::bytes::Fields;
use super::directory::{DESCRIPTOR, ENCRYPTED, Entry, Extra, UTF8, packing};
use super::hashes::{Hashed, Hashes};
use super::inflate::Inflate;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_SIZE: u64 = 30;

/// Walks over the entries, which are in order of their headers, up to the directory. `zip` is at its first byte.
pub(super) fn walk<'e>(
    zip: impl BufRead,
    entries: &[&'e Entry],
    directory: u64,
    mut found: impl FnMut(&'e Entry, Packed, Hashed),
) -> Result<(), BadBuild> {
    check_places(entries, directory)?;
    let mut zip = At::new(zip);
    let mut inflate = Inflate::new();
    for (index, entry) in entries.iter().enumerate() {
        let refuse = |problem| bad(&entry.name, problem);
        if zip.position() < entry.header {
            return Err(refuse(BadEntry::Gap));
        }
        local_header(&mut zip, entry)?;
        let packed = Packed { at: zip.position(), size: entry.packed, method: entry.method };
        let next = entries.get(index + 1).map_or(directory, |next| next.header);
        // The header may be longer than the directory lets expect.
        if packed.at + packed.size > next {
            return Err(refuse(BadEntry::Overlaps(follower(entries, index))));
        }
        let mut hashes = Hashes::new(entry.size);
        inflate.unpack(&mut zip, &packed, entry.size, |bytes| hashes.update(bytes)).map_err(|e| e.of(&entry.name))?;
        let hashed = hashes.finish();
        if hashed.crc32 != entry.checksum {
            return Err(refuse(BadEntry::Checksum));
        }
        if entry.flags & DESCRIPTOR != 0 {
            descriptor(&mut zip, entry, next)?;
        }
        found(entry, packed, hashed);
    }
    if zip.position() == directory { Ok(()) } else { Err(BadZip::Gap.into()) }
}

/// No two entries can lie in the same bytes: found before anything is unpacked, because entries that share their content
/// are how a small zip unpacks to very much.
fn check_places(entries: &[&Entry], directory: u64) -> Result<(), BadBuild> {
    for (index, entry) in entries.iter().enumerate() {
        let next = entries.get(index + 1).map_or(directory, |next| next.header);
        let least = LOCAL_SIZE + entry.name.len() as u64;
        if entry.header.checked_add(least).and_then(|at| at.checked_add(entry.packed)).is_none_or(|end| end > next) {
            return Err(bad(&entry.name, BadEntry::Overlaps(follower(entries, index))));
        }
    }
    Ok(())
}

fn follower(entries: &[&Entry], index: usize) -> String {
    entries.get(index + 1).map_or_else(|| "the directory".to_owned(), |next| shown(&next.name))
}

/// Reads the local header, which must say what the directory says.
fn local_header(zip: &mut At<impl BufRead>, entry: &Entry) -> Result<(), BadBuild> {
    let refuse = |problem| bad(&entry.name, problem);
    let fixed = zip.take(LOCAL_SIZE)?;
    let header = parse(&fixed).ok_or_else(|| refuse(BadEntry::NotThere))?;
    let name = zip.take(header.name.into())?;
    let extra = zip.take(header.extra.into())?;
    if name != entry.name {
        return Err(refuse(BadEntry::OtherName(shown(&name))));
    }
    let extra = Extra::parse(&extra).ok_or_else(|| refuse(BadEntry::ExtraFields))?;
    extra.same_name(&entry.name).map_err(refuse)?;
    if (header.flags ^ entry.flags) & (ENCRYPTED | DESCRIPTOR | UTF8) != 0 {
        return Err(refuse(BadEntry::Disagrees("set of flags")));
    }
    if packing(header.method) != Ok(entry.method) {
        return Err(refuse(BadEntry::Disagrees("method")));
    }
    // With a descriptor behind the content, all three may be left open here.
    let open = entry.flags & DESCRIPTOR != 0;
    if header.checksum != entry.checksum && !(open && header.checksum == 0) {
        return Err(refuse(BadEntry::Disagrees("checksum")));
    }
    let mut long = Fields(extra.zip64.unwrap_or_default());
    for (short, real) in [(header.size, entry.size), (header.packed, entry.packed)] {
        let said = if short == u32::MAX { long.u64() } else { Some(short.into()) };
        if said != Some(real) && !(open && matches!(said, None | Some(0))) {
            return Err(refuse(BadEntry::Disagrees("size")));
        }
    }
    Ok(())
}

struct Local {
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u32,
    size: u32,
    name: u16,
    extra: u16,
}

fn parse(record: &[u8]) -> Option<Local> {
    let mut fields = Fields(record);
    (fields.bytes(4)? == LOCAL).then_some(())?;
    let _version = fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let _time = fields.u32()?;
    let (checksum, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    Some(Local { flags, method, checksum, packed, size, name: fields.u16()?, extra: fields.u16()? })
}

/// What is between the content and the next entry is the entry's descriptor, in one of its four forms.
fn descriptor(zip: &mut At<impl BufRead>, entry: &Entry, next: u64) -> Result<(), BadBuild> {
    const LONGEST: u64 = 24;
    let room = next - zip.position();
    let written = if room <= LONGEST { zip.take(room)? } else { Vec::new() };
    let long = [entry.packed.to_le_bytes(), entry.size.to_le_bytes()].concat();
    let short = u32::try_from(entry.packed).ok().zip(u32::try_from(entry.size).ok());
    let short = short.map(|(packed, size)| [packed.to_le_bytes(), size.to_le_bytes()].concat());
    let fits = [Some(long), short].into_iter().flatten().any(|sizes| {
        let plain = [entry.checksum.to_le_bytes().as_slice(), &sizes].concat();
        written == plain || written.strip_prefix(b"PK\x07\x08") == Some(&plain)
    });
    if fits { Ok(()) } else { Err(bad(&entry.name, BadEntry::Descriptor)) }
}

/// A reader that knows where it is.
pub(super) struct At<R> {
    zip: R,
    position: u64,
}

impl<R: BufRead> At<R> {
    /// A reader that is at its first byte.
    pub(super) fn new(zip: R) -> Self {
        Self { zip, position: 0 }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// So many bytes, or fewer at the end of the file.
    fn take(&mut self, count: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.position += self.zip.by_ref().take(count).read_to_end(&mut bytes)? as u64;
        Ok(bytes)
    }

    /// What has been read ahead; empty at the end of the file.
    pub(super) fn ahead(&mut self) -> std::io::Result<&[u8]> {
        self.zip.fill_buf()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.zip.consume(count);
        self.position += count as u64;
    }
}
