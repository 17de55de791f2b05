//! Bombs: what the zip admits is refused before anything is unpacked, and what it hides is found out by counting.

use std::io::Cursor;

use driftless_domain::{Packed, Packing};

use super::maker::{Item, deflated, extra, stored, zip};
use super::read;
use crate::build::inflate::Inflate;
use crate::build::walk::At;

fn index() -> Item {
    stored("index.html", "<!doctype html>")
}

/// An entry that says it has so many bytes, as a zip64 says it, and has none of them.
fn says(name: &str, size: u64, packed: u64) -> Item {
    let sizes = extra(1, &[size.to_le_bytes(), packed.to_le_bytes()].concat());
    Item { size: u32::MAX, packed: u32::MAX, extra: sizes, method: 8, ..stored(name, "") }
}

#[track_caller]
fn refused(words: &str, items: &[Item]) {
    let error = read(&zip(items)).expect_err("a bomb must be refused").to_string();
    assert!(error.contains(words), "{error}\n  lacks {words}");
}

#[test]
fn a_bomb_that_admits_what_it_is_is_refused_before_it_is_unpacked() {
    const GIB: u64 = 1 << 30;
    refused("entry \"a.bin\" of the zip has 5368709121 bytes", &[index(), says("a.bin", 5 * GIB + 1, GIB)]);
    refused("tighter than 200:1", &[index(), says("a.bin", 10 * GIB / 1000, 10_000)]);
    let four = ["a", "b", "c", "d", "e"].map(|name| says(name, 4 * GIB + 1, GIB));
    refused("the zip unpacks to 21474836", &[vec![index()], four.to_vec()].concat());
    // Each alone is within its allowance.
    let many: Vec<Item> = (0..100).map(|n| says(&format!("{n}.bin"), 1 << 20, 1000)).collect();
    refused("tighter than 200:1", &[vec![index()], many].concat());
}

#[test]
fn a_bomb_that_lies_is_stopped_at_the_size_that_it_says() {
    let real = deflated("zeros.bin", vec![0u8; 4 << 20]);
    assert!(real.packed < 5000, "{}", real.packed);
    let lie = Item { size: 100, ..real.clone() };
    refused("entry \"zeros.bin\" of the zip says that it has 100 bytes, and has more", &[index(), lie]);
    // Not only refused at the end: what was unpacked until then is one buffer at most.
    let mut unpacked = 0;
    let packed = Packed { at: 0, size: real.packed.into(), method: Packing::Deflated };
    let mut zip = At::new(Cursor::new(&real.content));
    assert!(Inflate::new().unpack(&mut zip, &packed, 100, |bytes| unpacked += bytes.len()).is_err());
    assert_eq!(unpacked, 0, "nothing of a piece that is too long is given on");
    assert!(zip.position() < u64::from(real.packed), "it read the bomb to its end");
}

#[test]
fn tight_content_that_is_small_is_no_bomb() {
    let blank = deflated("blank.bin", vec![0u8; 1 << 20]);
    assert_eq!(read(&zip(&[index(), blank])).unwrap().files.len(), 2);
}
