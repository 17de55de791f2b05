//! How much a step holds in memory and how many requests it has in flight.
//!
//! **Refuses:** to let one piece of work wait for bytes while it holds bytes that another needs: everything that a piece
//! takes is taken at once, so that steps cannot wait for each other in a circle.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::site::step::Halted;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What one step holds of content, read, unpacked or being sent: 64 MiB. With the adapter's copy while it collects an
/// answer and some 50 KiB for each of 256 requests (13 MiB) the process stays below 128 MiB. 5,000 files of 10 KiB that are
/// 3 KiB in the zip are 63 MiB, so nearly all of them are read ahead; of files of 5 MiB six are under way if they are
/// deflated (5 MiB in the zip and 5 MiB to send) and twelve if they are stored.
pub(super) const IN_FLIGHT: u64 = 64 * MIB;

/// Uploads in flight: with the reads (16 spans, and 8 for each of 2 large files) these are 256 connections. At 25 ms a
/// request that is 9,000 files a second, which is more than one process can send.
pub(super) const SENDING: usize = 224;

/// Spans that are read or sent from at the same time: 16 of 4 MiB are all that may be in flight.
pub(super) const SPANS_AT_ONCE: usize = 16;

/// What a span takes of the budget, unless it is one file that takes more: read in one piece, and unpacked. Small enough that
/// the first files are on their way soon, large enough that 300 files of 10 KiB are one request.
pub(super) const SPAN: u64 = 4 * MIB;

/// Bytes between two files that are read and thrown away rather than asked around: what 64 KiB take on the way is less
/// than another request does.
pub(super) const GAP: u64 = 64 * KIB;

/// Large files at the same time. Each holds [`STREAM`] all the while: 2 x 16 MiB leave 32 MiB, and nothing that is taken at
/// once is more than 18 MiB (a file of 8 MiB, packed and unpacked, see [`WIDEST`]).
pub(super) const LARGE_AT_ONCE: usize = 2;

/// Parts of one large file at the same time: 8 x 8 MiB are all that may be in flight.
pub(super) const PARTS_AT_ONCE: usize = 8;

/// What is read of a large deflated file in one request.
pub(super) const RANGE: u64 = 4 * MIB;

/// Ranges that are read ahead: 3 x 4 MiB at 25 ms a request are 480 MiB a second, about what inflating gives.
pub(super) const RANGES_AHEAD: usize = 3;

/// What a large deflated file holds besides its parts: the ranges that are read ahead and the one that is unpacked.
pub(super) const STREAM: u64 = (RANGES_AHEAD as u64 + 1) * RANGE;

/// What a file that is put in one piece takes in the zip at most. Packers in a hurry (level 1) use fixed codes, 9 bits for a
/// byte at worst: 8 MiB of content are 9 MiB and a little. A zip that says more was made to be held in memory.
pub(super) const WIDEST: u64 = 10 * MIB;

/// From this size on, hashing takes long enough (0.2 ms) that others get their turn after it.
pub(super) const TAKES_A_WHILE: u64 = 256 * KIB;

/// Both limits. What is taken comes back when the permit is dropped.
pub(super) struct Budget {
    bytes: Semaphore,
    sending: Semaphore,
}

impl Budget {
    pub(super) fn new() -> Self {
        // 64 MiB fit into the `usize` of every platform.
        Self { bytes: Semaphore::new(IN_FLIGHT as usize), sending: Semaphore::new(SENDING) }
    }

    /// Takes so many bytes, first come first served; all of them when it would be more.
    pub(super) async fn bytes(&self, count: u64) -> Result<SemaphorePermit<'_>, Halted> {
        let count = u32::try_from(count.min(IN_FLIGHT)).map_err(|_| Halted)?;
        self.bytes.acquire_many(count).await.map_err(|_| Halted)
    }

    /// Takes the right to have one upload in flight.
    pub(super) async fn sending(&self) -> Result<SemaphorePermit<'_>, Halted> {
        self.sending.acquire().await.map_err(|_| Halted)
    }

    /// Whoever waits or will ask gets nothing any more.
    pub(super) fn close(&self) {
        self.bytes.close();
        self.sending.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sending.is_closed()
    }
}
