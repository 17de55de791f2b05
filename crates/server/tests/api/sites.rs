//! Announcing the builds of static sites: the zip is read and checked before the answer, and a refusal changes nothing.

use std::io::{Cursor, Write};
use std::time::Duration;

use driftless_domain::{
    AccountId, AppName, BucketName, CallClass, Digest, ObjectKey, Place, Region, Sha256, SitePath, VersionId,
};
use driftless_releases::ReadRecords;
use driftless_sim::{Failure, ObjectHeaders, Where};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::setup::{Answer, Setup, build};

const DOCS: &str = "apiVersion: driftless/v1
kind: static-site
app: docs
artifacts: {bucket: builds}
environments:
  - name: dev
    account: \"111111111111\"
    region: eu-west-1
    bucket: acme-docs-dev
    autoDeploy: true
";

const MINUTE: Duration = Duration::from_secs(60);

fn bucket() -> BucketName {
    BucketName::parse("builds").unwrap()
}

fn place() -> Place {
    let (account, region) = (AccountId::parse("333333333333").unwrap(), Region::parse("eu-west-1").unwrap());
    Place { account, region, role: None }
}

/// A zip of these files, each with its name as content.
fn zip_of(names: &[&str]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// With the app `docs` and its bucket of builds.
async fn docs() -> Setup {
    let setup = Setup::empty();
    setup.world.create_build_bucket(&place(), &bucket());
    let headers = [("if-match", "*"), ("content-type", "text/yaml")];
    assert_eq!(setup.ask("PUT", "/v1/apps/docs/spec", &headers, DOCS).await.status, 200);
    setup
}

impl Setup {
    fn upload(&self, key: &str, bytes: &[u8]) -> VersionId {
        self.world.upload_build(&bucket(), &ObjectKey::parse(key).unwrap(), bytes.to_vec())
    }

    async fn announce_site(&self, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.ask("POST", "/v1/apps/docs/artifacts", &headers, body.to_string()).await
    }

    async fn tags(&self) -> Vec<String> {
        let list = self.get("/v1/apps/docs/artifacts").await.json();
        let artifacts = list["artifacts"].as_array().unwrap();
        artifacts.iter().map(|artifact| artifact["tag"].as_str().unwrap().to_owned()).collect()
    }
}

/// An announcement of this zip.
fn site(tag: &str, zip: &[u8]) -> Value {
    json!({"tag": tag, "site": {"sha256": Sha256::of(zip)}})
}

#[tokio::test(start_paused = true)]
async fn a_zip_is_checked_pinned_and_wanted_where_the_spec_says_so() {
    let setup = docs().await;
    let zip = zip_of(&["index.html", "app.js"]);
    let version = setup.upload("builds/docs/v1.zip", &zip);
    let first = setup.announce_site(&site("v1", &zip)).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let build = &first.json()["artifact"]["content"]["site"];
    assert_eq!(
        (&build["bucket"], &build["key"], &build["version"], &build["files"], &build["bytes"]),
        (&json!("builds"), &json!("builds/docs/v1.zip"), &json!(version.as_str()), &json!(2), &json!(16))
    );
    assert_eq!(first.json()["deployed"], json!([{"environment": "dev", "generation": 1}]));
    let reads = setup.world.history().len();
    let again = setup.announce_site(&site("v1", &zip)).await;
    assert_eq!((again.status.as_u16(), again.json()["new"].as_bool()), (200, Some(false)));
    assert_eq!(setup.world.history().len(), reads, "what is announced already is not read again");
}

#[tokio::test(start_paused = true)]
async fn the_key_is_that_of_the_commit_or_the_one_that_is_named() {
    let setup = docs().await;
    let (one, two) = (zip_of(&["index.html"]), zip_of(&["index.html", "two"]));
    setup.upload("builds/docs/abcdef1.zip", &one);
    let old = setup.upload("builds/docs/latest.zip", &two);
    setup.upload("builds/docs/latest.zip", &one);
    let mut by_commit = site("v1", &one);
    by_commit["gitSha"] = json!("abcdef1");
    assert_eq!(setup.announce_site(&by_commit).await.status, 201);
    let mut by_version = site("v2", &two);
    by_version["site"]["key"] = json!("builds/docs/latest.zip");
    by_version["site"]["versionId"] = json!(old.as_str());
    let answer = setup.announce_site(&by_version).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json()["artifact"]["content"]["site"]["version"], old.as_str());
}

#[tokio::test(start_paused = true)]
async fn a_build_is_either_images_or_a_zip() {
    let setup = docs().await;
    let mut both = build("v1", '1');
    both["site"] = json!({"sha256": "1".repeat(64)});
    for (body, word) in [(both, "not both"), (json!({"tag": "v1"}), "neither")] {
        let answer = setup.announce_site(&body).await;
        assert_eq!(answer.problem(), (400, "bad-request".to_owned()));
        assert!(answer.text.contains(word), "{}", answer.text);
    }
    for site in [json!({}), json!({"sha256": "12"}), json!({"sha256": "1".repeat(64), "bucket": "other"})] {
        let answer = setup.announce_site(&json!({"tag": "v1", "site": site})).await;
        assert_eq!(answer.problem(), (400, "malformed-body".to_owned()));
    }
    // The other kind of app.
    let answer = setup.announce_site(&build("v1", '1')).await;
    assert_eq!(answer.problem(), (422, "unfit".to_owned()));
    let shop = Setup::shop().await;
    let answer = shop.announce(&json!({"tag": "v9", "site": {"sha256": "1".repeat(64)}})).await;
    assert_eq!(answer.problem(), (422, "unfit".to_owned()));
    assert!(setup.tags().await.is_empty() && setup.world.calls_on("builds/").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_zip_is_said_and_nothing_of_it_is_stored() {
    let setup = docs().await;
    let good = zip_of(&["index.html"]);
    setup.upload("builds/docs/good.zip", &good);
    let outside = zip_of(&["index.html", "../passwords"]);
    setup.upload("builds/docs/outside.zip", &outside);
    let cut = &good[..good.len() - 1];
    setup.upload("builds/docs/cut.zip", cut);
    let no_page = zip_of(&["site/index.html"]);
    setup.upload("builds/docs/no-page.zip", &no_page);
    let with_key = |key: &str| json!({"tag": "good", "site": {"sha256": Sha256::of(&good), "key": key}});
    let table = [
        (site("missing", &good), "build-missing", "upload the zip first"),
        (site("good", b"another zip"), "unfit", "was announced"),
        (with_key("builds/shop/good.zip"), "unfit", "is no build of docs"),
        (site("outside", &outside), "build-refused", "../passwords"),
        (site("cut", cut), "build-refused", "does not end as a zip does"),
        (site("no-page", &no_page), "build-refused", "index.html"),
    ];
    for (body, kind, word) in table {
        let answer = setup.announce_site(&body).await;
        assert_eq!(answer.problem(), (422, kind.to_owned()), "{}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(word), "{word}: {}", answer.text);
    }
    setup.world.bucket_keeps_versions(&bucket(), false);
    let plain = ObjectKey::parse("builds/docs/plain.zip").unwrap();
    setup.world.put_by_person(&bucket(), plain.as_str(), good.clone(), ObjectHeaders::default());
    let answer = setup.announce_site(&site("plain", &good)).await;
    assert_eq!(answer.problem(), (422, "bucket-unversioned".to_owned()));
    assert!(answer.text.contains("enable versioning"), "{}", answer.text);
    assert!(setup.tags().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_tag_of_a_zip_stays_its_own() {
    let setup = docs().await;
    let (one, two) = (zip_of(&["index.html"]), zip_of(&["index.html", "two"]));
    setup.upload("builds/docs/v1.zip", &one);
    assert_eq!(setup.announce_site(&site("v1", &one)).await.status, 201);
    setup.upload("builds/docs/v1.zip", &two);
    let taken = setup.announce_site(&site("v1", &two)).await;
    assert_eq!(taken.problem(), (409, "tag-taken".to_owned()));
    assert_eq!(taken.json()["existing"]["content"]["site"]["sha256"], Sha256::of(&one).to_string());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_cannot_be_read_is_no_fault_of_the_build() {
    let setup = docs().await;
    let zip = zip_of(&["index.html"]);
    setup.upload("builds/docs/v1.zip", &zip);
    for (class, next) in [
        (CallClass::Denied, "s3:GetObjectVersion"),
        (CallClass::Transient, "in a while"),
        (CallClass::Invalid, "right bucket"),
    ] {
        setup.world.faults().fail_next("s3:GetObject", "builds", Where::Before, Failure::As(class));
        let answer = setup.announce_site(&site("v1", &zip)).await;
        assert_eq!(answer.problem(), (502, "build-unreadable".to_owned()));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("s3:GetObject of ") && detail.contains("nothing was changed"), "{detail}");
        assert!(detail.contains(next), "{detail}");
    }
    assert_eq!(setup.announce_site(&site("v1", &zip)).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn two_zips_are_checked_at_a_time_and_the_next_is_told_when_to_come_again() {
    let setup = docs().await;
    let zip = zip_of(&["index.html"]);
    for tag in ["v1", "v2", "v3"] {
        setup.upload(&format!("builds/docs/{tag}.zip"), &zip);
    }
    setup.world.set_latency(3 * MINUTE);
    let (one, two, three) = (site("v1", &zip), site("v2", &zip), site("v3", &zip));
    let (one, two, busy) =
        tokio::join!(setup.announce_site(&one), setup.announce_site(&two), setup.announce_site(&three));
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (201, 201), "longer than other requests may take");
    assert_eq!((busy.problem(), busy.header("retry-after")), ((503, "busy".to_owned()), "60"));
    assert_eq!(setup.announce_site(&three).await.status, 201, "the turns were given back");
    // What waits for less than half a minute gets its turn.
    for tag in ["v4", "v5", "v6"] {
        setup.upload(&format!("builds/docs/{tag}.zip"), &zip);
    }
    setup.world.set_latency(Duration::from_secs(20));
    let (one, two, three) = (site("v4", &zip), site("v5", &zip), site("v6", &zip));
    let (one, two, three) =
        tokio::join!(setup.announce_site(&one), setup.announce_site(&two), setup.announce_site(&three));
    assert_eq!([one.status, two.status, three.status].map(|status| status.as_u16()), [201; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_check_ends_after_ten_minutes_and_gives_its_turn_back() {
    let setup = docs().await;
    let zip = zip_of(&["index.html"]);
    setup.upload("builds/docs/v1.zip", &zip);
    setup.world.set_latency(15 * MINUTE);
    let (one, two) = (site("v1", &zip), site("v1", &zip));
    let (one, two) = tokio::join!(setup.announce_site(&one), setup.announce_site(&two));
    for answer in [one, two] {
        assert_eq!(answer.problem(), (504, "timeout".to_owned()));
        assert!(answer.text.contains("within 600 s"), "{}", answer.text);
    }
    setup.world.set_latency(Duration::ZERO);
    assert_eq!(setup.announce_site(&site("v1", &zip)).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_check_whose_caller_went_away_goes_on_and_keeps_its_turn() {
    let setup = docs().await;
    let zip = zip_of(&["index.html"]);
    for tag in ["v1", "v2", "v3"] {
        setup.upload(&format!("builds/docs/{tag}.zip"), &zip);
    }
    setup.world.set_latency(3 * MINUTE);
    for tag in ["v1", "v2"] {
        let gone = tokio::time::timeout(Duration::from_secs(1), setup.announce_site(&site(tag, &zip))).await;
        assert!(gone.is_err());
    }
    assert_eq!(setup.announce_site(&site("v3", &zip)).await.problem(), (503, "busy".to_owned()));
    tokio::time::sleep(4 * MINUTE).await;
    let mut tags = setup.tags().await;
    tags.sort();
    assert_eq!(tags, ["v1", "v2"]);
}

#[tokio::test(start_paused = true)]
async fn files_get_the_headers_that_the_reference_promises() {
    let setup = docs().await;
    let files = ["index.html", "data.json", "sw.js", "site.webmanifest", "assets/app-1a2b3c4d.js", "logo.png"];
    let zip = zip_of(&files);
    setup.upload("builds/docs/v1.zip", &zip);
    let announced = setup.announce_site(&site("v1", &zip)).await.json();
    let digest = Digest::parse(announced["artifact"]["content"]["site"]["manifest"].as_str().unwrap()).unwrap();
    let manifest = setup.store.manifest(&AppName::parse("docs").unwrap(), &digest).await.unwrap().valid().unwrap();
    let reference = include_str!("../../../../docs/SPEC.md");
    for (file, row) in [
        ("index.html", "HTML, JSON"),
        ("data.json", "HTML, JSON"),
        ("sw.js", "HTML, JSON"),
        ("site.webmanifest", "HTML, JSON"),
        ("assets/app-1a2b3c4d.js", "whose name holds a hash"),
        ("logo.png", "all others"),
    ] {
        let promised = reference.lines().find(|line| line.starts_with(&format!("| {row}"))).unwrap();
        let given = &manifest.get(&SitePath::parse(file).unwrap()).unwrap().headers.cache_control;
        assert!(promised.ends_with(&format!("| `{given}` |")), "{file}: {given}, promised: {promised}");
    }
}
