//! The S3 in memory, held against the SDK that the product uses.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};

use super::{Kind, SECRET, Server, What};

const MIB: usize = 1024 * 1024;

async fn server() -> (Server, Client) {
    let server = Server::start().await.unwrap();
    server.store().make_bucket("plain", Kind::Plain);
    server.store().make_bucket("versioned", Kind::Versioned);
    server.store().make_bucket("forgetful", Kind::Forgetful);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("111111111111", SECRET, None, None, "test"))
        .endpoint_url(server.endpoint())
        .force_path_style(true)
        .build();
    (server, Client::from_conf(config))
}

async fn put(client: &Client, bucket: &str, key: &str, text: &'static str) -> Option<String> {
    let body = ByteStream::from_static(text.as_bytes());
    let put = client.put_object().bucket(bucket).key(key).body(body).cache_control("max-age=1");
    put.send().await.unwrap().version_id
}

#[tokio::test]
async fn what_is_put_is_read_whole_in_part_and_in_an_older_version() {
    let (_server, client) = server().await;
    let old = put(&client, "versioned", "a b/ü.html", "abcdef").await;
    let new = put(&client, "versioned", "a b/ü.html", "ghijkl").await;
    assert!(old.is_some() && old != new);
    let get = || client.get_object().bucket("versioned").key("a b/ü.html");
    let whole = get().send().await.unwrap();
    assert_eq!(whole.cache_control(), Some("max-age=1"));
    assert_eq!(whole.body.collect().await.unwrap().to_vec(), b"ghijkl");
    let part = get().set_version_id(old).range("bytes=2-3").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-3/6"));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"cd");
    let missing = client.get_object().bucket("plain").key("x").send().await.unwrap_err();
    assert_eq!(missing.into_service_error().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn other_bytes_than_were_announced_and_unmet_conditions_are_refused() {
    let (_server, client) = server().await;
    put(&client, "plain", "a", "one").await;
    let other = || client.put_object().bucket("plain").key("a").body(ByteStream::from_static(b"two"));
    let wrong = other().checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").send().await.unwrap_err();
    assert_eq!(wrong.into_service_error().code(), Some("BadDigest"));
    let stale = other().if_match("\"0123\"").send().await.unwrap_err();
    assert_eq!(stale.into_service_error().code(), Some("PreconditionFailed"));
    let gone = client.delete_object().bucket("plain").key("a").if_match("\"0123\"").send().await.unwrap_err();
    assert_eq!(gone.into_service_error().code(), Some("PreconditionFailed"));
    let found = client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(found.e_tag(), Some("\"f97c5d29941bfb1b2fdab0874906ab82\""));
}

#[tokio::test]
async fn an_object_in_parts_is_one_object_and_a_forgetful_bucket_knows_its_hash() {
    let (server, client) = server().await;
    for bucket in ["plain", "forgetful"] {
        let begun = client.create_multipart_upload().bucket(bucket).key("big").send().await.unwrap();
        let mut parts = CompletedMultipartUpload::builder();
        for (number, size) in [(1, 5 * MIB), (2, 7)] {
            let body = ByteStream::from(vec![b'x'; size]);
            let part = client.upload_part().bucket(bucket).key("big").part_number(number).body(body);
            let part = part.set_upload_id(begun.upload_id.clone()).send().await.unwrap();
            let part = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build();
            parts = parts.parts(part);
        }
        let complete = client.complete_multipart_upload().bucket(bucket).key("big").multipart_upload(parts.build());
        complete.set_upload_id(begun.upload_id).send().await.unwrap();
        let found = client.head_object().bucket(bucket).key("big").send().await.unwrap();
        assert_eq!(found.content_length(), Some(5 * MIB as i64 + 7));
        assert!(found.e_tag().unwrap().ends_with("-2\""), "{:?}", found.e_tag());
    }
    assert!(server.store().find("plain", "big", None).unwrap().bytes().is_some());
    assert!(server.store().find("forgetful", "big", None).unwrap().bytes().is_none());
}

#[tokio::test]
async fn headers_are_replaced_in_place_and_the_log_has_everything_in_order() {
    let (server, client) = server().await;
    put(&client, "plain", "a", "one").await;
    let copy = client.copy_object().bucket("plain").key("a").copy_source("plain/a").cache_control("no-store");
    copy.metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    let found = client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(found.cache_control(), Some("no-store"));
    client.delete_object().bucket("plain").key("a").send().await.unwrap();
    let (events, connections) = server.take_log();
    let shown: Vec<String> = events
        .into_iter()
        .map(|event| match event.what {
            What::Arrived { operation, key, .. } => format!("{operation:?} {key}"),
            What::Appeared { key, .. } => format!("+{key}"),
            What::Gone { key, .. } => format!("-{key}"),
            What::Answered { status } => status.to_string(),
        })
        .collect();
    let wanted = ["Put a", "+a", "200", "Copy a", "+a", "200", "Head a", "200", "Delete a", "-a", "204"];
    assert_eq!(shown, wanted);
    assert!(connections >= 1);
}
