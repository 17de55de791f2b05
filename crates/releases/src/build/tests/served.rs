//! How files are served, and when their turn is.

use std::collections::BTreeSet;

use driftless_domain::{ContentEncoding, FileClass};

use super::maker::{stored, zip};
use super::site_with;
use crate::build::headers::Serving;
use crate::build::inspect;

const YEAR: &str = "public, max-age=31536000, immutable";
const ASK: &str = "max-age=0, must-revalidate";
const HOUR: &str = "public, max-age=3600";

/// Type, caching, encoding and turn of a file in a site with these others.
fn served(path: &str, others: &[&str], rules: &[(&str, &str)]) -> (String, String, Option<ContentEncoding>, FileClass) {
    let site = site_with(rules);
    let paths: BTreeSet<&str> = others.iter().copied().chain([path]).collect();
    let serving = Serving::new(&site.headers, &paths).unwrap();
    let (headers, class) = serving.of(&path.parse().unwrap());
    (headers.content_type, headers.cache_control, headers.content_encoding, class)
}

#[test]
fn each_kind_of_file_has_its_type_its_caching_and_its_turn() {
    use FileClass::{Asset, Other, Page};
    for (path, content_type, cache_control, class) in [
        ("index.html", "text/html; charset=utf-8", ASK, Page),
        ("OLD/INDEX.HTM", "text/html; charset=utf-8", ASK, Page),
        ("a.xhtml", "application/xhtml+xml; charset=utf-8", ASK, Page),
        ("a-3f2a9c1b.html", "text/html; charset=utf-8", ASK, Page),
        ("data/users.json", "application/json; charset=utf-8", ASK, Page),
        ("data/users.3f2a9c1b.json", "application/json; charset=utf-8", ASK, Page),
        ("_app/immutable/data.json", "application/json; charset=utf-8", ASK, Page),
        ("manifest.json", "application/json; charset=utf-8", ASK, Page),
        ("site.webmanifest", "application/manifest+json; charset=utf-8", ASK, Page),
        (".well-known/apple-app-site-association", "application/json; charset=utf-8", ASK, Page),
        ("sw.js", "text/javascript; charset=utf-8", ASK, Page),
        ("service-worker.js", "text/javascript; charset=utf-8", ASK, Page),
        ("registerSW.js", "text/javascript; charset=utf-8", ASK, Page),
        ("firebase-messaging-sw.js", "text/javascript; charset=utf-8", ASK, Page),
        ("ngsw-worker.js", "text/javascript; charset=utf-8", ASK, Page),
        ("sw.min.mjs", "text/javascript; charset=utf-8", ASK, Page),
        ("workbox-3f2a9c1b.js", "text/javascript; charset=utf-8", YEAR, Asset),
        ("app.3f2a9c1b.js", "text/javascript; charset=utf-8", YEAR, Asset),
        ("app.3f2a9c1b.mjs", "text/javascript; charset=utf-8", YEAR, Asset),
        ("app.3f2a9c1b.js.map", "application/json; charset=utf-8", YEAR, Asset),
        ("app.3f2a9c1b.css", "text/css; charset=utf-8", YEAR, Asset),
        ("inter.3f2a9c1b.woff2", "font/woff2", YEAR, Asset),
        ("logo.3f2a9c1b.svg", "image/svg+xml; charset=utf-8", YEAR, Asset),
        ("logo.svg", "image/svg+xml; charset=utf-8", HOUR, Other),
        ("app.js", "text/javascript; charset=utf-8", HOUR, Other),
        ("lib.wasm", "application/wasm", HOUR, Other),
        ("favicon.ico", "image/x-icon", HOUR, Other),
        ("a.woff", "font/woff", HOUR, Other),
        ("a.ttf", "font/ttf", HOUR, Other),
        ("a.png", "image/png", HOUR, Other),
        ("a.webp", "image/webp", HOUR, Other),
        ("a.avif", "image/avif", HOUR, Other),
        ("a.mp4", "video/mp4", HOUR, Other),
        ("a.pdf", "application/pdf", HOUR, Other),
        ("stream/1.ts", "video/mp2t", HOUR, Other),
        // Feeds, maps and what robots read: an hour late does no harm.
        ("robots.txt", "text/plain; charset=utf-8", HOUR, Other),
        ("sitemap.xml", "text/xml; charset=utf-8", HOUR, Other),
        ("feed.rss", "application/rss+xml; charset=utf-8", HOUR, Other),
        ("readme.md", "text/markdown; charset=utf-8", HOUR, Other),
        ("LICENSE", "text/plain; charset=utf-8", HOUR, Other),
        ("CNAME", "text/plain; charset=utf-8", HOUR, Other),
        ("objects", "application/octet-stream", HOUR, Other),
        (".nojekyll", "application/octet-stream", HOUR, Other),
        ("objects.inv", "application/octet-stream", HOUR, Other),
        ("a.unheardof", "application/octet-stream", HOUR, Other),
        ("site.zip", "application/zip", HOUR, Other),
    ] {
        let expected = (content_type.to_owned(), cache_control.to_owned(), None, class);
        assert_eq!(served(path, &[], &[]), expected, "{path}");
    }
}

#[test]
fn what_was_compressed_at_build_time_is_served_as_what_it_is() {
    use ContentEncoding::{Br, Gzip};
    for (path, encoding) in [("app.3f2a9c1b.js.gz", Gzip), ("app.3f2a9c1b.js.br", Br)] {
        let expected = ("text/javascript; charset=utf-8".to_owned(), YEAR.to_owned(), Some(encoding), FileClass::Asset);
        assert_eq!(served(path, &["app.3f2a9c1b.js"], &[]), expected, "{path}");
    }
    let page = ("text/html; charset=utf-8".to_owned(), ASK.to_owned(), Some(Br), FileClass::Page);
    assert_eq!(served("docs/index.html.br", &["docs/index.html"], &[]), page);
    let archive = ("application/gzip".to_owned(), HOUR.to_owned(), None, FileClass::Other);
    assert_eq!(served("app.js.gz", &["other/app.js"], &[]), archive);
    assert_eq!(served("dump.sql.gz", &["index.html"], &[]), archive);
    assert_eq!(served("app.js.br", &[], &[]).0, "application/octet-stream");
    assert_eq!(served("drawing.svgz", &[], &[]).2, Some(Gzip));
}

#[test]
fn the_first_rule_that_matches_decides_over_caching_and_over_nothing_else() {
    let rules = [
        ("downloads/*", "no-store"),
        ("**/*.pdf", "max-age=60"),
        ("downloads/**", "max-age=86400"),
        ("*.html", "no-cache"),
    ];
    let cache_control = |path: &str, others: &[&str]| served(path, others, &rules).1;
    assert_eq!(cache_control("downloads/a.pdf", &[]), "no-store");
    assert_eq!(cache_control("downloads/deep/a.pdf", &[]), "max-age=60");
    assert_eq!(cache_control("downloads/deep/a.zip", &[]), "max-age=86400");
    assert_eq!(cache_control("index.html", &[]), "no-cache");
    assert_eq!(cache_control("deep/index.html", &[]), ASK, "a star stays within one part of the path");
    assert_eq!(cache_control("index.html.gz", &["index.html"]), "no-cache", "a compressed page is a page");
    assert_eq!(served("downloads/app.3f2a9c1b.js", &[], &rules).3, FileClass::Asset);
    assert_eq!(served("index.html", &[], &rules).3, FileClass::Page);
}

#[test]
fn a_build_is_served_by_its_rules() {
    let items = [stored("index.html", ""), stored("assets/app-1a2b3c4d.js", ""), stored("downloads/x.bin", "")];
    let site = site_with(&[("downloads/**", "max-age=86400")]);
    let manifest = inspect(std::io::Cursor::new(zip(&items)), &site).unwrap();
    let seen: Vec<(&str, &str, FileClass)> = manifest
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.headers.cache_control.as_str(), file.class))
        .collect();
    assert_eq!(
        seen,
        [
            ("assets/app-1a2b3c4d.js", YEAR, FileClass::Asset),
            ("downloads/x.bin", "max-age=86400", FileClass::Other),
            ("index.html", ASK, FileClass::Page),
        ]
    );
}
