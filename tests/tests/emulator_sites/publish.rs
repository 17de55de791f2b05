//! Two real sites, published and fetched back object by object; a prefix of a bucket that others use as well; and what a
//! pass costs when there is nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use driftless_aws::Kind;
use driftless_domain::{Manifest, Sha256};
use driftless_tests::site_zip::{Files, test_site};
use futures::StreamExt as _;

use crate::objects::Served;
use crate::sites::{Sites, bucket};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "max-age=0, must-revalidate";
const HOUR: &str = "public, max-age=3600";

/// Every file of a site is served as its source and its manifest say, and there is nothing else in our part of the bucket.
async fn assert_published(sites: &Sites, env: &str, prefix: &str, files: &Files, manifest: &Manifest) {
    let named: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(named, files.keys().map(String::as_str).collect::<Vec<_>>(), "the manifest lists every file");
    let wrong: Vec<String> = futures::stream::iter(&manifest.files)
        .map(|file| async move {
            let key = format!("{prefix}{}", file.path);
            let Served { content_type, cache_control, content_encoding, body } = sites.get(env, &key).await;
            let headers = &file.headers;
            let right = body == files[file.path.as_str()]
                && Sha256::of(&body) == file.sha256
                && content_type == headers.content_type
                && cache_control == headers.cache_control
                && content_encoding.as_deref() == headers.content_encoding.map(|encoding| encoding.as_str());
            (!right).then(|| format!("{key}: {content_type:?} {cache_control:?} {content_encoding:?} {}", body.len()))
        })
        .buffer_unordered(8)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert_eq!(wrong, Vec::<String>::new());
}

/// What the pages say is independent of any manifest: these are typed here.
async fn assert_served(sites: &Sites, env: &str, key: &str, content_type: &str, cache_control: &str) {
    let served = sites.get(env, key).await;
    assert_eq!((served.content_type.as_str(), served.cache_control.as_str()), (content_type, cache_control), "{key}");
}

/// The one key of a site that begins and ends so.
fn key_like(files: &Files, begins: &str, ends: &str) -> String {
    let found: Vec<&String> = files.keys().filter(|key| key.starts_with(begins) && key.ends_with(ends)).collect();
    assert_eq!(found.len(), 1, "{begins}…{ends}: {found:?}");
    found[0].clone()
}

#[tokio::test]
async fn a_site_built_by_vite_is_published_with_the_right_bytes_types_and_cache_rules() {
    let sites = Sites::open(&[("dev", None)]).await;
    let mut first = test_site("vite/1").unwrap();
    // Larger than a part: it goes up in two, and the second is a short one.
    let large: Vec<u8> = (0_u32..(9 << 20) / 4).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    first.insert("downloads/plans.bin".to_owned(), large);
    let manifest = sites.announce("sha-1111111", &first).await;
    let controller = sites.controller();
    sites.deploy(&controller, "dev", "sha-1111111").await;

    assert_published(&sites, "dev", "", &first, &manifest).await;
    assert_eq!(sites.versions("dev").await.keys(), first.keys().cloned().collect::<BTreeSet<_>>());
    assert_eq!(sites.parameter("dev").await, "builds/docs/sha-1111111.zip");
    assert_eq!(sites.invalidations("dev").await, Vec::<Vec<String>>::new(), "nothing of it was ever served before");
    let html = "text/html; charset=utf-8";
    let script = "text/javascript; charset=utf-8";
    for (key, content_type, cache_control) in [
        ("index.html", html, REVALIDATE),
        ("docs/guide/first steps.html", html, REVALIDATE),
        ("data/keepers.json", "application/json; charset=utf-8", REVALIDATE),
        ("manifest.webmanifest", "application/manifest+json; charset=utf-8", REVALIDATE),
        ("sw.js", script, REVALIDATE),
        ("robots.txt", "text/plain; charset=utf-8", HOUR),
        ("Handbuch 2026/Gr\u{f6}\u{df}e & Ma\u{df}.txt", "text/plain; charset=utf-8", HOUR),
        (".well-known/security.txt", "text/plain; charset=utf-8", HOUR),
        ("favicon.svg", "image/svg+xml; charset=utf-8", HOUR),
        ("favicon.ico", "image/x-icon", HOUR),
        ("downloads/plans.bin", "application/octet-stream", HOUR),
        (&key_like(&first, "assets/main-", ".js"), script, IMMUTABLE),
        (&key_like(&first, "assets/main-", ".js.map"), "application/json; charset=utf-8", IMMUTABLE),
        (&key_like(&first, "assets/more-", ".css"), "text/css; charset=utf-8", IMMUTABLE),
        (&key_like(&first, "assets/add-", ".wasm"), "application/wasm", IMMUTABLE),
        (&key_like(&first, "assets/dot-", ".png"), "image/png", IMMUTABLE),
    ] {
        assert_served(&sites, "dev", key, content_type, cache_control).await;
    }
    for (ending, encoding) in [(".js.gz", "gzip"), (".js.br", "br")] {
        let key = key_like(&first, "assets/main-", ending);
        let served = sites.get("dev", &key).await;
        assert_eq!(served.content_encoding.as_deref(), Some(encoding), "{key}");
        assert_eq!((served.content_type.as_str(), served.cache_control.as_str()), (script, IMMUTABLE), "{key}");
    }

    // The next release: caches are told of what they may hold, and of nothing else.
    let second = test_site("vite/2").unwrap();
    let manifest = sites.announce("sha-2222222", &second).await;
    sites.deploy(&controller, "dev", "sha-2222222").await;
    assert_published(&sites, "dev", "", &second, &manifest).await;
    assert_eq!(sites.parameter("dev").await, "builds/docs/sha-2222222.zip");
    let told = sites.invalidations("dev").await;
    let pages = [
        "/",
        "/about",
        "/about.html",
        "/data/release.json",
        "/docs",
        "/docs/",
        "/docs/guide/first%20steps",
        "/docs/guide/first%20steps.html",
        "/docs/index.html",
        "/index.html",
    ];
    assert_eq!(told, [pages]);
}

#[tokio::test]
async fn a_manual_of_over_a_thousand_pages_is_published_whole_and_costs_next_to_nothing_afterwards() {
    let sites = Sites::open(&[("dev", None)]).await;
    let files = test_site("debian").unwrap();
    assert!(files.len() > 1000, "{} files", files.len());
    let manifest = sites.announce("sha-1111111", &files).await;
    let controller = sites.controller();
    let before = sites.calls();
    sites.deploy(&controller, "dev", "sha-1111111").await;
    let sent = sites.since(&before, Kind::Change);
    let number = files.len() as u64;
    assert_eq!(sent, BTreeMap::from([("s3:PutObject", number), ("ssm:PutParameter", 1)]));
    let read = sites.since(&before, Kind::Read);
    println!("{number} files published: {sent:?}, {read:?}");
    assert!(read["s3:GetObject"] <= number / 10, "the zip is read in long pieces: {read:?}");

    assert_published(&sites, "dev", "", &files, &manifest).await;
    assert_eq!(sites.versions("dev").await.keys(), files.keys().cloned().collect::<BTreeSet<_>>());

    // S6: nothing is changed, and the bucket is listed and sampled.
    let (records, calls) = (sites.status("dev").await, sites.calls());
    sites.resync(&controller, "dev").await;
    assert_eq!(sites.since(&calls, Kind::Change), BTreeMap::new());
    let read = sites.since(&calls, Kind::Read);
    println!("a pass over them when nothing is to do: {read:?}");
    let pages = number.div_ceil(1000);
    let allowed = BTreeMap::from([("s3:HeadObject", 8), ("s3:ListObjectsV2", pages), ("ssm:GetParameters", 1)]);
    assert_eq!(read, allowed);
    assert_eq!(sites.status("dev").await, records, "not even the status is written");
}

#[tokio::test]
async fn a_site_under_a_prefix_leaves_the_rest_of_the_bucket_alone() {
    let sites = Sites::open(&[("shared", Some("docs"))]).await;
    let note = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(note.path(), "somebody else's").unwrap();
    let others = ["index.html", "docs", "docs-old/index.html", "docs2/index.html", "blog/docs/index.html"];
    for key in others.into_iter().chain(["docs/theirs.txt"]) {
        let to = format!("s3://{}/{key}", bucket("shared"));
        sites.aws_cli(&["s3", "cp", "--only-show-errors", note.path().to_str().unwrap(), &to]).await;
    }
    let before = sites.versions("shared").await;
    let controller = sites.controller();
    for (tag, site) in [("sha-1111111", "vite/1"), ("sha-2222222", "vite/2")] {
        let files = test_site(site).unwrap();
        let manifest = sites.announce(tag, &files).await;
        sites.deploy(&controller, "shared", tag).await;
        assert_published(&sites, "shared", "docs/", &files, &manifest).await;
    }
    let after = sites.versions("shared").await;
    let outside: Vec<String> =
        after.written_since(&before).into_iter().filter(|key| !key.starts_with("docs/")).collect();
    assert_eq!(outside, Vec::<String>::new());
    assert_eq!(after.deleted_since(&before), Vec::<String>::new());
    for key in others.into_iter().chain(["docs/theirs.txt"]) {
        assert_eq!(after.there[key], before.there[key], "{key}");
        assert_eq!(sites.get("shared", key).await.body, b"somebody else's", "{key}");
    }
    let site = sites.status("shared").await.site.unwrap();
    assert_eq!(site.foreign_examples.iter().map(ToString::to_string).collect::<Vec<_>>(), ["docs/theirs.txt"]);
    assert_eq!(site.foreign, 1, "what is outside of the prefix is not even looked at");
}
