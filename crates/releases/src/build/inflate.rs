//! Unpacking one content from exactly the bytes that are its own, with every byte counted: neither what the zip says of the
//! size nor where the packed bytes end is believed.

use std::io::BufRead;

use driftless_domain::{Packed, Packing};
use flate2::{Decompress, FlushDecompress, Status};

use super::bad::{BadBuild, BadEntry, bad};
use super::walk::At;

/// How many bytes are unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// Unpacks one content after the other, with one window and one buffer.
pub(super) struct Inflate {
    window: Decompress,
    buffer: Vec<u8>,
}

/// Why a content cannot be unpacked.
pub(super) enum Failed {
    Entry(BadEntry),
    Read(std::io::Error),
}

impl Failed {
    pub(super) fn of(self, name: &[u8]) -> BadBuild {
        match self {
            Self::Entry(problem) => bad(name, problem),
            Self::Read(error) => BadBuild::Unreadable(error),
        }
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl Inflate {
    pub(super) fn new() -> Self {
        Self { window: Decompress::new(false), buffer: vec![0; CHUNK] }
    }

    /// Gives the content of an entry that says it has `size` bytes, piece by piece. It stops as soon as there are more.
    pub(super) fn unpack(
        &mut self,
        zip: &mut At<impl BufRead>,
        packed: &Packed,
        size: u64,
        mut give: impl FnMut(&[u8]),
    ) -> Result<(), Failed> {
        let mut left = packed.size;
        let mut given = 0u64;
        let mut give = |bytes: &[u8]| {
            given += bytes.len() as u64;
            if given > size {
                return Err(Failed::Entry(BadEntry::Size { said: size, more: true }));
            }
            give(bytes);
            Ok(())
        };
        match packed.method {
            Packing::Stored => {
                while left > 0 {
                    let ahead = own(zip, left)?;
                    give(ahead)?;
                    let read = ahead.len();
                    zip.consume(read);
                    left -= read as u64;
                }
            }
            Packing::Deflated => left = self.inflate(zip, left, give)?,
        }
        if left > 0 {
            return Err(Failed::Entry(BadEntry::Damaged("its packed content ends before its place does")));
        }
        if given < size {
            return Err(Failed::Entry(BadEntry::Size { said: size, more: false }));
        }
        Ok(())
    }

    /// How many of the packed bytes are left behind the end of the stream.
    fn inflate(
        &mut self,
        zip: &mut At<impl BufRead>,
        mut left: u64,
        mut give: impl FnMut(&[u8]) -> Result<(), Failed>,
    ) -> Result<u64, Failed> {
        let Self { window, buffer } = self;
        window.reset(false);
        loop {
            let ahead = if left > 0 { own(zip, left)? } else { &[] };
            let (read, written) = (window.total_in(), window.total_out());
            let status = window
                .decompress(ahead, buffer, FlushDecompress::None)
                .map_err(|_| Failed::Entry(BadEntry::Damaged("its packed content is not DEFLATE")))?;
            let (read, written) = (window.total_in() - read, window.total_out() - written);
            #[expect(clippy::cast_possible_truncation, reason = "not more than the two buffers hold")]
            let (read, written) = (read as usize, written as usize);
            zip.consume(read);
            left -= read as u64;
            give(buffer.get(..written).unwrap_or_default())?;
            match status {
                Status::StreamEnd => return Ok(left),
                // No progress: the input is at its end, and the stream is not.
                Status::Ok | Status::BufError if read == 0 && written == 0 => {
                    return Err(Failed::Entry(BadEntry::Damaged("its packed content breaks off")));
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

/// What has been read ahead and belongs to the content.
fn own(zip: &mut At<impl BufRead>, left: u64) -> std::io::Result<&[u8]> {
    let ahead = zip.ahead()?;
    if ahead.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let most = usize::try_from(left).unwrap_or(usize::MAX).min(ahead.len());
    Ok(ahead.get(..most).unwrap_or_default())
}
