//! Uploads in parts.

use std::io::{Cursor, Write as _};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use driftless_domain::{
    BucketName, CallClass, CallError, ContentEncoding, ETag, Manifest, PART_SIZE, Sha256, SitePath,
};
use driftless_execute::{StoredObject, StoredPart};
use driftless_releases::{ArtifactBucket, inspect};
use driftless_spec::SiteApp;

use crate::runner::{Case, cases};
use crate::setup::{Here, Stand, key, md5, page, refused, same, script};

pub(crate) const CASES: &[Case] = cases![
    parts_give_the_etag_that_the_manifest_promises,
    parts_give_the_checksum_that_the_manifest_promises,
    an_object_is_there_when_its_parts_are_finished_and_not_before,
    abandoned_parts_leave_nothing,
    giving_up_twice_is_giving_up_once,
    an_upload_that_was_given_up_takes_nothing_more,
    an_upload_without_one_of_its_parts_is_refused,
    an_upload_of_other_parts_is_refused,
    a_part_that_does_not_fit_its_hash_is_refused,
    only_the_last_part_may_be_small,
];

impl Here<'_> {
    pub(crate) async fn part(
        &self,
        name: &str,
        upload: &str,
        number: u16,
        body: impl Into<Bytes>,
    ) -> Result<StoredPart, CallError> {
        let body = body.into();
        let hash = Sha256::of(&body);
        self.stand.changes.put_part(&self.place, &self.bucket, &key(name), upload, number, hash, body).await
    }

    pub(crate) async fn finish(
        &self,
        name: &str,
        upload: &str,
        parts: &[StoredPart],
    ) -> Result<StoredObject, CallError> {
        self.stand.changes.finish_parts(&self.place, &self.bucket, &key(name), upload, parts).await
    }

    pub(crate) async fn abandon(&self, name: &str, upload: &str) -> Result<(), CallError> {
        self.stand.changes.abandon_parts(&self.place, &self.bucket, &key(name), upload).await
    }

    async fn unfinished(&self) -> Result<usize> {
        self.stand.hands.unfinished_uploads(&self.place, &self.bucket).await
    }
}

/// A build with files of more than one part, as it is announced.
struct Large {
    manifest: Manifest,
    bodies: Vec<(SitePath, Bytes)>,
}

fn large() -> &'static Large {
    static LARGE: OnceLock<Large> = OnceLock::new();
    LARGE.get_or_init(|| {
        let file = |name: &str, size: u64| {
            // No two MiB are the same, so that parts that change places are noticed.
            let mut body = vec![0; usize::try_from(size).unwrap()];
            for (number, piece) in body.chunks_mut(1 << 20).enumerate() {
                piece.fill(u8::try_from(number).unwrap());
            }
            (SitePath::parse(name).unwrap(), Bytes::from(body))
        };
        let bodies =
            vec![file("index.html", 1), file("just-over.bin", PART_SIZE + 1), file("large.bin", 20 * 1024 * 1024)];
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (path, body) in &bodies {
            zip.start_file(path.as_str(), stored).unwrap();
            zip.write_all(body).unwrap();
        }
        let artifacts = ArtifactBucket { bucket: BucketName::parse("artifacts").unwrap(), account: None, region: None };
        let app = SiteApp { artifacts, entry_page: SitePath::parse("index.html").unwrap(), headers: Vec::new() };
        let manifest = inspect(zip.finish().unwrap(), &app).unwrap();
        Large { manifest, bodies }
    })
}

/// Uploads the large files as they are uploaded by the executor, and shows each to `check`.
async fn upload_large(
    here: &Here<'_>,
    check: impl AsyncFn(&driftless_domain::SiteFile, &StoredObject) -> Result<()>,
) -> Result<()> {
    let Large { manifest, bodies } = large();
    for (path, body) in bodies {
        let file = manifest.get(path).unwrap();
        if !file.in_parts() {
            continue;
        }
        let name = path.as_str();
        let upload = here.begin(name, &file.headers).await?;
        let mut parts = Vec::new();
        let size = usize::try_from(PART_SIZE)?;
        for (number, at) in (1..).zip((0..body.len()).step_by(size)) {
            let part = body.slice(at..body.len().min(at + size));
            parts.push(here.part(name, &upload, number, part).await?);
        }
        let object = here.finish(name, &upload, &parts).await?;
        check(file, &object).await?;
    }
    Ok(())
}

async fn parts_give_the_etag_that_the_manifest_promises(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("large").await?;
    upload_large(&here, async |file, object| {
        let name = file.path.as_str();
        same("the ETag in the answer", &object.etag, &file.etag)?;
        let head = here.found(name).await?;
        same(name, &(&head.etag, head.size), &(&file.etag, file.size))?;
        ensure!(head.serves(&file.headers), "{name} is served as {head:?}");
        let listed = here.listed().await?;
        let listed = listed.objects.get(&key(name)).with_context(|| format!("{name} is not listed"))?;
        same(name, &(&listed.etag, listed.size), &(&file.etag, file.size))
    })
    .await?;
    let count = |parts: &str| large().manifest.files.iter().filter(|f| f.etag.as_str().ends_with(parts)).count();
    same("a file of two parts, and one of three", &(count("-2"), count("-3")), &(1, 1))
}

async fn parts_give_the_checksum_that_the_manifest_promises(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("large-checksum").await?;
    upload_large(&here, async |file, object| {
        let expected = Some(file.checksum());
        same("the checksum in the answer", &object.checksum, &expected)?;
        same("HEAD", &here.found(file.path.as_str()).await?.checksum, &expected)
    })
    .await
}

async fn an_object_is_there_when_its_parts_are_finished_and_not_before(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("parts-appear").await?;
    here.put("old", "as it was").await?;
    let headers = script(Some(ContentEncoding::Br));
    for name in ["old", "new"] {
        let upload = here.begin(name, &headers).await?;
        let part = here.part(name, &upload, 1, "in parts").await?;
        same("the part", &(part.number, &part.etag), &(1, &md5(b"in parts")))?;
        match name {
            "old" => here.must_be("old", &page(), b"as it was").await?,
            _ => same("before", &here.head(name).await?, &None)?,
        }
        // Put again, as after an answer that was lost.
        let part = here.part(name, &upload, 1, "in parts").await?;
        here.finish(name, &upload, &[part]).await?;
        let head = here.found(name).await?;
        same("the size", &head.size, &8)?;
        ensure!(head.etag.as_str().ends_with("-1"), "{head:?}");
        ensure!(head.serves(&headers), "it is served as {head:?}");
    }
    Ok(())
}

async fn abandoned_parts_leave_nothing(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("abandoned").await?;
    let before = here.unfinished().await?;
    let upload = here.begin("a", &page()).await?;
    here.part("a", &upload, 1, "one").await?;
    same("while it is under way", &here.unfinished().await?, &(before + 1))?;
    here.abandon("a", &upload).await?;
    same("when it was given up", &here.unfinished().await?, &before)?;
    same("the object", &here.head("a").await?, &None)?;
    same("the list", &here.listed().await?.objects.len(), &0)
}

async fn giving_up_twice_is_giving_up_once(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("abandoned-twice").await?;
    let upload = here.begin("a", &page()).await?;
    here.abandon("a", &upload).await?;
    here.abandon("a", &upload).await?;

    // One that was finished is given up without harm.
    let upload = here.begin("b", &page()).await?;
    let part = here.part("b", &upload, 1, "b").await?;
    here.finish("b", &upload, &[part]).await?;
    here.abandon("b", &upload).await?;
    same("the size", &here.found("b").await?.size, &1)
}

async fn an_upload_that_was_given_up_takes_nothing_more(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("given-up").await?;
    let upload = here.begin("a", &page()).await?;
    let part = here.part("a", &upload, 1, "one").await?;
    here.abandon("a", &upload).await?;
    let late = here.part("a", &upload, 2, "two").await;
    refused("a part", &late, CallClass::Conflict, "NoSuchUpload")?;
    let finished = here.finish("a", &upload, &[part]).await;
    refused("its end", &finished, CallClass::Conflict, "NoSuchUpload")
}

async fn an_upload_without_one_of_its_parts_is_refused(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("part-missing").await?;
    let upload = here.begin("a", &page()).await?;
    let first = here.part("a", &upload, 1, vec![1; 5 << 20]).await?;
    let never = StoredPart { number: 2, etag: md5(b"two"), sha256: Sha256::of(b"two") };
    let finished = here.finish("a", &upload, &[first.clone(), never]).await;
    refused("the end", &finished, CallClass::Invalid, "InvalidPart")?;
    same("the object", &here.head("a").await?, &None)?;
    // It can be put right.
    let second = here.part("a", &upload, 2, "two").await?;
    here.finish("a", &upload, &[first, second]).await?;
    same("the size", &here.found("a").await?.size, &((5 << 20) + 3))
}

async fn an_upload_of_other_parts_is_refused(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("part-other").await?;
    let upload = here.begin("a", &page()).await?;
    let part = here.part("a", &upload, 1, "one").await?;
    let other = StoredPart { etag: ETag::parse("0".repeat(32))?, ..part };
    let finished = here.finish("a", &upload, &[other]).await;
    refused("the end", &finished, CallClass::Invalid, "InvalidPart")?;
    same("the object", &here.head("a").await?, &None)
}

async fn a_part_that_does_not_fit_its_hash_is_refused(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("part-damaged").await?;
    let upload = here.begin("a", &page()).await?;
    let (hash, body) = (Sha256::of(b"something else"), Bytes::from_static(b"one"));
    let damaged = stand.changes.put_part(&here.place, &here.bucket, &key("a"), &upload, 1, hash, body).await;
    refused("the part", &damaged, CallClass::Transient, "BadDigest")
}

async fn only_the_last_part_may_be_small(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("part-small").await?;
    let upload = here.begin("a", &page()).await?;
    let parts = [here.part("a", &upload, 1, "one").await?, here.part("a", &upload, 2, "two").await?];
    let finished = here.finish("a", &upload, &parts).await;
    refused("the end", &finished, CallClass::Invalid, "EntityTooSmall")?;
    same("the object", &here.head("a").await?, &None)
}
