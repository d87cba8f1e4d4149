//! What is published: slices of a content type's feed.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::records::sized::generated_record;

/// Some records, made available together. The smallest thing a listing can name.
#[derive(Debug, Clone)]
pub struct Slice {
    /// When it was made available (`contentCreated`), to the millisecond. It may lie in the future: it shows up then.
    pub created: Timestamp,
    /// The records.
    pub content: Content,
    /// From when on listings show it, if later than `created`. Such a late slice is an aggregate of its own.
    pub visible_at: Option<Timestamp>,
    /// `contentExpiration`, if not the configured lifetime after `created`. An aggregate has its earliest.
    pub expires: Option<Timestamp>,
    /// How many records published before in this feed (the latest ones) are repeated behind the new, byte for byte.
    pub repeat: usize,
}

impl Slice {
    /// A slice of these records, each a JSON object as it shall travel.
    pub fn new<R: Into<Bytes>>(created: Timestamp, records: impl IntoIterator<Item = R>) -> Self {
        Slice::of(created, Content::Records(records.into_iter().map(Into::into).collect()))
    }

    /// A slice whose records are made up while they are sent.
    pub fn generated(created: Timestamp, generated: Generated) -> Self {
        Slice::of(created, Content::Generated(generated))
    }

    fn of(created: Timestamp, content: Content) -> Self {
        Slice { created, content, visible_at: None, expires: None, repeat: 0 }
    }

    /// Not listed before `at`.
    pub fn visible_at(mut self, at: Timestamp) -> Self {
        self.visible_at = Some(at);
        self
    }

    /// With this `contentExpiration`.
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// With the latest `count` records of this feed once more. Made-up records ([`Generated`]) are never repeated, and
    /// a slice of made-up records repeats nothing.
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
    /// Made up while they are sent.
    Generated(Generated),
}

/// Records that need no memory: made up from a seed, the same each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// Gives the records their Ids and their text.
    pub seed: u64,
    /// How many records.
    pub count: u64,
    /// The exact size of one record in bytes; less than 256 counts as 256.
    pub record_bytes: usize,
}

impl Content {
    /// The records in order.
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

    /// How many records.
    pub fn count(&self) -> u64 {
        match self {
            Content::Records(records) => records.len() as u64,
            Content::Generated(generated) => generated.count,
        }
    }

    /// The sum of the records' sizes in bytes.
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
