//! The S3 requests that upload one object, in one piece or in parts.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use collector::failure::Failure;
use collector::ports::ObjectMetadata;

use super::S3Archive;
use super::condition::{NO_OBJECT, Stored, stored};
use super::metadata::user_metadata;
use crate::failure::{sdk_failure, unexpected_response};

const CONTENT_TYPE: &str = "application/x-ndjson";

/// The key and the metadata of an object to upload.
pub(super) struct Target<'a> {
    pub(super) archive: S3Archive,
    pub(super) key: String,
    pub(super) metadata: &'a ObjectMetadata,
}

impl Target<'_> {
    fn operation(&self, verb: &str) -> String {
        format!("{verb} s3://{}/{}", self.archive.bucket, self.key)
    }

    pub(super) async fn put(&self, bytes: Vec<u8>) -> Result<Stored, Failure> {
        let put_object =
            self.archive.client.put_object().bucket(&self.archive.bucket).key(&self.key).if_none_match(NO_OBJECT);
        let with_metadata = put_object.content_type(CONTENT_TYPE).set_metadata(Some(user_metadata(self.metadata)));
        stored(self.operation("putting"), with_metadata.body(ByteStream::from(bytes)).send().await)
    }

    pub(super) async fn create_upload(&self) -> Result<String, Failure> {
        let operation = self.operation("beginning an upload to");
        let create_upload = self.archive.client.create_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let response = create_upload
            .content_type(CONTENT_TYPE)
            .set_metadata(Some(user_metadata(self.metadata)))
            // Without it, S3 would not check the parts' checksums when the upload is completed.
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(|error| sdk_failure(&operation, error))?;
        response.upload_id.ok_or_else(|| unexpected_response(operation, "S3 returned no upload id"))
    }

    pub(super) async fn upload_part(
        &self,
        upload_id: &str,
        (number, bytes): (i32, Vec<u8>),
    ) -> Result<CompletedPart, Failure> {
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

    pub(super) async fn complete(&self, upload_id: &str, parts: Vec<CompletedPart>) -> Result<Stored, Failure> {
        let all_parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let completion = self.archive.client.complete_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let conditional = completion.upload_id(upload_id).multipart_upload(all_parts).if_none_match(NO_OBJECT);
        stored(self.operation("completing the upload to"), conditional.send().await)
    }

    /// Best effort: the bucket's lifecycle rule deletes the parts of uploads that were not aborted.
    pub(super) async fn abort(&self, upload_id: &str) {
        let abort_upload = self.archive.client.abort_multipart_upload().bucket(&self.archive.bucket).key(&self.key);
        let _ = abort_upload.upload_id(upload_id).send().await;
    }
}
