//! Why a build is refused. Every refusal is of the whole build, names the entry that it is about, and says what to do.

use driftless_domain::SitePath;

use super::limits;

/// Why a zip is not a build that could be published. Nothing of it is ever published.
#[derive(Debug, thiserror::Error)]
pub enum BadBuild {
    /// One of its entries breaks a rule.
    #[error("entry {entry} of the zip {problem}")]
    Entry {
        /// The name, as it is in the zip, in quotes and shortened.
        entry: String,
        /// What is wrong with it.
        problem: BadEntry,
    },
    /// The zip as a whole breaks a rule.
    #[error("the zip {0}")]
    Zip(#[from] BadZip),
    /// A rule of the spec is not a glob. Specs are checked when they are applied, so this one was written by other hands.
    #[error("the header rule {0:?} of the spec is not a glob; put it right and apply the spec again")]
    Rule(String),
    /// Our own copy of the zip could not be read. This says nothing about the build.
    #[error("our copy of the zip could not be read")]
    Unreadable(#[from] std::io::Error),
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    /// Its name is no path within a site, or not written in the one way.
    #[error("has a name that is not a path within a site ({}); build the zip again without it", SitePath::RULE)]
    Name,
    /// Its name is not UTF-8.
    #[error("has a name that is not UTF-8; build the zip again in a UTF-8 locale (LC_ALL=C.UTF-8)")]
    NotUtf8,
    /// The zip gives it two names.
    #[error("is called {0} elsewhere in the zip; build the zip again, in a UTF-8 locale (LC_ALL=C.UTF-8)")]
    OtherName(String),
    /// Two entries have the name.
    #[error("is there twice; build the zip again from an empty file, with one entry for each name")]
    Twice,
    /// It is a file, and another entry needs a directory of that name.
    #[error("is a file, and {0} lies in a directory of the same name; build the zip again with one of the two")]
    AlsoDirectory(String),
    /// A directory that has content.
    #[error("is called as a directory is, and has content; build the zip again without it")]
    FullDirectory,
    /// A directory by its attributes, a file by its name.
    #[error("is a directory by its attributes and a file by its name; build the zip again with another tool")]
    HalfDirectory,
    /// Neither a file nor a directory.
    #[error("is a {0}, and a site has files only; build the zip again with the file itself in its place")]
    Special(&'static str),
    /// It is encrypted.
    #[error("is encrypted; build the zip again without a password")]
    Encrypted,
    /// It is packed in a way that we do not read.
    #[error("is packed by method {0}, and only stored (0) and deflate (8) are read; build the zip again with those")]
    Method(u16),
    /// A part of it lies in another file.
    #[error("lies in another part of a split zip; build the zip again as one file")]
    OtherDisk,
    /// It is said differently in front of the content and in the directory at the end.
    #[error(
        "has one {0} in front of its content and another in the directory at the end; the zip is damaged, or made to be \
         read in two ways: build it again"
    )]
    Disagrees(&'static str),
    /// Its additional fields end in the middle, or say a thing twice.
    #[error("has additional fields that cannot be read; the zip is damaged: build it again")]
    ExtraFields,
    /// It takes bytes of another one, or of the directory.
    #[error("takes the same bytes of the zip as {0}; build the zip again")]
    Overlaps(String),
    /// Bytes lie in front of it that belong to nothing.
    #[error("has bytes in front of it that belong to no entry; build the zip again from an empty file")]
    Gap,
    /// The bytes at its place are no entry.
    #[error("is not where the directory says; the zip is damaged, or something was put in front of it: build it again")]
    NotThere,
    /// What follows its content does not say what the directory says.
    #[error("has something behind its content that is not its data descriptor; the zip is damaged: build it again")]
    Descriptor,
    /// Its content cannot be unpacked.
    #[error("cannot be unpacked: {0}; the zip is damaged: build it again")]
    Damaged(&'static str),
    /// Its content is longer or shorter than it says.
    #[error("says that it has {said} bytes, and has {}; build the zip again", if *.more { "more" } else { "fewer" })]
    Size {
        /// What it says.
        said: u64,
        /// Whether it has more (unpacking stopped there).
        more: bool,
    },
    /// Its checksum does not fit.
    #[error("has another checksum than the zip says; the zip is damaged: build it again")]
    Checksum,
    /// It is too large.
    #[error("has {0} bytes; at most {most} are published in one file", most = limits::FILE_BYTES)]
    TooLarge(u64),
    /// It is packed more tightly than content ever is.
    #[error(
        "has {size} bytes packed in {packed}, which is tighter than {ratio}:1 and what a bomb looks like; leave it out, or \
         store it unpacked (zip -0)", ratio = limits::RATIO
    )]
    Ratio {
        /// Unpacked.
        size: u64,
        /// Packed.
        packed: u64,
    },
}

/// What is wrong with the zip as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadZip {
    /// It does not end as a zip does.
    #[error("does not end as a zip does: it is cut off, has something behind its end, or is no zip; upload it again")]
    NoEnd,
    /// It is one of several parts.
    #[error("is one of several parts; build it again as one file")]
    SeveralDisks,
    /// Its directory is not where its end says.
    #[error("has no directory where its end says; something was put in front of it, or it is damaged: build it again")]
    NoDirectory,
    /// Its directory does not hold what its end says.
    #[error("has a directory that does not hold the {0} entries that it should; it is damaged: build it again")]
    Directory(u64),
    /// Bytes between the last entry and the directory belong to nothing.
    #[error("has bytes between its last entry and its directory that belong to no entry; build it again")]
    Gap,
    /// It has no files.
    #[error("holds no files, and a site without files is never published; zip the folder that the build made")]
    Empty,
    /// The page without which it is no site is missing.
    #[error(
        "has no {0} at its root, which is the entry page in the spec; zip what is inside of the folder that the build \
         made, not the folder"
    )]
    NoEntryPage(SitePath),
    /// It has too many entries.
    #[error("has {0} entries; at most {most} are published", most = limits::ENTRIES)]
    TooMany(u64),
    /// Its files are too large together.
    #[error("unpacks to {0} bytes; at most {most} are published", most = limits::ALL_BYTES)]
    TooLarge(u64),
    /// It is packed more tightly than content ever is.
    #[error("unpacks from {packed} to {size} bytes, which is tighter than {ratio}:1 and what a bomb looks like", ratio = limits::RATIO)]
    Ratio {
        /// Unpacked.
        size: u64,
        /// Packed.
        packed: u64,
    },
}

/// An entry's name, for a message: in quotes, with what cannot be seen escaped, and shortened.
pub(super) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('\u{2026}');
    }
    format!("{short:?}")
}

/// The refusal of an entry.
pub(super) fn bad(name: &[u8], problem: BadEntry) -> BadBuild {
    BadBuild::Entry { entry: shown(name), problem }
}
