//! The hashes of one file, made in one go over its content: its sha256, and what S3 will say of it once it is uploaded as
//! `execute` uploads it.

use driftless_domain::{ETag, PART_SIZE, Sha256};
use flate2::Crc;
use md5::Md5;
use sha2::Digest as _;

/// The hashes of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hashed {
    pub(super) sha256: Sha256,
    /// What S3 makes its ETag of.
    pub(super) etag: ETag,
    /// The composite checksum, of what is uploaded in parts.
    pub(super) parts_checksum: Option<String>,
    /// What the zip has.
    pub(super) crc32: u32,
}

/// Takes a content piece by piece.
pub(super) struct Hashes {
    whole: sha2::Sha256,
    crc: Crc,
    md5: Md5,
    parts: Option<Parts>,
}

/// What is made of the parts of a large file. The part that is under way has its MD5 in [`Hashes::md5`].
struct Parts {
    sha256: sha2::Sha256,
    part_size: u64,
    /// How many bytes the part under way lacks.
    room: u64,
    md5s: Md5,
    sha256s: sha2::Sha256,
    count: u64,
}

impl Hashes {
    /// For a content of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        Self::with_parts(size, PART_SIZE)
    }

    /// With parts of another size, for tests.
    pub(super) fn with_parts(size: u64, part_size: u64) -> Self {
        let parts = || Parts {
            sha256: sha2::Sha256::new(),
            part_size,
            room: part_size,
            md5s: Md5::new(),
            sha256s: sha2::Sha256::new(),
            count: 0,
        };
        Self { whole: sha2::Sha256::new(), crc: Crc::new(), md5: Md5::new(), parts: (size > part_size).then(parts) }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.crc.update(bytes);
        let Some(parts) = &mut self.parts else { return self.md5.update(bytes) };
        while !bytes.is_empty() {
            let most = usize::try_from(parts.room).unwrap_or(usize::MAX).min(bytes.len());
            let (of_part, rest) = bytes.split_at(most);
            self.md5.update(of_part);
            parts.sha256.update(of_part);
            parts.room -= most as u64;
            if parts.room == 0 {
                parts.end(&mut self.md5);
            }
            bytes = rest;
        }
    }

    pub(super) fn finish(mut self) -> Hashed {
        let sha256 = Sha256::from_bytes(self.whole.finalize().into());
        let crc32 = self.crc.sum();
        let Some(mut parts) = self.parts else {
            return Hashed { sha256, etag: etag(&hex(&self.md5.finalize())), parts_checksum: None, crc32 };
        };
        if parts.room < parts.part_size {
            parts.end(&mut self.md5);
        }
        let count = parts.count;
        let checksum = Sha256::from_bytes(parts.sha256s.finalize().into()).to_base64();
        Hashed {
            sha256,
            etag: etag(&format!("{}-{count}", hex(&parts.md5s.finalize()))),
            parts_checksum: Some(format!("{checksum}-{count}")),
            crc32,
        }
    }
}

impl Parts {
    fn end(&mut self, md5: &mut Md5) {
        self.md5s.update(md5.finalize_reset());
        self.sha256s.update(self.sha256.finalize_reset());
        self.count += 1;
        self.room = self.part_size;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::expect_used, reason = "hexadecimal digits, a dash and a number are an ETag")]
fn etag(text: &str) -> ETag {
    ETag::parse(text).expect("a valid ETag")
}
