//! What is stored of a body that is not a complete JSON array of valid records.

use futures::{StreamExt, pin_mut};
use record_stream::{Gzip, Malformed, RecordStream};

use super::Fetch;
use crate::content::malformed_prefix;
use crate::failure::Failure;
use crate::message::ContentMessage;
use crate::ports::{Archive, ArchiveObject, BodyFault, ManagementApi, ObjectMetadata, Ports};
use crate::tenant::Tenant;

impl<P: Ports> Fetch<P> {
    /// Fetches the body once more and stores it byte for byte, and beside it those of its records that are whole. What is
    /// stored first stands, like any object. Returns the folder of both.
    pub(super) async fn store_malformed(
        &self,
        tenant: &Tenant,
        message: &ContentMessage,
        why: &Failure,
    ) -> Result<String, Failure> {
        let blob = self.management_api.open(tenant, &message.content_uri).await?;
        pin_mut!(blob);
        let (mut body, mut records) = (Gzip::new(), RecordStream::salvaging());
        let (mut body_object, mut records_object) = (self.archive.begin().await?, self.archive.begin().await?);
        while let Some(bytes) = blob.next().await {
            let bytes = bytes?;
            body.write(&bytes);
            body_object.write(&body.take()).await?;
            records_object.write(&records.push(&bytes).map_err(super::malformed)?).await?;
        }
        let summary = records.finish().map_err(super::malformed)?;
        body_object.write(&body.finish().0).await?;
        records_object.write(&summary.tail).await?;

        let fault = std::error::Error::source(why).and_then(|source| source.downcast_ref::<Malformed>());
        let fault = fault.map(|fault| BodyFault { offset: fault.offset, reason: fault.reason.to_string() });
        let metadata = ObjectMetadata { malformed: fault, ..ObjectMetadata::of(message, summary.records) };
        let folder = malformed_prefix(message.feed(), message.content_created);
        let name = format!("{folder}/{}", message.digest());
        body_object.store(&format!("{name}.bin.gz"), &metadata).await?;
        records_object.store(&format!("{name}.json.gz"), &metadata).await?;
        Ok(folder)
    }
}
