//! Uploads in parts.

use bytes::Bytes;

use driftless_domain::{CallClass, ETag, Sha256};
use driftless_execute::{SiteChanges, StoredObject, StoredPart};

use super::objects::{bucket, fenced, key, page};
use crate::testing::{Fake, Reply, here};

fn parts() -> [StoredPart; 2] {
    [1, 2].map(|number| StoredPart {
        number,
        etag: ETag::parse(format!("e{number}")).unwrap(),
        sha256: Sha256::of(&number.to_string().into_bytes()),
    })
}

#[tokio::test(start_paused = true)]
async fn an_upload_in_parts_is_begun_with_the_headers_and_the_algorithm() {
    let fake = Fake::new(|_, _| {
        let body = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
        Reply::Page(200, body.to_owned())
    });
    let upload = fake.aws().begin_parts(&here(), &bucket(), &key(), &page()).await.unwrap();
    assert_eq!(upload, "u1");
    let sent = &fake.of("POST uploads")[0];
    fenced(sent);
    assert_eq!(sent.headers["x-amz-checksum-algorithm"], "SHA256");
    assert_eq!(sent.headers["content-type"], page().content_type);
    assert_eq!(sent.headers["cache-control"], page().cache_control);
}

#[tokio::test(start_paused = true)]
async fn a_part_says_its_number_and_its_hash_and_may_be_repeated() {
    let fake = Fake::new(|_, before| match before {
        0 => Reply::Breaks,
        _ => Reply::Object(200, vec![("etag", "\"e2\"".to_owned())], Vec::new()),
    });
    let sha256 = Sha256::of(b"2");
    let body = Bytes::from_static(b"2");
    let part = fake.aws().put_part(&here(), &bucket(), &key(), "u1", 2, sha256, body).await.unwrap();
    assert_eq!(part, parts()[1]);
    let sent = fake.of("PUT x-id=UploadPart");
    assert_eq!(sent.len(), 2);
    fenced(&sent[1]);
    assert_eq!(sent[1].headers["x-amz-checksum-sha256"], sha256.to_base64());
    assert!(sent[1].path.contains("partNumber=2") && sent[1].path.contains("uploadId=u1"), "{}", sent[1].path);
    assert_eq!(sent[1].text, "2");
}

#[tokio::test(start_paused = true)]
async fn the_parts_are_put_together_once_with_their_hashes() {
    let fake = Fake::new(|_, _| {
        let body = "<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag><ChecksumSHA256>c=-2</ChecksumSHA256>\
                    </CompleteMultipartUploadResult>";
        Reply::Page(200, body.to_owned())
    });
    let stored = fake.aws().finish_parts(&here(), &bucket(), &key(), "u1", &parts()).await.unwrap();
    assert_eq!(stored, StoredObject { etag: ETag::parse("e-2").unwrap(), checksum: Some("c=-2".to_owned()) });
    let sent = &fake.of("POST uploadId")[0];
    fenced(sent);
    let part = |StoredPart { number, etag, sha256 }: StoredPart| {
        let hash = sha256.to_base64();
        (
            format!("<PartNumber>{number}</PartNumber>"),
            etag.to_string(),
            format!("<ChecksumSHA256>{hash}</ChecksumSHA256>"),
        )
    };
    for (number, etag, hash) in parts().map(part) {
        for word in [number, etag, hash] {
            assert!(sent.text.contains(&word), "{word} in {}", sent.text);
        }
    }
    for (reply, class) in [
        (Reply::Breaks, CallClass::Ambiguous),
        (Reply::s3(200, "InternalError"), CallClass::Ambiguous),
        (Reply::s3(404, "NoSuchUpload"), CallClass::Conflict),
        (Reply::s3(400, "BadDigest"), CallClass::Transient),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let stored = fake.aws().finish_parts(&here(), &bucket(), &key(), "u1", &parts()).await;
        assert_eq!((stored.unwrap_err().class, fake.count("POST uploadId")), (class, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_gone_counts_as_given_up() {
    for (reply, outcome) in [
        (Reply::bare(204), Ok(())),
        (Reply::s3(404, "NoSuchUpload"), Ok(())),
        (Reply::s3(403, "AccessDenied"), Err(CallClass::Denied)),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let given_up = fake.aws().abandon_parts(&here(), &bucket(), &key(), "u1").await;
        assert_eq!(given_up.map_err(|error| error.class), outcome);
        fenced(&fake.of("DELETE x-id=AbortMultipartUpload")[0]);
    }
}
