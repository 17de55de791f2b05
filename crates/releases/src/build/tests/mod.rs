//! Zips that tools make, zips that nobody should make, and what becomes of them.

mod bad_zips;
mod flipped;
mod good_zips;
mod limits;
mod maker;
mod served;
mod tool_names;

use std::io::{Cursor, Read};

use driftless_domain::{Manifest, Packing, SiteFile};
use driftless_spec::{ArtifactBucket, HeaderRule, SiteApp};

use super::{BadBuild, inspect};

/// A site without rules of its own.
fn site() -> SiteApp {
    site_with(&[])
}

fn site_with(rules: &[(&str, &str)]) -> SiteApp {
    let rule = |(pattern, cache_control): &(&str, &str)| HeaderRule {
        pattern: (*pattern).to_owned(),
        cache_control: (*cache_control).to_owned(),
    };
    SiteApp {
        artifacts: ArtifactBucket { bucket: "artifacts".parse().unwrap(), account: None, region: None },
        entry_page: "index.html".parse().unwrap(),
        headers: rules.iter().map(rule).collect(),
    }
}

fn read(zip: &[u8]) -> Result<Manifest, BadBuild> {
    inspect(Cursor::new(zip), &site())
}

/// The content of a file as the controller reads it: from the range of the zip that the manifest names, and nothing else.
fn content(zip: &[u8], file: &SiteFile) -> Vec<u8> {
    let from = usize::try_from(file.packed.at).unwrap();
    let packed = &zip[from..from + usize::try_from(file.packed.size).unwrap()];
    match file.packed.method {
        Packing::Stored => packed.to_vec(),
        Packing::Deflated => {
            let mut content = Vec::new();
            flate2::read::DeflateDecoder::new(packed).read_to_end(&mut content).unwrap();
            content
        }
    }
}
