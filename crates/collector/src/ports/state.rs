//! What the collector remembers: cursors, windows and losses. One table holds all three; each use case gets those that
//! it needs.

use jiff::Timestamp;

use crate::content::Listing;
use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::{Loss, LossRecord};
use crate::window::Window;
use crate::window_record::WindowRecord;

/// Whether a conditional write was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ConditionalWrite {
    Applied,
    /// Nothing was written: the cursor is no longer what the caller had read.
    Conflict,
}

/// How far each feed has been listed.
pub trait Cursors {
    /// The states of a tenant's feeds, in the order of `content_types`.
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure>;

    /// Records `window` as the one being listed, provided that the cursor still is `expected`, and that it either has no
    /// recorded window or was never listed: only a window that was never listed whole may be replaced.
    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure>;

    /// Stores what the recorded window held and moves the cursor to its end, both or neither, provided that this very
    /// window is the recorded one. The caller has put all of its messages into the queue.
    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure>;

    /// Records `loss` and moves the cursor from `expected` to the loss's end, both or neither.
    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure>;

    /// Saves what is known of the feed's subscription.
    async fn save_subscription(&self, feed: FeedId, subscription: &Subscription) -> Result<(), Failure>;
}

/// The state of one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedState {
    /// `None` before the first window.
    pub cursor: Option<Cursor>,
    /// When its last window was listed.
    pub listed_at: Option<Timestamp>,
    pub subscription: Subscription,
}

/// What is known of one feed's subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Subscription {
    /// When the collector last started it: Microsoft asks for 15 minutes between starts.
    pub started_at: Option<Timestamp>,
    /// Microsoft asked not to start it before this instant.
    pub not_before: Option<Timestamp>,
    /// Listings have been refused, and what was published since this instant may be lost: the subscription was enabled when
    /// the feed was last listed. `None` while listing works, and for a feed that was never listed.
    pub refused_since: Option<Timestamp>,
}

/// What the committed windows held, and how far they have been reconciled.
pub trait Windows {
    /// The windows of a feed that start at `since` or later, oldest first.
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure>;

    /// Stores what a recheck of a window found.
    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure>;

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure>;

    /// Saves how far a feed has been reconciled. Instants that are too early only cost work.
    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure>;
}

/// How far a feed has been reconciled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReconcileProgress {
    /// Nothing is left to find out about any window before it; `None` before the first recheck.
    pub done_until: Option<Timestamp>,
    /// What was found before it is in the completeness reports; `None` before the first of them.
    pub reported_at: Option<Timestamp>,
}

/// What can never be collected.
pub trait Losses {
    /// Records `loss` as not yet reported. Recording the same loss again changes nothing unless its end has moved on.
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// Marks `loss` as reported to a person. A loss that is not marked is reported again.
    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// The losses of a feed, oldest first.
    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure>;
}
