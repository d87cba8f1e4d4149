//! The contract of `Cursors`.

use std::slice;

use collector::content::Listing;
use collector::cursor::Cursor;
use collector::feed::{ContentType, FeedId};
use collector::feed_state::{FeedState, Subscription};
use collector::loss::{Loss, LossReason};
use collector::ports::{ConditionalWrite, Cursors, Losses, Windows};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use super::state::{another, commit, feed_state, listing};
use crate::samples::{at, window};

/// All windows of a feed that start on the day of the tests.
async fn windows(state: &impl Windows, feed: FeedId) -> Vec<WindowRecord> {
    let (from, before) = (at("2026-11-22T00:00:00Z"), at("2026-11-23T00:00:00Z"));
    state.windows(feed, from, before, usize::MAX).await.unwrap()
}

/// What is lost of a feed, with whether it is reported.
async fn losses(state: &impl Losses, feed: FeedId) -> Vec<(Loss, bool)> {
    let (from, before) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
    let records = state.losses(feed, from, before).await.unwrap();
    records.into_iter().map(|record| (record.loss.clone(), record.is_reported())).collect()
}

fn expired(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::RetentionExpired, content: None, objects: Vec::new() }
}

async fn record(
    cursors: &impl Cursors,
    feed: FeedId,
    expected: impl Into<Option<Cursor>>,
    window: Window,
) -> ConditionalWrite {
    cursors.record_window(feed, expected.into(), window).await.unwrap()
}

/// A window is recorded once, moved past once, and the cursor only moves forward.
pub async fn moves_a_cursor_window_by_window(cursors: &impl Cursors, feed: FeedId) {
    let first = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 3);
    let second = listing("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z", 2);
    let cursor = async || feed_state(cursors, feed).await.cursor;
    let move_past = async |expected: Cursor, listing: &Listing| {
        let to = feed_state(cursors, feed).await.move_past_window(listing.clone());
        cursors.move_cursor(feed, expected, &to).await.unwrap()
    };
    let (recording_first, recording_second) = (Cursor::recording_first(first.window), Cursor::recording(second.window));
    assert_eq!(cursor().await, None);
    let moved = move_past(recording_first, &first).await;
    assert_eq!(moved, ConditionalWrite::Conflict, "no window is recorded");

    assert_eq!(record(cursors, feed, None, first.window).await, ConditionalWrite::Applied);
    assert_eq!(cursor().await, Some(recording_first));
    assert_eq!(record(cursors, feed, None, first.window).await, ConditionalWrite::Conflict, "it is recorded once");

    let moved = move_past(recording_second, &second).await;
    assert_eq!(moved, ConditionalWrite::Conflict, "this window is not the recorded one");
    let moved = move_past(Cursor::at(first.window.start()), &first).await;
    assert_eq!(moved, ConditionalWrite::Conflict, "the caller did not read that a window is recorded");
    assert_eq!(move_past(recording_first, &first).await, ConditionalWrite::Applied);
    assert_eq!(cursor().await, Some(Cursor::at(first.window.end())));
    let moved = move_past(recording_first, &first).await;
    assert_eq!(moved, ConditionalWrite::Conflict, "a window is moved past once");

    let behind = Cursor::at(first.window.start());
    assert_eq!(record(cursors, feed, behind, second.window).await, ConditionalWrite::Conflict);
    assert_eq!(record(cursors, feed, cursor().await, second.window).await, ConditionalWrite::Applied);
    assert_eq!(move_past(recording_second, &second).await, ConditionalWrite::Applied);
    assert_eq!(cursor().await, Some(Cursor::at(second.window.end())));
}

/// Only a window that was never listed whole may be replaced, and only by a caller that has read it.
pub async fn replaces_a_window_that_was_never_listed(cursors: &impl Cursors, feed: FeedId) {
    let first = window("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z");
    let longer = window("2026-11-22T10:00:00Z", "2026-11-22T10:10:00Z");
    let later = window("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z");
    let recording_longer = Cursor::recording_first(longer);
    assert_eq!(record(cursors, feed, None, first).await, ConditionalWrite::Applied);
    assert_eq!(record(cursors, feed, Cursor::recording_first(first), longer).await, ConditionalWrite::Applied);
    assert_eq!(feed_state(cursors, feed).await.cursor, Some(recording_longer), "it is still the first");
    for stale in [Cursor::recording_first(first), Cursor::at(first.start())] {
        assert_eq!(record(cursors, feed, stale, later).await, ConditionalWrite::Conflict, "{stale:?} is replaced");
    }
    let listed = listing("2026-11-22T10:00:00Z", "2026-11-22T10:10:00Z", 1);
    let to = feed_state(cursors, feed).await.move_past_window(listed);
    assert_eq!(cursors.move_cursor(feed, recording_longer, &to).await.unwrap(), ConditionalWrite::Applied);

    let next = window("2026-11-22T10:10:00Z", "2026-11-22T10:15:00Z");
    assert_eq!(record(cursors, feed, Cursor::at(next.start()), next).await, ConditionalWrite::Applied);
    let replaced = record(cursors, feed, Cursor::recording(next), later).await;
    assert_eq!(replaced, ConditionalWrite::Conflict, "the feed was listed: something of this window may be queued");
    assert_eq!(feed_state(cursors, feed).await.cursor, Some(Cursor::recording(next)));
}

/// Empty windows move the cursor without a row; the next window that held something writes one for their span.
pub async fn writes_a_span_of_empty_windows_with_the_next_listing<S: Cursors + Windows>(state: &S, feed: FeedId) {
    for (start, end) in [("2026-11-22T10:00:00Z", "10:05:00Z"), ("2026-11-22T10:05:00Z", "10:10:00Z")] {
        commit(state, feed, &listing(start, &format!("2026-11-22T{end}"), 0)).await;
        assert_eq!(windows(state, feed).await, []);
    }
    let found = FeedState {
        cursor: Some(Cursor::at(at("2026-11-22T10:10:00Z"))),
        listed_at: Some(at("2026-11-22T12:00:00Z")),
        empty_since: Some(at("2026-11-22T10:00:00Z")),
        ..FeedState::default()
    };
    assert_eq!(feed_state(state, feed).await, found);

    let listed = listing("2026-11-22T10:10:00Z", "2026-11-22T10:15:00Z", 2);
    commit(state, feed, &listed).await;
    let empty = listing("2026-11-22T10:00:00Z", "2026-11-22T10:10:00Z", 0);
    assert_eq!(windows(state, feed).await, [WindowRecord::new(&empty), WindowRecord::new(&listed)]);
    assert_eq!(feed_state(state, feed).await.empty_since, None);
}

/// A span of empty windows gets its row before it is longer than an hour, and the next one begins.
pub async fn closes_a_span_of_empty_windows_after_an_hour<S: Cursors + Windows>(state: &S, feed: FeedId) {
    commit(state, feed, &listing("2026-11-22T10:00:00Z", "2026-11-22T10:40:00Z", 0)).await;
    commit(state, feed, &listing("2026-11-22T10:40:00Z", "2026-11-22T11:00:00Z", 0)).await;
    assert_eq!(windows(state, feed).await, [], "the span is an hour long");
    commit(state, feed, &listing("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z", 0)).await;
    let empty = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 0);
    assert_eq!(windows(state, feed).await, [WindowRecord::new(&empty)]);
    assert_eq!(feed_state(state, feed).await.empty_since, Some(at("2026-11-22T11:00:00Z")));
}

/// A move past a loss stores the loss; a second one from the same beginning is the same loss, grown, until something is listed.
pub async fn moves_past_what_is_lost<S: Cursors + Windows + Losses>(state: &S, feed: FeedId) {
    commit(state, feed, &listing("2026-11-22T08:00:00Z", "2026-11-22T08:05:00Z", 0)).await;
    let loss = expired("2026-11-22T08:05:00Z", "2026-11-22T09:00:00Z");
    let grown = expired("2026-11-22T08:05:00Z", "2026-11-22T10:00:00Z");
    for loss in [&loss, &grown] {
        let before = feed_state(state, feed).await;
        let cursor = before.cursor.unwrap();
        let to = before.move_past_loss(cursor, loss.clone());
        assert_eq!(state.move_cursor(feed, cursor, &to).await.unwrap(), ConditionalWrite::Applied);
        assert_eq!(feed_state(state, feed).await, before.moved(&to));
        assert_eq!(losses(state, feed).await, [(loss.clone(), false)]);
        let unprocessed = state.unprocessed(feed, 10).await.unwrap();
        assert_eq!(unprocessed.into_iter().map(|record| record.loss).collect::<Vec<_>>(), slice::from_ref(loss));
        state.mark_reported(feed, loss).await.unwrap();
        state.mark_processed(feed, loss).await.unwrap();
        assert_eq!(losses(state, feed).await, [(loss.clone(), true)]);
    }
    let empty = WindowRecord::new(&listing("2026-11-22T08:00:00Z", "2026-11-22T08:05:00Z", 0));
    assert_eq!(windows(state, feed).await, [empty], "the span of empty windows ends where the loss begins");
    assert_eq!(feed_state(state, feed).await.lost_since, Some(loss.from));
    commit(state, feed, &listing("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", 1)).await;
    assert_eq!(feed_state(state, feed).await.lost_since, None, "a listing ends the loss");
}

/// A cursor that is no longer what the caller had read is not moved, and nothing is stored.
pub async fn writes_nothing_on_a_conflict<S: Cursors + Windows + Losses>(state: &S, feed: FeedId) {
    commit(state, feed, &listing("2026-11-22T09:55:00Z", "2026-11-22T10:00:00Z", 0)).await;
    let before = feed_state(state, feed).await;
    let listed = listing("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", 1);
    let empty = listing("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", 0);
    let stale = Cursor::recording(listed.window);
    let loss = expired("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    let (past_loss, past_listed) = (before.move_past_loss(stale, loss), before.move_past_window(listed));
    for to in [past_loss, past_listed, before.move_past_window(empty)] {
        assert_eq!(state.move_cursor(feed, stale, &to).await.unwrap(), ConditionalWrite::Conflict);
    }
    assert_eq!(feed_state(state, feed).await, before);
    assert_eq!(windows(state, feed).await, []);
    assert_eq!(losses(state, feed).await, []);
    assert_eq!(state.unprocessed(feed, 10).await.unwrap(), []);
}

/// Two callers that read the same subscription and change different fields of it do not erase each other's changes.
pub async fn saves_what_has_changed_of_a_subscription(cursors: &impl Cursors, feed: FeedId) {
    let save = async |before, now| {
        cursors.save_subscription(feed, before, now).await.unwrap();
        feed_state(cursors, feed).await.subscription
    };
    let read = Subscription { not_before: Some(at("2026-11-22T10:14:26.5Z")), ..Subscription::default() };
    assert_eq!(save(Subscription::default(), read).await, read);

    let started_at = Some(at("2026-11-22T09:59:30.5Z"));
    let started = Subscription { started_at, not_before: None, ..read };
    assert_eq!(save(read, started).await, started);
    let refused_since: Option<Timestamp> = Some(at("2026-11-22T09:55:00Z"));
    let both = Subscription { started_at, not_before: None, refused_since };
    assert_eq!(save(read, Subscription { refused_since, ..read }).await, both);
    assert_eq!(save(read, read).await, both, "the caller changed nothing");
    assert_eq!(save(both, Subscription::default()).await, Subscription::default());
}

/// States are returned in the order of the requested feeds, and feeds do not affect each other.
pub async fn separates_feeds(cursors: &impl Cursors, feed: FeedId) {
    let subscription = Subscription { started_at: Some(at("2026-11-22T09:59:30.5Z")), ..Subscription::default() };
    let recorded = window("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z");
    cursors.save_subscription(feed, Subscription::default(), subscription).await.unwrap();
    assert_eq!(record(cursors, feed, None, recorded).await, ConditionalWrite::Applied);

    let other = FeedId { content_type: ContentType::General, ..feed };
    let states = cursors.feeds(&[another(feed), feed, other]).await.unwrap();
    let expected = FeedState { cursor: Some(Cursor::recording_first(recorded)), subscription, ..FeedState::default() };
    assert_eq!(states, [Ok(FeedState::default()), Ok(expected), Ok(FeedState::default())]);
}
