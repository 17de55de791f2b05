//! The hands of others at whatever speaks S3: the SDK as it comes, with the account as the access key.

use anyhow::{Context as _, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use bytes::Bytes;

use driftless_domain::{AccountId, BucketName, Place, VersionId};

/// An endpoint.
pub(crate) struct BySdk {
    pub(crate) endpoint: String,
}

impl BySdk {
    pub(crate) fn client(&self, place: &Place) -> Client {
        let Place { account, region, role: _ } = place;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.endpoint)
            .region(Region::new(region.to_string()))
            .credentials_provider(Credentials::new(account.as_str(), "emulator", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(true);
        Client::from_conf(config.build())
    }

    pub(crate) async fn create_bucket(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        let region = BucketLocationConstraint::from(place.region.as_str());
        let configuration = CreateBucketConfiguration::builder().location_constraint(region).build();
        let request = self.client(place).create_bucket().bucket(bucket.as_str());
        request.create_bucket_configuration(configuration).send().await?;
        Ok(())
    }

    pub(crate) async fn keep_versions(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.client(place).put_bucket_versioning().bucket(bucket.as_str());
        request.versioning_configuration(enabled).send().await?;
        Ok(())
    }

    pub(crate) async fn let_in(&self, place: &Place, bucket: &BucketName, other: &AccountId) -> Result<()> {
        let policy = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{other}:root")},
                "Action": "s3:*",
                "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            }],
        });
        let request = self.client(place).put_bucket_policy().bucket(bucket.as_str());
        request.policy(policy.to_string()).send().await?;
        Ok(())
    }

    pub(crate) async fn put(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &str,
        body: Bytes,
    ) -> Result<Option<VersionId>> {
        let request = self.client(place).put_object().bucket(bucket.as_str()).key(key).body(body.into());
        let version = request.send().await.with_context(|| format!("put {key}"))?.version_id;
        Ok(version.map(VersionId::parse).transpose()?)
    }

    pub(crate) async fn delete(&self, place: &Place, bucket: &BucketName, key: &str) -> Result<()> {
        self.client(place).delete_object().bucket(bucket.as_str()).key(key).send().await?;
        Ok(())
    }

    pub(crate) async fn erase(&self, place: &Place, bucket: &BucketName, key: &str, version: &VersionId) -> Result<()> {
        let request = self.client(place).delete_object().bucket(bucket.as_str()).key(key);
        request.version_id(version.as_str()).send().await?;
        Ok(())
    }

    pub(crate) async fn unfinished_uploads(&self, place: &Place, bucket: &BucketName) -> Result<usize> {
        let answer = self.client(place).list_multipart_uploads().bucket(bucket.as_str()).send().await?;
        Ok(answer.uploads().len())
    }
}
