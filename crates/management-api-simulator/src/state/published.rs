//! What was published, for comparison with what a client received.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{records::slice::Content, state::feed::Feed};

/// A published slice, including repeated records.
#[derive(Debug, Clone)]
pub struct Published {
    /// When it became available.
    pub created: Timestamp,
    /// When listings begin to show it.
    pub visible_at: Timestamp,
    /// Whether the subscription made it obtainable. If not, no client can ever fetch it.
    pub obtainable: bool,
    pub content: Content,
}

/// A published record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecord {
    /// Exactly as sent to clients.
    pub bytes: Bytes,
    /// When its slice became available.
    pub created: Timestamp,
    /// Whether the subscription made it obtainable.
    pub obtainable: bool,
}

pub(crate) fn published(feed: &Feed) -> Vec<Published> {
    feed.slices
        .iter()
        .map(|(key, stored)| Published {
            created: key.0,
            visible_at: stored.visible_at,
            obtainable: feed.obtainable(*key, stored),
            content: stored.content.clone(),
        })
        .collect()
}
