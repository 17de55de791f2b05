//! Names around S3 and CloudFront: keys, paths, versions, ETags, the paths of invalidations.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::NameError;
use crate::names::name;

/// A path within a site that is written in exactly one way: what `../x`, `/abs`, `C:/x`, `a\b`, `a//b` and `a/./b` are not
/// (docs/design/faults.md, "Zip artifacts").
fn site_path(text: &str) -> bool {
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    (1..=900).contains(&text.len())
        && !drive
        && !text
            .chars()
            .any(|c| c.is_control() || c == '\\' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn object_key(text: &str) -> bool {
    // "." and ".." parts would be resolved by clients on the way.
    (1..=1024).contains(&text.len())
        && !text.chars().any(char::is_control)
        && !text.split('/').any(|part| matches!(part, "." | ".."))
}

fn key_prefix(text: &str) -> bool {
    let part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    text.len() <= 201 && text.strip_suffix('/').is_some_and(|path| path.split('/').all(part))
}

name!(
    /// A file within a site, by its path from the site's root: `assets/app-1a2b3c4d.js`. Written in exactly one way.
    SitePath, "site path",
    "a relative path of 1 to 900 bytes, with / between its parts and without empty, . or .. parts, \\, drive letters and \
     control characters",
    site_path
);
name!(
    /// An object in a bucket.
    ObjectKey, "object key", "1 to 1024 bytes without control characters, and without . and .. between slashes",
    object_key
);
name!(
    /// A version of an object in a bucket with versioning. The `null` version pins nothing and is refused.
    VersionId, "version id", "1 to 1024 characters that can be seen, and not null",
    |t| (1..=1024).contains(&t.len()) && t != "null" && t.bytes().all(|b| b.is_ascii_graphic())
);
name!(
    /// What S3 calls the content of an object, without the quotes around it.
    ETag, "ETag", "1 to 200 characters that can be seen, without quotes",
    |t| (1..=200).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
);
name!(
    /// What an invalidation names: `/docs/index.html`, or `/docs/*` for all that begins so. Percent-encoded as CloudFront
    /// wants it.
    InvalidationPath, "invalidation path", "begins with /, ASCII, 1 to 4000 characters, * only at its end",
    |t| (1..=4000).contains(&t.len())
        && t.starts_with('/')
        && t.bytes().all(|b| b.is_ascii_graphic())
        && !t[..t.len() - 1].contains('*')
);

/// A prefix of object keys: `docs/`, without a slash in front and always with one at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// The rule that [`parse`](Self::parse) enforces.
    pub const RULE: &'static str =
        "1 to 200 letters, digits, - _ . and /, not beginning with / and without empty, . or .. parts";

    /// Parses the text; the slash at its end may be left out.
    ///
    /// # Errors
    /// [`NameError`] with the rule, when the text breaks it.
    pub fn parse<'a>(text: impl Into<Cow<'a, str>>) -> Result<Self, NameError> {
        let text: Cow<'a, str> = text.into();
        let whole = if text.ends_with('/') { text.to_string() } else { format!("{text}/") };
        if key_prefix(&whole) {
            Ok(Self(whole))
        } else {
            Err(NameError { kind: "prefix", shown: text.chars().take(80).collect(), rule: Self::RULE })
        }
    }

    /// The prefix, with its slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyPrefix {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for KeyPrefix {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl From<KeyPrefix> for String {
    fn from(prefix: KeyPrefix) -> String {
        prefix.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_with_one_slash_and_stay_inside_the_bucket() {
        for (given, kept) in [("docs", "docs/"), ("docs/", "docs/"), ("a/b.c", "a/b.c/")] {
            assert_eq!(KeyPrefix::parse(given).unwrap().as_str(), kept);
        }
        for bad in ["", "/", "/docs", "a//b", "..", "a/../b", "a b", "docs//", "{app}"] {
            assert!(KeyPrefix::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_site_path_is_written_in_one_way() {
        for good in ["index.html", "a/b c/d+e%20.js", ".well-known/x", "\u{e4}/\u{4e2d}.html", "a/..b/c..", "c:"] {
            let drive = good == "c:";
            assert_eq!(SitePath::parse(good).is_ok(), !drive, "{good}");
        }
        for bad in
            ["", "/abs", "../x", "a/../b", "a/./b", "a//b", "a/", "C:/x", "a\\..\\b", "a\0b", "a\nb", "x\u{202e}y"]
        {
            assert!(SitePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_star_ends_an_invalidation_path() {
        for good in ["/", "/*", "/docs/*", "/a%20b"] {
            assert!(InvalidationPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "docs", "/a*b", "/a b", "/\u{e4}", "*"] {
            assert!(InvalidationPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_version_that_pins_nothing_is_refused() {
        assert!(VersionId::parse("null").is_err());
        assert!(VersionId::parse("3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY").is_ok());
    }
}
