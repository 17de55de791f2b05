//! Unpacking: a whole entry at once, and a large one range by range.
//!
//! **Refuses:** to make more bytes than were announced, whatever the zip says.

use std::cmp::Ordering;

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

/// Why an entry could not be unpacked.
pub(super) type Broken = &'static str;

/// It is not deflate.
const CORRUPT: Broken = "it cannot be unpacked";
/// It makes more than the manifest says.
const LONGER: Broken = "it unpacks to more than was announced";
/// It makes less.
pub(super) const SHORTER: Broken = "it unpacks to less than was announced";

/// Unpacks a whole entry to exactly this many bytes.
pub(super) fn whole(inflate: &mut Decompress, packed: &[u8], size: usize) -> Result<Bytes, Broken> {
    inflate.reset(false);
    // One more than there should be: what is longer shows, and an empty file needs no other way.
    let mut made = Vec::with_capacity(size.saturating_add(1));
    let status = inflate.decompress_vec(packed, &mut made, FlushDecompress::Finish).map_err(|_| CORRUPT)?;
    match made.len().cmp(&size) {
        Ordering::Equal if status == Status::StreamEnd => Ok(Bytes::from(made)),
        Ordering::Greater => Err(LONGER),
        Ordering::Less | Ordering::Equal => Err(SHORTER),
    }
}

/// One entry that is unpacked part by part.
pub(super) struct Unpacking {
    inflate: Decompress,
    /// What was read and not yet unpacked.
    input: Bytes,
    /// The part that is being made.
    made: Vec<u8>,
    ended: bool,
}

impl Unpacking {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new(false), input: Bytes::new(), made: Vec::new(), ended: false }
    }

    /// Gives it the next range of the zip.
    pub(super) fn feed(&mut self, range: Bytes) {
        self.input = range;
    }

    /// The next part, of exactly `size` bytes; none when it needs more of the zip first. Nothing may come after the `last`.
    pub(super) fn part(&mut self, size: usize, last: bool) -> Result<Option<Bytes>, Broken> {
        // After the last byte the stream must end, and only the attempt to unpack one more shows whether it does.
        let room = if last { size.saturating_add(1) } else { size };
        self.made.reserve_exact(room.saturating_sub(self.made.len()));
        while !self.ended && self.made.len() < room {
            if self.input.is_empty() {
                return Ok(None);
            }
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status =
                self.inflate.decompress_vec(&self.input, &mut self.made, FlushDecompress::None).map_err(|_| CORRUPT)?;
            let after = (self.inflate.total_in(), self.inflate.total_out());
            self.ended = status == Status::StreamEnd;
            if after == before && !self.ended {
                return Err(CORRUPT);
            }
            self.input.advance(usize::try_from(after.0 - before.0).map_err(|_| CORRUPT)?.min(self.input.len()));
        }
        if self.made.len() < size {
            return Err(SHORTER);
        }
        // A vector may have more room than it was asked for; what is beyond the part begins the next one.
        let beyond = self.made.split_off(size);
        if last && !beyond.is_empty() {
            return Err(LONGER);
        }
        Ok(Some(Bytes::from(std::mem::replace(&mut self.made, beyond))))
    }
}
