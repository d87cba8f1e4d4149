//! Slices: what is published in the feed of a content type.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::records::sized::generated_record;

/// Records that become available together: the smallest unit of a listing.
#[derive(Debug, Clone)]
pub struct Slice {
    /// When the slice becomes available (`contentCreated`), to the millisecond. May be in the future.
    pub created: Timestamp,
    pub content: Content,
    /// Hides the slice from listings until this time, if later than `created`. Such a late slice is an aggregate of its
    /// own.
    pub visible_at: Option<Timestamp>,
    /// `contentExpiration`, if different from the configured lifetime. An aggregate has the earliest one of its slices.
    pub expires: Option<Timestamp>,
    /// How many of the latest records in the feed are repeated after the new ones, byte for byte.
    pub repeat: usize,
}

impl Slice {
    /// A slice of these records, each a JSON object that is sent byte for byte.
    pub fn new<R: Into<Bytes>>(created: Timestamp, records: impl IntoIterator<Item = R>) -> Self {
        Slice::of(created, Content::Records(records.into_iter().map(Into::into).collect()))
    }

    /// A slice whose records are generated while they are sent.
    pub fn generated(created: Timestamp, generated: Generated) -> Self {
        Slice::of(created, Content::Generated(generated))
    }

    fn of(created: Timestamp, content: Content) -> Self {
        Slice { created, content, visible_at: None, expires: None, repeat: 0 }
    }

    /// Hides the slice from listings until `at`.
    pub fn visible_at(mut self, at: Timestamp) -> Self {
        self.visible_at = Some(at);
        self
    }

    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// Repeats the latest `count` records of the feed. Records of [`Generated`] slices are never repeated, and such a
    /// slice repeats nothing.
    pub fn repeating(mut self, count: usize) -> Self {
        self.repeat = count;
        self
    }
}

/// The records of a slice.
#[derive(Debug, Clone)]
pub enum Content {
    /// Held in memory, byte for byte.
    Records(Arc<[Bytes]>),
    /// Generated while they are sent.
    Generated(Generated),
}

/// Records that take no memory, reproducible from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// Seeds the Ids and the text of the records.
    pub seed: u64,
    pub count: u64,
    /// The exact size of one record in bytes, at least 256.
    pub record_bytes: usize,
}

impl Content {
    pub fn iter(&self) -> Box<dyn Iterator<Item = Bytes> + Send> {
        match self {
            Content::Records(records) => {
                let records = Arc::clone(records);
                Box::new((0..records.len()).filter_map(move |index| records.get(index).cloned()))
            }
            Content::Generated(generated) => {
                let generated = *generated;
                Box::new(
                    (0..generated.count).map(move |index| generated_record(generated.seed, generated.size(), index)),
                )
            }
        }
    }

    pub fn count(&self) -> u64 {
        match self {
            Content::Records(records) => records.len() as u64,
            Content::Generated(generated) => generated.count,
        }
    }

    /// The total size of the records in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Content::Records(records) => records.iter().map(|record| record.len() as u64).sum(),
            Content::Generated(generated) => generated.count * generated.size() as u64,
        }
    }
}

impl Generated {
    /// The exact size of one record in bytes.
    pub(crate) fn size(&self) -> usize {
        self.record_bytes.max(256)
    }
}
