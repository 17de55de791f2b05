//! How much a build may be. What the zip says of itself is held against these before anything is unpacked; that it does
//! not lie is found out while unpacking, by counting.

use super::bad::{BadBuild, BadEntry, BadZip, bad};
use super::directory::Entry;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// The zip: what one PutObject takes, which is how CI uploads it.
pub(crate) const ZIP_BYTES: u64 = 5 * GIB;

/// Entries, with those of directories. Ten times the site that we measure with; a listing of as many keys is 50 calls.
pub(super) const ENTRIES: u64 = 50_000;

/// One file, unpacked: what one CopyObject takes, which is how its headers are put right in place.
pub(super) const FILE_BYTES: u64 = 5 * GIB;

/// All files, unpacked.
pub(super) const ALL_BYTES: u64 = 20 * GIB;

/// How tightly content may be packed. DEFLATE ends at 1032:1, which only runs of one byte reach: bombs. Text, tables and
/// source maps stay below 20:1, generated lists and padded images below 100:1.
pub(super) const RATIO: u64 = 200;

/// Below this a file does no harm however it is packed: a blank image, a file of zeros for a speed test.
const FILE_FREE: u64 = MIB;

/// The same for all files together, so that many small ones are no way around the ratio.
const ALL_FREE: u64 = 64 * MIB;

/// The directory at the end of the zip, in bytes: 46 for each entry, its name, fields and comment. With the largest of all
/// of those it would be 9 GB.
pub(super) const DIRECTORY_BYTES: u64 = 64 * MIB;

/// What the zip says of itself is within the limits.
pub(super) fn check(entries: &[Entry]) -> Result<(), BadBuild> {
    let (mut size, mut packed) = (0u64, 0u64);
    for entry in entries {
        if entry.size > FILE_BYTES {
            return Err(bad(&entry.name, BadEntry::TooLarge(entry.size)));
        }
        if too_tight(entry.size, entry.packed, FILE_FREE) {
            return Err(bad(&entry.name, BadEntry::Ratio { size: entry.size, packed: entry.packed }));
        }
        size = size.saturating_add(entry.size);
        packed = packed.saturating_add(entry.packed);
    }
    if size > ALL_BYTES {
        return Err(BadZip::TooLarge(size).into());
    }
    if too_tight(size, packed, ALL_FREE) {
        return Err(BadZip::Ratio { size, packed }.into());
    }
    Ok(())
}

fn too_tight(size: u64, packed: u64, free: u64) -> bool {
    size > packed.saturating_mul(RATIO).saturating_add(free)
}
