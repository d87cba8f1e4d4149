//! The ports of the state, forwarded through the interceptor.

use std::collections::BTreeMap;

use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::feed_state::{CursorMove, FeedState, Passed, Subscription};
use collector::loss::{Loss, LossRecord};
use collector::open_content::{OpenContent, OpenKey};
use collector::ports::{ConditionalWrite, Cursors, Losses, OpenContents, Windows};
use collector::rechecks::Rechecks;
use collector::window::Window;
use collector::window_record::{WindowCounts, WindowRecord};
use jiff::Timestamp;

use super::{Intercepted, PortCall};

impl<P: Cursors> Cursors for Intercepted<'_, P> {
    async fn feeds(&self, feeds: &[FeedId]) -> Result<Vec<Result<FeedState, Failure>>, Failure> {
        self.call(PortCall::Feeds(feeds), self.port.feeds(feeds)).await
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        self.call(PortCall::RecordWindow(feed), self.port.record_window(feed, expected, window)).await
    }

    async fn move_cursor(&self, feed: FeedId, expected: Cursor, to: &CursorMove) -> Result<ConditionalWrite, Failure> {
        let call = match to.passed {
            Passed::Listed(_) | Passed::Empty(_) => PortCall::CommitWindow(feed),
            Passed::Lost(_) => PortCall::Skip(feed),
        };
        self.call(call, self.port.move_cursor(feed, expected, to)).await
    }

    async fn save_subscription(&self, feed: FeedId, before: Subscription, now: Subscription) -> Result<(), Failure> {
        self.call(PortCall::SaveSubscription(feed), self.port.save_subscription(feed, before, now)).await
    }
}

impl<P: Windows> Windows for Intercepted<'_, P> {
    async fn windows(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<WindowRecord>, Failure> {
        self.call(PortCall::Windows(feed), self.port.windows(feed, from, before, limit)).await
    }

    async fn window_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<WindowCounts>, Failure> {
        self.call(PortCall::Windows(feed), self.port.window_counts(feed, from, before)).await
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.call(PortCall::UpdateWindow(feed), self.port.update_window(feed, record)).await
    }

    async fn rechecks(&self, feed: FeedId) -> Result<Rechecks, Failure> {
        self.call(PortCall::Rechecks(feed), self.port.rechecks(feed)).await
    }

    async fn save_rechecks(&self, feed: FeedId, rechecks: &mut Rechecks) -> Result<ConditionalWrite, Failure> {
        self.call(PortCall::SaveRechecks(feed), self.port.save_rechecks(feed, rechecks)).await
    }
}

impl<P: OpenContents> OpenContents for Intercepted<'_, P> {
    async fn put_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        self.call(PortCall::PutOpen(feed), self.port.put_open(feed, contents)).await
    }

    async fn put_open_if_absent(&self, feed: FeedId, content: &OpenContent) -> Result<(), Failure> {
        self.call(PortCall::PutOpen(feed), self.port.put_open_if_absent(feed, content)).await
    }

    async fn remove_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        self.call(PortCall::RemoveOpen(feed), self.port.remove_open(feed, contents)).await
    }

    async fn open_contents(
        &self,
        feed: FeedId,
        after: Option<OpenKey>,
        limit: usize,
    ) -> Result<Vec<OpenContent>, Failure> {
        self.call(PortCall::OpenContents(feed), self.port.open_contents(feed, after, limit)).await
    }

    async fn open_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<Window, u64>, Failure> {
        self.call(PortCall::OpenContents(feed), self.port.open_counts(feed, from, before)).await
    }
}

impl<P: Losses> Losses for Intercepted<'_, P> {
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<bool, Failure> {
        self.call(PortCall::RecordLoss(feed), self.port.record_loss(feed, loss)).await
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.call(PortCall::MarkReported(feed), self.port.mark_reported(feed, loss)).await
    }

    async fn unprocessed(&self, feed: FeedId, limit: usize) -> Result<Vec<LossRecord>, Failure> {
        self.call(PortCall::Losses(feed), self.port.unprocessed(feed, limit)).await
    }

    async fn mark_processed(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.call(PortCall::MarkProcessed(feed), self.port.mark_processed(feed, loss)).await
    }

    async fn losses(&self, feed: FeedId, from: Timestamp, before: Timestamp) -> Result<Vec<LossRecord>, Failure> {
        self.call(PortCall::Losses(feed), self.port.losses(feed, from, before)).await
    }
}
