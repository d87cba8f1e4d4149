//! What became of one message.

use jiff::SignedDuration;

use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::Loss;

/// What became of one message. Only a message that failed is received again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// Its object is in the archive.
    Archived(Archived),
    /// A delayed copy is in the queue.
    Postponed { failure: Failure, delay: SignedDuration },
    /// It can never be fetched; the loss is recorded.
    Lost { feed: FeedId, loss: Loss, failure: Failure },
    /// It becomes visible again after `retry_in`, or, where its visibility could not be changed, after the queue's own
    /// visibility timeout.
    Failed { failure: Failure, retry_in: SignedDuration, visibility_error: Option<Failure> },
}

/// The sizes of one archived content blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    pub records: u64,
    /// Bytes of JSON received.
    pub bytes_in: u64,
    /// Bytes of gzip stored.
    pub bytes_out: u64,
}
