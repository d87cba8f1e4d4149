//! What was published, for comparison with what a client received.

use std::collections::BTreeMap;

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    simulator::Simulator,
    state::published::{Published, PublishedRecord, published},
};

impl Simulator {
    /// All slices of a tenant by content type, in order of creation time.
    #[track_caller]
    pub fn published(&self, tenant: Uuid) -> BTreeMap<String, Vec<Published>> {
        let mut state = self.shared.state();
        let feeds = &state.tenant(tenant).feeds;
        feeds.iter().map(|(&content_type, feed)| (content_type.to_owned(), published(feed))).collect()
    }

    /// All records of one content type, ordered by the creation time of their slices. Generated records are created in
    /// memory for this.
    #[track_caller]
    pub fn published_records(&self, tenant: Uuid, content_type: &str) -> Vec<PublishedRecord> {
        let slices = published(self.shared.state().tenant(tenant).feed(content_type));
        slices
            .into_iter()
            .flat_map(|slice| {
                let Published { created, obtainable, content, .. } = slice;
                content.iter().map(move |bytes| PublishedRecord { bytes, created, obtainable })
            })
            .collect()
    }

    /// The records of one content type that a perfect client ends up with: those that the subscription made obtainable.
    #[track_caller]
    pub fn obtainable_records(&self, tenant: Uuid, content_type: &str) -> Vec<Bytes> {
        let records = self.published_records(tenant, content_type);
        records.into_iter().filter(|record| record.obtainable).map(|record| record.bytes).collect()
    }
}
