//! The site that is deployed: made from a seed, the same every time. Assets have a name with a hash of their content, pages
//! refer to them, sizes are log-normal.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;

use bytes::Bytes;
use fastrand::Rng;
use sha2::{Digest as _, Sha256};

/// Everything grows from this.
const SEED: u64 = 0x5EED_0F51;
/// The median size, and how far sizes spread: with 1.02 the mean is 1.68 times the median, 86 MB for 5,000 files.
const MEDIAN: f64 = 10_240.0;
const SPREAD: f64 = 1.02;
/// Assets that every page refers to.
const SHARED: usize = 2;
/// Kinds of assets, as many times as there are of each.
const KINDS: [&str; 12] = ["js", "js", "js", "js", "css", "css", "png", "png", "svg", "webp", "woff2", "json"];
/// Folders of pages: some come before `assets` in the order of the alphabet, most behind.
const SECTIONS: [&str; 10] = ["about", "api", "blog", "company", "docs", "guide", "help", "news", "shop", "tutorial"];
const MIB: usize = 1024 * 1024;

/// How many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) assets: usize,
    pub(crate) pages: usize,
}

impl Extent {
    /// What the issue asks for.
    pub(crate) const FULL: Self = Self { assets: 4_300, pages: 700 };
    /// To try things out.
    pub(crate) const QUICK: Self = Self { assets: 430, pages: 70 };

    fn files(self) -> usize {
        self.assets + self.pages
    }
}

/// One file of a release.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    /// The assets that a page refers to; nothing for an asset.
    pub(crate) refers_to: Vec<String>,
    /// Not in the release before, or with other bytes.
    pub(crate) changed: bool,
}

/// One release: its files by path.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    pub(crate) files: BTreeMap<String, File>,
}

impl Release {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes.len() as u64).sum()
    }
}

/// The three releases of the site, in the order in which they are deployed.
#[derive(Debug)]
pub(crate) struct Releases {
    pub(crate) first: Release,
    /// One file in a hundred is another: assets under new names, and the pages that refer to them.
    pub(crate) changed: Release,
    /// Built before the one above was uploaded: 25 pages differ, every second of them in the same size.
    pub(crate) older: Release,
}

impl Releases {
    pub(crate) fn make(extent: Extent) -> Self {
        let mut rng = Rng::with_seed(SEED);
        let mut assets: Vec<(String, Bytes)> = (0..extent.assets).map(|number| asset(&mut rng, number, 0)).collect();
        let mut pages: Vec<Page> = (0..extent.pages).map(|number| Page::new(&mut rng, number)).collect();
        let first = release("first", extent, &assets, &pages, None);

        // Half of one in a hundred: each of these is on one page, which changes with it.
        let others = (extent.files() / 200).max(1);
        for at in 0..others {
            let number = SHARED + at * ((extent.assets - SHARED) / others);
            if let Some(one) = assets.get_mut(number) {
                *one = asset(&mut rng, number, 1);
            }
        }
        let changed = release("changed", extent, &assets, &pages, Some(&first));

        let others = 25.min(extent.pages / 2);
        for at in 0..others {
            if let Some(page) = pages.get_mut(at * (extent.pages / others)) {
                page.build += 1;
                page.paragraph_more = at % 2 == 1;
            }
        }
        let older = release("older", extent, &assets, &pages, Some(&changed));
        Self { first, changed, older }
    }
}

/// A release of one file of 1 GiB and 200 of 5 MiB, all of chance.
pub(crate) fn large() -> Release {
    let mut rng = Rng::with_seed(SEED);
    let mut bytes = vec![0; 1024 * MIB];
    rng.fill(&mut bytes);
    let all = Bytes::from(bytes);
    // The small ones are pieces of the big one, each from another place: one GiB of memory is enough.
    let piece = |at: usize| all.slice(at * 5 * MIB + 4_099..(at + 1) * 5 * MIB + 4_099);
    let file = |bytes: Bytes| File { bytes, refers_to: Vec::new(), changed: true };
    let mut files: BTreeMap<String, File> =
        (0..200).map(|at| (format!("media/part-{at:03}.bin"), file(piece(at)))).collect();
    files.insert("media/all.bin".to_owned(), file(all.clone()));
    let html = Bytes::from_static(b"<!doctype html><title>Large</title><a href=\"/media/all.bin\">All of it</a>\n");
    files.insert("index.html".to_owned(), file(html));
    Release { name: "large", files }
}

/// What a page is made from.
#[derive(Debug, Clone)]
struct Page {
    number: usize,
    size: usize,
    text: u64,
    build: u32,
    paragraph_more: bool,
}

impl Page {
    fn new(rng: &mut Rng, number: usize) -> Self {
        Self { number, size: size(rng), text: rng.u64(..), build: 1, paragraph_more: false }
    }

    fn path(&self) -> String {
        match self.number {
            0 => "index.html".to_owned(),
            number => format!("{}/page-{number:03}.html", SECTIONS[number % SECTIONS.len()]),
        }
    }

    fn render(&self, assets: &[String]) -> Bytes {
        let Self { number, size, text, build, paragraph_more } = self;
        let mut html = format!("<!doctype html>\n<html lang=\"en\"><head><title>Page {number}</title>\n");
        for asset in assets {
            let _ = match asset.rsplit('.').next() {
                Some("js") => writeln!(html, "<script src=\"/{asset}\" defer></script>"),
                Some("css") => writeln!(html, "<link rel=\"stylesheet\" href=\"/{asset}\">"),
                Some("png" | "svg" | "webp") => writeln!(html, "<img src=\"/{asset}\" alt=\"\">"),
                _ => writeln!(html, "<link rel=\"preload\" href=\"/{asset}\" as=\"fetch\">"),
            };
        }
        let _ = writeln!(html, "</head><body><p>Build {build:08}</p>");
        let mut body = vec![0; size.saturating_sub(html.len()) + 1];
        fill(&mut Rng::with_seed(*text), &mut body, true);
        html.push_str(&String::from_utf8_lossy(&body));
        if *paragraph_more {
            html.push_str("\n<p>One paragraph more than before.</p>");
        }
        html.push_str("\n</body></html>\n");
        Bytes::from(html)
    }
}

fn release(
    name: &'static str,
    extent: Extent,
    assets: &[(String, Bytes)],
    pages: &[Page],
    before: Option<&Release>,
) -> Release {
    let mut files = BTreeMap::new();
    let mut add = |path: String, bytes: Bytes, refers_to: Vec<String>| {
        let same = before.and_then(|before| before.files.get(&path)).is_some_and(|file| file.bytes == bytes);
        files.insert(path, File { bytes, refers_to, changed: !same });
    };
    for (path, bytes) in assets {
        add(path.clone(), bytes.clone(), Vec::new());
    }
    for page in pages {
        // The shared ones, and every asset on one page.
        let own = assets.iter().skip(SHARED).skip(page.number).step_by(extent.pages);
        let refers_to: Vec<String> = assets.iter().take(SHARED).chain(own).map(|(path, _)| path.clone()).collect();
        add(page.path(), page.render(&refers_to), refers_to);
    }
    Release { name, files }
}

/// An asset and its name, which changes with its content.
fn asset(rng: &mut Rng, number: usize, version: u32) -> (String, Bytes) {
    let kind = KINDS[number % KINDS.len()];
    let mut bytes = vec![0; size(rng)];
    fill(rng, &mut bytes, matches!(kind, "js" | "css" | "svg" | "json"));
    bytes.extend_from_slice(format!("\n/* {number} {version} */\n").as_bytes());
    let digest = Sha256::digest(&bytes);
    let hash: String = if number.is_multiple_of(2) {
        digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    } else {
        digest.iter().take(8).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
    };
    (format!("assets/part{number:04}-{hash}.{kind}"), Bytes::from(bytes))
}

/// A log-normal size.
fn size(rng: &mut Rng) -> usize {
    // Box and Muller: two even numbers make a normal one.
    let normal = (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (TAU * rng.f64()).cos();
    (MEDIAN * (SPREAD * normal).exp()) as usize + 64
}

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORDS: &str = "what runs is what people approved, and when it drifts it is found and put right; ";

/// Half of it compresses well, the other half does not.
fn fill(rng: &mut Rng, bytes: &mut [u8], text: bool) {
    let (hard, easy) = bytes.split_at_mut(bytes.len() / 2);
    rng.fill(hard);
    if text {
        hard.iter_mut().for_each(|byte| *byte = LETTERS[usize::from(*byte) % LETTERS.len()]);
    }
    easy.iter_mut().zip(WORDS.bytes().cycle()).for_each(|(byte, letter)| *byte = letter);
}

#[cfg(test)]
mod tests {
    use super::{Extent, Release, Releases};

    fn differing(a: &Release, b: &Release) -> Vec<String> {
        let other = |path: &&String| a.files.get(*path).is_none_or(|file| file.bytes != b.files[*path].bytes);
        b.files.keys().filter(other).cloned().collect()
    }

    #[test]
    fn the_site_has_the_files_that_the_issue_asks_for() {
        let Releases { first, changed, older } = Releases::make(Extent::FULL);
        assert_eq!(first.files.len(), 5_000);
        assert!((80_000_000..92_000_000).contains(&first.bytes()), "{}", first.bytes());
        let mut sizes: Vec<usize> = first.files.values().map(|file| file.bytes.len()).collect();
        sizes.sort_unstable();
        assert!((9_500..11_500).contains(&sizes[2_500]), "{}", sizes[2_500]);

        assert_eq!(differing(&first, &changed).len(), 50, "one in a hundred");
        let pages = differing(&changed, &older);
        assert_eq!(pages.len(), 25);
        assert!(pages.iter().all(|path| path.ends_with(".html")));
        let same_size = |path: &&String| changed.files[*path].bytes.len() == older.files[*path].bytes.len();
        assert_eq!(pages.iter().filter(same_size).count(), 13);
        assert_eq!(older.files.values().filter(|file| file.changed).count(), 25);
    }

    #[test]
    fn every_asset_is_on_a_page_that_names_it_and_every_name_is_a_file() {
        let Releases { changed, .. } = Releases::make(Extent::QUICK);
        let mut named = std::collections::BTreeSet::new();
        for (path, file) in changed.files.iter().filter(|(_, file)| !file.refers_to.is_empty()) {
            let html = String::from_utf8_lossy(&file.bytes);
            for asset in &file.refers_to {
                assert!(html.contains(&format!("\"/{asset}\"")), "{path} names {asset}");
                assert!(changed.files.contains_key(asset), "{asset}");
                named.insert(asset.clone());
            }
        }
        assert_eq!(named.len(), Extent::QUICK.assets);
    }

    #[test]
    fn it_is_the_same_every_time() {
        let [a, b] = [0, 1].map(|_| Releases::make(Extent::QUICK).older);
        assert_eq!(differing(&a, &b), Vec::<String>::new());
    }
}
