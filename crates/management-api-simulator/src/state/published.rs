//! What was published, for comparison with what arrived.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{records::slice::Content, state::feed::Feed};

/// A slice as it was published, repeats included.
#[derive(Debug, Clone)]
pub struct Published {
    /// When it was made available.
    pub created: Timestamp,
    /// From when on listings show it.
    pub visible_at: Timestamp,
    /// Whether the subscription made it obtainable. If not, no client can ever have it.
    pub obtainable: bool,
    /// The records.
    pub content: Content,
}

/// A record as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecord {
    /// Exactly what travels.
    pub bytes: Bytes,
    /// When its slice was made available.
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
