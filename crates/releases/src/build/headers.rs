//! How each file of a build is served, and when its turn is: by the rules of the spec, and where none matches by what its
//! name says.

use std::collections::BTreeSet;
use std::path::Path;

use driftless_domain::{ContentEncoding, FileClass, Headers, SitePath};
use driftless_spec::HeaderRule;
use globset::{GlobBuilder, GlobMatcher};

use super::bad::BadBuild;
use super::hashed_names::HashedNames;
use super::media_types::media_type;

/// For what is never changed under its name: a year, and no question in between.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For what says which of the others are current.
const REVALIDATE: &str = "max-age=0, must-revalidate";
/// For the rest.
const HOUR: &str = "public, max-age=3600";

/// The rules that decide over the files of one build.
pub(super) struct Serving<'a> {
    rules: Vec<(GlobMatcher, &'a str)>,
    paths: &'a BTreeSet<&'a str>,
    hashed: HashedNames<'a>,
}

impl<'a> Serving<'a> {
    /// By these rules, for a build with these files.
    pub(super) fn new(rules: &'a [HeaderRule], paths: &'a BTreeSet<&'a str>) -> Result<Self, BadBuild> {
        let compile = |rule: &'a HeaderRule| {
            // As the spec was checked (crates/spec/src/rules.rs): a star stays within one part of the path.
            let glob = GlobBuilder::new(&rule.pattern).literal_separator(true).build();
            let glob = glob.map_err(|_| BadBuild::Rule(rule.pattern.clone()))?;
            Ok((glob.compile_matcher(), rule.cache_control.as_str()))
        };
        let rules = rules.iter().map(compile).collect::<Result<_, BadBuild>>()?;
        let scripts = paths.iter().copied().filter(|path| !is_page(path));
        Ok(Self { rules, paths, hashed: HashedNames::of(scripts) })
    }

    /// The headers and the turn of a file.
    pub(super) fn of(&self, path: &SitePath) -> (Headers, FileClass) {
        let (plain, content_encoding) = self.plain(path.as_str());
        let class = self.class_of(plain);
        let cache_control = self.by_rule(path.as_str()).or_else(|| self.by_rule(plain)).unwrap_or(match class {
            FileClass::Asset => IMMUTABLE,
            FileClass::Other => HOUR,
            FileClass::Page => REVALIDATE,
        });
        let content_type = media_type(plain);
        (Headers { content_type, cache_control: cache_control.to_owned(), content_encoding }, class)
    }

    fn class_of(&self, path: &str) -> FileClass {
        if is_page(path) {
            FileClass::Page
        } else if self.hashed.contains(path) {
            FileClass::Asset
        } else {
            FileClass::Other
        }
    }

    fn by_rule(&self, path: &str) -> Option<&'a str> {
        self.rules.iter().find(|(glob, _)| glob.is_match(Path::new(path))).map(|(_, cache_control)| *cache_control)
    }

    /// What a file is when it is not compressed. `app.js.gz` is `app.js` in another form when `app.js` is there too, and an
    /// archive that people download when it is not.
    fn plain<'p>(&self, path: &'p str) -> (&'p str, Option<ContentEncoding>) {
        for (ending, encoding) in [(".gz", ContentEncoding::Gzip), (".br", ContentEncoding::Br)] {
            if let Some(plain) = path.strip_suffix(ending).filter(|plain| self.paths.contains(plain)) {
                return (plain, Some(encoding));
            }
        }
        // The one type that is compressed by definition: browsers do not show it without the header.
        let compressed = path.to_ascii_lowercase().ends_with(".svgz");
        (path, compressed.then_some(ContentEncoding::Gzip))
    }
}

/// Whether a file says which of the others are current: it is read again and again under the same name, is published last
/// and is never taken for immutable, whatever its name looks like.
fn is_page(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name).to_ascii_lowercase();
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" | "htm" | "xhtml" | "xht" | "shtml" => true,
        // JSON is fetched by programs, mostly to learn what is current: version files, page data, lists of assets.
        "json" | "webmanifest" | "appcache" => true,
        "js" | "mjs" => is_service_worker(&name),
        // Read by Apple's devices as JSON, and it has no ending.
        "" => name == "apple-app-site-association",
        _ => false,
    }
}

/// Whether a script is a service worker or registers one. Browsers look for a new one under the same name, and a cached
/// old one goes on serving the old site. (What is imported by them has a hash in its name: `workbox-1a2b3c4d.js`.)
fn is_service_worker(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "sw",
        "service-worker",
        "serviceworker",
        "service_worker",
        "flutter_service_worker",
        "ngsw-worker",
        "safety-worker",
        "worker-basic",
        "registersw",
        "register-sw",
        "registerserviceworker",
        "onesignalsdkworker",
    ];
    let stem = name.trim_end_matches(".mjs").trim_end_matches(".js").trim_end_matches(".min");
    NAMES.contains(&stem) || stem.ends_with("-sw") || stem.ends_with(".sw") || stem.ends_with("-service-worker")
}
