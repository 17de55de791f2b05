//! Manifests in the table: in pieces, the first one last, and read back only as what they are named after.

use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use aws_smithy_types::base64;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use driftless_domain::{
    AppName, CallClass, Digest, ETag, FileClass, Headers, Manifest, Packed, Packing, Region, Sha256, SiteFile, SitePath,
};
use driftless_releases::{DesiredWrites, ReadRecords, StoreError, Stored};

use crate::testing::{Fake, Reply, Request};
use crate::{CallCounter, DynamoStore};

/// A table with nothing but keys and pages of two items.
#[derive(Debug, Clone, Default)]
struct Table(Arc<Mutex<Map<String, Value>>>);

impl Table {
    fn answer(&self, request: &Request) -> Reply {
        let mut items = self.0.lock().unwrap();
        match request.operation.as_str() {
            "PutItem" => {
                let item = request.body["Item"].clone();
                items.insert(item["sk"]["S"].as_str().unwrap().to_owned(), item);
                Reply::Json(json!({}))
            }
            "Query" => {
                assert_eq!(request.body["ConsistentRead"], json!(true));
                let begins = request.body["ExpressionAttributeValues"][":digest"]["S"].as_str().unwrap();
                let after = request.body["ExclusiveStartKey"]["sk"]["S"].as_str().unwrap_or_default();
                let mut found: Vec<&Value> = items
                    .iter()
                    .filter(|(sk, _)| sk.starts_with(begins) && sk.as_str() > after)
                    .map(|(_, v)| v)
                    .collect();
                found.sort_by_key(|item| item["sk"]["S"].to_string());
                let more = found.len() > 2;
                found.truncate(2);
                let mut answer = json!({"Items": found});
                if more {
                    answer["LastEvaluatedKey"] = json!({"pk": found[1]["pk"], "sk": found[1]["sk"]});
                }
                Reply::Json(answer)
            }
            other => panic!("{other}"),
        }
    }

    fn fake(&self) -> Fake {
        let table = self.clone();
        Fake::new(move |request, _| table.answer(request))
    }

    fn change(&self, number: usize, change: impl FnOnce(&mut Value)) {
        change(self.0.lock().unwrap().get_mut(&sort_key(number)).unwrap());
    }
}

fn sort_key(number: usize) -> String {
    format!("{}#{number:03}", name().as_str().trim_start_matches("sha256:"))
}

fn store(fake: &Fake) -> DynamoStore {
    let region = Region::parse("eu-west-1").unwrap();
    DynamoStore::connect(&fake.accounts(), &region, "driftless", CallCounter::default())
}

fn app() -> AppName {
    AppName::parse("docs").unwrap()
}

/// Large enough for three pieces: hashes do not pack.
fn manifest() -> Manifest {
    let file = |number: u32| {
        let sha256 = |salt: u8| Sha256::of(&[number.to_le_bytes(), [salt; 4]].concat());
        Arc::new(SiteFile {
            path: SitePath::parse(format!("assets/{number:05}-{}.js", &sha256(0).to_string()[..32])).unwrap(),
            size: 10,
            sha256: sha256(1),
            etag: ETag::parse(&sha256(2).to_string()[..32]).unwrap(),
            parts_checksum: None,
            headers: Headers {
                content_type: "text/javascript".to_owned(),
                cache_control: "no-store".to_owned(),
                content_encoding: None,
            },
            class: FileClass::Asset,
            packed: Packed { at: u64::from(number), size: 10, method: Packing::Stored },
        })
    };
    Manifest { files: (0..450).map(file).collect() }
}

fn name() -> Digest {
    static NAME: LazyLock<Digest> = LazyLock::new(|| manifest().digest().unwrap());
    NAME.clone()
}

/// The table after the manifest was written: packed once for all tests.
async fn stored() -> Table {
    static ITEMS: OnceCell<Map<String, Value>> = OnceCell::const_new();
    let items = ITEMS.get_or_init(|| async {
        let table = Table::default();
        assert_eq!(store(&table.fake()).put_manifest(&app(), &manifest()).await.unwrap(), name());
        let items = table.0.lock().unwrap();
        items.clone()
    });
    Table(Arc::new(Mutex::new(items.await.clone())))
}

/// Compared without being shown: it is long.
fn is_whole(found: &Stored<Manifest>) -> bool {
    found.as_valid() == Some(&manifest())
}

async fn read(table: &Table) -> Stored<Manifest> {
    store(&table.fake()).manifest(&app(), &name()).await.unwrap()
}

#[tokio::test]
async fn a_manifest_is_read_back_as_it_was_written_however_many_items_it_takes() {
    let table = stored().await;
    assert!(is_whole(&read(&table).await));
    let items = table.0.lock().unwrap();
    assert_eq!(items.len(), 3, "the pages hold two");
    let first = &items[&sort_key(0)];
    assert_eq!(
        (&first["pk"]["S"], &first["pieces"]["N"], &first["files"]["N"], &first["bytes"]["N"], &first["digest"]["S"]),
        (&json!("manifest#docs"), &json!("3"), &json!("450"), &json!("4500"), &json!(name().as_str()))
    );
    let longest = items.values().map(|item| item["gzip"]["B"].as_str().unwrap().len()).max().unwrap();
    assert!(longest <= 16 * 1024 * 4 / 3 + 4, "{longest} characters of base64");
}

#[tokio::test]
async fn the_first_piece_is_written_last_so_that_a_torn_write_is_no_manifest() {
    let table = Table::default();
    let torn = {
        let table = table.clone();
        Fake::new(move |request, before| match (request.operation.as_str(), before) {
            ("PutItem", 2..) => Reply::error(400, "ThrottlingException", "Rate exceeded"),
            _ => table.answer(request),
        })
    };
    let error = store(&torn).put_manifest(&app(), &manifest()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call(call) if call.class == CallClass::Throttled), "{error:?}");
    assert_eq!(table.0.lock().unwrap().len(), 2);
    assert_eq!(read(&table).await, Stored::Missing);
    store(&table.fake()).put_manifest(&app(), &manifest()).await.unwrap();
    assert!(is_whole(&read(&table).await));
}

#[tokio::test]
async fn the_same_manifest_again_writes_nothing_and_a_broken_one_is_written_over() {
    let table = stored().await;
    let fake = table.fake();
    store(&fake).put_manifest(&app(), &manifest()).await.unwrap();
    assert_eq!(fake.count("PutItem"), 0);
    table.change(1, |item| item["gzip"] = json!({"B": base64::encode("no gzip")}));
    store(&fake).put_manifest(&app(), &manifest()).await.unwrap();
    assert_eq!((fake.count("PutItem"), is_whole(&read(&table).await)), (3, true));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// One piece with these bytes, instead of all.
fn alone(item: &mut Value, bytes: &[u8]) {
    item["pieces"] = json!({"N": "1"});
    item["gzip"] = json!({"B": base64::encode(bytes)});
}

#[tokio::test]
async fn a_manifest_that_was_edited_by_hand_is_shown_as_invalid_with_the_attribute() {
    type Edit = fn(&Table);
    let edits: [(Edit, &str); 9] = [
        (|t| t.change(0, |item| item["pieces"] = json!({"N": "0"})), "attribute pieces: 1 to 1000 were expected"),
        (|t| t.change(0, |item| item["pieces"] = json!({"S": "3"})), "attribute pieces: a number was expected"),
        (|t| t.change(0, |item| item["pieces"] = json!({"N": "4"})), "attribute pieces: 4 are said to be there"),
        (|t| drop(t.0.lock().unwrap().remove(&sort_key(1))), "attribute pieces: 3 are said to be there"),
        (|t| t.change(1, |item| item["gzip"] = json!({"S": "x"})), "attribute gzip: bytes were expected"),
        (|t| t.change(1, |item| item["gzip"] = json!({"B": base64::encode("x")})), "attribute gzip: not gzip"),
        (|t| t.change(2, |item| item["schema"] = json!({"N": "9"})), "written by a newer version"),
        (|t| t.change(0, |item| alone(item, &gzip(b"{}"))), "has the digest"),
        // 17 times 64 KiB of nothing.
        (
            |t| t.change(0, |item| alone(item, &gzip(&vec![0; 1 << 16]).repeat(17))),
            "attribute gzip: unpacked, it has more than",
        ),
    ];
    for (edit, problem) in edits {
        let table = stored().await;
        edit(&table);
        let found = read(&table).await;
        let Stored::Invalid(found) = found else { panic!("{problem}: not invalid") };
        assert!(found.problem.contains(problem), "{problem}: {found}");
    }
}

#[tokio::test]
async fn pieces_that_another_write_left_behind_say_nothing() {
    let table = stored().await;
    let mut more = table.0.lock().unwrap()[&sort_key(2)].clone();
    more["sk"] = json!({"S": sort_key(3)});
    table.0.lock().unwrap().insert(sort_key(3), more);
    assert!(is_whole(&read(&table).await));
    assert_eq!(read(&Table::default()).await, Stored::Missing);
}
