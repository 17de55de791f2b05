//! A small zip, damaged in every place in several ways: never a panic, and never a manifest of something else.

use driftless_domain::{Sha256, SitePath};

use super::maker::{Item, deflated, extra, piped, stored, zip};
use super::{content, read};

fn sample() -> Vec<u8> {
    let text = "some text that is packed, some text that is packed";
    zip(&[
        Item { flags: 1 << 11, ..stored("index.html", "<!doctype html>") },
        stored("d/", ""),
        Item { extra: extra(0x5455, &[1, 2, 3, 4, 5]), attributes: 0o100_644 << 16, ..deflated("d/a.js", text) },
        piped(deflated("d/b.css", text), true, false),
        stored("empty", ""),
    ])
}

/// What a manifest says of contents, each proven by reading it again.
fn contents(zip: &[u8]) -> Option<Vec<(SitePath, u64, Sha256)>> {
    let manifest = read(zip).ok()?;
    let proven = |file: &std::sync::Arc<driftless_domain::SiteFile>| {
        let content = content(zip, file);
        assert_eq!((content.len() as u64, Sha256::of(&content)), (file.size, file.sha256), "{}", file.path);
        (file.path.clone(), file.size, file.sha256)
    };
    Some(manifest.files.iter().map(proven).collect())
}

#[test]
fn no_flipped_byte_makes_another_site() {
    let good = sample();
    let truth = contents(&good).unwrap();
    let mut accepted = 0;
    for at in 0..good.len() {
        for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            if let Some(found) = contents(&bad) {
                assert_eq!(found, truth, "byte {at} flipped by {flip:#x}");
                accepted += 1;
            }
        }
    }
    // Times, versions, permissions and the like say nothing about the site.
    assert!(accepted > 0 && accepted < good.len() * 9 / 3, "{accepted} of {}", good.len() * 9);
}

#[test]
fn no_lost_or_added_byte_makes_another_site() {
    let good = sample();
    let truth = contents(&good);
    for at in 0..good.len() {
        assert_eq!(contents(&good[..at]), None, "cut off at {at}");
        assert_eq!(contents(&good[at + 1..]), None, "begins at {}", at + 1);
        for other in [0, b'P', 0xff] {
            let added = [&good[..at], &[other], &good[at..]].concat();
            let found = contents(&added);
            assert!(found.is_none() || found == truth, "{other} added at {at}");
        }
        let lost = [&good[..at], &good[at + 1..]].concat();
        assert_eq!(contents(&lost), None, "without byte {at}");
    }
}

#[test]
fn noise_behind_a_signature_is_never_a_site() {
    // A generator of the simplest kind: the same noise in every run.
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).to_le_bytes()[0]
    };
    let good = sample();
    for _ in 0..3000 {
        let mut bad = good.clone();
        for _ in 0..1 + noise() % 8 {
            let at = (usize::from(noise()) * 256 + usize::from(noise())) % bad.len();
            bad[at] = noise();
        }
        if let Some(found) = contents(&bad) {
            assert_eq!(Some(found), contents(&good));
        }
    }
}
