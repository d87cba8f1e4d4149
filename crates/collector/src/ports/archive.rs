//! Where the objects are.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::content::ContentDigest;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::message::ContentMessage;

/// What is stored of malformed bodies, for a caller that decides that a content is lost.
pub trait MalformedBodies {
    /// The keys of the objects, below the archive's prefix, that hold what could be stored of the malformed body of a
    /// content that was created on the UTC day of `day`; none if no malformed body of it was stored.
    async fn malformed(&self, feed: FeedId, content: ContentDigest, day: Timestamp) -> Result<Vec<String>, Failure>;
}

/// The archive, as the fetcher writes it.
pub trait Archive: MalformedBodies {
    type Object: ArchiveObject;

    /// Begins an object. Nothing of it is visible until it is stored.
    async fn begin(&self) -> Result<Self::Object, Failure>;
}

/// An object that is being written. If it is dropped before it is stored, nothing of it is stored.
pub trait ArchiveObject {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// Makes the object visible, whole, under `key` (below the archive's prefix). The first object stands: a key that is
    /// taken is success, and nothing is stored.
    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure>;
}

/// The user metadata of an object, each field under its own name in kebab case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMetadata {
    pub content_id: String,
    pub content_type: ContentType,
    pub content_created: Timestamp,
    pub tenant_id: TenantId,
    /// The number of records, one per line.
    pub records: u64,
    /// What is wrong with the body, for an object below `malformed/`.
    pub malformed: Option<BodyFault>,
}

impl ObjectMetadata {
    /// Of the object with the content that `message` names.
    #[must_use]
    pub fn of(message: &ContentMessage, records: u64) -> Self {
        Self {
            content_id: message.content_id.clone(),
            content_type: message.content_type,
            content_created: message.content_created,
            tenant_id: message.tenant_id,
            records,
            malformed: None,
        }
    }
}

/// The first fault of a malformed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyFault {
    /// The byte at fault, counted from 0.
    pub offset: u64,
    pub reason: String,
}

/// The archive, as the reconciler reads it.
pub trait ArchiveIndex: MalformedBodies {
    /// The contents of a feed that have an object in the UTC hour of `hour`.
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure>;

    /// Stores a report under `key` (below the archive's prefix) and replaces an earlier one.
    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure>;
}
