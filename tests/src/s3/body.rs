//! Bodies: taken in, hashed while they come, and compared with what the sender says they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use futures::StreamExt as _;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5, Sha256};
use s3s::dto::{Checksum, ChecksumAlgorithm, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use super::store::Piece;

/// What the sender says.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) length: Option<i64>,
    pub(crate) md5: Option<String>,
    pub(crate) checksum: Checksum,
    pub(crate) algorithm: Option<ChecksumAlgorithm>,
    pub(crate) trailers: Option<TrailingHeaders>,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) piece: Piece,
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Checksum,
}

/// Takes a body in, and keeps it or only its hash.
///
/// # Errors
/// `IncompleteBody` when the connection breaks, `BadDigest` when it is not what the sender says.
pub(crate) async fn receive(body: Option<StreamingBlob>, said: Said, keep: bool) -> S3Result<Received> {
    let Said { length, md5: said_md5, checksum: said, algorithm, trailers } = said;
    let mut checksums = hasher(&said, algorithm.as_ref());
    let mut md5 = Md5::new();
    // One allocation of the right size: a piece of a read buffer would keep all of that buffer.
    let capacity = length.filter(|_| keep).and_then(|length| usize::try_from(length).ok());
    let mut bytes = BytesMut::with_capacity(capacity.unwrap_or_default());
    let (mut size, mut sha256) = (0, Sha256::new());
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
            md5.update(&piece);
            checksums.update(&piece);
            if keep {
                bytes.extend_from_slice(&piece);
            } else {
                size += piece.len() as u64;
                sha256.update(&piece);
            }
        }
    }
    let md5 = md5.finalize();
    if said_md5.is_some_and(|said| said != STANDARD.encode(md5)) {
        return Err(s3_error!(BadDigest, "Content-MD5"));
    }
    let found = checksums.finalize();
    let said = trailers.and_then(|trailers| trailers.read(|headers| at_the_end(said.clone(), headers))).unwrap_or(said);
    let differ = |said: &Option<String>, found: &Option<String>| said.is_some() && said != found;
    if differ(&said.checksum_crc32, &found.checksum_crc32)
        || differ(&said.checksum_crc32c, &found.checksum_crc32c)
        || differ(&said.checksum_crc64nvme, &found.checksum_crc64nvme)
        || differ(&said.checksum_sha1, &found.checksum_sha1)
        || differ(&said.checksum_sha256, &found.checksum_sha256)
    {
        return Err(s3_error!(BadDigest, "a checksum"));
    }
    let piece = if keep { Piece::Kept(bytes.freeze()) } else { Piece::Forgotten { size, sha256: sha256.finalize() } };
    Ok(Received { piece, md5, checksum: found })
}

/// What has to be computed: all that is said now, and what will be said at the end.
fn hasher(said: &Checksum, algorithm: Option<&ChecksumAlgorithm>) -> ChecksumHasher {
    let algorithm = algorithm.map(ChecksumAlgorithm::as_str);
    let wanted = |said: &Option<String>, name: &str| said.is_some() || algorithm == Some(name);
    ChecksumHasher {
        crc32: wanted(&said.checksum_crc32, ChecksumAlgorithm::CRC32).then(Default::default),
        crc32c: wanted(&said.checksum_crc32c, ChecksumAlgorithm::CRC32C).then(Default::default),
        crc64nvme: wanted(&said.checksum_crc64nvme, ChecksumAlgorithm::CRC64NVME).then(Default::default),
        sha1: wanted(&said.checksum_sha1, ChecksumAlgorithm::SHA1).then(Default::default),
        sha256: wanted(&said.checksum_sha256, ChecksumAlgorithm::SHA256).then(Default::default),
    }
}

/// A checksum of a whole object, or of the checksums of its parts.
pub(crate) fn checksum_of<'a>(algorithm: &ChecksumAlgorithm, pieces: impl Iterator<Item = &'a [u8]>) -> Checksum {
    let mut hasher = hasher(&Checksum::default(), Some(algorithm));
    pieces.for_each(|piece| hasher.update(piece));
    hasher.finalize()
}

/// The MD5 of pieces behind each other.
pub(crate) fn md5_of<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut md5 = Md5::new();
    pieces.for_each(|piece| md5.update(piece));
    md5.finalize()
}

/// With what the sender said only after the body.
fn at_the_end(mut said: Checksum, headers: &hyper::HeaderMap) -> Checksum {
    let late = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    said.checksum_crc32 = said.checksum_crc32.or_else(|| late("x-amz-checksum-crc32"));
    said.checksum_crc32c = said.checksum_crc32c.or_else(|| late("x-amz-checksum-crc32c"));
    said.checksum_crc64nvme = said.checksum_crc64nvme.or_else(|| late("x-amz-checksum-crc64nvme"));
    said.checksum_sha1 = said.checksum_sha1.or_else(|| late("x-amz-checksum-sha1"));
    said.checksum_sha256 = said.checksum_sha256.or_else(|| late("x-amz-checksum-sha256"));
    said
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
