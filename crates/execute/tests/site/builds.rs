//! Builds: real zips, and the manifest that announcing them would give.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use driftless_domain::{
    BucketName, ETag, FileClass, Headers, ObjectKey, PART_SIZE, Packed, Packing, Place, Sha256, SiteBuild, SiteFile,
    SitePath,
};
use driftless_execute::Effect;
use driftless_plan::{Action, FileChange};

/// A zip and its files.
pub(crate) struct Build {
    pub(crate) zip: Bytes,
    pub(crate) site: Arc<SiteBuild>,
    pub(crate) files: Vec<FileChange>,
    pub(crate) contents: Vec<(String, Bytes)>,
}

impl Build {
    /// The step that puts all of it.
    pub(crate) fn upload(&self) -> Action {
        self.upload_of(self.files.clone())
    }

    pub(crate) fn upload_of(&self, files: Vec<FileChange>) -> Action {
        let build = Arc::clone(&self.site);
        Action::UploadFiles { bucket: bucket(), class: FileClass::Asset, build, files: files.into(), stale: Vec::new() }
    }

    pub(crate) fn uploaded(&self) -> Effect {
        let bytes = self.files.iter().map(|change| change.file.size).sum();
        Effect::FilesUploaded { files: self.files.len() as u64, bytes }
    }

    /// The same build with one file of its manifest changed.
    pub(crate) fn with(mut self, index: usize, change: impl FnOnce(&mut SiteFile)) -> Self {
        change(Arc::make_mut(&mut self.files[index].file));
        self
    }
}

pub(crate) fn bucket() -> BucketName {
    BucketName::parse("shop-dev-site").unwrap()
}

pub(crate) fn place() -> Place {
    Place {
        account: driftless_domain::AccountId::parse("111111111111").unwrap(),
        region: driftless_domain::Region::parse("eu-west-1").unwrap(),
        role: None,
    }
}

/// How long contents are before they repeat: not a divisor of anything, so that no two parts of a file are the same, and
/// more than deflate looks back.
const PERIOD: usize = 500_009;

fn repeated(size: usize, mut more: impl FnMut(&mut Vec<u8>)) -> Bytes {
    let mut block = Vec::new();
    while block.len() < size.min(PERIOD) {
        more(&mut block);
    }
    block.truncate(PERIOD);
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        bytes.extend_from_slice(&block[..block.len().min(size - bytes.len())]);
    }
    bytes.into()
}

/// Content that deflate cannot make smaller.
pub(crate) fn noise(size: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    repeated(size, |block| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend(state.to_le_bytes());
    })
}

/// Content that deflate makes much smaller.
pub(crate) fn prose(size: usize) -> Bytes {
    let mut line = 0_u64;
    repeated(size, |block| {
        line += 1;
        writeln!(block, "{line}: no HTML in the bucket ever refers to a sub-resource that is not there").unwrap();
    })
}

/// Names, packings and contents.
pub(crate) fn build(files: Vec<(String, Packing, Bytes)>) -> Build {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, packing, content) in &files {
        let method = match packing {
            Packing::Stored => CompressionMethod::Stored,
            Packing::Deflated => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method).compression_level(match packing {
            Packing::Stored => None,
            Packing::Deflated => Some(1),
        });
        zip.start_file(path.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    let zip = Bytes::from(zip.finish().unwrap().into_inner());
    let mut archive = ZipArchive::new(Cursor::new(zip.clone())).unwrap();
    let described = files.iter().enumerate().map(|(index, (path, packing, content))| {
        let entry = archive.by_index_raw(index).unwrap();
        let packed = Packed { at: entry.data_start().unwrap(), size: entry.compressed_size(), method: *packing };
        FileChange {
            key: ObjectKey::parse(path.as_str()).unwrap(),
            file: Arc::new(describe(path, content, packed)),
            replaces: None,
        }
    });
    let changes: Vec<FileChange> = described.collect();
    let site = SiteBuild {
        place: place(),
        bucket: BucketName::parse("artifacts").unwrap(),
        key: ObjectKey::parse("builds/shop/abc1234.zip").unwrap(),
        version: driftless_domain::VersionId::parse("v-1").unwrap(),
        sha256: Sha256::of(&zip),
        size: zip.len() as u64,
        manifest: Sha256::of(b"manifest").to_digest(),
        files: u32::try_from(changes.len()).unwrap(),
        bytes: changes.iter().map(|change| change.file.size).sum(),
    };
    let contents = files.into_iter().map(|(path, _, content)| (path, content)).collect();
    Build { zip, site: Arc::new(site), files: changes, contents }
}

pub(crate) fn describe(path: &str, content: &Bytes, packed: Packed) -> SiteFile {
    let parts: Vec<Bytes> = content.chunks(PART_SIZE as usize).map(|part| content.slice_ref(part)).collect();
    let several = parts.len() > 1;
    SiteFile {
        path: SitePath::parse(path).unwrap(),
        size: content.len() as u64,
        sha256: Sha256::of(content),
        etag: if several { etag_of_parts(&parts) } else { etag_of(content) },
        parts_checksum: several.then(|| checksum_of_parts(parts.iter().map(|part| Sha256::of(part)))),
        headers: Headers {
            content_type: "text/plain".to_owned(),
            cache_control: format!("max-age={}", content.len()),
            content_encoding: None,
        },
        class: FileClass::Asset,
        packed,
    }
}

/// As good as an MD5 here, and faster where nothing is optimised.
pub(crate) fn etag_of(content: &[u8]) -> ETag {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    ETag::parse(format!("{:016x}", hasher.finish())).unwrap()
}

pub(crate) fn etag_of_parts(parts: &[Bytes]) -> ETag {
    let all: String = parts.iter().map(|part| etag_of(part).to_string()).collect();
    ETag::parse(format!("{}-{}", etag_of(all.as_bytes()), parts.len())).unwrap()
}

pub(crate) fn checksum_of_parts(parts: impl ExactSizeIterator<Item = Sha256>) -> String {
    let count = parts.len();
    let all: Vec<u8> = parts.flat_map(|hash| *hash.as_bytes()).collect();
    format!("{}-{count}", Sha256::of(&all).to_base64())
}

/// So many files of 10 KiB that deflate to a good third.
pub(crate) fn many(count: usize) -> Build {
    build(
        (0..count)
            .map(|index| {
                let mut content = noise(3 * 1024, index as u64).to_vec();
                content.resize(10 * 1024, b'x');
                (format!("assets/{index:05}.js"), Packing::Deflated, content.into())
            })
            .collect(),
    )
}
