//! What an HTML page needs besides itself. Anchors and frames are other pages, not parts of this one, and do not count.

use std::collections::BTreeSet;

use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};

/// The kinds of links that are parts of the page.
const PARTS: [&str; 9] = [
    "stylesheet",
    "icon",
    "apple-touch-icon",
    "apple-touch-icon-precomposed",
    "mask-icon",
    "preload",
    "modulepreload",
    "prefetch",
    "manifest",
];

/// A page, as written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// `<base href>`: the first counts.
    base: Option<String>,
    references: Vec<String>,
}

impl Page {
    pub(crate) fn parse(html: &[u8]) -> Self {
        let text = String::from_utf8_lossy(html);
        let mut emitter = DefaultEmitter::default();
        // So that what a script says is no tag.
        emitter.naively_switch_states(true);
        let mut page = Self::default();
        for token in Tokenizer::new_with_emitter(text.as_ref(), emitter) {
            let Ok(token) = token;
            if let Token::StartTag(tag) = token {
                page.read(&tag);
            }
        }
        page
    }

    /// The paths that a page at a path of its site refers to, from the site's root.
    pub(crate) fn paths(&self, path: &str) -> BTreeSet<String> {
        // A key is text; in a reference `%` begins an escape.
        let own = path.replace('%', "%25");
        let base = match &self.base {
            None => own,
            Some(base) if cut(base).is_empty() => own,
            Some(base) => match join(&own, base) {
                Some(base) => base,
                None => return BTreeSet::new(),
            },
        };
        let path = |reference: &String| {
            let path = decoded(&join(&base, reference)?)?;
            (!path.is_empty() && !path.ends_with('/')).then_some(path)
        };
        self.references.iter().filter(|reference| !cut(reference).is_empty()).filter_map(path).collect()
    }

    fn read(&mut self, tag: &StartTag<()>) {
        let attribute = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            Some(String::from_utf8_lossy(&value.value).into_owned())
        };
        match tag.name.as_slice() {
            b"base" => self.base = self.base.take().or_else(|| attribute("href")),
            b"script" | b"audio" | b"track" | b"embed" | b"input" => self.references.extend(attribute("src")),
            b"object" => self.references.extend(attribute("data")),
            b"video" => self.references.extend([attribute("src"), attribute("poster")].into_iter().flatten()),
            b"img" | b"source" => {
                self.references.extend(attribute("src"));
                self.references.extend(attribute("srcset").iter().flat_map(|set| candidates(set)));
            }
            b"link" => {
                let rel = attribute("rel").unwrap_or_default().to_ascii_lowercase();
                if rel.split_ascii_whitespace().any(|rel| PARTS.contains(&rel)) {
                    self.references.extend(attribute("href"));
                    self.references.extend(attribute("imagesrcset").iter().flat_map(|set| candidates(set)));
                }
            }
            _ => {}
        }
    }
}

/// The URLs of a srcset: each up to white space, with a description up to the next comma.
fn candidates(set: &str) -> Vec<String> {
    let mut urls = Vec::new();
    let mut rest = set;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return urls;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (url, after) = rest.split_at(end);
        let bare = url.trim_end_matches(',');
        urls.push(bare.to_owned());
        // A comma at the end of the URL ends the candidate; otherwise its description goes on to the next one.
        rest = if bare.len() < url.len() { after } else { after.find(',').map_or("", |comma| &after[comma..]) };
    }
}

/// A reference without white space around it, fragment and query.
fn cut(reference: &str) -> &str {
    let trimmed = reference.trim_matches(|c: char| c.is_ascii_whitespace());
    let end = trimmed.find(['#', '?']).unwrap_or(trimmed.len());
    &trimmed[..end]
}

/// Where a reference leads from a path, still percent-encoded and without the slash in front; `None` when it leads to
/// another host or is no path at all (`data:`).
fn join(base: &str, reference: &str) -> Option<String> {
    let reference = cut(reference);
    if reference.starts_with("//") || has_scheme(reference) {
        return None;
    }
    let folder = base.rfind('/').map_or("", |slash| &base[..=slash]);
    let joined = match reference.strip_prefix('/') {
        Some(rooted) => rooted.to_owned(),
        None => format!("{folder}{reference}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    let mut folder = false;
    for part in joined.split('/') {
        folder = matches!(part, "" | "." | "..");
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut path = parts.join("/");
    if folder && !path.is_empty() {
        path.push('/');
    }
    Some(path)
}

fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else { return false };
    scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// A path without its escapes. `None` when what is encoded is no text, and so no key.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                text.push(byte);
                at += 3;
            }
            None => {
                text.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, html: &str) -> Vec<String> {
        Page::parse(html.as_bytes()).paths(path).into_iter().collect()
    }

    #[test]
    fn every_part_of_a_page_is_found_and_no_other_page() {
        let html = r#"<!doctype html><link rel="Shortcut Icon" href=i.ico><link rel=stylesheet href="/a.css?v=1#x">
            <link rel=canonical href=/c><link rel=alternate href=feed.xml><script src="m.js"></script>
            <script>document.write('<img src=never.png>')</script><a href=next.html>x</a><iframe src=f.html></iframe>
            <!-- <img src=comment.png> --><picture><source srcset="s1.png 1x, s2.png 2x,s3.png"><img src='i.png'></picture>
            <video src=v.mp4 poster=p.jpg><track src=t.vtt></video><audio src=au.mp3></audio><embed src=e.pdf>
            <object data=o.svg></object><input type=image src=in.png><img src="a&amp;b.png">
            <link rel=preload as=image imagesrcset="w1.png 100w, w2.png 200w">"#;
        let found = paths("index.html", html);
        let expected = [
            "a&b.png", "a.css", "au.mp3", "e.pdf", "i.ico", "i.png", "in.png", "m.js", "o.svg", "p.jpg", "s1.png",
            "s2.png", "s3.png", "t.vtt", "v.mp4", "w1.png", "w2.png",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn references_are_resolved_as_a_browser_does() {
        for (page, reference, expected) in [
            ("a/b/index.html", "x.js", "a/b/x.js"),
            ("a/b/index.html", "../x.js", "a/x.js"),
            ("a/index.html", "../../../x.js", "x.js"),
            ("a/index.html", "./c/./d/../x.js", "a/c/x.js"),
            ("a/index.html", "/x.js", "x.js"),
            ("index.html", "a%20b%2Bc.js", "a b+c.js"),
            ("50%/index.html", "x.js", "50%/x.js"),
            ("index.html", " x.js ", "x.js"),
        ] {
            assert_eq!(paths(page, &format!("<script src=\"{reference}\"></script>")), [expected], "{reference}");
        }
        for elsewhere in ["https://cdn.example/x.js", "//cdn.example/x.js", "data:,x", "#a", "?q", "", "/", "a/", "%ff"]
        {
            assert!(paths("index.html", &format!("<img src=\"{elsewhere}\">")).is_empty(), "{elsewhere}");
        }
    }

    #[test]
    fn the_base_of_a_page_counts() {
        let html = |base: &str| format!("<base href=\"{base}\"><script src=x.js></script><img src=/y.png>");
        assert_eq!(paths("a/index.html", &html("/app/")), ["app/x.js", "y.png"]);
        assert_eq!(paths("a/index.html", &html("..")), ["x.js", "y.png"]);
        assert_eq!(paths("a/index.html", &html("/")), ["x.js", "y.png"]);
        assert!(paths("a/index.html", &html("https://cdn.example/")).is_empty());
    }
}
