//! The archive: gzipped JSON Lines in an S3 bucket.

use std::collections::HashSet;
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

use crate::failure::{aws, unexpected};

/// Objects up to this size are held in memory and put in one request; larger ones go through a temporary file in parts
/// of this size (S3 asks for 5 MiB at least).
const PART: usize = 8 * 1024 * 1024;
/// Parts under way at once.
const PARTS_AT_ONCE: usize = 2;

const CONTENT_TYPE: &str = "application/x-ndjson";

/// One bucket, below one prefix.
#[derive(Debug, Clone)]
pub struct S3Archive {
    client: Client,
    bucket: String,
    prefix: String,
}

/// An object on its way. It is complete, and known to be valid, before S3 sees its first byte: its metadata holds the
/// number of its records, and a multipart upload takes metadata at its start only.
#[derive(Debug)]
pub struct S3Object {
    archive: S3Archive,
    bytes: SpooledTempFile,
    length: usize,
}

impl S3Archive {
    /// The archive below `prefix` of `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), prefix: prefix.into() }
    }
}

impl Archive for S3Archive {
    type Object = S3Object;

    async fn begin(&self) -> Result<S3Object, Failure> {
        Ok(S3Object { archive: self.clone(), bytes: SpooledTempFile::new(PART), length: 0 })
    }
}

impl ArchiveIndex for S3Archive {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        let folder = format!("{}/{}/", self.prefix, hour_prefix(feed, hour));
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(&folder).into_paginator().send();
        let mut archived = HashSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| aws(format_args!("listing s3://{}/{folder}", self.bucket), &error))?;
            let names = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            archived.extend(names.filter_map(|key| digest_of_key(&key)));
        }
        Ok(archived)
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        let key = format!("{}/{key}", self.prefix);
        let request = self.client.put_object().bucket(&self.bucket).key(&key).content_type("application/json");
        match request.body(ByteStream::from(json)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(format_args!("putting s3://{}/{key}", self.bucket), &error)),
        }
    }
}

impl ArchiveObject for S3Object {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.length += bytes.len();
        self.bytes.write_all(bytes).map_err(|error| aws("writing to the temporary folder", &error))
    }

    async fn store(mut self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        let target = Target { archive: self.archive.clone(), key: format!("{}/{key}", self.archive.prefix), metadata };
        self.bytes.seek(SeekFrom::Start(0)).map_err(|error| aws("reading the temporary folder", &error))?;
        if self.length <= PART { target.put(self.next_part(self.length)?).await } else { self.upload(&target).await }
    }
}

impl S3Object {
    async fn upload(&mut self, target: &Target<'_>) -> Result<(), Failure> {
        let upload_id = target.create_upload().await?;
        let sizes = (0..self.length).step_by(PART).map(|start| PART.min(self.length - start)).collect::<Vec<_>>();
        let parts = sizes.into_iter().zip(1..).map(|(size, number)| Ok((number, self.next_part(size)?)));
        let parts: Result<Vec<CompletedPart>, Failure> = stream::iter(parts)
            .map(|part| async { target.upload_part(&upload_id, part?).await })
            .buffered(PARTS_AT_ONCE)
            .try_collect()
            .await;
        let completed = match parts {
            Ok(parts) => target.complete(&upload_id, parts).await,
            Err(failure) => Err(failure),
        };
        if completed.is_err() {
            target.abort(&upload_id).await;
        }
        completed
    }

    fn next_part(&mut self, size: usize) -> Result<Vec<u8>, Failure> {
        let mut part = vec![0; size];
        self.bytes.read_exact(&mut part).map_err(|error| aws("reading the temporary folder", &error))?;
        Ok(part)
    }
}

/// Where an object goes, and what it says of itself.
struct Target<'a> {
    archive: S3Archive,
    key: String,
    metadata: &'a ObjectMetadata,
}

impl Target<'_> {
    fn operation(&self, what: &str) -> String {
        format!("{what} s3://{}/{}", self.archive.bucket, self.key)
    }

    fn metadata(&self) -> [(&'static str, String); 5] {
        // Metadata travels in HTTP headers.
        let content_id = &self.metadata.content_id;
        let content_id =
            if content_id.is_ascii() { content_id.clone() } else { content_id.escape_default().to_string() };
        [
            ("content-id", content_id),
            ("content-type", self.metadata.content_type.to_string()),
            ("content-created", self.metadata.content_created.to_string()),
            ("tenant-id", self.metadata.tenant_id.to_string()),
            ("records", self.metadata.records.to_string()),
        ]
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let request = self.archive.client.put_object().bucket(&self.archive.bucket).key(&self.key);
        let request = self.metadata().into_iter().fold(request, |request, (name, value)| request.metadata(name, value));
        match request.content_type(CONTENT_TYPE).body(ByteStream::from(bytes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(self.operation("putting"), &error)),
        }
    }

    async fn create_upload(&self) -> Result<String, Failure> {
        let request = self.archive.client.create_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let request = self.metadata().into_iter().fold(request, |request, (name, value)| request.metadata(name, value));
        // Said at the beginning, for the parts' checksums to be checked when the upload is completed.
        let request = request.content_type(CONTENT_TYPE).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let upload = request.send().await;
        let upload = upload.map_err(|error| aws(self.operation("beginning an upload to"), &error))?;
        upload.upload_id.ok_or_else(|| unexpected(self.operation("beginning an upload to"), "S3 gave it no id"))
    }

    async fn upload_part(&self, upload_id: &str, (number, bytes): (i32, Vec<u8>)) -> Result<CompletedPart, Failure> {
        let request = self.archive.client.upload_part().bucket(&self.archive.bucket).key(&self.key);
        let request = request.upload_id(upload_id).part_number(number).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let request = request.body(ByteStream::from(bytes));
        let part = request.send().await.map_err(|error| aws(self.operation("uploading a part of"), &error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .build())
    }

    async fn complete(&self, upload_id: &str, parts: Vec<CompletedPart>) -> Result<(), Failure> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.archive.client.complete_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        match request.upload_id(upload_id).multipart_upload(parts).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(aws(self.operation("completing the upload to"), &error)),
        }
    }

    /// What cannot be aborted here, the bucket's lifecycle rule clears away.
    async fn abort(&self, upload_id: &str) {
        let request = self.archive.client.abort_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let _ = request.upload_id(upload_id).send().await;
    }
}
