//! Objects that come in parts: begun, sent in any order, put together or abandoned.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::{Checksum, ChecksumAlgorithm, ChecksumType, CompletedPart};
use s3s::{S3Result, s3_error};

use super::body::{Received, checksum_of, hex, md5_of};
use super::store::{Headers, Object};

/// The smallest part that is not the last.
const SMALLEST: u64 = 5 * 1024 * 1024;

/// What was begun and not ended.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    begun: Mutex<HashMap<String, Upload>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Upload {
    key: String,
    headers: Headers,
    checksums: Option<(ChecksumAlgorithm, Option<ChecksumType>)>,
    parts: BTreeMap<i32, Received>,
}

impl Uploads {
    /// Begins one and names it.
    pub(crate) fn begin(
        &self,
        key: &str,
        headers: Headers,
        checksums: Option<(ChecksumAlgorithm, Option<ChecksumType>)>,
    ) -> String {
        let name = format!("upload-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let upload = Upload { key: key.to_owned(), headers, checksums, parts: BTreeMap::new() };
        self.begun().insert(name.clone(), upload);
        name
    }

    /// Adds a part, or replaces it.
    pub(crate) fn add(&self, name: &str, key: &str, number: i32, part: Received) -> S3Result<()> {
        let mut begun = self.begun();
        let upload = begun.get_mut(name).filter(|upload| upload.key == key).ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.parts.insert(number, part);
        Ok(())
    }

    /// Puts the object together from the parts that are named.
    pub(crate) fn complete(&self, name: &str, key: &str, wanted: &[CompletedPart]) -> S3Result<Object> {
        let mut begun = self.begun();
        let upload = begun.get(name).filter(|upload| upload.key == key).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let mut parts = Vec::new();
        for CompletedPart { e_tag, part_number, .. } in wanted {
            let part =
                part_number.and_then(|number| upload.parts.get(&number)).ok_or_else(|| s3_error!(InvalidPart))?;
            if e_tag.as_ref().is_some_and(|tag| tag.value() != hex(&part.md5)) {
                return Err(s3_error!(InvalidPart));
            }
            parts.push(part);
        }
        if parts.iter().rev().skip(1).any(|part| part.piece.size() < SMALLEST) {
            return Err(s3_error!(EntityTooSmall));
        }
        let object = put_together(&parts, upload);
        begun.remove(name);
        Ok(object)
    }

    /// Forgets one.
    pub(crate) fn abort(&self, name: &str) {
        self.begun().remove(name);
    }

    fn begun(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put_together(parts: &[&Received], upload: &Upload) -> Object {
    let etag = format!("{}-{}", hex(&md5_of(parts.iter().map(|part| &part.md5[..]))), parts.len());
    let object = Object::in_pieces(parts.iter().map(|part| part.piece.clone()).collect(), etag);
    let checksum = match &upload.checksums {
        None => Checksum::default(),
        Some((algorithm, Some(kind))) if kind.as_str() == ChecksumType::FULL_OBJECT => {
            // Of an object that was not kept, nobody can say.
            let bytes = object.bytes().unwrap_or_default();
            let checksum = checksum_of(algorithm, bytes.iter().map(|piece| &piece[..]));
            Checksum { checksum_type: Some(kind.clone()), ..checksum }
        }
        Some((algorithm, _)) => composite(algorithm, parts),
    };
    Object { headers: upload.headers.clone(), checksum, ..object }
}

/// The checksum of the parts' checksums, with their number behind it.
fn composite(algorithm: &ChecksumAlgorithm, parts: &[&Received]) -> Checksum {
    let of_parts: Vec<Vec<u8>> = parts
        .iter()
        .map(|part| {
            let Checksum {
                checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256, ..
            } = &part.checksum;
            let all = [checksum_sha256, checksum_sha1, checksum_crc32, checksum_crc32c, checksum_crc64nvme];
            let one = all.into_iter().flatten().next();
            one.and_then(|one| STANDARD.decode(one).ok()).unwrap_or_default()
        })
        .collect();
    let of_all = checksum_of(algorithm, of_parts.iter().map(|one| &one[..]));
    let numbered = |one: Option<String>| one.map(|one| format!("{one}-{}", parts.len()));
    Checksum {
        checksum_crc32: numbered(of_all.checksum_crc32),
        checksum_crc32c: numbered(of_all.checksum_crc32c),
        checksum_crc64nvme: numbered(of_all.checksum_crc64nvme),
        checksum_sha1: numbered(of_all.checksum_sha1),
        checksum_sha256: numbered(of_all.checksum_sha256),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::COMPOSITE)),
    }
}
