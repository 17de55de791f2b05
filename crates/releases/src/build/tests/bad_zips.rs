//! Each row of "Zip artifacts" in docs/design/faults.md, and its neighbours: the whole build is refused, and the message
//! names the entry and the rule.

use super::maker::{End, Item, deflated, extra, piped, stored, zip, zip_with};
use super::{read, site_with};
use crate::build::{BadBuild, inspect};

fn index() -> Item {
    stored("index.html", "<!doctype html>")
}

/// The zip with these entries behind the entry page is refused, with these words about this entry.
#[track_caller]
fn refused(entry: &str, words: &str, items: &[Item]) {
    let all: Vec<Item> = std::iter::once(index()).chain(items.iter().cloned()).collect();
    let error = read(&zip(&all)).expect_err("this zip must be refused").to_string();
    let named = format!("entry {entry:?} of the zip ");
    assert!(error.starts_with(&named) && error.contains(words), "{error}\n  lacks {named} or {words}");
}

#[track_caller]
fn refused_whole(words: &str, zip: &[u8]) {
    let error = read(zip).expect_err("this zip must be refused").to_string();
    assert!(error.starts_with("the zip ") && error.contains(words), "{error}\n  lacks {words}");
}

#[test]
fn a_name_that_is_no_path_within_the_site_is_refused() {
    let long = "a".repeat(901);
    for name in [
        "../x",
        "..",
        "a/../b",
        "a/..",
        "/abs",
        "/",
        "C:/x",
        "c:\\x",
        "a\\..\\b",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u{7f}",
        "a//b",
        "./a",
        "a/./b",
        ".",
        "a//",
        "",
        "x\u{202e}gpj.exe",
    ] {
        refused(name, "a name that is not a path within a site", &[stored(name, "x")]);
    }
    refused(&format!("{}\u{2026}", &long[..120]), "1 to 900 bytes", &[stored(&long, "x")]);
    // The names of directories too, which are left out otherwise.
    for name in ["../", "/", "a/../", "C:/", "a//"] {
        refused(name, "a name that is not a path within a site", &[stored(name, "")]);
    }
}

#[test]
fn a_name_that_readers_would_read_in_different_ways_is_refused() {
    let latin1 = stored(b"caf\xe9.html", "x");
    refused("caf\u{fffd}.html", "not UTF-8", &[latin1]);
    let other = |name: &str| extra(0x7075, &[&[1, 0, 0, 0, 0], name.as_bytes()].concat());
    let two_names = Item { extra: other("../b.html"), ..stored("a.html", "x") };
    refused(
        "a.html",
        "called \"../b.html\" elsewhere",
        &[Item { local: Some(Box::new(stored("a.html", "x"))), ..two_names.clone() }],
    );
    let local_only = Item { local: Some(Box::new(two_names)), ..stored("a.html", "x") };
    refused("a.html", "called \"../b.html\" elsewhere", &[local_only]);
    let local = Item { local: Some(Box::new(stored("b.html", "x"))), ..stored("a.html", "x") };
    refused("a.html", "called \"b.html\" elsewhere", &[local]);
    let flags = Item { local: Some(Box::new(stored("a.html", "x"))), flags: 1 << 11, ..stored("a.html", "x") };
    refused("a.html", "one set of flags in front of its content", &[flags]);
    let twice = [other("a.html"), other("a.html")].concat();
    refused("a.html", "additional fields", &[Item { extra: twice, ..stored("a.html", "x") }]);
    refused("a.html", "additional fields", &[Item { extra: vec![0x75, 0x70, 9, 0, 1], ..stored("a.html", "x") }]);
}

#[test]
fn two_entries_for_one_place_are_refused() {
    refused("a", "is there twice", &[stored("a", "1"), stored("b", "2"), stored("a", "3")]);
    refused("index.html", "is there twice", &[stored("index.html", "<!doctype html>")]);
    refused(
        "a",
        "is a file, and \"a/b\" lies in a directory of the same name",
        &[stored("a", "1"), stored("a/b", "2")],
    );
    refused("a", "is a file, and \"a/b/c/d\" lies in", &[stored("a/b/c/d", "2"), stored("a", "1")]);
    refused("a", "is a file, and \"a/\" lies in", &[stored("a", "1"), stored("a/", "")]);
    // Both would be `a/b`; the second is refused for its name already.
    refused("a/./b", "not a path", &[stored("a/b", "1"), stored("a/./b", "2")]);
}

#[test]
fn what_is_neither_a_file_nor_a_directory_is_refused() {
    let mode = |mode: u32| Item { attributes: mode << 16, ..stored("x", "/etc/passwd") };
    refused("x", "is a symbolic link", &[mode(0o120_777)]);
    refused("x", "is a device", &[mode(0o020_666)]);
    refused("x", "is a device", &[mode(0o060_666)]);
    refused("x", "is a named pipe", &[mode(0o010_666)]);
    refused("x", "is a socket", &[mode(0o140_666)]);
    refused("x", "is a thing of an unknown kind", &[mode(0o170_666)]);
    refused("x", "a directory by its attributes and a file by its name", &[mode(0o040_755)]);
    refused("x", "a directory by its attributes", &[Item { attributes: 0x10, ..stored("x", "") }]);
    refused("x/", "called as a directory is, and has content", &[stored("x/", "content")]);
}

#[test]
fn what_is_packed_in_a_way_that_is_not_read_is_refused() {
    refused("x", "is encrypted", &[Item { flags: 1, ..stored("x", "secret") }]);
    refused("x", "is encrypted", &[Item { flags: 1 << 6, ..stored("x", "secret") }]);
    refused("x", "is encrypted", &[Item { method: 99, ..stored("x", "secret") }]);
    for method in [1, 6, 9, 12, 14, 93, 95] {
        refused("x", &format!("packed by method {method}"), &[Item { method, ..stored("x", "y") }]);
    }
    refused("x", "another part of a split zip", &[Item { disk: 1, ..stored("x", "y") }]);
}

#[test]
fn content_that_is_not_what_the_zip_says_is_refused() {
    let text = "the content ".repeat(50);
    refused("x", "another checksum", &[Item { checksum: 7, ..stored("x", &text) }]);
    refused("x", "another checksum", &[Item { checksum: 7, ..deflated("x", &text) }]);
    let size = deflated("x", &text).size;
    refused("x", "says that it has 599 bytes, and has more", &[Item { size: size - 1, ..deflated("x", &text) }]);
    refused("x", "says that it has 601 bytes, and has fewer", &[Item { size: size + 1, ..deflated("x", &text) }]);
    refused("x", "says that it has 0 bytes, and has more", &[Item { size: 0, ..deflated("x", &text) }]);
    refused("x", "says that it has 5 bytes, and has more", &[Item { size: 5, ..stored("x", "sixsix") }]);
    let noise = Item { content: vec![0xff; 9], packed: 9, ..deflated("x", &text) };
    refused("x", "is not DEFLATE", &[noise]);
    let mut cut = deflated("x", &text);
    cut.content.pop();
    cut.packed -= 1;
    refused("x", "breaks off", &[cut]);
    let mut trailing = deflated("x", &text);
    trailing.content.extend(b"hidden");
    trailing.packed += 6;
    refused("x", "ends before its place does", &[trailing]);
    let empty = Item { content: Vec::new(), packed: 0, ..deflated("x", "") };
    refused("x", "breaks off", &[empty]);
}

#[test]
fn a_header_in_front_of_the_content_that_says_something_else_is_refused() {
    let text = "content";
    let with = |change: fn(&mut Item)| {
        let mut local = deflated("x", text);
        change(&mut local);
        Item { local: Some(Box::new(local)), ..deflated("x", text) }
    };
    refused("x", "one method in front", &[with(|local| local.method = 0)]);
    refused("x", "one method in front", &[with(|local| local.method = 12)]);
    refused("x", "one checksum in front", &[with(|local| local.checksum = 0)]);
    refused("x", "one size in front", &[with(|local| local.size += 1)]);
    refused("x", "one size in front", &[with(|local| local.packed = 0)]);
    refused("x", "one size in front", &[with(|local| local.size = u32::MAX)]);
    refused("x", "one set of flags in front", &[with(|local| local.flags = 1)]);
    refused("x", "one set of flags in front", &[with(|local| local.flags = 8)]);
    refused("x", "additional fields", &[with(|local| local.extra = vec![1, 0, 255, 0])]);
    let said_long = Item { size: u32::MAX, ..deflated("x", text) };
    refused("x", "additional fields", &[said_long]);
}

#[test]
fn bytes_that_belong_to_two_entries_or_to_none_are_refused() {
    // The quoted bomb: two entries of the directory, one content.
    let first = stored("x", "content");
    let at = u32::try_from(zip(&[index()]).len() - 22 - 46 - "index.html".len()).unwrap();
    let again = Item { header: Some(at), ..stored("y", "content") };
    refused("x", "takes the same bytes of the zip as \"y\"", &[first.clone(), again]);
    let inside = Item { header: Some(at + 33), ..stored("y", "content") };
    refused("x", "takes the same bytes of the zip as \"y\"", &[first.clone(), inside]);
    let far = Item { header: Some(u32::MAX - 1), ..stored("y", "content") };
    refused("y", "takes the same bytes of the zip as the directory", &[far]);
    let shifted = Item { header: Some(at + 1), ..stored("x", "content") };
    refused("x", "takes the same bytes of the zip as the directory", &[shifted]);
    let padded =
        Item { extra: Vec::new(), local: Some(Box::new(Item { extra: extra(9, b"1"), ..first.clone() })), ..first };
    refused(
        "x",
        "takes the same bytes of the zip as \"y\"",
        &[Item { content: b"short".to_vec(), ..padded }, stored("y", "more")],
    );
    refused(
        "x",
        "has bytes in front of it that belong to no entry",
        &[Item { before: vec![0; 4], ..stored("x", "y") }],
    );
    let not_there = Item { before: vec![0; 40], header: Some(at), ..stored("x", "y") };
    refused("x", "is not where the directory says", &[not_there]);
    let hidden = Item { before: zip(&[stored("hidden", "entry")]), ..stored("x", "y") };
    refused("x", "has bytes in front of it", &[hidden]);
    refused_whole("between its last entry and its directory", &zip(&[Item { behind: vec![0], ..index() }]));
}

#[test]
fn a_descriptor_that_says_something_else_is_refused() {
    let good = piped(deflated("x", "content"), true, false);
    let mut other_checksum = good.clone();
    other_checksum.behind[5] ^= 1;
    refused("x", "not its data descriptor", &[other_checksum]);
    refused("x", "not its data descriptor", &[Item { behind: Vec::new(), ..good.clone() }]);
    refused("x", "not its data descriptor", &[Item { behind: vec![0; 1000], ..good.clone() }]);
    refused("x", "not its data descriptor", &[Item { behind: [good.behind.as_slice(), b"!"].concat(), ..good }]);
}

#[test]
fn a_zip_that_is_not_one_whole_zip_and_nothing_else_is_refused() {
    let good = zip(&[index()]);
    let no_end = "does not end as a zip does";
    refused_whole(no_end, b"");
    refused_whole(no_end, b"<!doctype html>");
    refused_whole(no_end, &good[..good.len() - 1]);
    refused_whole(no_end, &[good.as_slice(), b"\n"].concat());
    refused_whole("has no directory where its end says", &[b"#!/bin/sh\n", good.as_slice()].concat());
    // An installer whose offsets count from its own first byte: the entries do not begin there.
    let stub = Item { before: b"MZ stub".to_vec(), ..index() };
    let error = read(&zip(&[stub])).unwrap_err().to_string();
    assert!(error.starts_with("entry \"index.html\" of the zip has bytes in front of it"), "{error}");
    let end = |change: fn(&mut End)| zip_with(&[index(), stored("x", "y")], change);
    refused_whole("is one of several parts", &end(|end| end.disk = 1));
    refused_whole("is one of several parts", &end(|end| end.here = 1));
    refused_whole("does not hold the 1 entries", &end(|end| (end.here, end.entries) = (1, 1)));
    refused_whole("does not hold the 3 entries", &end(|end| (end.here, end.entries) = (3, 3)));
    refused_whole("has no directory where", &end(|end| end.size -= 1));
    refused_whole("has no directory where", &end(|end| end.at -= 1));
    refused_whole("has no directory where", &end(|end| end.at = u32::MAX));
    refused_whole("has no directory where", &end(|end| end.before = b"more".to_vec()));
    // A zip within the comment of another, and an end that is the other's comment.
    let nested = zip_with(&[index()], |end| end.comment.clone_from(&good));
    assert!(read(&nested).is_err());
}

#[test]
fn a_zip64_whose_two_ends_disagree_is_refused() {
    let end64 = |entries: u64, size: u64, at: u64, total: u32| {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [entries, entries, size, at] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07");
        bytes.extend([0; 4]);
        bytes.extend((at + size).to_le_bytes());
        bytes.extend(total.to_le_bytes());
        bytes
    };
    let made = |entries: u64, longer: u64, total: u32, in_both: bool| {
        zip_with(&[index()], |end| {
            end.before = end64(entries, u64::from(end.size) + longer, u64::from(end.at), total);
            if !in_both {
                (end.here, end.entries, end.size, end.at) = (u16::MAX, u16::MAX, u32::MAX, u32::MAX);
            }
        })
    };
    assert_eq!(read(&made(1, 0, 1, false)).unwrap().files.len(), 1);
    assert_eq!(read(&made(1, 0, 1, true)).unwrap().files.len(), 1);
    refused_whole("does not hold the 2 entries", &made(2, 0, 1, false));
    refused_whole("does not end as a zip", &made(2, 0, 1, true));
    refused_whole("does not end as a zip", &made(1, 1, 1, false));
    // A directory that is not right in front of what says where it is.
    let mut room = made(1, 0, 1, false);
    let at = room.windows(4).position(|four| four == b"PK\x06\x06").unwrap() + 4;
    room[at] += 1;
    refused_whole("does not end as a zip", &room);
    refused_whole("is one of several parts", &made(1, 0, 2, false));
    refused_whole("has 50001 entries; at most 50000", &made(50_001, 0, 1, false));
    refused_whole("entries; at most 50000", &made(u64::MAX, 0, 1, false));
}

#[test]
fn a_build_without_files_or_without_its_entry_page_is_refused() {
    refused_whole("holds no files", &zip(&[]));
    refused_whole("holds no files", &zip(&[stored("dist/", ""), stored("index.html/", "")]));
    refused_whole("has no index.html at its root", &zip(&[stored("dist/", ""), stored("dist/index.html", "x")]));
    refused_whole("has no index.html at its root", &zip(&[stored("INDEX.HTML", "x")]));
}

#[test]
fn a_rule_that_is_no_glob_is_not_passed_over() {
    let error = inspect(std::io::Cursor::new(zip(&[index()])), &site_with(&[("a{b", "no-store")])).unwrap_err();
    assert!(matches!(&error, BadBuild::Rule(rule) if rule == "a{b"), "{error}");
}
