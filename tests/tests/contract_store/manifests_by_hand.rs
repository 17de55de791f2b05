//! Manifests and builds of sites that somebody edited by hand, or whose writing was torn: none is ever taken for what it is
//! not, and each can be put right by announcing the build again.

use serde_json::{Value, json};

use driftless_domain::{Digest, Manifest};
use driftless_releases::{DesiredWrites, ReadRecords, Stored};
use driftless_sim::MemoryStore;

use crate::sites::{MANY, manifest, site_artifact};
use crate::tables::Table;
use crate::values::app;

/// All of it.
pub(crate) async fn all(table: &Table) {
    an_edited_manifest_says_what_is_wrong_with_it(table).await;
    a_torn_manifest_is_missing_or_says_what_is_missing(table).await;
    an_edited_build_of_a_site_says_what_is_wrong_with_it(table).await;
}

const PK: &str = "manifest#hand-site";

fn sk(digest: &Digest, piece: u32) -> String {
    format!("{}#{piece:03}", digest.as_str().strip_prefix("sha256:").unwrap())
}

/// How a manifest is found, as text: its number of files, or what is wrong with it.
async fn found(table: &Table, digest: &Digest) -> String {
    match table.store.manifest(&app("hand-site"), digest).await.unwrap() {
        Stored::Missing => "missing".to_owned(),
        Stored::Valid(Manifest { files }) => format!("{} files", files.len()),
        Stored::Invalid(invalid) => {
            assert_eq!(invalid.key, format!("{PK} {}", sk(digest, 0)));
            invalid.problem
        }
    }
}

async fn an_edited_manifest_says_what_is_wrong_with_it(table: &Table) {
    let store = &table.store;
    let digest = store.put_manifest(&app("hand-site"), &manifest(0)).await.unwrap();
    let other = store.put_manifest(&app("hand-site"), &manifest(1)).await.unwrap();
    let item = sk(&digest, 0);
    let well = table.item(PK, &item).await;
    let theirs = table.item(PK, &sk(&other, 0)).await;
    let cut: String = well["gzip"]["B"].as_str().unwrap().chars().take(200).collect();
    let edits: [(&str, Option<Value>, String); 10] = [
        ("gzip", Some(json!({"B": "Z2FyYmFnZQ=="})), "attribute gzip: not gzip: ".to_owned()),
        ("gzip", Some(json!({"B": cut})), "attribute gzip: not gzip: ".to_owned()),
        ("gzip", Some(theirs["gzip"].clone()), format!("attribute gzip: the content has the digest {other}")),
        ("gzip", Some(json!({"S": "text"})), "attribute gzip: bytes were expected, found a string".to_owned()),
        ("gzip", None, "attribute gzip: missing".to_owned()),
        (
            "pieces",
            Some(json!({"N": "2"})),
            format!("attribute pieces: 2 are said to be there, and {PK} {} is missing", sk(&digest, 1)),
        ),
        ("pieces", Some(json!({"N": "0"})), "attribute pieces: 1 to 1000 were expected, found 0".to_owned()),
        ("pieces", Some(json!({"N": "1001"})), "attribute pieces: 1 to 1000 were expected, found 1001".to_owned()),
        ("pieces", None, "attribute pieces: missing".to_owned()),
        (
            "schema",
            Some(json!({"N": "99"})),
            "written by a newer version of Driftless (schema 99; this one knows 1)".to_owned(),
        ),
    ];
    for (attribute, value, problem) in edits {
        match value {
            Some(value) => table.set(PK, &item, attribute, value).await,
            None => table.remove(PK, &item, attribute).await,
        }
        let shown = found(table, &digest).await;
        assert!(shown.starts_with(&problem), "{shown}, and {problem} was expected");
        assert_eq!(found(table, &other).await, "4 files", "its neighbour is well");
        table.set(PK, &item, attribute, well[attribute].clone()).await;
        assert_eq!(found(table, &digest).await, "3 files");
    }
    // Announcing the build again puts it right.
    table.set(PK, &item, "gzip", json!({"B": "Z2FyYmFnZQ=="})).await;
    store.put_manifest(&app("hand-site"), &manifest(0)).await.unwrap();
    assert_eq!(found(table, &digest).await, "3 files");
}

async fn a_torn_manifest_is_missing_or_says_what_is_missing(table: &Table) {
    let store = &table.store;
    let (many, files) = (manifest(MANY), format!("{} files", MANY + 3));
    let digest = store.put_manifest(&app("hand-site"), &many).await.unwrap();
    let pieces: u32 = table.item(PK, &sk(&digest, 0)).await["pieces"]["N"].as_str().unwrap().parse().unwrap();
    assert!(pieces >= 3, "{pieces} pieces: too few to be torn in the middle");
    let delete = async |piece: u32| {
        let key = json!({"pk": {"S": PK}, "sk": {"S": sk(&digest, piece)}});
        table.call("DeleteItem", json!({"Key": key})).await;
    };
    for piece in [pieces - 1, 1] {
        delete(piece).await;
        let missing =
            format!("attribute pieces: {pieces} are said to be there, and {PK} {} is missing", sk(&digest, piece));
        assert_eq!(found(table, &digest).await, missing);
        store.put_manifest(&app("hand-site"), &many).await.unwrap();
        assert_eq!(found(table, &digest).await, files);
    }
    // The first piece is written last: without it, the write never came to its end.
    delete(0).await;
    assert_eq!(found(table, &digest).await, "missing");
    store.put_manifest(&app("hand-site"), &many).await.unwrap();
    assert_eq!(found(table, &digest).await, files);

    // Two pieces that changed places.
    let (one, two) = (table.item(PK, &sk(&digest, 1)).await, table.item(PK, &sk(&digest, 2)).await);
    table.set(PK, &sk(&digest, 1), "gzip", two["gzip"].clone()).await;
    table.set(PK, &sk(&digest, 2), "gzip", one["gzip"].clone()).await;
    let shown = found(table, &digest).await;
    assert!(shown.starts_with("attribute gzip: "), "{shown}");
}

async fn an_edited_build_of_a_site_says_what_is_wrong_with_it(table: &Table) {
    let store = &table.store;
    let build = site_artifact("hand-build", "v1", 0);
    store.put_artifact(&build).await.unwrap();
    let (pk, sk) = ("artifact#hand-build", "v1");
    let well = table.item(pk, sk).await;
    for (attribute, value) in [
        ("account", Some(json!({"S": "12"}))),
        ("bucket", Some(json!({"S": "s3://bucket"}))),
        ("key", Some(json!({"S": "builds/../x.zip"}))),
        ("version", Some(json!({"S": "null"}))),
        ("version", None),
        ("sha256", Some(json!({"S": "E3B0"}))),
        ("size", Some(json!({"N": "-1"}))),
        ("manifest", Some(json!({"S": "latest"}))),
        ("manifest", None),
        ("files", Some(json!({"N": "4294967296"}))),
        ("content", Some(json!({"S": "tarball"}))),
    ] {
        match &value {
            Some(value) => table.set(pk, sk, attribute, value.clone()).await,
            None => table.remove(pk, sk, attribute).await,
        }
        let found = store.artifact(&build.app, &build.tag).await.unwrap();
        let Stored::Invalid(invalid) = found else { panic!("{attribute} {value:?}: {found:?}") };
        assert_eq!(invalid.key, "artifact#hand-build v1");
        assert!(invalid.problem.starts_with(&format!("attribute {attribute}: ")), "{invalid}");
        table.set(pk, sk, attribute, well[attribute].clone()).await;
    }
    assert_eq!(store.artifact(&build.app, &build.tag).await.unwrap(), Stored::Valid(build));
}

/// The same in memory, as far as there are hands for it.
pub(crate) async fn in_memory(store: &MemoryStore) {
    let (shop, manifest) = (app("hand-site"), manifest(1));
    let digest = store.put_manifest(&shop, &manifest).await.unwrap();
    store.spoil_manifest(&shop, &digest);
    let found = store.manifest(&shop, &digest).await.unwrap();
    assert!(matches!(found, Stored::Invalid(_)), "{found:?}");
    store.put_manifest(&shop, &manifest).await.unwrap();
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Valid(manifest));
    store.delete_manifest(&shop, &digest);
    assert_eq!(store.manifest(&shop, &digest).await.unwrap(), Stored::Missing);
}
