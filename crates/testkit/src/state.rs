//! The state table in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossRecord};
use collector::ports::{Clock, ConditionalWrite, Cursors, FeedState, Losses, ReconcileProgress, Subscription, Windows};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use crate::clock::ManualClock;

/// The state of all feeds. Clones share their rows.
#[derive(Debug, Clone, Default)]
pub struct MemoryState(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    feeds: BTreeMap<FeedId, FeedState>,
    windows: BTreeMap<(FeedId, Window), WindowRecord>,
    losses: Vec<(FeedId, LossRecord)>,
    progress: BTreeMap<FeedId, ReconcileProgress>,
    /// Without a clock everything happened at the Unix epoch, long ago.
    clock: Option<ManualClock>,
    history: StateHistory,
}

/// What was written, and when according to the state's clock.
#[derive(Debug, Clone, Default)]
pub struct StateHistory {
    /// Where the first window of each feed starts that was listed whole, and when it was committed.
    pub first_windows: BTreeMap<FeedId, (Timestamp, Timestamp)>,
    pub committed_at: BTreeMap<(FeedId, Window), Timestamp>,
    /// Every call that recorded a loss, including repetitions.
    pub recorded_losses: Vec<(FeedId, Loss, Timestamp)>,
}

impl MemoryState {
    /// A state that takes the time at which a loss is noticed from `clock`.
    #[must_use]
    pub fn by(clock: &ManualClock) -> Self {
        Self(Arc::new(Mutex::new(Rows { clock: Some(clock.clone()), ..Rows::default() })))
    }

    #[must_use]
    pub fn history(&self) -> StateHistory {
        self.0.lock().unwrap().history.clone()
    }

    #[must_use]
    pub fn cursor(&self, feed: FeedId) -> Option<Cursor> {
        self.0.lock().unwrap().feeds.get(&feed).and_then(|state| state.cursor)
    }

    /// Sets a feed's cursor, as if an earlier run had left it there.
    pub fn set_cursor(&self, feed: FeedId, cursor: Cursor) {
        self.0.lock().unwrap().feeds.entry(feed).or_default().cursor = Some(cursor);
    }

    /// The windows that were committed for a feed, oldest first.
    #[must_use]
    pub fn committed(&self, feed: FeedId) -> Vec<WindowRecord> {
        let rows = self.0.lock().unwrap();
        rows.windows.iter().filter(|((of, _), _)| *of == feed).map(|(_, record)| record.clone()).collect()
    }

    /// All losses, in the order in which they were recorded.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        self.0.lock().unwrap().losses.iter().map(|(_, record)| record.loss.clone()).collect()
    }
}

impl Rows {
    fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or(Timestamp::UNIX_EPOCH, Clock::now)
    }

    fn record(&mut self, feed: FeedId, loss: &Loss) {
        let now = self.now();
        self.history.recorded_losses.push((feed, loss.clone(), now));
        if self
            .losses
            .iter()
            .any(|(of, record)| *of == feed && is_same(&record.loss, loss) && record.loss.to >= loss.to)
        {
            return;
        }
        self.losses.retain(|(of, record)| *of != feed || !is_same(&record.loss, loss));
        self.losses.push((feed, LossRecord { loss: loss.clone(), noticed_at: now, reported: false }));
    }
}

/// A gap that has grown is the same loss.
fn is_same(one: &Loss, other: &Loss) -> bool {
    (one.from, one.reason, &one.content) == (other.from, other.reason, &other.content)
}

impl Cursors for MemoryState {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        let rows = self.0.lock().unwrap();
        let feed = |content_type: &ContentType| FeedId { tenant_id, content_type: *content_type };
        Ok(content_types
            .iter()
            .map(|content_type| rows.feeds.get(&feed(content_type)).cloned().unwrap_or_default())
            .collect())
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let mut rows = self.0.lock().unwrap();
        let state = rows.feeds.entry(feed).or_default();
        let may_record = |cursor: Cursor| cursor.planned_until.is_none() || cursor.never_listed;
        if state.cursor != expected || !state.cursor.is_none_or(may_record) {
            return Ok(ConditionalWrite::Conflict);
        }
        let never_listed = expected.is_none_or(|cursor| cursor.never_listed);
        state.cursor = Some(Cursor { never_listed, ..Cursor::recording(window) });
        Ok(ConditionalWrite::Applied)
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        let mut rows = self.0.lock().unwrap();
        let state = rows.feeds.entry(feed).or_default();
        if !state.cursor.is_some_and(|cursor| cursor.records(listing.window)) {
            return Ok(ConditionalWrite::Conflict);
        }
        state.cursor = Some(Cursor::at(listing.window.end()));
        state.listed_at = Some(listing.listed_at);
        rows.windows.insert((feed, listing.window), WindowRecord::new(listing));
        let now = rows.now();
        rows.history.committed_at.insert((feed, listing.window), now);
        rows.history.first_windows.entry(feed).or_insert((listing.window.start(), now));
        Ok(ConditionalWrite::Applied)
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        let mut rows = self.0.lock().unwrap();
        let state = rows.feeds.entry(feed).or_default();
        if state.cursor != Some(expected) {
            return Ok(ConditionalWrite::Conflict);
        }
        state.cursor = Some(Cursor::at(loss.to));
        rows.record(feed, loss);
        Ok(ConditionalWrite::Applied)
    }

    async fn save_subscription(&self, feed: FeedId, subscription: &Subscription) -> Result<(), Failure> {
        self.0.lock().unwrap().feeds.entry(feed).or_default().subscription = *subscription;
        Ok(())
    }
}

impl Windows for MemoryState {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        Ok(self.committed(feed).into_iter().filter(|record| record.window.start() >= since).collect())
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.0.lock().unwrap().windows.insert((feed, record.window), record.clone());
        Ok(())
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        Ok(self.0.lock().unwrap().progress.get(&feed).copied().unwrap_or_default())
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        self.0.lock().unwrap().progress.insert(feed, progress);
        Ok(())
    }
}

impl Losses for MemoryState {
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.0.lock().unwrap().record(feed, loss);
        Ok(())
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        for (_, record) in rows.losses.iter_mut().filter(|(of, record)| *of == feed && record.loss == *loss) {
            record.reported = true;
        }
        Ok(())
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        let rows = self.0.lock().unwrap();
        let mut own: Vec<LossRecord> =
            rows.losses.iter().filter(|(of, _)| *of == feed).map(|(_, record)| record.clone()).collect();
        own.sort_by_key(|record| record.loss.from);
        Ok(own)
    }
}
