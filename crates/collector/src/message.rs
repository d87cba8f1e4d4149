//! The queue message: one content blob that a fetcher must archive.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::content::{Content, ContentDigest, archive_key};
use crate::failure::{Failure, FailureKind};
use crate::feed::{ContentType, FeedId, TenantId};
use crate::window::Window;

/// Version 1 of the queue message: one content blob to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentMessage {
    version: Version,
    /// The name of the secret that holds the tenant's credentials.
    pub secret_id: String,
    pub tenant_id: TenantId,
    pub content_type: ContentType,
    /// [`Content::id`].
    pub content_id: String,
    /// [`Content::uri`].
    pub content_uri: Url,
    /// [`Content::created`].
    pub content_created: Timestamp,
    /// [`Content::expiration`].
    pub content_expiration: Timestamp,
    /// The start of the window in which the content was listed.
    pub window_start: Timestamp,
    /// The end of that window.
    pub window_end: Timestamp,
}

/// The only version so far, serialized as the number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, Self::Error> {
        if version == 1 { Ok(Self) } else { Err(format!("version {version} is unknown; this fetcher reads version 1")) }
    }
}

impl From<Version> for u64 {
    fn from(Version: Version) -> Self {
        1
    }
}

impl ContentMessage {
    /// The message for `content`, which was listed in `window`.
    #[must_use]
    pub fn new(secret_id: &str, feed: FeedId, window: Window, content: Content) -> Self {
        Self {
            version: Version,
            secret_id: secret_id.to_owned(),
            tenant_id: feed.tenant_id,
            content_type: feed.content_type,
            content_id: content.id,
            content_uri: content.uri,
            content_created: content.created,
            content_expiration: content.expiration,
            window_start: window.start(),
            window_end: window.end(),
        }
    }

    /// Parses the body of a queue message.
    ///
    /// # Errors
    /// [`FailureKind::InvalidMessage`] for anything but a complete message of version 1.
    pub fn parse(body: &str) -> Result<Self, Failure> {
        serde_json::from_str(body).map_err(|error| {
            let problem = format!(
                "the queue message is not a content message of version 1 ({error}); \
                 it will be moved to the dead-letter queue"
            );
            Failure::new(FailureKind::InvalidMessage, problem)
        })
    }

    #[must_use]
    pub fn feed(&self) -> FeedId {
        FeedId { tenant_id: self.tenant_id, content_type: self.content_type }
    }

    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::of(&self.content_id)
    }

    /// The key of the content's object, below the archive's prefix.
    #[must_use]
    pub fn archive_key(&self) -> String {
        archive_key(self.feed(), &self.content_id, self.content_created)
    }
}
