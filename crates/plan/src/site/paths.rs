//! What an invalidation names: the paths under which changed objects are served, folded to as few as CloudFront takes at
//! once.

use std::collections::BTreeSet;

use driftless_domain::{InvalidationPath, ObjectKey, SiteBinding};

/// The most paths of one invalidation. CloudFront lets 15 wildcards be in progress per distribution (aws-facts.md); plain
/// paths may be more, but each is paid for.
pub const PATHS_AT_MOST: usize = 15;

/// The paths under which an object is served: its own, and those that sites let it answer to (`/docs/` for
/// `docs/index.html`, `/about` for `about.html`).
#[must_use]
pub(crate) fn served_at(bound: &SiteBinding, key: &ObjectKey) -> Vec<InvalidationPath> {
    let key = key.as_str();
    let key = bound.origin_path.as_ref().and_then(|origin| key.strip_prefix(origin.as_str())).unwrap_or(key);
    let mut texts = vec![format!("/{}", encoded(key))];
    if let Some(directory) = key.strip_suffix("index.html").filter(|rest| rest.is_empty() || rest.ends_with('/')) {
        texts.push(format!("/{}", encoded(directory)));
        texts.extend(directory.strip_suffix('/').map(|name| format!("/{}", encoded(name))));
    } else if let Some(name) = key.strip_suffix(".html") {
        texts.push(format!("/{}", encoded(name)));
    }
    // What is too long for a path of CloudFront's is covered by everything.
    texts.into_iter().map(|text| InvalidationPath::parse(text).unwrap_or_else(|_| everything())).collect()
}

/// Folds paths to [`PATHS_AT_MOST`]: as they are if there are so few, else cut at the deepest directory level that gives so
/// few, in the end `/*`. What the result covers only grows with what is given, so it can be folded again with more.
#[must_use]
pub fn fold(paths: impl IntoIterator<Item = InvalidationPath>) -> Vec<InvalidationPath> {
    let paths: BTreeSet<InvalidationPath> = paths.into_iter().collect();
    let deepest = paths.iter().map(|path| path.as_str().matches('/').count()).max().unwrap_or(0);
    for depth in (1..=deepest).rev() {
        let folded: BTreeSet<InvalidationPath> = paths.iter().map(|path| cut(path, depth)).collect();
        let folded = without_covered(folded);
        if folded.len() <= PATHS_AT_MOST {
            return folded;
        }
    }
    if paths.is_empty() { Vec::new() } else { vec![everything()] }
}

/// A path of at most so many levels: what is deeper becomes a wildcard.
fn cut(path: &InvalidationPath, depth: usize) -> InvalidationPath {
    let text = path.as_str();
    match text.match_indices('/').nth(depth) {
        None => path.clone(),
        Some((at, _)) => InvalidationPath::parse(format!("{}*", &text[..=at])).unwrap_or_else(|_| everything()),
    }
}

/// Without those that a wildcard among them covers.
fn without_covered(paths: BTreeSet<InvalidationPath>) -> Vec<InvalidationPath> {
    let starts: Vec<String> =
        paths.iter().filter_map(|path| path.as_str().strip_suffix('*')).map(str::to_owned).collect();
    let covered = |path: &InvalidationPath| {
        let text = path.as_str();
        let own = text.strip_suffix('*').unwrap_or(text);
        starts.iter().any(|start| own.starts_with(start.as_str()) && (own != start || !text.ends_with('*')))
    };
    paths.into_iter().filter(|path| !covered(path)).collect()
}

#[expect(clippy::expect_used, reason = "a constant that the tests parse")]
fn everything() -> InvalidationPath {
    InvalidationPath::parse("/*").expect("a valid path")
}

/// As CloudFront wants a path: everything but unreserved characters and slashes percent-encoded (RFC 3986). A `*` in a
/// name is encoded too, since it would be a wildcard.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use std::time::Duration;

    use driftless_domain::{BucketName, KeyPrefix, ParameterName};

    use super::*;

    fn bound(origin: Option<&str>) -> SiteBinding {
        SiteBinding {
            bucket: BucketName::parse("sites").unwrap(),
            prefix: None,
            distribution: None,
            origin_path: origin.map(|text| KeyPrefix::parse(text).unwrap()),
            parameter: ParameterName::parse("/shop/dev/artifact-key").unwrap(),
            keep: Duration::from_secs(3600),
        }
    }

    fn served(origin: Option<&str>, key: &str) -> Vec<String> {
        served_at(&bound(origin), &ObjectKey::parse(key).unwrap()).iter().map(ToString::to_string).collect()
    }

    fn folded(paths: &[&str]) -> Vec<String> {
        fold(paths.iter().map(|path| InvalidationPath::parse(*path).unwrap())).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_page_is_served_under_the_names_that_sites_give_it() {
        assert_eq!(served(None, "index.html"), ["/index.html", "/"]);
        assert_eq!(served(None, "docs/index.html"), ["/docs/index.html", "/docs/", "/docs"]);
        assert_eq!(served(None, "about.html"), ["/about.html", "/about"]);
        assert_eq!(served(None, "xindex.html"), ["/xindex.html", "/xindex"]);
        assert_eq!(served(None, "a b/\u{e4}*.css"), ["/a%20b/%C3%A4%2A.css"]);
        assert_eq!(served(Some("docs"), "docs/app.js"), ["/app.js"]);
        assert_eq!(served(Some("docs"), "other/app.js"), ["/other/app.js"]);
    }

    #[test]
    fn few_paths_stay_as_they_are_and_many_become_wildcards() {
        assert_eq!(folded(&[]), Vec::<String>::new());
        assert_eq!(folded(&["/b", "/a", "/a"]), ["/a", "/b"]);
        let many: Vec<String> = (0..40).map(|n| format!("/docs/{}/p{n}.html", n % 3)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(folded(&many), ["/docs/0/*", "/docs/1/*", "/docs/2/*"]);
        let wide: Vec<String> = (0..40).map(|n| format!("/d{n}/p.html")).collect();
        let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
        assert_eq!(folded(&wide), ["/*"]);
    }

    #[test]
    fn what_a_wildcard_covers_is_not_named_beside_it() {
        assert_eq!(folded(&["/docs/*", "/docs/a", "/docs/b/*", "/x"]), ["/docs/*", "/x"]);
        assert_eq!(folded(&["/*", "/a", "/"]), ["/*"]);
    }

    #[test]
    fn folding_again_with_more_never_covers_less() {
        let first = folded(
            &(0..20).map(|n| format!("/a/{n}/x")).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let mut more: Vec<&str> = first.iter().map(String::as_str).collect();
        more.push("/b/c");
        assert_eq!(folded(&more), ["/a/*", "/b/c"]);
    }
}
