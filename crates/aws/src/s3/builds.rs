//! Fetching a build when it is announced: into a temporary file without a name, hashed on the way.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use sha2::Digest as _;
use tokio::io::AsyncWriteExt as _;

use driftless_domain::{AccountId, BucketName, CallClass, CallError, ObjectKey, Place, Region, Sha256, VersionId};
use driftless_releases::{ArtifactBucket, Builds, FetchError, FetchedBuild};

use super::ranges::{Pinned, begins_at, next};
use crate::classify::{Codes, classify};
use crate::counting::Kind;
use crate::live::Aws;
use crate::operation::{GET_CALLER_IDENTITY, GET_OBJECT};

/// How often in a row an answer may break off without a byte having come.
const TRIES: u32 = 3;

#[async_trait]
impl Builds for Aws {
    async fn fetch(
        &self,
        bucket: &ArtifactBucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        at_most: u64,
    ) -> Result<FetchedBuild, FetchError> {
        let ArtifactBucket { bucket, account, region } = bucket;
        let region = region.as_ref().or(self.region.as_ref()).ok_or_else(|| no_region(bucket))?;
        let account = match account {
            Some(account) => account.clone(),
            None => self.own_account(region).await?,
        };
        let place = Place { account, region: region.clone(), role: None };
        let newest = Pinned { place: &place, bucket, key, version };
        let answer = self.get(newest, None).await.map_err(|error| missing(newest, error))?;

        let version = match answer.version_id().map(VersionId::parse) {
            Some(Ok(version)) => version,
            // "null" is what S3 says where versioning is off or suspended.
            None | Some(Err(_)) => return Err(FetchError::Unversioned(bucket.to_string())),
        };
        let size = answer.content_length().and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| newest.unreadable(CallClass::Transient, "the answer names no size"))?;
        if size > at_most {
            return Err(FetchError::TooLarge { size, at_most });
        }
        let pinned = Pinned { version: Some(&version), ..newest };
        let mut fetch = Fetch::new()?;
        let mut answer: Result<GetObjectOutput, CallError> = Ok(answer);
        let mut broken = 0;
        loop {
            let before = fetch.size;
            let ended = match answer {
                Ok(answer) => fetch.take(pinned, answer, size).await,
                Err(error) => Err(error.into()),
            };
            match ended {
                Ok(()) => break,
                Err(FetchError::Call(error)) if error.class == CallClass::Transient && broken < TRIES => {
                    tracing::debug!(key = %key, have = fetch.size, of = size, problem = %error.said, "going on");
                    broken = if fetch.size > before { 0 } else { broken + 1 };
                }
                Err(error) => return Err(error),
            }
            answer = self.get(pinned, Some(format!("bytes={}-", fetch.size))).await;
        }
        let (file, sha256) = fetch.done().await?;
        Ok(FetchedBuild { place, version, file, size, sha256 })
    }
}

/// What came so far.
struct Fetch {
    file: tokio::fs::File,
    hash: sha2::Sha256,
    size: u64,
}

impl Fetch {
    fn new() -> Result<Self, FetchError> {
        let file = tempfile::tempfile().map_err(|error| FetchError::Disk(error.to_string()))?;
        Ok(Self { file: tokio::fs::File::from_std(file), hash: sha2::Sha256::new(), size: 0 })
    }

    /// Takes an answer in, until the build is whole.
    async fn take(&mut self, pinned: Pinned<'_>, answer: GetObjectOutput, whole: u64) -> Result<(), FetchError> {
        let mut at = begins_at(pinned, &answer, self.size)?;
        let mut body = answer.body;
        while self.size < whole {
            let Some(mut piece) = next(pinned, &mut body).await? else {
                let problem = format!("the answer ends after {} of {whole} bytes", self.size);
                return Err(pinned.unreadable(CallClass::Transient, &problem).into());
            };
            let known = usize::try_from(self.size - at).unwrap_or(usize::MAX).min(piece.len());
            at += piece.len() as u64;
            let new = piece.split_off(known);
            if self.size + new.len() as u64 > whole {
                return Err(pinned.unreadable(CallClass::Invalid, "the answer holds more than it said").into());
            }
            self.hash.update(&new);
            self.file.write_all(&new).await.map_err(|error| FetchError::Disk(error.to_string()))?;
            self.size += new.len() as u64;
        }
        Ok(())
    }

    /// The file, to be read from its beginning.
    async fn done(self) -> Result<(File, Sha256), FetchError> {
        let Self { mut file, hash, size: _ } = self;
        let disk = |error: std::io::Error| FetchError::Disk(error.to_string());
        file.flush().await.map_err(disk)?;
        let mut file = file.into_std().await;
        file.seek(SeekFrom::Start(0)).map_err(disk)?;
        Ok((file, Sha256::from_bytes(hash.finalize().into())))
    }
}

impl Aws {
    /// The account that we run in.
    async fn own_account(&self, region: &Region) -> Result<AccountId, CallError> {
        let clients = self.accounts.ourselves(region);
        let ask = || async {
            let (name, object) = (GET_CALLER_IDENTITY.name, || format!("our own account ({region})"));
            self.calls.sent(name, Kind::Read);
            let answer = clients.sts.get_caller_identity().send().await.map_err(|error| {
                let (class, said) = classify(Codes::Common, Kind::Read, &error);
                self.calls.failed(name, Kind::Read, class);
                CallError { operation: name, object: object(), class, said }
            })?;
            AccountId::parse(answer.account.unwrap_or_default()).map_err(|error| {
                CallError::new(name, object(), CallClass::Transient, "UnreadableAnswer", &error.to_string())
            })
        };
        clients.account.get_or_try_init(ask).await.cloned()
    }
}

fn no_region(bucket: &BucketName) -> FetchError {
    let words = "neither the spec nor the environment says in which region it is: add region to the artifact bucket";
    CallError::new(GET_OBJECT.name, format!("bucket {bucket}"), CallClass::Invalid, "NotSent", words).into()
}

/// What is not there, or not any more.
fn missing(pinned: Pinned<'_>, error: CallError) -> FetchError {
    let Pinned { version, .. } = pinned;
    let is_gone = match error.said.code.as_str() {
        // A delete marker is on top, or is what the version names.
        "NoSuchKey" | "NoSuchVersion" | "NotFound" | "MethodNotAllowed" => true,
        // What AWS says of a version id that it cannot have made.
        "InvalidArgument" => version.is_some(),
        _ => false,
    };
    if !is_gone {
        return FetchError::Call(error);
    }
    match version {
        Some(version) => FetchError::Missing(format!("version {version} of {}", pinned.object())),
        None => FetchError::Missing(pinned.object().to_string()),
    }
}
