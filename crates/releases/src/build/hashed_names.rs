//! Which names hold a hash of the content, so that what they name never changes.
//!
//! A wrong "yes" is stale in browsers for a year, a wrong "no" is asked about once an hour. So a name is taken for hashed
//! only where chance is the worse explanation, and this is the whole rule, over the part of the name behind a dot or a dash:
//!
//! 1. **Hexadecimal** of a length that tools write ([`HEX_LENGTHS`]), with letters and digits: `main.3f2a9c1b.js`. Alone as
//!    a name (`3f2a9c1b7d8e9f01.js`) from 16 on. Not `20240131`, `deadbeef`, `cafe2019`, a UUID or an id of a database.
//! 2. **Eight of base64url** (Rollup: Vite, Astro, SvelteKit, Nuxt, VitePress) or **of base32** (esbuild: Angular), when
//!    the kinds of characters change more often than in words: `BkR3x9_a`, and not `HomePage`, `Web3Docs` or `IMG_2034`.
//! 3. Two in five of those look like words. They are taken for hashes where most scripts and style sheets of the directory
//!    have eight characters in that place which, on average, are no words: a directory that a bundler wrote.
//! 4. SvelteKit says it by the directory (`_app/immutable/`), Next by a build id (`_next/static/{id}/_buildManifest.js`).
//!
//! HTML and JSON are never asked about (`headers`), and what no bundler emits (documents, archives) is never taken.

use std::collections::BTreeMap;

/// What a name ends with where short hashes are believed: code, and what goes with it.
const CODE: [&str; 11] = ["js", "mjs", "cjs", "css", "map", "wasm", "woff", "woff2", "ttf", "otf", "eot"];
/// The scripts and style sheets among it, by which a directory of a bundler is known.
const SCRIPTS: [&str; 4] = ["js", "mjs", "cjs", "css"];
/// Pictures and the like. People name these, so more is demanded.
const MEDIA: [&str; 16] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "mp4", "webm", "mp3", "ogg", "m4a", "glb", "ktx2", "hdr",
];

/// webpack, CRA, Parcel, rustdoc, mdBook, Propshaft write 8; Django 12; Angular before 17 and Next 16; webpack and Gatsby
/// 20; MD5 has 32, SHA-1 40, and Hugo and Sprockets write 64 to 128. Not 24: an id of MongoDB.
const HEX_LENGTHS: [usize; 10] = [8, 10, 12, 16, 20, 32, 40, 64, 96, 128];

/// Pictures that are called by the hash of their source (Sphinx, Asciidoctor): the tool may draw them anew under that name.
const DRAWN: [&str; 6] = ["graphviz-", "inheritance-", "plantuml-", "mermaid-", "diag-", "ditaa-"];

/// How often the kind of characters changes in words, at most.
const WORD: usize = 2;

/// The hashed names of one build.
pub(super) struct HashedNames<'a> {
    /// Where the scripts of a directory have a hash of eight characters, for the directories of which that is sure.
    moulds: BTreeMap<(&'a str, Shape), Mould>,
}

/// Where a hash of eight characters stands and of which alphabet it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    join: Join,
    alphabet: Alphabet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Join {
    /// `BkR3x9_a.js`.
    Whole,
    /// `theme.BkR3x9_a.js`.
    Dot,
    /// `index-BkR3x9_a.js`.
    Dash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alphabet {
    /// Base64url, of which both cases are there.
    Mixed,
    /// Base32: capitals and 2 to 7.
    Capitals,
}

/// What the scripts of one directory have in one place.
#[derive(Debug, Clone, Copy, Default)]
struct Mould {
    scripts: usize,
    changes: usize,
}

impl<'a> HashedNames<'a> {
    /// Of a build with these files.
    pub(super) fn of(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut moulds: BTreeMap<(&str, Shape), Mould> = BTreeMap::new();
        let mut scripts: BTreeMap<&str, usize> = BTreeMap::new();
        for path in paths {
            let name = Name::of(path);
            if !SCRIPTS.contains(&name.ending) {
                continue;
            }
            *scripts.entry(name.directory).or_default() += 1;
            if let Some((shape, token)) = name.eight() {
                let mould = moulds.entry((name.directory, shape)).or_default();
                mould.scripts += 1;
                mould.changes += changes(token);
            }
        }
        moulds.retain(|(directory, shape), mould| {
            // Random eights of base64url change 2.9 times on average, those of base32 twice; words hardly once.
            let random = match shape.alphabet {
                Alphabet::Mixed => mould.changes >= 2 * mould.scripts,
                Alphabet::Capitals => 2 * mould.changes >= 3 * mould.scripts,
            };
            mould.scripts >= 2 && 2 * mould.scripts > scripts.get(directory).copied().unwrap_or(0) && random
        });
        Self { moulds }
    }

    /// Whether the name at the end of a path holds a hash.
    pub(super) fn contains(&self, path: &str) -> bool {
        let name = Name::of(path);
        let code = CODE.contains(&name.ending);
        let media = MEDIA.contains(&name.ending);
        if by_directory(path) {
            return true;
        }
        if !(code || media) || media && DRAWN.iter().any(|drawn| name.stem.starts_with(drawn)) {
            return false;
        }
        name.has_hex(code) || name.eight().is_some_and(|(shape, token)| self.is_random(&name, code, shape, token))
    }

    fn is_random(&self, name: &Name<'_>, code: bool, shape: Shape, token: &str) -> bool {
        let changes = changes(token);
        let moulded = self.moulds.contains_key(&(name.directory, shape));
        match (shape.alphabet, moulded) {
            // Nothing but a name: only other such names show that it is no word.
            (_, false) if shape.join == Join::Whole => false,
            (Alphabet::Mixed, true) => changes >= if code { 1 } else { WORD },
            (Alphabet::Mixed, false) => changes > if code { WORD } else { WORD + 1 },
            (Alphabet::Capitals, true) => code || changes >= 1,
            (Alphabet::Capitals, false) => changes > WORD,
        }
    }
}

/// Directories that hold nothing else.
fn by_directory(path: &str) -> bool {
    if path.starts_with("_app/immutable/") || path.contains("/_app/immutable/") {
        return true;
    }
    let Some((_, below)) = path.split_once("_next/static/") else { return false };
    // A build id that somebody chose (a version, `production`) may come again, and one by chance does not.
    let Some((id, name)) = below.split_once('/') else { return false };
    let by_chance = (id.len() == 21 && id.bytes().all(is_base64url) && changes(id) > 2 * WORD) || is_hex(id, 32);
    by_chance && name.starts_with('_') && name.ends_with("Manifest.js")
}

/// A path, taken apart.
struct Name<'a> {
    directory: &'a str,
    /// The name without its ending.
    stem: &'a str,
    ending: &'a str,
}

impl<'a> Name<'a> {
    fn of(path: &'a str) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        // webpack puts the licences of a script beside it.
        let name = name.strip_suffix(".LICENSE.txt").unwrap_or(name);
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        Self { directory, stem, ending }
    }

    /// Rule 1. Dots are behind the hash too (`bundle.3f2a9c1b.min.js`), so every part is looked at.
    fn has_hex(&self, code: bool) -> bool {
        self.stem.split('.').enumerate().any(|(index, part)| {
            // A UUID names a thing, not what is in it.
            if is_uuid(part) {
                return false;
            }
            // Next's fonts: `a34f9d1faa5f3315-s.p.woff2`.
            let part = part.strip_suffix("-s").filter(|font| is_hex(font, 16)).unwrap_or(part);
            match part.rsplit_once('-') {
                Some((_, token)) => is_hex(token, 8),
                None if index > 0 => is_hex(part, 8),
                // webpack calls pictures by 20; other pictures with such names are called by what they are of.
                None => is_hex(part, 16) && (code || part.len() == 20),
            }
        })
    }

    /// The eight characters that may be a hash of rule 2, from the last part that has some.
    fn eight(&self) -> Option<(Shape, &'a str)> {
        self.stem.split('.').enumerate().collect::<Vec<_>>().into_iter().rev().find_map(|(index, part)| {
            // Astro adds what was done to a picture: `penguin.DlYsdX7k_Z1abcd.webp`.
            let astro = self.directory.ends_with("_astro") && index > 0 && part.as_bytes().get(8) == Some(&b'_');
            let part = if astro { part.get(..8)? } else { part };
            let at = part.len().checked_sub(8)?;
            let token = part.get(at..)?;
            let join = match at.checked_sub(1).map(|before| part.as_bytes().get(before)) {
                Some(Some(b'-')) => Join::Dash,
                Some(_) => return None,
                None if index > 0 => Join::Dot,
                None => Join::Whole,
            };
            Some((Shape { join, alphabet: alphabet(token)? }, token))
        })
    }
}

fn alphabet(token: &str) -> Option<Alphabet> {
    if token.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)) {
        return Some(Alphabet::Capitals);
    }
    let any = |kind: fn(&u8) -> bool| token.bytes().any(|b| kind(&b));
    // Without both cases it may be a size (`640x480p`), a version (`v1alpha1`) or a picture (`IMG_2034`); hardly any hash is.
    let mixed = token.bytes().all(is_base64url) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    mixed.then_some(Alphabet::Mixed)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// How often the kind of characters changes, not counting a capital before a small letter, with which words begin.
fn changes(token: &str) -> usize {
    let odd = |(one, next): (u8, u8)| {
        let (one_digit, next_digit) = (one.is_ascii_digit(), next.is_ascii_digit());
        let letters = one.is_ascii_lowercase() && next.is_ascii_uppercase();
        let to_digit = one.is_ascii_alphabetic() && next_digit || one_digit && next.is_ascii_alphabetic();
        letters || to_digit
    };
    token.bytes().zip(token.bytes().skip(1)).filter(|pair| odd(*pair)).count()
}

/// Whether a token is a hash in hexadecimal of at least so many digits.
fn is_hex(token: &str, least: usize) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.bytes().filter(|b| (b'a'..=b'f').contains(b)).count();
    let year =
        |text: Option<&str>| text.is_some_and(|year| year.starts_with("19") || year.starts_with("20")) && digits == 4;
    token.len() >= least
        && HEX_LENGTHS.contains(&token.len())
        && digits + letters == token.len()
        && digits > 0
        && letters > 0
        // `cafe2019` and `2019cafe` are words with a year.
        && !(token.len() == 8 && (year(token.get(4..)) || year(token.get(..4))))
        && !is_plain_uuid(token)
}

/// A UUID by chance (version 4), written without dashes.
fn is_plain_uuid(token: &str) -> bool {
    let at = |index: usize| token.as_bytes().get(index);
    token.len() == 32 && at(12) == Some(&b'4') && matches!(at(16), Some(b'8' | b'9' | b'a' | b'b'))
}

/// Whether a part of a name ends with a UUID.
fn is_uuid(part: &str) -> bool {
    let groups: Vec<&str> = part.rsplit('-').take(5).collect();
    let hex = |group: &&str| group.bytes().all(|b| b.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([12, 4, 4, 4, 8]) && groups.iter().all(hex)
}
