//! Randomness from the operating system: tokens, and what a process calls itself.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// 32 random bytes, in hexadecimal.
pub(crate) fn new_token() -> Result<String> {
    hexadecimal::<32>()
}

/// What this process is called in leases and heartbeats: made at its start, never a host name (DESIGN.md section 8).
pub(crate) fn new_identity() -> Result<String> {
    Ok(format!("driftlessd-{}", hexadecimal::<8>()?))
}

/// What jitter grows from.
pub(crate) fn new_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("read the operating system's randomness")?;
    Ok(u64::from_le_bytes(bytes))
}

fn hexadecimal<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("read the operating system's randomness")?;
    let mut text = String::with_capacity(2 * N);
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// The token in a file; a new one is made if there is no file.
pub(crate) fn token_in(path: &Path) -> Result<String> {
    match std::fs::File::open(path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(1024)
                .read_to_string(&mut text)
                .with_context(|| format!("read the token in {}", path.display()))?;
            let text = text.trim().to_owned();
            ensure!(!text.is_empty(), "{} is empty; delete it, and a new token is made", path.display());
            Ok(text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = new_token()?;
            write_token(path, &token)?;
            Ok(token)
        }
        Err(error) => Err(error).with_context(|| format!("open the token file {}", path.display())),
    }
}

/// Writes a token so that only its owner can read it.
pub(crate) fn write_token(path: &Path, token: &str) -> Result<()> {
    // A file that is there may be readable by others, or lead elsewhere: it is replaced, never written into.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("replace the token file {}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("make the token file {}", path.display()))?;
    writeln!(file, "{token}").with_context(|| format!("write the token file {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let token = token_in(&path).unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(token_in(&path).unwrap(), token);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            write_token(&path, &token).unwrap();
            assert_eq!(mode(&path), 0o600, "a readable file is replaced");
        }
    }

    #[test]
    fn two_processes_never_share_a_name() {
        assert_ne!(new_identity().unwrap(), new_identity().unwrap());
    }
}
