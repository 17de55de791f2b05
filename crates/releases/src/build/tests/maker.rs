//! Writes zips byte by byte, so that each field can be wrong.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// An entry, as it is written in both places.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) name: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) checksum: u32,
    /// The size that is said.
    pub(super) size: u32,
    /// The packed size that is said.
    pub(super) packed: u32,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) attributes: u32,
    pub(super) disk: u16,
    pub(super) extra: Vec<u8>,
    /// In front of the local header.
    pub(super) before: Vec<u8>,
    /// Behind the content.
    pub(super) behind: Vec<u8>,
    /// The place that the directory says, if it is not the real one.
    pub(super) header: Option<u32>,
    /// Another local header than these fields would give.
    pub(super) local: Option<Box<Item>>,
}

pub(super) fn stored(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Item {
    let content = content.as_ref();
    let mut crc = Crc::new();
    crc.update(content);
    Item {
        name: name.as_ref().to_vec(),
        content: content.to_vec(),
        checksum: crc.sum(),
        size: u32::try_from(content.len()).unwrap(),
        packed: u32::try_from(content.len()).unwrap(),
        method: 0,
        flags: 0,
        attributes: 0,
        disk: 0,
        extra: Vec::new(),
        before: Vec::new(),
        behind: Vec::new(),
        header: None,
        local: None,
    }
}

pub(super) fn deflated(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Item {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content.as_ref()).unwrap();
    let packed = packed.finish().unwrap();
    Item { packed: u32::try_from(packed.len()).unwrap(), method: 8, content: packed, ..stored(name, content) }
}

/// The same, written as to a pipe: sizes and checksum behind the content.
pub(super) fn piped(item: Item, with_mark: bool, long: bool) -> Item {
    let mut behind = if with_mark { b"PK\x07\x08".to_vec() } else { Vec::new() };
    behind.extend(item.checksum.to_le_bytes());
    for size in [item.packed, item.size] {
        if long { behind.extend(u64::from(size).to_le_bytes()) } else { behind.extend(size.to_le_bytes()) }
    }
    let flags = item.flags | 8;
    let local = Item { flags, checksum: 0, size: 0, packed: 0, ..item.clone() };
    Item { flags, behind, local: Some(Box::new(local)), ..item }
}

/// An additional field.
pub(super) fn extra(id: u16, value: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes(), &u16::try_from(value.len()).unwrap().to_le_bytes(), value].concat()
}

/// The zip of these entries.
pub(super) fn zip(items: &[Item]) -> Vec<u8> {
    zip_with(items, |_| {})
}

/// The end record, before it is written.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) disk: u16,
    pub(super) here: u16,
    pub(super) entries: u16,
    pub(super) size: u32,
    pub(super) at: u32,
    pub(super) comment: Vec<u8>,
    /// Between the directory and the end record.
    pub(super) before: Vec<u8>,
}

/// The same, with something changed in the end record.
pub(super) fn zip_with(items: &[Item], change: impl FnOnce(&mut End)) -> Vec<u8> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for item in items {
        zip.extend(&item.before);
        let header = item.header.unwrap_or(u32::try_from(zip.len()).unwrap());
        let local = item.local.as_deref().unwrap_or(item);
        zip.extend(b"PK\x03\x04");
        zip.extend(20u16.to_le_bytes());
        common(&mut zip, local);
        zip.extend(&local.name);
        zip.extend(&local.extra);
        zip.extend(&item.content);
        zip.extend(&item.behind);
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3, 20, 0]);
        common(&mut directory, item);
        directory.extend([0, 0]);
        directory.extend(item.disk.to_le_bytes());
        directory.extend([0, 0]);
        directory.extend(item.attributes.to_le_bytes());
        directory.extend(header.to_le_bytes());
        directory.extend(&item.name);
        directory.extend(&item.extra);
    }
    let mut end = End {
        disk: 0,
        here: u16::try_from(items.len()).unwrap(),
        entries: u16::try_from(items.len()).unwrap(),
        size: u32::try_from(directory.len()).unwrap(),
        at: u32::try_from(zip.len()).unwrap(),
        comment: Vec::new(),
        before: Vec::new(),
    };
    change(&mut end);
    zip.extend(directory);
    zip.extend(&end.before);
    zip.extend(b"PK\x05\x06");
    for number in [end.disk, end.disk, end.here, end.entries] {
        zip.extend(number.to_le_bytes());
    }
    zip.extend(end.size.to_le_bytes());
    zip.extend(end.at.to_le_bytes());
    zip.extend(u16::try_from(end.comment.len()).unwrap().to_le_bytes());
    zip.extend(&end.comment);
    zip
}

/// What both headers have in the same order.
fn common(out: &mut Vec<u8>, item: &Item) {
    out.extend(item.flags.to_le_bytes());
    out.extend(item.method.to_le_bytes());
    out.extend([0; 4]);
    out.extend(item.checksum.to_le_bytes());
    out.extend(item.packed.to_le_bytes());
    out.extend(item.size.to_le_bytes());
    out.extend(u16::try_from(item.name.len()).unwrap().to_le_bytes());
    out.extend(u16::try_from(item.extra.len()).unwrap().to_le_bytes());
}
