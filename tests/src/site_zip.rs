//! Sites as the tests publish them: where `cargo xtask setup` puts them, what is in them, and their zips as a build job makes
//! them.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The files of a site: path within it (with `/`), and content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of a site that `cargo xtask setup` makes (xtask/src/sites.rs): `vite/1` to `vite/4`, `debian`.
///
/// # Errors
/// With one line, when it is not there: that is no reason to skip a test.
pub fn test_site(name: &str) -> Result<Files> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let folder = root.join("target/sites").join(name);
    ensure!(folder.is_dir(), "no site in {}: run `cargo xtask setup`, which makes it", folder.display());
    files_below(&folder)
}

/// Every file below a folder.
///
/// # Errors
/// When one of them cannot be read, or its name is not UTF-8.
pub fn files_below(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current).with_context(|| current.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let within = path.strip_prefix(folder)?.to_str().with_context(|| format!("{path:?} is not UTF-8"))?;
            files.insert(within.to_owned(), std::fs::read(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(files)
}

/// The zip of these files, without entries for folders. What is compressed already is stored as it is, as zip programs do.
///
/// # Errors
/// When the zip library refuses a file.
pub fn zip_of(files: &Files) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        let compressed = [".png", ".gz", ".br", ".ico"].iter().any(|ending| path.ends_with(ending));
        let method = if compressed { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(path.as_str(), options).with_context(|| path.clone())?;
        zip.write_all(content).with_context(|| path.clone())?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{Files, zip_of};

    #[test]
    fn a_zip_holds_the_files_under_their_names_packed_by_what_they_are() {
        let files = Files::from([
            ("a/Gr\u{f6}\u{df}e & Ma\u{df}.txt".to_owned(), b"text text text text text text text".to_vec()),
            ("dot.png".to_owned(), vec![1, 2, 3]),
            ("empty.txt".to_owned(), Vec::new()),
        ]);
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip_of(&files).unwrap())).unwrap();
        assert_eq!(zip.len(), files.len());
        for (path, content) in &files {
            let mut entry = zip.by_name(path).unwrap();
            let stored = entry.compression() == zip::CompressionMethod::Stored;
            assert_eq!(stored, path.ends_with(".png"), "{path}");
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            assert_eq!(&read, content, "{path}");
        }
    }
}
