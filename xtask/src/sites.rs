//! The static sites that the tests publish: one built by Vite in four releases, and the HTML of a Debian package.
//!
//! **Refuses:** to write anywhere but `target/sites`, and to install the Debian package: it is only unpacked.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{Program, program};
use crate::repository::root;
use crate::say;

/// How many releases of the Vite site are built: going back by three takes four.
const RELEASES: [&str; 4] = ["1", "2", "3", "4"];

/// A package of Debian 12 with 1,167 pages in one folder.
const PACKAGE: &str = "postgresql-doc-15";

/// Where its pages are once it is unpacked.
const PAGES: &str = "usr/share/doc/postgresql-doc-15/html";

/// Less than this is not the site that the tests are about.
const PAGES_AT_LEAST: usize = 1_000;

/// Says of a site what it was made from, and that making it had succeeded.
const STAMP: &str = "made-from";

/// Makes the sites, unless they already are there.
///
/// # Errors
///
/// When one of them cannot be made: without npm or dpkg, for instance, or with no way to their registries.
pub(crate) fn build() -> Result<()> {
    once("vite", &vite_sources()?, vite)?;
    once("debian", PACKAGE.as_bytes(), debian)
}

/// Makes a site in its folder of `target/sites` from nothing, unless it was made from the same before.
fn once(site: &str, from: &[u8], make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = sites().join(site);
    let stamp = sites().join(format!("{site}-{STAMP}"));
    if folder.is_dir() && fs::read(&stamp).is_ok_and(|made_from| made_from == from) {
        say::note(&format!("the site target/sites/{site} is up to date"));
        return Ok(());
    }
    say::note(&format!("making the site target/sites/{site}"));
    for old in [&stamp, &folder] {
        clear(old)?;
    }
    fs::create_dir_all(sites()).context("make target/sites")?;
    make(&folder).with_context(|| format!("make the test site `{site}`"))?;
    fs::write(&stamp, from).context("note what the site was made from")
}

/// The four releases of `tests/sites/vite`, each in a folder of its own. `node_modules` stays out of the sources.
fn vite(into: &Path) -> Result<()> {
    let workshop = sites().join("vite-build");
    clear(&workshop)?;
    for (path, bytes) in files_of(&vite_folder())? {
        let copy = workshop.join(path);
        fs::create_dir_all(copy.parent().unwrap_or(&workshop)).context("copy the sources")?;
        fs::write(&copy, bytes).with_context(|| format!("write {}", copy.display()))?;
    }
    // No package of it needs a script of its own to be installed, so none may run one.
    let npm = program(
        Path::new("npm"),
        &[
            "ci",
            "--prefix",
            &text(&workshop),
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--engine-strict",
            "--loglevel=error",
        ],
    );
    twice(&npm).context("install Vite (npm comes with Node)")?;
    let vite = text(&workshop.join("node_modules/vite/bin/vite.js"));
    for release in RELEASES {
        let out = text(&into.join(release));
        program(
            Path::new("node"),
            &[&vite, "build", &text(&workshop), "--outDir", &out, "--emptyOutDir", "--logLevel", "warn"],
        )
        .env("VITE_RELEASE", release)
        .read()?;
    }
    Ok(())
}

/// What the Vite site is made from: the path and the content of each file, one after the other.
fn vite_sources() -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for (path, bytes) in files_of(&vite_folder())? {
        all.extend_from_slice(text(&path).as_bytes());
        all.push(0);
        all.extend_from_slice(&bytes);
        all.push(0);
    }
    Ok(all)
}

/// The pages of the Debian package. It is fetched by the lists that this machine has; where there are none, or they name
/// what the mirrors no longer hold, by lists of our own, which need no rights on the machine.
fn debian(into: &Path) -> Result<()> {
    for tool in ["apt-get", "dpkg-deb"] {
        if program(Path::new(tool), &["--version"]).read().is_err() {
            bail!("no `{tool}` on this machine: the package {PACKAGE} comes from Debian or a system made from it");
        }
    }
    let fetched = sites().join("debian-package");
    clear(&fetched)?;
    fs::create_dir_all(fetched.join("lists/partial")).context("make a folder for the package")?;
    fs::create_dir_all(fetched.join("cache/archives/partial")).context("make a folder for the package")?;
    if let Err(error) = apt(&fetched, &["download", PACKAGE]).read() {
        say::note(&format!("{error:#}; once more with lists of our own"));
        let lists = format!("Dir::State::Lists={}", text(&fetched.join("lists")));
        let cache = format!("Dir::Cache={}", text(&fetched.join("cache")));
        let own = ["-o", &lists, "-o", &cache];
        apt(&fetched, &[&own[..], &["update"]].concat()).read().context("read Debian's lists of packages")?;
        apt(&fetched, &[&own[..], &["download", PACKAGE]].concat()).read().context("fetch the package")?;
    }
    let package = fs::read_dir(&fetched)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get left no package {PACKAGE} behind"))?;
    let unpacked = fetched.join("unpacked");
    program(Path::new("dpkg-deb"), &["-x", &text(&package), &text(&unpacked)]).read()?;
    let pages = unpacked.join(PAGES);
    let files = files_of(&pages).with_context(|| format!("{PACKAGE} has no {PAGES}"))?;
    let html = files.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "html")).count();
    ensure!(html >= PAGES_AT_LEAST, "{PACKAGE} has {html} pages; the tests want at least {PAGES_AT_LEAST}");
    fs::rename(&pages, into).context("move the pages to their place")?;
    clear(&fetched)
}

/// `apt-get`, which puts what it downloads where it is started. Where it runs as root it would fetch as a user who may not
/// see this folder; it is told not to try.
fn apt(inside: &Path, arguments: &[&str]) -> Program {
    program(Path::new("apt-get"), &[&["-q", "-o", "APT::Sandbox::User=root"], arguments].concat()).inside(inside)
}

/// Runs what goes over a network, and once more if it fails.
fn twice(fetching: &Program) -> Result<()> {
    if let Err(error) = fetching.read() {
        say::note(&format!("{error:#}; once more"));
        fetching.read()?;
    }
    Ok(())
}

/// Every file below a folder: its path from there and its content, in order of path.
fn files_of(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).with_context(|| format!("read {}", current.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else {
                let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
                found.push((path.strip_prefix(folder)?.to_owned(), bytes));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where the sites are; `tests/src/site_zip.rs` looks there.
fn sites() -> PathBuf {
    root().join("target/sites")
}

fn vite_folder() -> PathBuf {
    root().join("tests/sites/vite")
}

/// Removes a file or a folder with all that is in it, if it is there.
fn clear(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove the old {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{files_of, vite_folder, vite_sources};

    #[test]
    fn every_package_of_the_vite_site_is_pinned_and_checked() {
        let files = files_of(&vite_folder()).unwrap();
        let read = |name: &str| -> serde_json::Value {
            let (_, bytes) = files.iter().find(|(path, _)| path.to_str() == Some(name)).unwrap();
            serde_json::from_slice(bytes).unwrap()
        };
        let wanted = read("package.json");
        for section in ["devDependencies", "overrides"] {
            for (name, version) in wanted[section].as_object().unwrap() {
                let exact = version.as_str().unwrap().chars().all(|c| c.is_ascii_digit() || c == '.');
                assert!(exact, "{name} {version} is not pinned");
            }
        }
        let locked = read("package-lock.json");
        let packages = locked["packages"].as_object().unwrap();
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].is_string(), "{name} has no checksum");
        }
        // Where one is missing, `npm ci` fails on the machines that it is for.
        let native = packages["node_modules/rollup"]["optionalDependencies"].as_object().unwrap();
        for name in native.keys().filter(|name| name.starts_with("@rollup/")) {
            assert!(packages.contains_key(&format!("node_modules/{name}")), "{name} is not locked");
        }
    }

    #[test]
    fn what_a_site_was_made_from_changes_with_a_file_and_names_them_all() {
        let sources = String::from_utf8_lossy(&vite_sources().unwrap()).into_owned();
        for name in ["index.html\0", "src/release.js\0", "package-lock.json\0", "public/.well-known/security.txt\0"] {
            assert!(sources.contains(name), "{name}");
        }
        assert!(!sources.contains("node_modules/vite/bin"));
    }
}
