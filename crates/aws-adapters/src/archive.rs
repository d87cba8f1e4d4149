//! The archive: gzip JSON Lines in an S3 bucket.

mod condition;
mod metadata;
mod upload;

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom, Write};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use collector::content::{ContentDigest, digest_of_key, hour_prefix};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, ObjectMetadata};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tempfile::SpooledTempFile;

use self::condition::Stored;
use self::upload::Target;
use crate::failure::sdk_failure;

/// Objects up to this size are buffered in memory and uploaded with one request. Larger ones are buffered in a
/// temporary file and uploaded in parts of this size (S3 requires at least 5 MiB).
const PART_SIZE: usize = 8 * 1024 * 1024;
/// How many parts of an object are uploaded concurrently; bounds the memory.
const CONCURRENT_PARTS: usize = 2;

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
        // An object that was stored earlier has the same content, so that this one is not needed.
        let (Stored::Now | Stored::Earlier) = if self.length <= PART_SIZE {
            target.put(self.next_part(self.length)?).await?
        } else {
            self.upload(&target).await?
        };
        Ok(())
    }
}

impl S3Object {
    /// Uploads the object in parts. Unless this creates the object, the upload is aborted: its parts would be paid for
    /// until the bucket's lifecycle rule deletes them.
    async fn upload(&mut self, target: &Target<'_>) -> Result<Stored, Failure> {
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
        match completed {
            Ok(Stored::Now) => {}
            Ok(Stored::Earlier) | Err(_) => target.abort(&upload_id).await,
        }
        completed
    }

    fn next_part(&mut self, size: usize) -> Result<Vec<u8>, Failure> {
        let mut part = vec![0; size];
        self.buffer.read_exact(&mut part).map_err(|error| sdk_failure("reading from a temporary file", error))?;
        Ok(part)
    }
}
