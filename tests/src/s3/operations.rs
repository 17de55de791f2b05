//! The operations of S3 that the measured tools use. All others answer `NotImplemented`.

use std::sync::Arc;

use bytes::Bytes;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::body::{Received, Said, checksum_of, hex, md5_of, receive};
use super::clock;
use super::listing::{self, Ask};
use super::log::RequestId;
use super::parts::Uploads;
use super::store::{Conditions, Headers, Object, Store};

/// The operations on a store.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) store: Arc<Store>,
    pub(crate) uploads: Uploads,
}

/// The same fields of two inputs that have nothing else in common.
macro_rules! said {
    ($request:ident) => {
        Said {
            length: $request.input.content_length,
            md5: $request.input.content_md5.take(),
            checksum: Checksum {
                checksum_crc32: $request.input.checksum_crc32.take(),
                checksum_crc32c: $request.input.checksum_crc32c.take(),
                checksum_crc64nvme: $request.input.checksum_crc64nvme.take(),
                checksum_sha1: $request.input.checksum_sha1.take(),
                checksum_sha256: $request.input.checksum_sha256.take(),
                ..Checksum::default()
            },
            algorithm: $request.input.checksum_algorithm.take(),
            trailers: $request.trailing_headers.take(),
        }
    };
}

macro_rules! headers {
    ($input:ident) => {
        Headers {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_encoding: $input.content_encoding,
            content_disposition: $input.content_disposition,
            content_language: $input.content_language,
            metadata: $input.metadata,
        }
    };
}

fn id<T>(request: &S3Request<T>) -> S3Result<RequestId> {
    request.extensions.get::<RequestId>().copied().ok_or_else(|| s3_error!(InternalError))
}

fn length(size: u64) -> Option<i64> {
    i64::try_from(size).ok()
}

#[async_trait::async_trait]
impl S3 for Operations {
    async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let id = id(&request)?;
        let said = said!(request);
        let keep = self.store.keeps(&request.input.bucket, said.length);
        let Received { piece, md5, checksum } = receive(request.input.body.take(), said, keep).await?;
        let input = request.input;
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let object = Object {
            headers: headers!(input),
            checksum: checksum.clone(),
            ..Object::in_pieces(vec![piece], hex(&md5))
        };
        let e_tag = Some(object.tag());
        let version_id = self.store.put(Some(id), &input.bucket, &input.key, object, &conditions)?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag,
            version_id,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.store.find(&input.bucket, &input.key, input.version_id.as_deref())?;
        check_read(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (from, to) = match input.range {
            Some(range) => {
                let range = range.check(object.size)?;
                (range.start, range.end)
            }
            None => (0, object.size),
        };
        let slices = object.slice(from, to).ok_or_else(|| s3_error!(NotImplemented, "its bytes were not kept"))?;
        let Object { headers, version, modified, checksum, .. } = &*object;
        let checksum =
            if input.checksum_mode.is_some() && input.range.is_none() { checksum.clone() } else { Checksum::default() };
        let headers = headers.clone();
        Ok(S3Response::new(GetObjectOutput {
            body: Some(streamed(slices)),
            content_length: length(to - from),
            content_range: input.range.map(|_| format!("bytes {from}-{}/{}", to.saturating_sub(1), object.size)),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(object.tag()),
            last_modified: Some((*modified).into()),
            version_id: version.clone(),
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            metadata: headers.metadata,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.store.find(&input.bucket, &input.key, input.version_id.as_deref())?;
        check_read(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let Object { headers, version, modified, checksum, .. } = &*object;
        let checksum = if input.checksum_mode.is_some() { checksum.clone() } else { Checksum::default() };
        let headers = headers.clone();
        Ok(S3Response::new(HeadObjectOutput {
            content_length: length(object.size),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(object.tag()),
            last_modified: Some((*modified).into()),
            version_id: version.clone(),
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            metadata: headers.metadata,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            ..HeadObjectOutput::default()
        }))
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let id = id(&request)?;
        let input = request.input;
        let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        let source = self.store.find(bucket, key, version_id.as_deref())?;
        check_read(&source, input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref())?;
        let replace = input.metadata_directive.as_ref().is_some_and(|d| d.as_str() == MetadataDirective::REPLACE);
        if !replace && (bucket.as_ref(), key.as_ref()) == (input.bucket.as_str(), input.key.as_str()) {
            return Err(s3_error!(InvalidRequest, "a copy onto itself changes something"));
        }
        let headers = if replace { headers!(input) } else { source.headers.clone() };
        let mut object = Object { headers, modified: clock::now(), version: None, ..Object::clone(&source) };
        if let Some(bytes) = object.bytes() {
            let pieces = || bytes.iter().map(|piece| &piece[..]);
            if let Some(algorithm) = &input.checksum_algorithm {
                object.checksum = checksum_of(algorithm, pieces());
            }
            if object.etag.contains('-') {
                // A copy is written in one piece, whatever its source was.
                object.etag = hex(&md5_of(pieces()));
            }
        }
        let result = CopyObjectResult {
            e_tag: Some(object.tag()),
            last_modified: Some(object.modified.into()),
            checksum_sha256: object.checksum.checksum_sha256.clone(),
            ..Default::default()
        };
        let version_id = self.store.put(Some(id), &input.bucket, &input.key, object, &Conditions::default())?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source.version.clone(),
            version_id,
            ..CopyObjectOutput::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let id = id(&request)?;
        let input = request.input;
        let conditions = Conditions { if_match: input.if_match, if_none_match: None };
        self.store.remove(id, &input.bucket, &input.key, &conditions)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let id = id(&request)?;
        let input = request.input;
        let quiet = input.delete.quiet == Some(true);
        let mut deleted = Vec::new();
        for ObjectIdentifier { key, .. } in input.delete.objects {
            self.store.remove(id, &input.bucket, &key, &Conditions::default())?;
            if !quiet {
                deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() });
            }
        }
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let ask = Ask {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: input.continuation_token.as_deref().or(input.start_after.as_deref()),
            at_most: input.max_keys,
        };
        let page = listing::page(&self.store, &input.bucket, &ask)?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(page.objects.len() + page.folders.len()).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.folders),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            max_keys: input.max_keys,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let ask = Ask {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: input.marker.as_deref(),
            at_most: input.max_keys,
        };
        let page = listing::page(&self.store, &input.bucket, &ask)?;
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.folders),
            name: Some(input.bucket),
            prefix: input.prefix,
            marker: input.marker,
            delimiter: input.delimiter,
            max_keys: input.max_keys,
            ..ListObjectsOutput::default()
        }))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.store.check_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.store.check_bucket(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        self.store.check_bucket(&input.bucket)?;
        let checksums = input.checksum_algorithm.clone().map(|algorithm| (algorithm, input.checksum_type.clone()));
        let upload_id = self.uploads.begin(&input.key, headers!(input), checksums);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(&self, mut request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let said = said!(request);
        let keep = self.store.keeps(&request.input.bucket, said.length);
        let part = receive(request.input.body.take(), said, keep).await?;
        let input = request.input;
        let checksum = part.checksum.clone();
        let e_tag = Some(ETag::Strong(hex(&part.md5)));
        self.uploads.add(&input.upload_id, &input.key, input.part_number, part)?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let id = id(&request)?;
        let input = request.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let object = self.uploads.complete(&input.upload_id, &input.key, &parts)?;
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (e_tag, checksum) = (Some(object.tag()), object.checksum.clone());
        let version_id = self.store.put(Some(id), &input.bucket, &input.key, object, &conditions)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag,
            version_id,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.uploads.abort(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

/// Whether a reader wants it.
fn check_read(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if if_match.is_some_and(|wanted| !object.is(wanted)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(|known| object.is(known)) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

/// Bytes as a body, without copying them.
fn streamed(mut pieces: Vec<Bytes>) -> StreamingBlob {
    match pieces.len() {
        0 | 1 => s3s::Body::from(pieces.pop().unwrap_or_default()).into(),
        _ => StreamingBlob::wrap(futures::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>))),
    }
}
