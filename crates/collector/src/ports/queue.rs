//! The queue between the poller and the fetchers, and its dead-letter queue.

use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;
use crate::message::ContentMessage;

/// A copy of a message, which is delivered after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayedCopy<'a> {
    pub message: &'a ContentMessage,
    /// At most [`Self::LONGEST_DELAY`].
    pub delay: SignedDuration,
    /// The instant for which its request is reserved.
    pub slot: Option<Timestamp>,
}

impl DelayedCopy<'_> {
    /// The limit of SQS.
    pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);

    /// The delay as SQS counts it. Rounded up, so that no copy comes before its slot.
    #[must_use]
    pub fn delay_seconds(&self) -> i64 {
        self.delay.as_secs() + i64::from(self.delay.subsec_nanos() > 0)
    }
}

/// The queue between the poller and the fetchers. Delivery is at least once and in any order.
pub trait Queue {
    /// Sends all messages.
    ///
    /// # Errors
    /// If it is not certain that every message was sent. The caller sends all of them again: a duplicate is harmless.
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure>;

    /// Sends all copies.
    ///
    /// # Errors
    /// As of [`send`](Self::send).
    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure>;

    /// About how many messages wait: those that are visible, and delayed ones.
    async fn waiting(&self) -> Result<u64, Failure>;

    /// Makes a message that was received visible again after `timeout`, in place of the queue's own visibility timeout.
    async fn change_visibility(&self, receipt: &str, timeout: SignedDuration) -> Result<(), Failure>;
}

/// The dead-letter queue: messages that were received too often move here.
pub trait DeadLetters {
    /// Identifies one receive of a message.
    type Receipt;

    /// Some of the messages, each with its body; an empty list if none became visible within a second.
    async fn receive(&self) -> Result<Vec<(Self::Receipt, String)>, Failure>;

    /// Deletes a message for good.
    async fn remove(&self, receipt: Self::Receipt) -> Result<(), Failure>;
}

/// Without a dead-letter queue there are no dead letters.
impl<D: DeadLetters> DeadLetters for Option<D> {
    type Receipt = D::Receipt;

    async fn receive(&self) -> Result<Vec<(Self::Receipt, String)>, Failure> {
        match self {
            Some(dead_letters) => dead_letters.receive().await,
            None => Ok(Vec::new()),
        }
    }

    async fn remove(&self, receipt: Self::Receipt) -> Result<(), Failure> {
        match self {
            Some(dead_letters) => dead_letters.remove(receipt).await,
            None => Ok(()),
        }
    }
}
