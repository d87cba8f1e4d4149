//! How a cursor moves, and which rows are written: adjacent empty windows are one row of at most an hour.

use collector::content::{ContentDigest, Listing};
use collector::cursor::Cursor;
use collector::feed_state::{CursorMove, FeedState, Passed};
use collector::loss::LossReason;
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::SignedDuration;
use testkit::{at, window};

use crate::reconcile_samples::span;

/// A feed that was listed up to here, five seconds later.
fn listed_until(end: &str) -> FeedState {
    let listed_at = Some(at(end) + SignedDuration::from_secs(5));
    FeedState { cursor: Some(Cursor::at(at(end))), listed_at, ..FeedState::default() }
}

/// The same, and nothing was listed since `since`.
fn empty_since(since: &str, end: &str) -> FeedState {
    FeedState { empty_since: Some(at(since)), ..listed_until(end) }
}

/// What a window held, listed five seconds after its end.
fn listing(window: Window, contents: &[&str]) -> Listing {
    let digests = contents.iter().map(|id| ContentDigest::of(id)).collect();
    let hours = contents.iter().map(|_| at("2026-11-22T11:00:00Z")).collect();
    Listing { window, digests, hours, listed_at: window.end() + SignedDuration::from_secs(5) }
}

fn five_minutes_from(start: &str) -> Window {
    Window::new(at(start), at(start) + SignedDuration::from_mins(5)).unwrap()
}

#[test]
fn window_with_content_is_a_row() {
    let listing = listing(five_minutes_from("2026-11-22T11:00:00Z"), &["a"]);
    let expected = CursorMove {
        listed_until: at("2026-11-22T11:05:00Z"),
        passed: Passed::Listed(listing.clone()),
        empty_since: None,
        empty: None,
        contents_per_hour: Some(12),
    };
    assert_eq!(listed_until("2026-11-22T11:00:00Z").move_past_window(listing), expected);
}

#[test]
fn empty_window_begins_a_span_without_a_row() {
    let empty = listing(five_minutes_from("2026-11-22T11:00:00Z"), &[]);
    let expected = CursorMove {
        listed_until: at("2026-11-22T11:05:00Z"),
        passed: Passed::Empty(at("2026-11-22T11:05:05Z")),
        empty_since: Some(at("2026-11-22T11:00:00Z")),
        empty: None,
        contents_per_hour: Some(0),
    };
    assert_eq!(listed_until("2026-11-22T11:00:00Z").move_past_window(empty), expected);
}

#[test]
fn empty_span_goes_on_without_a_row() {
    let state = empty_since("2026-11-22T11:00:00Z", "2026-11-22T11:50:00Z");
    let to = state.move_past_window(listing(five_minutes_from("2026-11-22T11:50:00Z"), &[]));
    assert_eq!(to.empty_since, Some(at("2026-11-22T11:00:00Z")));
    assert_eq!(to.empty, None);
}

#[test]
fn empty_span_is_at_most_an_hour_long() {
    for (minutes, expected) in
        [(9, None), (10, None), (11, Some(window("2026-11-22T11:00:00Z", "2026-11-22T11:50:00Z")))]
    {
        let state = empty_since("2026-11-22T11:00:00Z", "2026-11-22T11:50:00Z");
        let start = at("2026-11-22T11:50:00Z");
        let next = Window::new(start, start + SignedDuration::from_mins(minutes)).unwrap();
        let row = state.move_past_window(listing(next, &[])).empty;
        assert_eq!(row.map(|row| row.window), expected, "{minutes} more minutes");
    }
}

#[test]
fn next_empty_span_begins_where_the_row_ends() {
    let state = empty_since("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");
    let to = state.move_past_window(listing(five_minutes_from("2026-11-22T12:00:00Z"), &[]));
    assert_eq!(to.empty_since, Some(at("2026-11-22T12:00:00Z")));
    assert_eq!(to.empty, Some(listing(window("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"), &[])));
}

#[test]
fn content_after_an_empty_span_writes_both_rows() {
    let state = empty_since("2026-11-22T11:00:00Z", "2026-11-22T11:20:00Z");
    let content = listing(five_minutes_from("2026-11-22T11:20:00Z"), &["a"]);
    let to = state.move_past_window(content.clone());
    assert_eq!(to.passed, Passed::Listed(content));
    assert_eq!(to.empty, Some(listing(window("2026-11-22T11:00:00Z", "2026-11-22T11:20:00Z"), &[])));
    assert_eq!(to.empty_since, None);
}

#[test]
fn row_of_an_empty_span_says_when_its_last_window_was_listed() {
    let late = at("2026-11-22T11:33:00Z");
    let state = FeedState { listed_at: Some(late), ..empty_since("2026-11-22T11:00:00Z", "2026-11-22T11:20:00Z") };
    let to = state.move_past_window(listing(five_minutes_from("2026-11-22T11:20:00Z"), &["a"]));
    assert_eq!(to.empty.unwrap().listed_at, late);
}

#[test]
fn loss_after_an_empty_span_writes_its_row() {
    let state = empty_since("2026-11-15T11:00:00Z", "2026-11-15T11:20:00Z");
    let loss = span("2026-11-15T11:20:00Z", "2026-11-15T12:15:05Z", LossReason::RetentionExpired);
    let to = state.move_past_loss(state.cursor.unwrap(), loss.clone());
    assert_eq!(to.empty, Some(listing(window("2026-11-15T11:00:00Z", "2026-11-15T11:20:00Z"), &[])));
    assert_eq!(to.passed, Passed::Lost(loss));
    assert_eq!(to.empty_since, None);
    assert_eq!(to.listed_until, at("2026-11-15T12:15:05Z"));
}

#[test]
fn state_remembers_where_the_loss_before_the_cursor_begins() {
    let state = listed_until("2026-11-15T11:20:00Z");
    let loss = span("2026-11-15T11:20:00Z", "2026-11-15T12:15:05Z", LossReason::RetentionExpired);
    let after = state.moved(&state.move_past_loss(state.cursor.unwrap(), loss));
    assert_eq!(after.lost_since, Some(at("2026-11-15T11:20:00Z")));
    assert_eq!(after.cursor, Some(Cursor::at(at("2026-11-15T12:15:05Z"))));
    assert_eq!(after.listed_at, state.listed_at, "nothing was listed");
}

#[test]
fn any_listing_ends_the_loss_before_the_cursor() {
    for contents in [vec![], vec!["a"]] {
        let lost = FeedState { lost_since: Some(at("2026-11-15T00:00:00Z")), ..listed_until("2026-11-22T11:00:00Z") };
        let to = lost.move_past_window(listing(five_minutes_from("2026-11-22T11:00:00Z"), &contents));
        let after = lost.moved(&to);
        assert_eq!(after.lost_since, None, "{contents:?}");
        assert_eq!(after.listed_at, Some(at("2026-11-22T11:05:05Z")), "{contents:?}");
        assert_eq!(after.cursor, Some(Cursor::at(at("2026-11-22T11:05:00Z"))), "{contents:?}");
    }
}

#[test]
fn rows_of_a_day_of_empty_windows_follow_each_other() {
    let mut state = listed_until("2026-11-22T00:00:00Z");
    let mut rows = Vec::new();
    for minute in (0..24 * 60).step_by(5) {
        let start = at("2026-11-22T00:00:00Z") + SignedDuration::from_mins(minute);
        let window = five_minutes_from(&start.to_string());
        let to = state.move_past_window(listing(window, &[]));
        rows.extend(to.empty.clone());
        state = state.moved(&to);
    }
    assert_eq!(rows.len(), 23, "the last hour's row is still to come");
    assert!(rows.windows(2).all(|pair| pair[0].window.end() == pair[1].window.start()));
    assert_eq!(state.empty_since, Some(rows[22].window.end()));
}

/// As many different contents.
fn many(window: Window, contents: usize) -> Listing {
    let digests = (0..contents).map(|number| ContentDigest::of(&number.to_string())).collect();
    Listing { digests, ..listing(window, &["any"]) }
}

#[test]
fn denser_window_counts_at_once_and_an_emptier_one_by_half() {
    for (before, contents, expected) in [
        (None, 0, 0),
        (None, 100, 1_200),
        (Some(0), 100, 1_200),
        (Some(600), 100, 1_200),
        (Some(1_200), 100, 1_200),
        (Some(60_000), 100, 30_600),
        (Some(60_000), 0, 30_000),
        (Some(1), 0, 0),
    ] {
        let state = FeedState { contents_per_hour: before, ..listed_until("2026-11-22T11:00:00Z") };
        let to = state.move_past_window(many(five_minutes_from("2026-11-22T11:00:00Z"), contents));
        assert_eq!(state.moved(&to).contents_per_hour, Some(expected), "{contents} after {before:?}");
    }
}

#[test]
fn window_of_seconds_is_as_dense_as_an_hour_of_them() {
    let window = window("2026-11-22T11:00:00Z", "2026-11-22T11:00:07Z");
    let state = listed_until("2026-11-22T11:00:00Z");
    assert_eq!(state.move_past_window(many(window, 1)).contents_per_hour, Some(515), "rounded up");
}

#[test]
fn time_that_was_not_listed_does_not_change_the_density() {
    let state = FeedState { contents_per_hour: Some(60_000), ..listed_until("2026-11-15T11:20:00Z") };
    let loss = span("2026-11-15T11:20:00Z", "2026-11-15T12:15:05Z", LossReason::RetentionExpired);
    let unlisted = state.move_past_unlisted(five_minutes_from("2026-11-15T11:20:00Z"), at("2026-11-15T12:00:00Z"));
    for to in [state.move_past_loss(state.cursor.unwrap(), loss), unlisted] {
        assert_eq!(state.moved(&to).contents_per_hour, Some(60_000), "{to:?}");
    }
}

#[test]
fn unlisted_window_has_a_row_after_that_of_the_empty_span() {
    let lost_since = Some(at("2026-11-22T10:00:00Z"));
    let state =
        FeedState { failed_listings: 3, lost_since, ..empty_since("2026-11-22T11:00:00Z", "2026-11-22T11:20:00Z") };
    let minute = window("2026-11-22T11:20:00Z", "2026-11-22T11:21:00Z");
    let to = state.move_past_unlisted(minute, at("2026-11-22T12:00:00Z"));
    let empty = listing(window("2026-11-22T11:00:00Z", "2026-11-22T11:20:00Z"), &[]);
    let unlisted = WindowRecord::unlisted(minute, at("2026-11-22T12:00:00Z"));
    assert_eq!(to.records(), [WindowRecord::new(&empty), unlisted]);

    let after = state.moved(&to);
    assert_eq!(after.cursor, Some(Cursor::at(minute.end())));
    assert_eq!(after.listed_at, state.listed_at, "nothing was listed");
    assert_eq!(after.empty_since, None);
    assert_eq!(after.lost_since, None, "the loss does not end at the cursor any more");
    assert_eq!(after.failed_listings, 0);
}
