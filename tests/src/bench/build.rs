//! A release as it comes out of a build: a folder, as the other tools take it, and a zip, as Driftless does.

use std::fs::{self, FileTimes};
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::site::Release;
use crate::s3::now;

/// When files were built, unless it was just now: in October 2025, before any upload of a measurement.
const LONG_AGO: Duration = Duration::from_secs(1_760_000_000);

/// A release, in both forms.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) release: Release,
    pub(crate) folder: PathBuf,
    pub(crate) zip: Bytes,
}

impl Build {
    /// Writes it below `place`. All files are of long ago.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(release: Release, place: &Path, method: CompressionMethod) -> Result<Self> {
        let folder = place.join(release.name);
        for (path, file) in &release.files {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
            }
            fs::write(&path, &file.bytes).with_context(|| format!("write {}", path.display()))?;
            built_at(&path, UNIX_EPOCH + LONG_AGO)?;
        }
        let zip = zipped(&release, method).with_context(|| format!("zip the release {}", release.name))?;
        Ok(Self { release, folder, zip })
    }

    /// Makes the files that changed new, as a build that touches nothing else would: the best that can happen to a tool that
    /// goes by time.
    ///
    /// # Errors
    /// When a file is not there.
    pub(crate) fn built_just_now(&self) -> Result<()> {
        let Self { release, folder, zip: _ } = self;
        let mut changed = release.files.iter().filter(|(_, file)| file.changed);
        changed.try_for_each(|(path, _)| built_at(&folder.join(path), now()))
    }
}

fn built_at(path: &Path, at: SystemTime) -> Result<()> {
    let file = fs::File::options().append(true).open(path).with_context(|| format!("open {}", path.display()))?;
    file.set_times(FileTimes::new().set_modified(at)).with_context(|| format!("date {}", path.display()))
}

fn zipped(release: &Release, method: CompressionMethod) -> Result<Bytes> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (path, file) in &release.files {
        zip.start_file(path.as_str(), options)?;
        zip.write_all(&file.bytes)?;
    }
    Ok(Bytes::from(zip.finish()?.into_inner()))
}
