//! The clients for buckets and distributions, with times and retries of their own.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::{
    Builder, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use tokio::sync::OnceCell;

use driftless_domain::{AccountId, Place, Region};

use super::{CHANGE, timeouts};

/// One try of a put: 8 MiB (a part) at 4 Mbit/s take 17 s.
const ATTEMPT: Duration = Duration::from_secs(20);
/// A call that changes an object, with all its tries. It is the longest that anything of ours is under way, so the takeover
/// grace (45 s) decides it; a part that takes longer is sent again by the next pass.
pub(crate) const OPERATION: Duration = Duration::from_secs(40);
/// Where CloudFront's API is, whatever the region of the bucket.
const CLOUDFRONT: &str = "us-east-1";

/// The clients of one place for its sites.
#[derive(Debug)]
pub(crate) struct SiteClients {
    /// Repeats by itself.
    pub(crate) reads: aws_sdk_s3::Client,
    /// Repeats by itself too: what is put twice is there once.
    pub(crate) puts: aws_sdk_s3::Client,
    /// Sends once, for what would mean something else the second time; with all the time there is, because S3 may take long
    /// over a copy or over many parts.
    pub(crate) once: aws_sdk_s3::Client,
    pub(crate) cloudfront_reads: aws_sdk_cloudfront::Client,
    pub(crate) cloudfront_changes: aws_sdk_cloudfront::Client,
}

impl SiteClients {
    pub(super) fn new(config: &SdkConfig, place: &Place, emulated: bool) -> Self {
        let Place { account, region, role: _ } = place;
        let once = RetryConfig::disabled();
        let s3 = s3(config, &format!("s3-{account}-{region}"), emulated);
        let put = timeouts().to_builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let slow = put.to_builder().operation_attempt_timeout(OPERATION).build();
        let call = timeouts().to_builder().operation_timeout(CHANGE).build();

        let global = config.to_builder().region(aws_sdk_cloudfront::config::Region::from_static(CLOUDFRONT)).build();
        let partition =
            aws_sdk_cloudfront::config::retry::RetryPartition::custom(format!("cloudfront-{account}")).build();
        let cloudfront = aws_sdk_cloudfront::config::Builder::from(&global).retry_partition(partition);
        let changes = cloudfront.clone().retry_config(once.clone()).timeout_config(call);
        Self {
            reads: aws_sdk_s3::Client::from_conf(s3.clone().build()),
            puts: aws_sdk_s3::Client::from_conf(s3.clone().timeout_config(put).build()),
            once: aws_sdk_s3::Client::from_conf(s3.retry_config(once).timeout_config(slow).build()),
            cloudfront_reads: aws_sdk_cloudfront::Client::from_conf(cloudfront.build()),
            cloudfront_changes: aws_sdk_cloudfront::Client::from_conf(changes.build()),
        }
    }
}

/// The clients that speak with the controller's own credentials, for the artifact bucket.
#[derive(Debug)]
pub(crate) struct OwnClients {
    pub(crate) s3_reads: aws_sdk_s3::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    /// The controller's own account, once STS said so.
    pub(crate) account: OnceCell<AccountId>,
}

impl OwnClients {
    pub(super) fn new(config: &SdkConfig, region: &Region, emulated: bool) -> Self {
        Self {
            s3_reads: aws_sdk_s3::Client::from_conf(s3(config, &format!("s3-own-{region}"), emulated).build()),
            sts: aws_sdk_sts::Client::new(config),
            account: OnceCell::new(),
        }
    }
}

fn s3(config: &SdkConfig, partition: &str, emulated: bool) -> Builder {
    Builder::from(config)
        .retry_partition(RetryPartition::custom(partition.to_owned()).build())
        // An emulator has one name for all buckets.
        .force_path_style(emulated)
        // We say ourselves what must arrive, and compare what comes with the sha256 that the records hold.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // Every try has a time limit, and so has every piece of an answer (`s3::builds`).
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}
