//! The adapters at s3s-fs as a stand, and where it is not as AWS is. It has no distributions: those cases are not run here.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;

use driftless_aws::{Accounts, Aws, CallCounter, Endpoint};
use driftless_domain::{AccountId, BucketName, CallClass, DistributionId, Place, VersionId};

use crate::by_sdk::BySdk;
use crate::filed_server::Server;
use crate::runner::{Short, table};
use crate::setup::{Hands, Stand, refused};

/// What s3s-fs does otherwise than AWS, as far as a case shows it.
pub(crate) const SHORT: &[Short] = &[
    Short {
        case: "what_was_refused_is_not_there",
        aws: "what does not fit its checksum is not stored",
        here: "refused when it is stored already",
        shows: "what was refused: found Some",
    },
    Short {
        case: "a_put_where_no_bucket_is_says_so",
        aws: "NoSuchBucket",
        here: "makes the bucket",
        shows: "a put: not refused",
    },
    Short {
        case: "keys_with_plus_and_percent_stay_what_they_are",
        aws: "encoding-type=url: keys are encoded",
        here: "says so and encodes nothing",
        shows: "the list: found",
    },
    Short {
        case: "a_key_may_have_1000_bytes",
        aws: "1,024 bytes",
        here: "as many as fit into the name of a file, in base64",
        shows: "InternalError",
    },
    Short {
        case: "a_key_may_go_on_where_another_ends",
        aws: "a and a/b are two objects",
        here: "a is a file or a directory",
        shows: "InternalError",
    },
    Short {
        case: "a_folder_that_a_person_made_is_listed",
        aws: "an object like any other",
        here: "a directory, and not listed",
        shows: "the list: found",
    },
    Short {
        case: "keys_with_dots_between_slashes_are_counted",
        aws: "up/../x is a key",
        here: "it is x",
        shows: "the list: found",
    },
    Short {
        case: "keys_with_control_characters_are_counted",
        aws: "encoding-type=url: control characters are encoded",
        here: "they are sent as they are: the list is no XML",
        shows: "XML parse error",
    },
    Short {
        case: "parts_give_the_checksum_that_the_manifest_promises",
        aws: "a checksum of the parts' checksums",
        here: "none",
        shows: "the checksum in the answer: found None",
    },
    Short {
        case: "giving_up_twice_is_giving_up_once",
        aws: "NoSuchUpload",
        here: "AccessDenied",
        shows: "AccessDenied",
    },
    Short {
        case: "an_upload_that_was_given_up_takes_nothing_more",
        aws: "NoSuchUpload",
        here: "AccessDenied",
        shows: "AccessDenied",
    },
    Short {
        case: "an_upload_without_one_of_its_parts_is_refused",
        aws: "InvalidPart",
        here: "InternalError, and the upload is gone",
        shows: "InternalError",
    },
    Short {
        case: "an_upload_of_other_parts_is_refused",
        aws: "InvalidPart for another ETag",
        here: "ETags of parts are not compared",
        shows: "the end: not refused",
    },
    Short {
        case: "a_part_that_does_not_fit_its_hash_is_refused",
        aws: "BadDigest",
        here: "checksums of parts are not looked at",
        shows: "the part: not refused",
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
        case: "what_was_not_seen_is_not_deleted",
        aws: "If-Match: PreconditionFailed",
        here: "not looked at",
        shows: "the deletion: not refused",
    },
    Short {
        case: "a_bucket_of_another_account_is_neither_read_nor_changed_s14",
        aws: "AccessDenied",
        here: "buckets have no owners",
        shows: "list: not refused",
    },
    Short {
        case: "a_bucket_that_lets_us_in_is_not_ours_for_that_s14",
        aws: "x-amz-expected-bucket-owner: AccessDenied",
        here: "buckets have no owners",
        shows: "list: not refused",
    },
    Short {
        case: "a_bucket_of_another_region_is_said_to_be_one",
        aws: "PermanentRedirect",
        here: "buckets are in no region",
        shows: "list: not refused",
    },
    Short {
        case: "the_newest_build_is_fetched_and_pinned",
        aws: "buckets can keep versions",
        here: "they cannot: every build is refused as unversioned",
        shows: "no version",
    },
    Short {
        case: "a_pinned_build_is_fetched_whatever_came_later",
        aws: "buckets can keep versions",
        here: "they cannot",
        shows: "no version",
    },
    Short {
        case: "the_account_of_the_artifact_bucket_is_ours_where_the_spec_names_none",
        aws: "buckets can keep versions",
        here: "they cannot",
        shows: "no version",
    },
    Short {
        case: "a_version_that_is_not_there_is_missing",
        aws: "buckets can keep versions",
        here: "they cannot",
        shows: "no version",
    },
    Short {
        case: "a_build_that_is_too_large_is_not_fetched",
        aws: "buckets can keep versions",
        here: "they cannot",
        shows: "Unversioned",
    },
    Short {
        case: "an_artifact_bucket_that_is_not_there_is_said_to_be_so",
        aws: "NoSuchBucket",
        here: "NoSuchKey",
        shows: "Missing",
    },
    Short {
        case: "the_artifact_bucket_of_another_account_is_denied_s14",
        aws: "AccessDenied",
        here: "buckets have no owners, and no versions",
        shows: "no version",
    },
    Short {
        case: "the_pinned_version_is_read_whatever_came_later",
        aws: "buckets can keep versions",
        here: "versionId is not looked at",
        shows: "after another was put: found",
    },
    Short {
        case: "a_version_that_was_deleted_is_not_read",
        aws: "NoSuchVersion",
        here: "versionId is not looked at",
        shows: "NoSuchKey",
    },
];

/// What no case shows, because it is put right between s3s-fs and the adapter.
pub(crate) async fn on_the_wire(filed: &Filed) {
    let row = ["ListObjectsV2", "shows ETags", "shows none, which the adapter refuses: they are filled in"];
    println!("{}", table("s3s-fs 0.14.1", &[row]));
    let stand = filed.stand();
    let here = stand.bucket("wire-list").await.unwrap();
    here.put("a", "a").await.unwrap();
    assert_eq!(here.listed().await.unwrap().objects.len(), 1);
    filed.server.fills_etags.store(false, Ordering::Relaxed);
    let answer = here.list(None).await;
    refused("a list without ETags", &answer, CallClass::Transient, "UnreadableAnswer").unwrap();
}

pub(crate) struct Filed {
    by_sdk: BySdk,
    aws: Aws,
    server: Server,
    root: TempDir,
}

impl Filed {
    pub(crate) async fn start() -> Self {
        let root = TempDir::new().unwrap();
        let server = Server::start(root.path()).await.unwrap();
        let by_sdk = BySdk { endpoint: server.endpoint.clone() };
        let accounts = Accounts::at(Endpoint { url: server.endpoint.clone() }, None);
        Self { by_sdk, aws: Aws::new(accounts, CallCounter::default()), server, root }
    }

    pub(crate) fn stand(&self) -> Stand<'_> {
        Stand { state: &self.aws, changes: &self.aws, builds: &self.aws, hands: self }
    }
}

#[async_trait]
impl Hands for Filed {
    fn look_every(&self) -> Duration {
        Duration::from_millis(100)
    }

    async fn create_bucket(&self, place: &Place, bucket: &BucketName) -> Result<()> {
        self.by_sdk.create_bucket(place, bucket).await
    }

    async fn keep_versions(&self, _place: &Place, _bucket: &BucketName) -> Result<()> {
        // A row of the table: it cannot.
        Ok(())
    }

    async fn let_in(&self, _place: &Place, _bucket: &BucketName, _other: &AccountId) -> Result<()> {
        // Everybody is in.
        Ok(())
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

    /// It does not list uploads: each has a file of its own.
    async fn unfinished_uploads(&self, _place: &Place, _bucket: &BucketName) -> Result<usize> {
        let names =
            std::fs::read_dir(self.root.path())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names = names.collect::<Result<Vec<String>>>()?;
        Ok(names.iter().filter(|name| name.starts_with(".upload-")).count())
    }

    async fn create_distribution(&self, _place: &Place) -> Result<DistributionId> {
        bail!("there are no distributions here")
    }
}
