//! What was published, for comparison with what arrived.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{records::slice::Content, simulator::Simulator, state::feed::Feed};

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

impl Simulator {
    /// All slices of a tenant by content type, in the order of their instants.
    #[track_caller]
    pub fn published(&self, tenant: Uuid) -> BTreeMap<String, Vec<Published>> {
        let mut world = self.shared.world();
        let feeds = &world.tenant(tenant).feeds;
        feeds.iter().map(|(&content_type, feed)| (content_type.to_owned(), published(feed))).collect()
    }

    /// All records of one content type, in the order of their slices' instants. Made-up records are made for this: mind
    /// the memory.
    #[track_caller]
    pub fn published_records(&self, tenant: Uuid, content_type: &str) -> Vec<PublishedRecord> {
        let slices = published(self.shared.world().tenant(tenant).feed(content_type));
        slices
            .into_iter()
            .flat_map(|slice| {
                let Published { created, obtainable, content, .. } = slice;
                content.iter().map(move |bytes| PublishedRecord { bytes, created, obtainable })
            })
            .collect()
    }

    /// The records of one content type that a perfect client has in the end: those that are obtainable.
    #[track_caller]
    pub fn obtainable_records(&self, tenant: Uuid, content_type: &str) -> Vec<Bytes> {
        let records = self.published_records(tenant, content_type);
        records.into_iter().filter(|record| record.obtainable).map(|record| record.bytes).collect()
    }
}

fn published(feed: &Feed) -> Vec<Published> {
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

/// `{slices, records, obtainable_records, subscription}`
pub(crate) fn summary(feed: &Feed) -> Value {
    let records = |wanted: fn(&Published) -> bool, slices: &[Published]| -> u64 {
        slices.iter().filter(|slice| wanted(slice)).map(|slice| slice.content.count()).sum()
    };
    let slices = published(feed);
    let subscription = feed.subscription.is_on().map(|on| if on { "enabled" } else { "disabled" });
    json!({
        "slices": slices.len(),
        "records": records(|_| true, &slices),
        "obtainable_records": records(|slice| slice.obtainable, &slices),
        "subscription": subscription,
    })
}
