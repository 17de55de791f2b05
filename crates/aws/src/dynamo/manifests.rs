//! Manifests of sites: canonical JSON, gzip, in as many items as it takes. Their name is the sha256 of the JSON, so what was
//! read is what was written, or it is shown as invalid.
//!
//! **Refuses:** to unpack more than a manifest may be, and to take a torn write for a manifest: the first piece is written
//! last, and without it there is none.

use std::io::{Read as _, Write as _};

use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use driftless_domain::{AppName, CallClass, CallError, Digest, Manifest, Sha256};
use driftless_releases::{InvalidRecord, StoreError, Stored};

use super::DynamoStore;
use super::attributes::{Attributes, Draft, Item};
use super::keys::{Key, PK, SK, manifest_pieces, manifests};
use super::put::{Condition, Put};
use crate::counting::Kind;

/// The most of a manifest that one item holds: an item has at most 400 KB, with its keys and names. Less in tests, which are
/// not optimized and hash slowly.
const PIECE: usize = if cfg!(test) { 16 * 1024 } else { 350 * 1024 };
/// The most pieces, for their numbers have three digits: 350 MB of gzip are no manifest any more.
const MOST_PIECES: usize = 1000;
/// The most that is unpacked: 250,000 files of 500 bytes each.
const UNPACKED: u64 = if cfg!(test) { 1024 * 1024 } else { 128 * 1024 * 1024 };

/// The attribute with the bytes.
const BYTES: &str = "gzip";
/// The attribute with the number of pieces, in the first one.
const PIECES: &str = "pieces";

impl DynamoStore {
    pub(super) async fn read_manifest(&self, app: &AppName, digest: &Digest) -> Result<Stored<Manifest>, CallError> {
        let items = self.pieces(app, digest).await?;
        let first = Key::manifest(app, digest, 0);
        if items.first().and_then(Key::of).as_ref() != Some(&first) {
            // Nothing, or what a write left behind that did not come to its end.
            return Ok(Stored::Missing);
        }
        Ok(match read(app, digest, &items) {
            Ok(manifest) => Stored::Valid(manifest),
            Err(invalid) => Stored::Invalid(invalid),
        })
    }

    pub(super) async fn write_manifest(&self, app: &AppName, manifest: &Manifest) -> Result<Digest, StoreError> {
        let not_sent =
            |words: &str| CallError::new("dynamodb:PutItem", self.object(), CallClass::Invalid, "NotSent", words);
        let text = manifest.to_json().map_err(|error| not_sent(&error.to_string()))?;
        let digest = Sha256::of(&text).to_digest();
        if text.len() as u64 > UNPACKED {
            let words = format!("the manifest has {} bytes; at most {UNPACKED} are stored", text.len());
            return Err(not_sent(&words).into());
        }
        // Written by an older version of this program, it may be packed in other bytes: pieces of two kinds do not mix.
        if matches!(self.read_manifest(app, &digest).await?, Stored::Valid(_)) {
            return Ok(digest);
        }
        let packed = pack(&text).map_err(|error| not_sent(&error.to_string()))?;
        let items = items(app, &digest, manifest, &packed);
        if items.len() > MOST_PIECES {
            return Err(not_sent(&format!("the manifest takes {} items", items.len())).into());
        }
        for item in items.iter().rev() {
            match self.put(item, &Condition::FreeOrOfApp(app.to_string())).await? {
                Put::Written => {}
                Put::Refused(_) => {
                    return Err(StoreError::Conflict { what: format!("the manifest {digest} of {app}") });
                }
            }
        }
        Ok(digest)
    }

    /// The pieces of a manifest, in order; consistent.
    async fn pieces(&self, app: &AppName, digest: &Digest) -> Result<Vec<Item>, CallError> {
        const OPERATION: &str = "dynamodb:Query";
        let mut items = Vec::new();
        let mut after = None;
        loop {
            self.calls.sent(OPERATION, Kind::Read);
            let request = self
                .reads
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :digest)")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":pk", AttributeValue::S(manifests(app)))
                .expression_attribute_values(":digest", AttributeValue::S(manifest_pieces(digest)))
                .consistent_read(true)
                .set_exclusive_start_key(after.take());
            let answer = request.send().await.map_err(|error| self.failed(OPERATION, Kind::Read, &error))?;
            items.extend(answer.items.unwrap_or_default());
            after = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if after.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The items of a manifest, in order. The attributes beside the bytes are for people in the console.
fn items(app: &AppName, digest: &Digest, manifest: &Manifest, packed: &[u8]) -> Vec<Item> {
    let pieces = packed.len().div_ceil(PIECE).max(1);
    let item = |(number, bytes): (usize, &[u8])| {
        let draft = Draft::new(&Key::manifest(app, digest, number)).text("app", app).text("digest", digest);
        let draft = draft.bytes(BYTES, bytes);
        if number > 0 {
            return draft.item();
        }
        draft
            .number(PIECES, pieces as u64)
            .number("files", manifest.files.len() as u64)
            .number("bytes", manifest.bytes())
            .item()
    };
    packed.chunks(PIECE).enumerate().map(item).collect()
}

/// Puts the pieces together. More of them than the first one says are left over from another write, and say nothing.
fn read(app: &AppName, digest: &Digest, items: &[Item]) -> Result<Manifest, InvalidRecord> {
    let first = Key::manifest(app, digest, 0);
    let empty = Item::new();
    let a = Attributes::open(&first, items.first().unwrap_or(&empty))?;
    let pieces: usize = a.number(PIECES)?;
    if !(1..=MOST_PIECES).contains(&pieces) {
        return Err(a.wrong(PIECES, &format!("1 to {MOST_PIECES} were expected, found {pieces}")));
    }
    let mut packed = Vec::new();
    for number in 0..pieces {
        let key = Key::manifest(app, digest, number);
        let item = items.get(number).filter(|item| Key::of(item).as_ref() == Some(&key));
        let item =
            item.ok_or_else(|| a.wrong(PIECES, &format!("{pieces} are said to be there, and {key} is missing")))?;
        packed.extend_from_slice(Attributes::open(&key, item)?.bytes(BYTES)?);
    }
    let text = unpack(&packed).map_err(|problem| a.wrong(BYTES, &problem))?;
    let found = Sha256::of(&text).to_digest();
    if found != *digest {
        return Err(a.wrong(BYTES, &format!("the content has the digest {found}")));
    }
    serde_json::from_slice(&text).map_err(|error| a.wrong(BYTES, &format!("no manifest: {error}")))
}

fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text)?;
    gzip.finish()
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(packed).take(UNPACKED + 1).read_to_end(&mut text);
    read.map_err(|error| format!("not gzip: {error}"))?;
    if text.len() as u64 > UNPACKED {
        return Err(format!("unpacked, it has more than {UNPACKED} bytes"));
    }
    Ok(text)
}
