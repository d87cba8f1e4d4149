//! The ports of the state.

use std::collections::BTreeMap;
use std::ops::Bound;

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

use super::{MemoryState, Recorded};

impl Cursors for MemoryState {
    async fn feeds(&self, feeds: &[FeedId]) -> Result<Vec<Result<FeedState, Failure>>, Failure> {
        let rows = self.0.lock().unwrap();
        Ok(feeds.iter().map(|feed| Ok(rows.feeds.get(feed).copied().unwrap_or_default())).collect())
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

    async fn move_cursor(&self, feed: FeedId, expected: Cursor, to: &CursorMove) -> Result<ConditionalWrite, Failure> {
        let mut rows = self.0.lock().unwrap();
        let now = rows.now();
        let state = rows.feeds.entry(feed).or_default();
        let is_expected = |cursor: Cursor| {
            (cursor.listed_until, cursor.planned_until) == (expected.listed_until, expected.planned_until)
        };
        if !state.cursor.is_some_and(is_expected) {
            return Ok(ConditionalWrite::Conflict);
        }
        *state = state.moved(to);
        if let Passed::Lost(loss) = &to.passed {
            rows.record(feed, loss);
        } else {
            rows.history.first_windows.entry(feed).or_insert((expected.listed_until, now));
        }
        let listed = match &to.passed {
            Passed::Listed(listing) => Some(listing),
            Passed::Empty(_) | Passed::Lost(_) => None,
        };
        for listing in to.empty.iter().chain(listed) {
            rows.windows.insert((feed, listing.window), WindowRecord::new(listing));
            rows.history.committed_at.insert((feed, listing.window), now);
        }
        Ok(ConditionalWrite::Applied)
    }

    async fn save_subscription(&self, feed: FeedId, before: Subscription, now: Subscription) -> Result<(), Failure> {
        fn save<T: PartialEq>(stored: &mut T, before: T, now: T) {
            if before != now {
                *stored = now;
            }
        }
        let mut rows = self.0.lock().unwrap();
        let stored = &mut rows.feeds.entry(feed).or_default().subscription;
        save(&mut stored.started_at, before.started_at, now.started_at);
        save(&mut stored.not_before, before.not_before, now.not_before);
        save(&mut stored.refused_since, before.refused_since, now.refused_since);
        Ok(())
    }
}

impl Windows for MemoryState {
    async fn windows(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<WindowRecord>, Failure> {
        let rows = self.0.lock().unwrap();
        Ok(rows.windows_between(feed, from, before).take(limit).cloned().collect())
    }

    async fn window_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<WindowCounts>, Failure> {
        let rows = self.0.lock().unwrap();
        Ok(rows.windows_between(feed, from, before).map(WindowCounts::from).collect())
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.0.lock().unwrap().windows.insert((feed, record.window), record.clone());
        Ok(())
    }

    async fn rechecks(&self, feed: FeedId) -> Result<Rechecks, Failure> {
        Ok(self.0.lock().unwrap().rechecks.get(&feed).cloned().unwrap_or_default())
    }

    async fn save_rechecks(&self, feed: FeedId, rechecks: &mut Rechecks) -> Result<ConditionalWrite, Failure> {
        let mut rows = self.0.lock().unwrap();
        let stored = rows.rechecks.entry(feed).or_default();
        if stored.revision != rechecks.revision {
            return Ok(ConditionalWrite::Conflict);
        }
        rechecks.revision += 1;
        *stored = rechecks.clone();
        Ok(ConditionalWrite::Applied)
    }
}

impl OpenContents for MemoryState {
    async fn put_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        rows.open.entry(feed).or_default().extend(contents.iter().map(|content| (content.key(), content.clone())));
        Ok(())
    }

    async fn put_open_if_absent(&self, feed: FeedId, content: &OpenContent) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        rows.open.entry(feed).or_default().entry(content.key()).or_insert_with(|| content.clone());
        Ok(())
    }

    async fn remove_open(&self, feed: FeedId, contents: &[OpenContent]) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        let open = rows.open.entry(feed).or_default();
        contents.iter().for_each(|content| drop(open.remove(&content.key())));
        Ok(())
    }

    async fn open_contents(
        &self,
        feed: FeedId,
        after: Option<OpenKey>,
        limit: usize,
    ) -> Result<Vec<OpenContent>, Failure> {
        let rows = self.0.lock().unwrap();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let open = rows.open.get(&feed).map(|open| open.range((from, Bound::Unbounded)));
        Ok(open.into_iter().flatten().take(limit).map(|(_, content)| content.clone()).collect())
    }

    async fn open_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<Window, u64>, Failure> {
        let rows = self.0.lock().unwrap();
        let mut counts = BTreeMap::new();
        for (window, _) in rows.open.get(&feed).into_iter().flat_map(BTreeMap::keys) {
            if (from..before).contains(&window.start()) {
                *counts.entry(*window).or_default() += 1;
            }
        }
        Ok(counts)
    }
}

impl Losses for MemoryState {
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<bool, Failure> {
        let mut rows = self.0.lock().unwrap();
        let has_grown = rows.record(feed, loss);
        if let Some(key) = OpenContent::lost_by(loss) {
            rows.open.entry(feed).or_default().remove(&key);
        }
        Ok(has_grown)
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        let now = rows.now();
        for recorded in rows.losses.iter_mut().filter(|recorded| recorded.is(feed, loss)) {
            recorded.record.reported = Some((now, loss.to));
        }
        Ok(())
    }

    async fn unprocessed(&self, feed: FeedId, limit: usize) -> Result<Vec<LossRecord>, Failure> {
        let rows = self.0.lock().unwrap();
        let unprocessed = rows.losses.iter().filter(|recorded| recorded.feed == feed && !recorded.is_processed);
        let mut found: Vec<LossRecord> = unprocessed.map(|recorded| recorded.record.clone()).collect();
        found.sort_by_key(|record| record.loss.content.is_some());
        found.truncate(limit);
        Ok(found)
    }

    async fn mark_processed(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let mut rows = self.0.lock().unwrap();
        let of_loss = |recorded: &&mut Recorded| recorded.is(feed, loss) && recorded.record.loss.to <= loss.to;
        rows.losses.iter_mut().filter(of_loss).for_each(|recorded| recorded.is_processed = true);
        Ok(())
    }

    async fn losses(&self, feed: FeedId, from: Timestamp, before: Timestamp) -> Result<Vec<LossRecord>, Failure> {
        let rows = self.0.lock().unwrap();
        let is_within = |loss: &Loss| match loss.content {
            Some(_) => (from..before).contains(&loss.from),
            None => (from - WindowRecord::TTL..before).contains(&loss.from) && from < loss.to,
        };
        let mut found: Vec<LossRecord> = rows
            .losses
            .iter()
            .filter(|recorded| recorded.feed == feed && is_within(&recorded.record.loss))
            .map(|recorded| recorded.record.clone())
            .collect();
        found.sort_by_key(|record| record.loss.from);
        Ok(found)
    }
}
