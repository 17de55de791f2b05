//! Zips that tools make: each gives the files that it was made of, every content is where the manifest says, and the hashes
//! are those that other programs compute. The `zip` crate reads the same out of each of them.

use std::io::{Cursor, Read, Write};

use driftless_domain::{PART_SIZE, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::maker::{Item, deflated, extra, piped, stored, zip_with};
use super::{content, read};
use crate::build::hashes::Hashes;

/// What `zip`, Python, Java and git make of one folder, on Linux.
const MADE_BY_TOOLS: [(&str, &[u8]); 10] = [
    ("zip", include_bytes!("zips/info-zip.zip")),
    ("zip to a pipe", include_bytes!("zips/info-zip-streamed.zip")),
    ("zip -fz", include_bytes!("zips/info-zip-zip64.zip")),
    ("zip -0", include_bytes!("zips/info-zip-stored.zip")),
    ("zip -z", include_bytes!("zips/info-zip-comment.zip")),
    ("python", include_bytes!("zips/python.zip")),
    ("python to a pipe", include_bytes!("zips/python-streamed.zip")),
    ("python force_zip64", include_bytes!("zips/python-zip64.zip")),
    ("jar", include_bytes!("zips/jar.zip")),
    ("git archive", include_bytes!("zips/git-archive.zip")),
];

/// The files of a zip with their contents, as the manifest has them and as the controller will read them.
#[track_caller]
fn files(zip: &[u8], what: &str) -> Vec<(String, Vec<u8>)> {
    let manifest = read(zip).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(manifest.files.is_sorted_by(|one, next| one.path < next.path), "{what}");
    let mut files = Vec::new();
    for file in &manifest.files {
        let content = content(zip, file);
        assert_eq!((content.len() as u64, Sha256::of(&content)), (file.size, file.sha256), "{what}: {}", file.path);
        files.push((file.path.to_string(), content));
    }
    assert_eq!(files, as_the_crate_reads(zip), "{what}: the zip crate reads something else");
    files
}

fn as_the_crate_reads(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        if !file.is_dir() {
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            files.push((String::from_utf8(file.name_raw().to_vec()).unwrap(), content));
        }
    }
    files.sort();
    files
}

#[test]
fn what_common_tools_make_is_read() {
    let script = "console.log(1);".repeat(40);
    let page = "<!doctype html><script src=\"/assets/app-1a2b3c4d.js\"></script>\n";
    let folder: [(&str, &str); 5] = [
        ("assets/app-1a2b3c4d.js", &script),
        ("assets/\u{e4} \u{f6}.txt", "x"),
        ("empty.txt", ""),
        ("index.html", page),
        ("sp ace/+%20.txt", "y"),
    ];
    let folder = folder.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec()));
    for (tool, zip) in MADE_BY_TOOLS {
        assert_eq!(files(zip, tool), folder, "{tool}");
    }
}

#[test]
fn what_the_zip_crate_makes_is_read() {
    let options = SimpleFileOptions::default();
    let ways = [
        ("stored", options.compression_method(CompressionMethod::Stored)),
        ("deflated", options.compression_method(CompressionMethod::Deflated)),
        ("best", options.compression_method(CompressionMethod::Deflated).compression_level(Some(9))),
        ("zip64", options.large_file(true)),
        ("aligned", options.compression_method(CompressionMethod::Stored).with_alignment(4096)),
    ];
    for (way, options) in ways {
        let write = |zip: &mut dyn FnMut(&str, &str)| {
            zip("index.html", "<!doctype html>");
            zip("\u{4e2d}\u{6587}/\u{1f600}.txt", &"text ".repeat(1000));
            zip("empty", "");
        };
        let mut seekable = ZipWriter::new(Cursor::new(Vec::new()));
        write(&mut |name, content| {
            seekable.start_file(name, options).unwrap();
            seekable.write_all(content.as_bytes()).unwrap();
        });
        seekable.add_directory("folder", SimpleFileOptions::default()).unwrap();
        assert_eq!(files(&seekable.finish().unwrap().into_inner(), way).len(), 3, "{way}");
        let mut piped = ZipWriter::new_stream(Vec::new());
        write(&mut |name, content| {
            piped.start_file(name, options).unwrap();
            piped.write_all(content.as_bytes()).unwrap();
        });
        assert_eq!(files(&piped.finish().unwrap().into_inner(), &format!("{way}, piped")).len(), 3, "{way}, piped");
    }
}

#[test]
fn every_form_of_a_descriptor_is_read_and_so_is_a_comment() {
    let text = "some text, some text, some text";
    for (mark, long) in [(false, false), (true, false), (false, true), (true, true)] {
        let last = piped(stored("z", "stored behind"), mark, long);
        let items = [stored("index.html", ""), piped(deflated("a", text), mark, long), last];
        let zip = zip_with(&items, |end| end.comment = b"made in a test".to_vec());
        let manifest = read(&zip).unwrap();
        assert_eq!(manifest.files.len(), 3, "{mark} {long}");
        assert_eq!(content(&zip, &manifest.files[0]), text.as_bytes());
    }
}

#[test]
fn a_name_that_is_said_again_in_utf8_is_one_name() {
    let name = "\u{e4}.html";
    let again = extra(0x7075, &[&[1, 9, 9, 9, 9], name.as_bytes()].concat());
    let zip = zip_with(&[stored("index.html", ""), Item { extra: again, ..stored(name, "x") }], |_| {});
    assert_eq!(files(&zip, "unicode path").len(), 2);
}

#[test]
fn directories_are_left_out_even_when_they_are_there_twice() {
    let items = [stored("d/", ""), stored("d/", ""), deflated("e/", ""), stored("d/x", "y"), stored("index.html", "")];
    let manifest = read(&zip_with(&items, |_| {})).unwrap();
    let paths: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["d/x", "index.html"]);
}

#[test]
fn large_files_have_the_etag_and_the_checksum_that_s3_makes_of_their_parts() {
    // Computed by Python's hashlib from the same bytes, for parts of 1000.
    let known = [
        (
            1000,
            "4e4c294b331f7a2099a379bec34b9f9fc03dc46ab465d998f4d683da53487e6d",
            "a24f1e3ef66950e1327f210e3997ba2c",
            None,
        ),
        (
            1001,
            "d57f2a1c8961773c8653c0fc54fb91c8f71c62e5f0a61d7c3c8169f5c42ecd52",
            "8d53c6e2ff1be0ec32b26f8bfe57b2ab-2",
            Some("iMbaOcwtFbxywQEIzNZ9AYSGcsL+yqEn5rxyH4n8asM=-2"),
        ),
        (
            2000,
            "63d8d35920be456776a35578ade76725c687821ad55d4bb950225fed2d33e6cb",
            "c55b1c59fa560766be39eb70d390ece2-2",
            Some("YIhFNNIvBwKu4afxBouRIo62e2qYPyPfjW1ZVp4we1Q=-2"),
        ),
    ];
    for (size, sha256, etag, checksum) in known {
        for piece in [1, 7, 1000, 1500, 2000] {
            let mut hashes = Hashes::with_parts(size, 1000);
            let content: Vec<u8> = (0..=250).cycle().take(usize::try_from(size).unwrap()).collect();
            content.chunks(piece).for_each(|bytes| hashes.update(bytes));
            let hashed = hashes.finish();
            assert_eq!(hashed.sha256.to_string(), sha256, "{size} by {piece}");
            assert_eq!(hashed.etag.as_str(), etag, "{size} by {piece}");
            assert_eq!(hashed.parts_checksum.as_deref(), checksum, "{size} by {piece}");
        }
    }
}

#[test]
fn a_file_is_hashed_in_the_parts_in_which_it_is_uploaded() {
    for (size, parts) in [(PART_SIZE, None), (PART_SIZE + 1, Some("-2"))] {
        let content = vec![b'x'; usize::try_from(size).unwrap()];
        let manifest = read(&zip_with(&[stored("index.html", ""), stored("large.bin", content)], |_| {})).unwrap();
        let file = &manifest.files[1];
        assert_eq!(file.in_parts(), parts.is_some(), "{size}");
        assert_eq!(file.etag.as_str().get(32..).filter(|end| !end.is_empty()), parts, "{size}");
        assert_eq!(file.parts_checksum.as_deref().and_then(|text| text.get(44..)), parts, "{size}");
    }
    let empty = &read(&zip_with(&[stored("index.html", "")], |_| {})).unwrap().files[0].clone();
    assert_eq!(empty.etag.as_str(), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!((empty.size, empty.sha256), (0, Sha256::of(b"")));
}

#[test]
fn the_directory_may_have_another_order_than_the_contents() {
    let items = [stored("index.html", "page"), stored("a", "first"), stored("b", "second")];
    let mut zip = zip_with(&items, |_| {});
    // The records of `a` and `b` are the last two in front of the end record, and of one length.
    let record = 46 + 1;
    let at = zip.len() - 22 - 2 * record;
    zip[at..at + 2 * record].rotate_left(record);
    let contents: Vec<Vec<u8>> = files(&zip, "swapped").into_iter().map(|(_, content)| content).collect();
    assert_eq!(contents, [b"first".to_vec(), b"second".to_vec(), b"page".to_vec()]);
}
