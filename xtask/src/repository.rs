//! Where things are in this repository.

use std::path::{Path, PathBuf};

/// The root: the folder that holds `xtask`.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The Python environment that the tests use.
pub(crate) fn venv() -> PathBuf {
    root().join(".venv")
}

/// A program in it.
pub(crate) fn venv_program(name: &str) -> PathBuf {
    venv().join("bin").join(name)
}
