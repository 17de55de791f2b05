//! Website buckets: what is asked of S3 word by word, and what its answers are taken for.

use std::time::Duration;

use bytes::Bytes;

use driftless_domain::{
    BucketName, CallClass, ContentEncoding, ETag, Headers, KeyPrefix, ListedObject, ObjectHead, ObjectKey, Sha256,
};
use driftless_execute::{SiteChanges, StoredObject};
use driftless_observe::{Objects, SiteState};

use crate::testing::{Fake, Reply, Request, here};

pub(super) fn bucket() -> BucketName {
    BucketName::parse("acme-docs-web").unwrap()
}

pub(super) fn key() -> ObjectKey {
    ObjectKey::parse("docs/a b+c%ä.html").unwrap()
}

pub(super) fn page() -> Headers {
    Headers {
        content_type: "text/html; charset=utf-8".to_owned(),
        cache_control: "max-age=0, must-revalidate".to_owned(),
        content_encoding: None,
    }
}

fn etag() -> ETag {
    ETag::parse("0cc175b9c0f1b6a831c399e269772661").unwrap()
}

/// What every request on a bucket must say (S14), and what none may.
#[track_caller]
pub(super) fn fenced(request: &Request) {
    assert_eq!(request.headers["x-amz-expected-bucket-owner"], "111111111111");
    let names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
    for unwanted in ["x-amz-checksum-crc32", "x-amz-trailer", "x-amz-sdk-checksum-algorithm", "content-md5"] {
        assert!(!names.contains(&unwanted), "{names:?}");
    }
    assert!(request.path.starts_with("/acme-docs-web"), "path-style: {}", request.path);
}

#[tokio::test(start_paused = true)]
async fn a_put_says_whose_bucket_it_is_which_bytes_arrive_and_how_they_are_served() {
    let fake = Fake::new(|_, _| Reply::Object(200, vec![("etag", format!("\"{}\"", etag()))], Vec::new()));
    let (body, hash) = (Bytes::from_static(b"a"), Sha256::of(b"a"));
    let stored = fake.aws().put_object(&here(), &bucket(), &key(), &page(), hash, body).await.unwrap();
    assert_eq!(stored, StoredObject { etag: etag(), checksum: None });
    let sent = &fake.of("PUT x-id=PutObject")[0];
    fenced(sent);
    assert_eq!(sent.path, "/acme-docs-web/docs/a%20b%2Bc%25%C3%A4.html?x-id=PutObject");
    assert_eq!((sent.text.as_str(), sent.headers["content-length"].as_str()), ("a", "1"));
    assert_eq!(sent.headers["x-amz-checksum-sha256"], hash.to_base64());
    assert_eq!(sent.headers["content-type"], page().content_type);
    assert_eq!(sent.headers["cache-control"], page().cache_control);
    assert!(!sent.headers.contains_key("content-encoding"));
    let authorization = &sent.headers["authorization"];
    assert!(authorization.contains("x-amz-checksum-sha256;"), "the checksum is signed: {authorization}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_compressed_when_it_was_built_says_so() {
    let fake = Fake::new(|_, _| Reply::Object(200, vec![("etag", "\"e\"".to_owned())], Vec::new()));
    let headers = Headers { content_encoding: Some(ContentEncoding::Br), ..page() };
    let put = fake.aws().put_object(&here(), &bucket(), &key(), &headers, Sha256::of(b""), Bytes::new()).await;
    put.unwrap();
    assert_eq!(fake.of("PUT x-id=PutObject")[0].headers["content-encoding"], "br");
}

#[tokio::test(start_paused = true)]
async fn a_put_is_repeated_a_bounded_time_because_it_is_the_same_twice() {
    let put = async |fake: &Fake| {
        let (aws, place, bucket, key, headers) = (fake.aws(), here(), bucket(), key(), page());
        let put = aws.put_object(&place, &bucket, &key, &headers, Sha256::of(b"a"), "a".into());
        let within = crate::LONGEST_IN_FLIGHT + Duration::from_millis(1);
        tokio::time::timeout(within, put).await.expect("the operation timeout bounds it")
    };
    let fake = Fake::new(|_, before| match before {
        0 => Reply::Breaks,
        1 => Reply::s3(503, "SlowDown"),
        _ => Reply::Object(200, vec![("etag", "\"e\"".to_owned())], Vec::new()),
    });
    put(&fake).await.unwrap();
    for (reply, class, sent) in [
        (Reply::Hangs, CallClass::Ambiguous, 2),
        (Reply::Breaks, CallClass::Ambiguous, 3),
        (Reply::s3(503, "SlowDown"), CallClass::Throttled, 3),
        (Reply::s3(400, "BadDigest"), CallClass::Transient, 1),
        (Reply::s3(403, "AccessDenied"), CallClass::Denied, 1),
        (Reply::bare(200), CallClass::Ambiguous, 1),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        assert_eq!(put(&fake).await.unwrap_err().class, class);
        assert_eq!(fake.count("PUT x-id=PutObject"), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn what_s3_leaves_unsaid_is_added_to_its_words() {
    for (code, words) in [
        ("PermanentRedirect", "words; the bucket is not in eu-west-1: correct the region in the spec"),
        ("AccessDenied", "words; S3 also says so of a bucket that does not belong to account 111111111111"),
        ("NoSuchBucket", "words; correct its name in the spec, or create it"),
        ("KeyTooLongError", "words"),
    ] {
        let fake = Fake::new(move |_, _| Reply::s3(400, code));
        let put = fake.aws().put_object(&here(), &bucket(), &key(), &page(), Sha256::of(b"a"), "a".into()).await;
        let error = put.unwrap_err();
        assert_eq!((error.said.code.as_str(), error.said.message.as_str()), (code, words));
        assert_eq!(error.object, "s3://acme-docs-web/docs/a b+c%ä.html (111111111111, eu-west-1)");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_are_replaced_by_a_copy_in_place_of_exactly_what_was_seen() {
    let fake = Fake::new(|_, _| Reply::Page(200, "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".to_owned()));
    fake.aws().replace_headers(&here(), &bucket(), &key(), &page(), &etag()).await.unwrap();
    let sent = &fake.of("PUT x-id=CopyObject")[0];
    assert_eq!(sent.headers["x-amz-copy-source"], "acme-docs-web/docs/a%20b%2Bc%25%C3%A4.html");
    for (name, value) in [
        ("x-amz-copy-source-if-match", format!("\"{}\"", etag())),
        ("x-amz-metadata-directive", "REPLACE".to_owned()),
        ("x-amz-expected-bucket-owner", "111111111111".to_owned()),
        ("x-amz-source-expected-bucket-owner", "111111111111".to_owned()),
        ("x-amz-checksum-algorithm", "SHA256".to_owned()),
        ("content-type", page().content_type),
        ("cache-control", page().cache_control),
    ] {
        assert_eq!(sent.headers[name], value, "{name}");
    }
    for (reply, class) in [
        (Reply::s3(412, "PreconditionFailed"), CallClass::Conflict),
        (Reply::s3(404, "NoSuchKey"), CallClass::Conflict),
        // S3 says 200 when it begins to copy, and may fail after that.
        (Reply::s3(200, "InternalError"), CallClass::Ambiguous),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let copied = fake.aws().replace_headers(&here(), &bucket(), &key(), &page(), &etag()).await;
        assert_eq!(copied.unwrap_err().class, class);
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_deleted_once_and_only_as_it_was_seen_s14() {
    for (reply, outcome) in [
        (Reply::bare(204), Ok(())),
        (Reply::s3(404, "NoSuchKey"), Ok(())),
        (Reply::s3(412, "PreconditionFailed"), Err(CallClass::Conflict)),
        (Reply::s3(409, "ConditionalRequestConflict"), Err(CallClass::Conflict)),
        (Reply::s3(404, "NoSuchBucket"), Err(CallClass::Invalid)),
        (Reply::s3(403, "AccessDenied"), Err(CallClass::Denied)),
        (Reply::Breaks, Err(CallClass::Ambiguous)),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let deleted = fake.aws().delete_object(&here(), &bucket(), &key(), &etag()).await;
        assert_eq!(deleted.map_err(|error| error.class), outcome);
        let [sent] = &fake.of("DELETE x-id=DeleteObject")[..] else { panic!("sent more than once") };
        fenced(sent);
        assert_eq!(sent.headers["if-match"], format!("\"{}\"", etag()));
    }
}

fn listed(contents: &str, next: Option<&str>) -> Reply {
    let next = next.map_or(String::new(), |next| format!("<NextContinuationToken>{next}</NextContinuationToken>"));
    let truncated = !next.is_empty();
    Reply::Page(
        200,
        format!(
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>{next}{contents}\
             </ListBucketResult>"
        ),
    )
}

fn entry(key: &str, size: u64) -> String {
    format!("<Contents><Key>{key}</Key><Size>{size}</Size><ETag>&quot;{}&quot;</ETag></Contents>", etag())
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_to_its_end_and_leaves_out_keys_that_cannot_be_ours() {
    let fake = Fake::new(|_, before| match before {
        0 => {
            listed(&[entry("docs/a+b%2Bc.js", 1), entry("docs/%01", 2), entry("docs/x/../y", 3)].concat(), Some("t=+/"))
        }
        _ => listed(&[entry("docs/%C3%A4.html", 4), entry("docs/%FF", 5)].concat(), None),
    });
    let prefix = KeyPrefix::parse("docs").unwrap();
    let found = fake.aws().list_objects(&here(), &bucket(), Some(&prefix)).await.unwrap().unwrap();
    let object = |size| ListedObject { size, etag: etag(), checksum: None };
    let key = |key: &str| ObjectKey::parse(key.to_owned()).unwrap();
    let objects = [(key("docs/a b+c.js"), object(1)), (key("docs/ä.html"), object(4))];
    assert_eq!(found, Objects { objects: objects.into(), unnamed: 3 });
    let sent = fake.of("GET list-type");
    sent.iter().for_each(fenced);
    assert_eq!(
        (sent[0].path.as_str(), sent[1].path.as_str()),
        (
            "/acme-docs-web/?list-type=2&encoding-type=url&max-keys=1000&prefix=docs%2F",
            "/acme-docs-web/?list-type=2&encoding-type=url&max-keys=1000&prefix=docs%2F&continuation-token=t%3D%2B%2F",
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_not_there_is_no_empty_bucket_and_no_failure_is_either_s10() {
    for (reply, outcome) in [
        (Reply::s3(404, "NoSuchBucket"), Ok(None)),
        (listed("", None), Ok(Some(Objects::default()))),
        (Reply::s3(403, "AccessDenied"), Err(CallClass::Denied)),
        (Reply::s3(301, "PermanentRedirect"), Err(CallClass::Invalid)),
        (Reply::s3(503, "SlowDown"), Err(CallClass::Throttled)),
        (Reply::Breaks, Err(CallClass::Transient)),
        (listed("", Some("")), Err(CallClass::Transient)),
        (listed("", Some("the same for ever")), Err(CallClass::Transient)),
        (listed("<Contents><Key>a</Key><Size>1</Size></Contents>", None), Err(CallClass::Transient)),
        (listed("<Contents><Key>a</Key><ETag>e</ETag></Contents>", None), Err(CallClass::Transient)),
    ] {
        let shown = format!("{reply:?}");
        let fake = Fake::new(move |_, _| reply.clone());
        let found = fake.aws().list_objects(&here(), &bucket(), None).await;
        assert_eq!(found.map_err(|error| error.class), outcome, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_longer_than_a_site_may_be_is_refused() {
    let fake = Fake::new(|_, before| listed(&"<Contents/>".repeat(100_000), Some(&format!("more {before}"))));
    let error = fake.aws().list_objects(&here(), &bucket(), None).await.unwrap_err();
    assert_eq!((error.class, error.said.code.as_str()), (CallClass::Invalid, "TooManyObjects"));
    assert_eq!(fake.count("GET list-type"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_head_shows_the_headers_and_the_checksum() {
    let fake = Fake::new(|_, _| {
        let headers = [
            ("etag", "\"e-2\""),
            ("content-length", "7"),
            ("content-type", "text/css"),
            ("cache-control", "no-store"),
            ("content-encoding", "gzip"),
            ("x-amz-checksum-sha256", "abc=-2"),
        ];
        Reply::Object(200, headers.map(|(name, value)| (name, value.to_owned())).into(), Vec::new())
    });
    let head = fake.aws().head_object(&here(), &bucket(), &key()).await.unwrap().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = ObjectHead {
        etag: ETag::parse("e-2").unwrap(),
        size: 7,
        checksum: text("abc=-2"),
        content_type: text("text/css"),
        cache_control: text("no-store"),
        content_encoding: text("gzip"),
    };
    assert_eq!(head, expected);
    let sent = &fake.of("HEAD")[0];
    fenced(sent);
    assert_eq!(sent.headers["x-amz-checksum-mode"], "ENABLED");
}

#[tokio::test(start_paused = true)]
async fn a_head_without_a_body_is_read_by_its_status_and_only_404_is_absence_s10() {
    for (status, outcome) in [
        (404, Ok(None)),
        (301, Err(CallClass::Invalid)),
        (403, Err(CallClass::Denied)),
        (405, Err(CallClass::Invalid)),
        (412, Err(CallClass::Conflict)),
        (500, Err(CallClass::Transient)),
        (503, Err(CallClass::Throttled)),
    ] {
        let fake = Fake::new(move |_, _| Reply::bare(status));
        let head = fake.aws().head_object(&here(), &bucket(), &key()).await;
        assert_eq!(head.map_err(|error| error.class), outcome, "{status}");
    }
    let hung = Fake::new(|_, _| Reply::Hangs);
    let (aws, place, bucket, key) = (hung.aws(), here(), bucket(), key());
    let head = tokio::time::timeout(Duration::from_millis(30_001), aws.head_object(&place, &bucket, &key)).await;
    assert_eq!(head.expect("the operation timeout bounds it").unwrap_err().class, CallClass::Transient);
}
