//! Whether there are examples in the documentation that can be run: building them costs a minute, for nothing if there
//! are none.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::repository::root;

/// Whether any crate has one.
///
/// # Errors
///
/// When the sources cannot be read.
pub(crate) fn exist() -> Result<bool> {
    let crates = root().join("crates");
    for entry in fs::read_dir(&crates).with_context(|| format!("read {}", crates.display()))? {
        if below(&entry?.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a Rust file or a README below `directory` has one.
fn below(directory: &Path) -> Result<bool> {
    if !directory.is_dir() {
        return Ok(false);
    }
    for entry in fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        let rust = path.extension().is_some_and(|e| e == "rs");
        let readme = path.file_name().is_some_and(|name| name == "README.md");
        if path.is_dir() {
            if below(&path)? {
                return Ok(true);
            }
        } else if (rust || readme)
            && has_example(&fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?, readme)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a fence opens an example that rustdoc would run.
fn has_example(text: &str, readme: bool) -> bool {
    let mut open = false;
    for line in text.lines() {
        let line = line.trim_start();
        let line = match (line.strip_prefix("//!").or_else(|| line.strip_prefix("///")), readme) {
            (Some(doc), _) => doc.trim_start(),
            (None, true) => line,
            (None, false) => {
                open = false;
                continue;
            }
        };
        if let Some(language) = line.strip_prefix("```") {
            if !open && ["", "rust", "no_run", "should_panic", "compile_fail"].contains(&language.trim()) {
                return true;
            }
            open = !open;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_example;

    #[test]
    fn only_fences_that_open_rust_in_documentation_count() {
        assert!(has_example("/// ```\n/// f();\n/// ```\nfn f() {}", false));
        assert!(has_example("//! ```rust\n//! f();\n//! ```", false));
        assert!(!has_example("/// ```text\n/// web  Converged\n/// ```\nfn f() {}", false));
        assert!(!has_example("let text = \"```\";", false));
        assert!(!has_example("```sh\ncargo xtask test\n```", true));
        assert!(has_example("```\nlet a = 1;\n```", true));
    }
}
