//! Uploads in parts: they cost, and show nothing, until they are finished.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use driftless_domain::{ETag, Sha256};
use driftless_execute::{StoredObject, StoredPart};

use super::object::{NewObject, ObjectHeaders, hex, md5};

/// The least size of a part that is not the last: 5 MiB.
const LEAST_PART: usize = 5 * 1024 * 1024;

/// The uploads of a bucket, by id.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    open: BTreeMap<String, Upload>,
    finished: BTreeMap<String, (Vec<StoredPart>, StoredObject)>,
}

#[derive(Debug)]
struct Upload {
    key: String,
    headers: ObjectHeaders,
    parts: BTreeMap<u16, Part>,
}

#[derive(Debug)]
struct Part {
    body: Bytes,
    stored: StoredPart,
}

/// Why S3 does not take parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartRefused {
    NoSuchUpload,
    InvalidPart,
    InvalidPartOrder,
    EntityTooSmall,
    InvalidPartNumber,
}

impl PartRefused {
    /// AWS's code and message.
    pub(crate) fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::NoSuchUpload => ("NoSuchUpload", "The specified upload does not exist."),
            Self::InvalidPart => ("InvalidPart", "One or more of the specified parts could not be found."),
            Self::InvalidPartOrder => ("InvalidPartOrder", "The list of parts was not in ascending order."),
            Self::EntityTooSmall => ("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"),
            Self::InvalidPartNumber => ("InvalidArgument", "Part number must be an integer between 1 and 10000"),
        }
    }
}

impl Uploads {
    pub(crate) fn begin(&mut self, id: String, key: &str, headers: ObjectHeaders) {
        self.open.insert(id, Upload { key: key.to_owned(), headers, parts: BTreeMap::new() });
    }

    /// How many were neither finished nor given up.
    pub(crate) fn unfinished(&self) -> usize {
        self.open.len()
    }

    /// Whether there is such an upload of this object.
    pub(crate) fn has(&self, id: &str, key: &str) -> bool {
        self.open.get(id).is_some_and(|upload| upload.key == key)
    }

    /// Keeps a part, over an earlier one with its number.
    pub(crate) fn put(
        &mut self,
        id: &str,
        key: &str,
        number: u16,
        body: Bytes,
        etag: ETag,
    ) -> Result<StoredPart, PartRefused> {
        if !(1..=10_000).contains(&number) {
            return Err(PartRefused::InvalidPartNumber);
        }
        let upload = self.open.get_mut(id).filter(|upload| upload.key == key).ok_or(PartRefused::NoSuchUpload)?;
        let stored = StoredPart { number, etag, sha256: Sha256::of(&body) };
        upload.parts.insert(number, Part { body, stored: stored.clone() });
        Ok(stored)
    }

    /// What was answered to the same parts before: finishing twice is finishing once.
    pub(crate) fn finished(&self, id: &str, parts: &[StoredPart]) -> Option<&StoredObject> {
        self.finished.get(id).filter(|(known, _)| known == parts).map(|(_, object)| object)
    }

    /// The object that the parts are together. The upload stays open until [`Self::close`].
    pub(crate) fn together(&self, id: &str, key: &str, parts: &[StoredPart]) -> Result<NewObject, PartRefused> {
        let upload = self.open.get(id).filter(|upload| upload.key == key).ok_or(PartRefused::NoSuchUpload)?;
        if parts.is_empty() || !parts.is_sorted_by(|one, next| one.number < next.number) {
            return Err(PartRefused::InvalidPartOrder);
        }
        let (mut body, mut md5s, mut checksums) = (BytesMut::new(), Vec::new(), Vec::new());
        for (index, named) in parts.iter().enumerate() {
            let part = upload.parts.get(&named.number).filter(|part| part.stored == *named);
            let part = part.ok_or(PartRefused::InvalidPart)?;
            if part.body.len() < LEAST_PART && index + 1 < parts.len() {
                return Err(PartRefused::EntityTooSmall);
            }
            body.extend_from_slice(&part.body);
            md5s.extend_from_slice(&md5(&part.body));
            checksums.extend_from_slice(named.sha256.as_bytes());
        }
        let body = body.freeze();
        Ok(NewObject {
            sha256: Sha256::of(&body),
            body,
            headers: upload.headers.clone(),
            etag: format!("{}-{}", hex(&md5(&md5s)), parts.len()),
            checksum: Some(format!("{}-{}", Sha256::of(&checksums).to_base64(), parts.len())),
        })
    }

    /// Closes an upload whose object is there.
    pub(crate) fn close(&mut self, id: &str, parts: &[StoredPart], object: StoredObject) {
        self.open.remove(id);
        self.finished.insert(id.to_owned(), (parts.to_vec(), object));
    }

    /// Gives an upload up, and says whether it was there.
    pub(crate) fn abandon(&mut self, id: &str, key: &str) -> bool {
        self.has(id, key) && self.open.remove(id).is_some()
    }
}
