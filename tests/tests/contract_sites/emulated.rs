//! The adapters at ministack as a stand, and where it is not as AWS is.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;

use driftless_aws::Aws;
use driftless_domain::{AccountId, BucketName, DistributionId, Place, VersionId};
use driftless_tests::emulator::Emulator;

use crate::by_sdk::BySdk;
use crate::runner::{Short, table};
use crate::setup::{Hands, Stand, home};

/// What ministack does otherwise than AWS, as far as a case shows it.
pub(crate) const SHORT: &[Short] = &[
    Short {
        case: "a_put_answers_with_the_checksum",
        aws: "the answer to PutObject names the checksum",
        here: "it does not; HEAD does",
        shows: "the checksum: found None",
    },
    Short {
        case: "only_the_last_part_may_be_small",
        aws: "EntityTooSmall for a part of less than 5 MiB that is not the last",
        here: "parts of any size",
        shows: "the end: not refused",
    },
    Short {
        case: "an_encoding_that_goes_is_gone",
        aws: "CopyObject with REPLACE drops headers that are not sent",
        here: "Content-Encoding stays",
        shows: "content_encoding: Some(\"gzip\")",
    },
    Short {
        case: "a_copy_in_place_has_a_checksum",
        aws: "CopyObject computes the checksum that is asked for",
        here: "there is none",
        shows: "checksum: None",
    },
    Short {
        case: "a_copy_of_an_object_in_parts_is_one_piece",
        aws: "a copy is one piece, with the ETag and checksum of one",
        here: "it keeps those of the parts",
        shows: "-1",
    },
    Short {
        case: "a_bucket_that_lets_us_in_is_not_ours_for_that_s14",
        aws: "x-amz-expected-bucket-owner: AccessDenied",
        here: "not looked at",
        shows: "list: not refused",
    },
    Short {
        case: "an_invalidation_takes_its_time",
        aws: "InProgress for seconds to minutes",
        here: "Completed at once",
        shows: "found Some(Completed)",
    },
    Short {
        case: "a_distribution_has_so_many_wildcards_under_way",
        aws: "TooManyInvalidationsInProgress",
        here: "no limit",
        shows: "the sixteenth: not refused",
    },
    Short {
        case: "an_invalidation_has_so_many_paths",
        aws: "BatchTooLarge; InvalidArgument without a path",
        here: "no limit",
        shows: "3,001 paths: not refused",
    },
];

/// What no case shows, because the adapter copes with it.
pub(crate) async fn on_the_wire(emulated: &Emulated) {
    let row = [
        "GetObject of a version, with a range",
        "206 and the range",
        "200 and the whole object: the adapter skips what it did not ask for",
    ];
    println!("{}", table("ministack 1.5.33", &[row]));
    let range = emulated.range_of_a_version().await.unwrap();
    assert_eq!(range, (None, 10), "{row:?}: the row is out of date");
}

pub(crate) struct Emulated {
    by_sdk: BySdk,
    aws: Aws,
    distributions: AtomicU32,
    // Dropped last: it is what the others talk to.
    _emulator: Emulator,
}

impl Emulated {
    pub(crate) fn at(emulator: Emulator) -> Self {
        let by_sdk = BySdk { endpoint: emulator.endpoint().to_owned() };
        Self { by_sdk, aws: emulator.aws(), distributions: AtomicU32::new(0), _emulator: emulator }
    }

    pub(crate) fn stand(&self) -> Stand<'_> {
        Stand { state: &self.aws, changes: &self.aws, builds: &self.aws, hands: self }
    }

    /// What a range of a version answers: its Content-Range, and how much there is.
    async fn range_of_a_version(&self) -> Result<(Option<String>, usize)> {
        let stand = self.stand();
        let here = stand.build_bucket("wire-range").await?;
        let version = here.upload("a", "0123456789").await?;
        let request = self.by_sdk.client(&home()).get_object().bucket(here.bucket.as_str()).key("a");
        let answer = request.version_id(version.as_str()).range("bytes=2-4").send().await?;
        let range = answer.content_range.clone();
        Ok((range, answer.body.collect().await?.into_bytes().len()))
    }
}

#[async_trait]
impl Hands for Emulated {
    fn look_every(&self) -> Duration {
        Duration::from_millis(100)
    }

    async fn create_bucket(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        self.by_sdk.create_bucket(place, bucket).await
    }

    async fn keep_versions(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        self.by_sdk.keep_versions(place, bucket).await
    }

    async fn let_in(&self, place: &Place, bucket: &BucketName, other: &AccountId) -> Result<()> {
        self.by_sdk.let_in(place, bucket, other).await
    }

    async fn put(&self, place: &Place, bucket: &BucketName, key: &str, body: Bytes) -> Result<Option<VersionId>> {
        self.by_sdk.put(place, bucket, key, body).await
    }

    async fn delete(&self, place: &Place, bucket: &BucketName, key: &str) -> Result<()> {
        self.by_sdk.delete(place, bucket, key).await
    }

    async fn erase(&self, place: &Place, bucket: &BucketName, key: &str, version: &VersionId) -> Result<()> {
        self.by_sdk.erase(place, bucket, key, version).await
    }

    async fn unfinished_uploads(&self, place: &Place, bucket: &BucketName) -> Result<usize> {
        self.by_sdk.unfinished_uploads(place, bucket).await
    }

    /// The SDK for CloudFront is not among the tests' dependencies: this is the one request that it would be needed for.
    async fn create_distribution(&self, place: &Place) -> Result<DistributionId> {
        let number = self.distributions.fetch_add(1, Ordering::Relaxed);
        let Place { account, region: _, role: _ } = place;
        let scope = format!("{account}/20260101/us-east-1/cloudfront/aws4_request");
        let body = format!(
            "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
             <CallerReference>{number}</CallerReference><Comment/><Enabled>true</Enabled>\
             <Origins><Quantity>1</Quantity><Items><Origin><Id>o</Id><DomainName>o.example</DomainName>\
             <S3OriginConfig><OriginAccessIdentity/></S3OriginConfig></Origin></Items></Origins>\
             <DefaultCacheBehavior><TargetOriginId>o</TargetOriginId>\
             <ViewerProtocolPolicy>https-only</ViewerProtocolPolicy></DefaultCacheBehavior></DistributionConfig>"
        );
        let answer = reqwest::Client::new()
            .post(format!("{}/2020-05-31/distribution", self.by_sdk.endpoint))
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"),
            )
            .body(body)
            .send()
            .await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "CreateDistribution: {text}");
        let id = text.split_once("<Id>").and_then(|(_, rest)| rest.split_once("</Id>"));
        let (id, _) = id.with_context(|| format!("CreateDistribution names no distribution: {text}"))?;
        Ok(DistributionId::parse(id)?)
    }
}
