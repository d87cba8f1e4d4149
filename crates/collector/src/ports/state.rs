//! What the collector remembers: cursors, windows, open contents and losses. One table holds them all; each use case gets
//! those that it needs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::feed_state::{CursorMove, FeedState, Subscription};
use crate::loss::{Loss, LossRecord};
use crate::open_content::{OpenContent, OpenKey};
use crate::rechecks::Rechecks;
use crate::window::Window;
use crate::window_record::{WindowCounts, WindowRecord};

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
    /// The states of feeds, in their order. Where a row is damaged, its feed alone fails.
    async fn feeds(&self, feeds: &[FeedId]) -> Result<Vec<Result<FeedState, Failure>>, Failure>;

    /// Records `window` as the one being listed, provided that the cursor still is `expected`, and that it either has no
    /// recorded window or was never listed: only a window that was never listed whole may be replaced.
    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure>;

    /// Moves the cursor and stores what became of the time before it, all or nothing, provided that the cursor still is
    /// `expected`.
    async fn move_cursor(&self, feed: FeedId, expected: Cursor, to: &CursorMove) -> Result<ConditionalWrite, Failure>;

    /// Saves what has changed of the feed's subscription. What has not is left as it is: another poller may know more.
    async fn save_subscription(&self, feed: FeedId, before: Subscription, now: Subscription) -> Result<(), Failure>;
}

/// What the committed windows held, and how far they have been rechecked.
pub trait Windows {
    /// The first `limit` windows of a feed that start at `from` or later and before `before`, oldest first.
    async fn windows(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<WindowRecord>, Failure>;

    /// The same windows, all of them, without their digests.
    async fn window_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<WindowCounts>, Failure>;

    /// Stores what a recheck added to a window.
    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure>;

    async fn rechecks(&self, feed: FeedId) -> Result<Rechecks, Failure>;

    /// Saves how far a feed has been rechecked, provided that nobody has saved it since `rechecks` was read, and counts its
    /// revision up.
    async fn save_rechecks(&self, feed: FeedId, rechecks: &mut Rechecks) -> Result<ConditionalWrite, Failure>;
}

/// The contents that Microsoft listed and that have neither an object nor a loss.
pub trait OpenContents {
    /// Stores these contents, in place of what was stored of them.
    async fn put_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure>;

    /// Stores this content, unless something is stored of it.
    async fn put_open_if_absent(&self, feed: FeedId, content: &OpenContent) -> Result<(), Failure>;

    /// Removes contents whose objects were seen.
    async fn remove_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure>;

    /// The first `limit` open contents that come after `after`, by their windows.
    async fn open_contents(
        &self,
        feed: FeedId,
        after: Option<OpenKey>,
        limit: usize,
    ) -> Result<Vec<OpenContent>, Failure>;

    /// How many contents are open of each window that starts at `from` or later and before `before`.
    async fn open_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<Window, u64>, Failure>;
}

/// What can never be collected.
pub trait Losses {
    /// Records `loss` as not yet reported. Recording the same loss again changes nothing unless its end has moved on. A
    /// content that is lost is no longer [open](OpenContents). Returns whether the loss is new or has grown.
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<bool, Failure>;

    /// Marks `loss` as reported to a person. A loss that is not marked is reported again.
    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// At most `limit` losses, spans first, that were recorded, or have grown, and that the reconciler has not
    /// [processed](Self::mark_processed) yet. No others are read.
    async fn unprocessed(&self, feed: FeedId, limit: usize) -> Result<Vec<LossRecord>, Failure>;

    /// Marks `loss` as processed: it is reported, and in the completeness reports.
    async fn mark_processed(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// The losses of contents whose windows start at `from` or later and before `before`, and of spans that touch this
    /// time and begin at most 90 days before it.
    async fn losses(&self, feed: FeedId, from: Timestamp, before: Timestamp) -> Result<Vec<LossRecord>, Failure>;
}
