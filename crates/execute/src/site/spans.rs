//! Which files are read from the zip together.

use driftless_domain::{Packing, SiteFile};
use driftless_plan::FileChange;

use crate::site::budget::{GAP, SPAN};

/// Files that lie together in the zip and are read in one request.
#[derive(Debug)]
pub(super) struct Span<'a> {
    /// Where it begins.
    pub(super) from: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// The files, in the order of the zip.
    pub(super) files: Vec<&'a FileChange>,
    /// What the files take when they are unpacked, of those that need to be.
    unpacked: u64,
}

impl<'a> Span<'a> {
    fn of(change: &'a FileChange) -> Self {
        let at = change.file.packed.at;
        Self { from: at, end: end(&change.file), files: vec![change], unpacked: unpacked(&change.file) }
    }

    /// How many bytes are read.
    pub(super) fn length(&self) -> u64 {
        self.end - self.from
    }

    /// What it takes of the budget: all that is read, and all that is made of it.
    pub(super) fn weight(&self) -> u64 {
        self.length().saturating_add(self.unpacked)
    }

    /// Takes the file in, if it is near and there is room.
    fn add(&mut self, change: &'a FileChange) -> bool {
        let file = &change.file;
        let (end, unpacked) = (self.end.max(end(file)), self.unpacked.saturating_add(unpacked(file)));
        let near = file.packed.at <= self.end.saturating_add(GAP);
        let fits = near && (end - self.from).saturating_add(unpacked) <= SPAN;
        if fits {
            (self.end, self.unpacked) = (end, unpacked);
            self.files.push(change);
        }
        fits
    }
}

/// What a file takes besides its bytes in the zip: one that is stored is sent from what was read.
pub(super) fn unpacked(file: &SiteFile) -> u64 {
    match file.packed.method {
        Packing::Stored => 0,
        Packing::Deflated => file.size,
    }
}

fn end(file: &SiteFile) -> u64 {
    file.packed.at.saturating_add(file.packed.size)
}

/// The files in spans and those that are too large for one, both in the order of the zip.
pub(super) fn spans(files: &[FileChange]) -> (Vec<Span<'_>>, Vec<&FileChange>) {
    let mut in_order: Vec<&FileChange> = files.iter().collect();
    in_order.sort_by_key(|change| change.file.packed.at);
    let (large, small): (Vec<_>, Vec<_>) = in_order.into_iter().partition(|change| change.file.in_parts());
    let mut spans: Vec<Span<'_>> = Vec::new();
    for change in small {
        if !spans.last_mut().is_some_and(|span| span.add(change)) {
            spans.push(Span::of(change));
        }
    }
    (spans, large)
}
