//! The state table in memory.

mod ports;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::feed_state::FeedState;
use collector::loss::{Loss, LossRecord};
use collector::open_content::{OpenContent, OpenKey};
use collector::ports::Clock;
use collector::rechecks::Rechecks;
use collector::window::{Window, whole_second};
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};

use crate::clock::ManualClock;

/// The state of all feeds. Clones share their rows.
#[derive(Debug, Clone, Default)]
pub struct MemoryState(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    feeds: BTreeMap<FeedId, FeedState>,
    windows: BTreeMap<(FeedId, Window), WindowRecord>,
    open: BTreeMap<FeedId, BTreeMap<OpenKey, OpenContent>>,
    losses: Vec<Recorded>,
    rechecks: BTreeMap<FeedId, Rechecks>,
    /// Without a clock everything happened at the Unix epoch, long ago.
    clock: Option<ManualClock>,
    history: StateHistory,
}

#[derive(Debug)]
struct Recorded {
    feed: FeedId,
    record: LossRecord,
    is_processed: bool,
}

/// What was written, and when according to the state's clock.
#[derive(Debug, Clone, Default)]
pub struct StateHistory {
    /// Where the first window of each feed starts that was listed whole, and when it was committed.
    pub first_windows: BTreeMap<FeedId, (Timestamp, Timestamp)>,
    pub committed_at: BTreeMap<(FeedId, Window), Timestamp>,
    /// Recorded windows that were replaced by a part of them.
    pub replaced: Vec<(FeedId, Window)>,
    /// Windows that the poller passed over.
    pub passed_over: Vec<(FeedId, Window)>,
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

    /// Sets how many contents an hour a feed holds, as if its last windows had been that dense.
    pub fn set_density(&self, feed: FeedId, contents_per_hour: u64) {
        self.0.lock().unwrap().feeds.entry(feed).or_default().contents_per_hour = Some(contents_per_hour);
    }

    #[must_use]
    pub fn feed_state(&self, feed: FeedId) -> FeedState {
        self.0.lock().unwrap().feeds.get(&feed).copied().unwrap_or_default()
    }

    /// The windows that were committed for a feed, oldest first.
    #[must_use]
    pub fn committed(&self, feed: FeedId) -> Vec<WindowRecord> {
        let rows = self.0.lock().unwrap();
        rows.windows.iter().filter(|((of, _), _)| *of == feed).map(|(_, record)| record.clone()).collect()
    }

    /// The open contents of a feed, by their windows.
    #[must_use]
    pub fn open(&self, feed: FeedId) -> Vec<OpenContent> {
        self.0.lock().unwrap().open.get(&feed).into_iter().flatten().map(|(_, content)| content.clone()).collect()
    }

    /// How far a feed has been rechecked.
    #[must_use]
    pub fn rechecks_of(&self, feed: FeedId) -> Rechecks {
        self.0.lock().unwrap().rechecks.get(&feed).cloned().unwrap_or_default()
    }

    /// All losses of a feed, in the order in which they were recorded.
    #[must_use]
    pub fn loss_records(&self, feed: FeedId) -> Vec<LossRecord> {
        let rows = self.0.lock().unwrap();
        rows.losses.iter().filter(|recorded| recorded.feed == feed).map(|recorded| recorded.record.clone()).collect()
    }

    /// All losses, in the order in which they were recorded.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        self.0.lock().unwrap().losses.iter().map(|recorded| recorded.record.loss.clone()).collect()
    }
}

impl Rows {
    fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or(Timestamp::UNIX_EPOCH, Clock::now)
    }

    /// Returns whether the loss is new or has grown.
    fn record(&mut self, feed: FeedId, loss: &Loss) -> bool {
        let now = self.now();
        self.history.recorded_losses.push((feed, loss.clone(), now));
        match self.losses.iter_mut().find(|recorded| recorded.is(feed, loss)) {
            Some(recorded) if recorded.record.loss.to >= loss.to => return false,
            Some(recorded) => {
                recorded.record.loss = loss.clone();
                recorded.is_processed = false;
            }
            None => {
                let record = LossRecord { loss: loss.clone(), noticed_at: now, reported: None };
                self.losses.push(Recorded { feed, record, is_processed: false });
            }
        }
        true
    }

    fn windows_between(&self, feed: FeedId, from: Timestamp, before: Timestamp) -> impl Iterator<Item = &WindowRecord> {
        let first = Window::new(whole_second(from), whole_second(from) + SignedDuration::from_secs(1)).unwrap();
        let windows = self.windows.range((feed, first)..).map(|((of, _), record)| (of, record));
        let in_range = windows.take_while(move |(of, record)| **of == feed && record.window.start() < before);
        in_range.map(|(_, record)| record).filter(move |record| from <= record.window.start())
    }
}

impl Recorded {
    /// A loss that has grown is the same loss.
    fn is(&self, feed: FeedId, loss: &Loss) -> bool {
        self.feed == feed && self.record.loss.is_same(loss)
    }
}
