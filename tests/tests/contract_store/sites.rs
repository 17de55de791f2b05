//! What is kept of static sites: manifests, the builds that name them, and the status of a site target.

use std::sync::Arc;

use driftless_domain::{
    Artifact, Content, ContentEncoding, ETag, FileClass, Generation, Headers, Invalidation, Manifest, ObjectKey,
    Packed, Packing, Progress, Pruned, Published, Sha256, SiteBuild, SiteFile, SiteMemory, SitePath, SiteStatus,
    Status, Tag,
};
use driftless_releases::{DesiredWrites, PutArtifact, ReadRecords, StatusWrites, Stored, Versioned};
use driftless_tests::emulator::place;

use crate::values::{app, artifact, at, status, target};

/// All of it.
pub(crate) async fn all<S: ReadRecords + DesiredWrites + StatusWrites>(store: &S) {
    a_manifest_comes_back_as_it_was_put(store).await;
    a_manifest_of_many_files_comes_back_as_it_was_put(store).await;
    a_manifest_that_was_never_put_is_missing(store).await;
    a_build_of_a_site_comes_back_as_it_was_announced(store).await;
    the_status_of_a_site_comes_back_as_it_was_written(store).await;
}

/// A manifest with one file of each kind, and then as many as are asked for, none of which compresses well.
pub(crate) fn manifest(files: u32) -> Manifest {
    let file = |path: String, number: u32, class: FileClass, content_encoding, in_parts: bool| {
        let sha256 = Sha256::of(&number.to_le_bytes());
        let parts = if in_parts { "-3" } else { "" };
        Arc::new(SiteFile {
            path: SitePath::parse(path).unwrap(),
            size: u64::from(number),
            sha256,
            etag: ETag::parse(format!("{}{parts}", &sha256.to_string()[..32])).unwrap(),
            parts_checksum: in_parts.then(|| format!("{}{parts}", sha256.to_base64())),
            headers: Headers {
                content_type: "text/html; charset=utf-8".to_owned(),
                cache_control: "public, max-age=0, must-revalidate".to_owned(),
                content_encoding,
            },
            class,
            packed: Packed {
                at: u64::from(number) << 20,
                size: u64::from(number) / 3,
                method: if in_parts { Packing::Stored } else { Packing::Deflated },
            },
        })
    };
    let mut all = vec![
        file("\u{e4} b/\u{4e2d}+%20&<\"'.html".to_owned(), 1, FileClass::Page, None, false),
        file("large.wasm".to_owned(), u32::MAX, FileClass::Asset, Some(ContentEncoding::Br), true),
        file("app.js.gz".to_owned(), 0, FileClass::Other, Some(ContentEncoding::Gzip), false),
    ];
    all.extend((0..files).map(|number| {
        let number = number + 1000;
        file(format!("docs/{number}/index.html"), number, FileClass::Page, None, false)
    }));
    all.sort_by(|one, other| one.path.cmp(&other.path));
    Manifest { files: all }
}

/// More than one item of a table takes.
pub(crate) const MANY: u32 = 20_000;

async fn a_manifest_comes_back_as_it_was_put<S: ReadRecords + DesiredWrites>(store: &S) {
    let shop = app("manifests");
    let manifests = [manifest(0), manifest(5_000), manifest(5_001)];
    for manifest in &manifests {
        let digest = store.put_manifest(&shop, manifest).await.unwrap();
        assert_eq!(digest, manifest.digest().unwrap());
        // The same again is the same.
        assert_eq!(store.put_manifest(&shop, manifest).await.unwrap(), digest);
    }
    // None is written over another.
    for manifest in &manifests {
        let Stored::Valid(found) = store.manifest(&shop, &manifest.digest().unwrap()).await.unwrap() else {
            panic!("a manifest of {} files is not valid", manifest.files.len())
        };
        assert!(found == *manifest, "of {} files, others came back", manifest.files.len());
    }
    let empty = Manifest { files: Vec::new() };
    let digest = store.put_manifest(&shop, &empty).await.unwrap();
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Valid(empty));
}

async fn a_manifest_of_many_files_comes_back_as_it_was_put<S: ReadRecords + DesiredWrites>(store: &S) {
    let (shop, manifest) = (app("many-files"), manifest(MANY));
    let digest = store.put_manifest(&shop, &manifest).await.unwrap();
    let Stored::Valid(found) = store.manifest(&shop, &digest).await.unwrap() else { panic!("not valid") };
    assert!(found == manifest, "{} files, and not the same", found.files.len());
    assert_eq!(store.put_manifest(&shop, &manifest).await.unwrap(), digest);
}

async fn a_manifest_that_was_never_put_is_missing<S: ReadRecords + DesiredWrites>(store: &S) {
    let digest = manifest(1).digest().unwrap();
    assert_eq!(store.manifest(&app("never"), &digest).await.unwrap(), Stored::Missing);
    store.put_manifest(&app("anothers"), &manifest(1)).await.unwrap();
    assert_eq!(store.manifest(&app("never"), &digest).await.unwrap(), Stored::Missing, "that of another app");
    let other = manifest(2).digest().unwrap();
    assert_eq!(store.manifest(&app("anothers"), &other).await.unwrap(), Stored::Missing);
}

/// A build of a site.
pub(crate) fn site_artifact(name: &str, tag: &str, second: i64) -> Artifact {
    let content = Content::Site(SiteBuild {
        place: place("444444444444").unwrap(),
        bucket: "shared-artifacts".parse().unwrap(),
        key: ObjectKey::parse(format!("builds/{name}/\u{e4} {tag}+1%.zip")).unwrap(),
        version: "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY".parse().unwrap(),
        sha256: Sha256::of(tag.as_bytes()),
        size: u64::MAX,
        manifest: manifest(1).digest().unwrap(),
        files: u32::MAX,
        bytes: (1 << 53) + 1,
    });
    Artifact { content, ..artifact(name, tag, second) }
}

async fn a_build_of_a_site_comes_back_as_it_was_announced<S: ReadRecords + DesiredWrites>(store: &S) {
    let first = site_artifact("site-builds", "v1", 1);
    assert_eq!(store.put_artifact(&first).await.unwrap(), PutArtifact::New);
    let other = Artifact { tag: first.tag.clone(), ..site_artifact("site-builds", "v2", 2) };
    assert_eq!(store.put_artifact(&other).await.unwrap(), PutArtifact::Exists(first.clone()));
    assert_eq!(store.artifact(&first.app, &first.tag).await.unwrap(), Stored::Valid(first.clone()));
    let second = site_artifact("site-builds", "v2", 2);
    store.put_artifact(&second).await.unwrap();
    assert_eq!(store.artifacts(&first.app, 10).await.unwrap(), [second, first]);
}

async fn the_status_of_a_site_comes_back_as_it_was_written<S: ReadRecords + StatusWrites>(store: &S) {
    let published = |tag: &str, second: i64, until: Option<i64>| Published {
        tag: Tag::parse(tag.to_owned()).unwrap(),
        manifest: Sha256::of(tag.as_bytes()).to_digest(),
        since: at(second),
        whole: until.is_some(),
        until: until.map(at),
    };
    let site = SiteStatus {
        files: 5_000,
        bytes: u64::MAX,
        missing: 1,
        changed: 2,
        other_headers: 3,
        foreign: 4,
        foreign_examples: vec![ObjectKey::parse("\u{e4} b/\u{4e2d}+%.html").unwrap()],
        kept: 5,
        parameter: Some("builds/shop/v1.zip".to_owned()),
        progress: Some(Progress { files: 1, of_files: 2, bytes: 3, of_bytes: 4 }),
        memory: SiteMemory {
            place: "shop-dev-site/docs/ E2EXAMPLE1ABCD".to_owned(),
            settled: Some(manifest(1).digest().unwrap()),
            pending: vec!["/docs/*".parse().unwrap(), "/%C3%A4%20b.html".parse().unwrap()],
            publishes: 7,
            invalidation: Some(Invalidation { id: "I1".to_owned(), reference: "shop-7".to_owned(), at: at(3) }),
            published: vec![published("v1", 1, Some(2)), published("v2", 2, None)],
            pruned: Some(Pruned { generation: Generation(9), files: 10 }),
        },
    };
    let bare = SiteStatus {
        foreign_examples: Vec::new(),
        parameter: None,
        progress: None,
        memory: SiteMemory::default(),
        ..site.clone()
    };
    for (version, site) in (0..).zip([Some(site), Some(bare), None]) {
        let record = Status { site, ..status("site-status/dev", "uploading") };
        store.put_status(&Versioned { version, record: record.clone() }, &[]).await.unwrap();
        let loaded = store.load(&[target("site-status/dev")]).await.unwrap().remove(0);
        assert_eq!(loaded.status, Stored::Valid(Versioned { version: version + 1, record }));
    }
}
