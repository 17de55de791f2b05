//! What is in a bucket, seen without any code of ours: objects as HTTP serves them, and their versions as the AWS CLI lists
//! them.

use std::collections::{BTreeMap, BTreeSet};

use driftless_domain::{Place, Region};
use driftless_tests::emulator::Emulator;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};

/// One object as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    pub(crate) content_encoding: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Buckets, spoken to over HTTP as whoever owns them.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    endpoint: String,
    client: reqwest::Client,
}

impl Http {
    pub(crate) fn to(emulator: &Emulator) -> Self {
        Self { endpoint: emulator.endpoint().to_owned(), client: reqwest::Client::new() }
    }

    /// Gets one object.
    pub(crate) async fn get(&self, place: &Place, bucket: &str, key: &str) -> Served {
        served(self.send(Method::GET, place, &format!("{bucket}/{}", encoded(key)), Vec::new()).await).await
    }

    /// Puts an object, and gives its version.
    pub(crate) async fn put(&self, place: &Place, bucket: &str, key: &str, body: Vec<u8>) -> String {
        let answer = self.send(Method::PUT, place, &format!("{bucket}/{}", encoded(key)), body).await;
        header(answer.headers(), "x-amz-version-id").unwrap()
    }

    /// With versioning: builds are pinned by it, and of a website bucket it tells every single change.
    pub(crate) async fn make_bucket(&self, place: &Place, bucket: &str) {
        let region = &place.region;
        let where_ = format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        );
        self.send(Method::PUT, place, bucket, where_.into_bytes()).await;
        let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        self.send(Method::PUT, place, &format!("{bucket}?versioning"), on.into()).await;
    }

    async fn send(&self, method: Method, place: &Place, path: &str, body: Vec<u8>) -> Response {
        let Place { account, region, role: _ } = place;
        let request = self.client.request(method.clone(), format!("{}/{path}", self.endpoint));
        let request = request
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", authorization(account.as_str(), region));
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        answer
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

async fn served(answer: Response) -> Served {
    let headers = answer.headers().clone();
    Served {
        content_type: header(&headers, "content-type").unwrap_or_default(),
        cache_control: header(&headers, "cache-control").unwrap_or_default(),
        content_encoding: header(&headers, "content-encoding"),
        body: answer.bytes().await.unwrap().to_vec(),
    }
}

/// The emulator takes the account from the access key, and checks no signature.
fn authorization(account: &str, region: &Region) -> String {
    let scope = format!("{account}/20260101/{region}/s3/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00")
}

fn encoded(key: &str) -> String {
    let mut out = String::new();
    for byte in key.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// All versions of all objects of a bucket, and its delete markers: what was done to it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions {
    /// Version id to key.
    written: BTreeMap<String, String>,
    deleted: BTreeMap<String, String>,
    /// Key to ETag, of what is there now.
    pub(crate) there: BTreeMap<String, String>,
}

impl Versions {
    pub(crate) async fn of(emulator: &Emulator, place: &Place, bucket: &str) -> Self {
        let arguments = ["s3api", "list-object-versions", "--bucket", bucket];
        let answer = emulator.aws_cli(place, &arguments).await.unwrap();
        let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let by_id = |name: &str| list(name).iter().map(|one| (text(&one["VersionId"]), text(&one["Key"]))).collect();
        let latest = list("Versions").into_iter().filter(|one| one["IsLatest"] == true);
        Self {
            written: by_id("Versions"),
            deleted: by_id("DeleteMarkers"),
            there: latest.map(|one| (text(&one["Key"]), text(&one["ETag"]).trim_matches('"').to_owned())).collect(),
        }
    }

    /// The keys that were written since an earlier look, each once for each time.
    pub(crate) fn written_since(&self, earlier: &Self) -> Vec<String> {
        let new = self.written.iter().filter(|(id, _)| !earlier.written.contains_key(*id));
        let mut keys: Vec<String> = new.map(|(_, key)| key.clone()).collect();
        keys.sort();
        keys
    }

    /// The keys that were deleted since an earlier look.
    pub(crate) fn deleted_since(&self, earlier: &Self) -> Vec<String> {
        self.deleted.iter().filter(|(id, _)| !earlier.deleted.contains_key(*id)).map(|(_, key)| key.clone()).collect()
    }

    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.there.keys().cloned().collect()
    }
}
