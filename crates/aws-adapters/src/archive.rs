//! The archive: gzip JSON Lines in an S3 bucket.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom, Write};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use collector::content::{ContentDigest, digest_of_key, hour_prefix};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, ObjectMetadata};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tempfile::SpooledTempFile;

use crate::failure::{sdk_failure, unexpected_response};

/// Objects up to this size are buffered in memory and uploaded with one request. Larger ones are buffered in a
/// temporary file and uploaded in parts of this size (S3 requires at least 5 MiB).
const PART_SIZE: usize = 8 * 1024 * 1024;
/// How many parts of an object are uploaded concurrently; bounds the memory.
const CONCURRENT_PARTS: usize = 2;

const CONTENT_TYPE: &str = "application/x-ndjson";

#[derive(Debug, Clone)]
pub struct S3Archive {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

/// An object being written. It is buffered completely before the upload begins: its metadata contains the number of
/// records, which is known only at the end, and a multipart upload accepts metadata only at its start.
#[derive(Debug)]
pub struct S3Object {
    archive: S3Archive,
    buffer: SpooledTempFile,
    length: usize,
}

impl S3Archive {
    /// All keys are below `prefix`.
    #[must_use]
    pub fn new(client: Client, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), prefix: prefix.into() }
    }
}

impl Archive for S3Archive {
    type Object = S3Object;

    async fn begin(&self) -> Result<S3Object, Failure> {
        Ok(S3Object { archive: self.clone(), buffer: SpooledTempFile::new(PART_SIZE), length: 0 })
    }
}

impl ArchiveIndex for S3Archive {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        let folder = format!("{}/{}/", self.prefix, hour_prefix(feed, hour));
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(&folder).into_paginator().send();
        let mut archived = HashSet::new();
        while let Some(result) = pages.next().await {
            let page =
                result.map_err(|error| sdk_failure(format_args!("listing s3://{}/{folder}", self.bucket), error))?;
            let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            archived.extend(keys.filter_map(|key| digest_of_key(&key)));
        }
        Ok(archived)
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        let full_key = format!("{}/{key}", self.prefix);
        let put_object = self.client.put_object().bucket(&self.bucket).key(&full_key).content_type("application/json");
        match put_object.body(ByteStream::from(json)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sdk_failure(format_args!("putting s3://{}/{full_key}", self.bucket), error)),
        }
    }
}

impl ArchiveObject for S3Object {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.length += bytes.len();
        self.buffer.write_all(bytes).map_err(|error| sdk_failure("writing to a temporary file", error))
    }

    async fn store(mut self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        let target = Target { archive: self.archive.clone(), key: format!("{}/{key}", self.archive.prefix), metadata };
        self.buffer.seek(SeekFrom::Start(0)).map_err(|error| sdk_failure("reading from a temporary file", error))?;
        if self.length <= PART_SIZE {
            target.put(self.next_part(self.length)?).await
        } else {
            self.upload(&target).await
        }
    }
}

impl S3Object {
    /// Uploads the object in parts; aborts the upload if any step fails.
    async fn upload(&mut self, target: &Target<'_>) -> Result<(), Failure> {
        let upload_id = target.create_upload().await?;
        let sizes =
            (0..self.length).step_by(PART_SIZE).map(|start| PART_SIZE.min(self.length - start)).collect::<Vec<_>>();
        // Lazy: a part is read into memory only when its upload starts.
        let parts = sizes.into_iter().zip(1..).map(|(size, number)| Ok((number, self.next_part(size)?)));
        let uploaded: Result<Vec<CompletedPart>, Failure> = stream::iter(parts)
            .map(|part| async { target.upload_part(&upload_id, part?).await })
            .buffered(CONCURRENT_PARTS)
            .try_collect()
            .await;
        let completed = match uploaded {
            Ok(uploaded_parts) => target.complete(&upload_id, uploaded_parts).await,
            Err(failure) => Err(failure),
        };
        if completed.is_err() {
            target.abort(&upload_id).await;
        }
        completed
    }

    fn next_part(&mut self, size: usize) -> Result<Vec<u8>, Failure> {
        let mut part = vec![0; size];
        self.buffer.read_exact(&mut part).map_err(|error| sdk_failure("reading from a temporary file", error))?;
        Ok(part)
    }
}

/// The key and the metadata of an object to upload.
struct Target<'a> {
    archive: S3Archive,
    key: String,
    metadata: &'a ObjectMetadata,
}

impl Target<'_> {
    fn operation(&self, verb: &str) -> String {
        format!("{verb} s3://{}/{}", self.archive.bucket, self.key)
    }

    fn user_metadata(&self) -> HashMap<String, String> {
        let ObjectMetadata { content_id, content_type, content_created, tenant_id, records, malformed: _ } =
            self.metadata;
        // S3 sends metadata in HTTP headers, which must be ASCII.
        let ascii_id = if content_id.is_ascii() { content_id.clone() } else { content_id.escape_default().to_string() };
        HashMap::from([
            ("content-id".to_owned(), ascii_id),
            ("content-type".to_owned(), content_type.to_string()),
            ("content-created".to_owned(), content_created.to_string()),
            ("tenant-id".to_owned(), tenant_id.to_string()),
            ("records".to_owned(), records.to_string()),
        ])
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let put_object = self.archive.client.put_object().bucket(&self.archive.bucket).key(&self.key);
        let with_metadata = put_object.content_type(CONTENT_TYPE).set_metadata(Some(self.user_metadata()));
        match with_metadata.body(ByteStream::from(bytes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sdk_failure(self.operation("putting"), error)),
        }
    }

    async fn create_upload(&self) -> Result<String, Failure> {
        let operation = self.operation("beginning an upload to");
        let create_upload = self.archive.client.create_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let response = create_upload
            .content_type(CONTENT_TYPE)
            .set_metadata(Some(self.user_metadata()))
            // Without it, S3 would not check the parts' checksums when the upload is completed.
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(|error| sdk_failure(&operation, error))?;
        response.upload_id.ok_or_else(|| unexpected_response(operation, "S3 returned no upload id"))
    }

    async fn upload_part(&self, upload_id: &str, (number, bytes): (i32, Vec<u8>)) -> Result<CompletedPart, Failure> {
        let upload_part = self.archive.client.upload_part().bucket(&self.archive.bucket).key(&self.key);
        let part = upload_part
            .upload_id(upload_id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| sdk_failure(self.operation("uploading a part of"), error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .build())
    }

    async fn complete(&self, upload_id: &str, parts: Vec<CompletedPart>) -> Result<(), Failure> {
        let all_parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let completion = self.archive.client.complete_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        match completion.upload_id(upload_id).multipart_upload(all_parts).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sdk_failure(self.operation("completing the upload to"), error)),
        }
    }

    /// Best effort: the bucket's lifecycle rule deletes the parts of uploads that were not aborted.
    async fn abort(&self, upload_id: &str) {
        let abort_upload = self.archive.client.abort_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let _ = abort_upload.upload_id(upload_id).send().await;
    }
}
