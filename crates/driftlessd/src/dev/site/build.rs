//! Builds of the site, as a bundler writes them: names with a hash of the content, and pages that refer to them.

use std::io::{Cursor, Write as _};

use driftless_domain::{AppName, NameError, ObjectKey, Sha256, Tag};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

/// The files of the build that is called by this tag. What does not say the tag is the same in every build.
pub(super) fn files(tag: &Tag) -> Vec<(String, Vec<u8>)> {
    let script = hashed("app", "js", format!("document.title += ' ({tag})'\n"));
    let style = hashed("style", "css", format!("body {{ font: 16px/1.5 sans-serif }} /* {tag} */\n"));
    let photo = hashed("photo", "svg", drawing(tag.as_str()));
    let vendor = hashed("vendor", "js", "export const vendor = 'the same in every build'\n".to_owned());
    let page = |up: &str, title: &str, text: &str| {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<title>{title}</title>\n\
             <link rel=\"icon\" href=\"{up}favicon.svg\">\n<link rel=\"manifest\" href=\"{up}site.webmanifest\">\n\
             <link rel=\"stylesheet\" href=\"{up}{}\">\n\
             <script type=\"module\" src=\"{up}{}\"></script>\n<script type=\"module\" src=\"{up}{}\"></script>\n\
             <img src=\"{up}logo.svg\" alt=\"\">\n<h1>{title}</h1>\n<p>{text}</p>\n<img src=\"{up}{}\" alt=\"{tag}\">\n\
             <a href=\"{up}index.html\">home</a> <a href=\"{up}guide/index.html\">guide</a>\n",
            style.0, vendor.0, script.0, photo.0,
        )
    };
    let search = format!("{{\"build\":\"{tag}\",\"pages\":[\"/\",\"/guide/\",\"/guide/install.html\"]}}\n");
    let texts = [
        ("404.html", page("/", "Not here", "This page is not in the docs.")),
        ("favicon.svg", drawing("d")),
        ("guide/index.html", page("../", "Guide", "How to go about it.")),
        ("guide/install.html", page("../", "Install", "Take it, put it somewhere, start it.")),
        ("index.html", page("", "Docs", &format!("These are the docs of build {tag}."))),
        ("logo.svg", drawing("docs")),
        ("robots.txt", "User-agent: *\n".to_owned()),
        ("search.json", search),
        ("site.webmanifest", format!("{{\"name\":\"docs {tag}\"}}\n")),
    ];
    let texts = texts.into_iter().map(|(path, text)| (path.to_owned(), text));
    let all = [script, photo, style, vendor].into_iter().chain(texts);
    all.map(|(path, text)| (path, text.into_bytes())).collect()
}

/// A file that is named by what is in it.
fn hashed(name: &str, kind: &str, text: String) -> (String, String) {
    let hash: String = Sha256::of(text.as_bytes()).to_string().chars().take(12).collect();
    (format!("assets/{name}-{hash}.{kind}"), text)
}

fn drawing(word: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 40\"><text y=\"30\">{word}</text></svg>\n")
}

/// A zip of these files; the same for the same files.
pub(crate) fn zip_of(files: &[(String, Vec<u8>)]) -> ZipResult<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(path.as_str(), SimpleFileOptions::default())?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Where CI puts the build.
pub(crate) fn key_of(app: &AppName, tag: &Tag) -> Result<ObjectKey, NameError> {
    ObjectKey::parse(format!("builds/{app}/{tag}.zip"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Cursor;

    use driftless_domain::{FileClass, Tag};
    use driftless_spec::Kind;

    use super::super::Site;
    use super::{files, zip_of};

    fn build(tag: &str) -> BTreeMap<String, Vec<u8>> {
        files(&Tag::parse(tag).unwrap()).into_iter().collect()
    }

    /// What a page names in `src` and `href`.
    fn references(page: &str) -> Vec<&str> {
        let quoted = page.split(['"']).collect::<Vec<_>>();
        let named = quoted.windows(2).filter(|two| two[0].ends_with("src=") || two[0].ends_with("href="));
        named.map(|two| two[1]).collect()
    }

    #[test]
    fn every_page_refers_to_what_the_build_has_s13() {
        let build = build("v1");
        let mut pages = 0;
        for (path, content) in build.iter().filter(|(path, _)| path.ends_with(".html")) {
            pages += 1;
            let references = references(std::str::from_utf8(content).unwrap());
            assert_eq!(references.len(), 9, "{path}");
            for reference in references {
                let above = if path.contains('/') { "../" } else { "" };
                let key = reference.strip_prefix('/').or(reference.strip_prefix(above)).unwrap();
                assert!(build.contains_key(key), "{path} refers to {reference}, which is not there");
            }
        }
        assert_eq!(pages, 4);
    }

    #[test]
    fn two_builds_share_what_does_not_change() {
        let (one, other) = (build("v1"), build("v2"));
        let shared: Vec<&str> =
            one.iter().filter(|(path, text)| other.get(*path) == Some(text)).map(|(path, _)| path.as_str()).collect();
        assert_eq!((one.len(), shared.len()), (13, 4), "{shared:?}");
        assert!(shared[0].starts_with("assets/vendor-"), "{shared:?}");
    }

    #[test]
    fn a_build_may_be_published_and_its_hashed_names_are_known_for_what_they_are() {
        let site = Site::of_the_example().unwrap();
        let Kind::StaticSite(app) = &site.spec.kind else { panic!("a site") };
        let tag = Tag::parse("sha-1a2b3c4").unwrap();
        let zip = site.build(&tag).unwrap();
        assert_eq!(zip, zip_of(&files(&tag)).unwrap(), "the same build has the same sha256");
        let manifest = driftless_releases::inspect(Cursor::new(zip), app).unwrap();
        let hashed = manifest.files.iter().filter(|file| file.class == FileClass::Asset);
        assert_eq!(hashed.count(), 4, "{manifest:?}");
    }
}
