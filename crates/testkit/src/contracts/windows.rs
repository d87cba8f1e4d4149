//! The contract of `Windows`.

use std::collections::{BTreeMap, BTreeSet};

use collector::content::ContentDigest;
use collector::feed::FeedId;
use collector::ports::{ConditionalWrite, Cursors, Windows};
use collector::rechecks::Rechecks;
use collector::window_record::{WindowCounts, WindowRecord};
use jiff::SignedDuration;

use super::state::{another, commit, listing};
use crate::samples::{at, window};

/// More than one row of any adapter can hold.
const MANY: usize = 40_000;

/// Commits adjacent windows with so many contents and returns their records.
async fn commit_all<S: Cursors>(state: &S, feed: FeedId, windows: &[(&str, &str, usize)]) -> Vec<WindowRecord> {
    let mut records = Vec::new();
    for (start, end, contents) in windows {
        let listing = listing(&format!("2026-11-22T{start}"), &format!("2026-11-22T{end}"), *contents);
        commit(state, feed, &listing).await;
        records.push(WindowRecord::new(&listing));
    }
    records
}

const DAY: (&str, &str) = ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z");

/// The first `limit` windows of the day. Two lists of records are compared by `==` alone where they are too long to print.
async fn first_windows(state: &impl Windows, feed: FeedId, limit: usize) -> Vec<WindowRecord> {
    state.windows(feed, at(DAY.0), at(DAY.1), limit).await.unwrap()
}

/// A listing of any size is stored whole, however few windows are read at once.
pub async fn stores_a_listing_too_large_for_one_row<S: Cursors + Windows>(state: &S, feed: FeedId) {
    let windows = [("10:00:00Z", "11:00:00Z", MANY), ("11:00:00Z", "11:05:00Z", 2), ("11:05:00Z", "11:10:00Z", MANY)];
    let records = commit_all(state, feed, &windows).await;
    for limit in 0..=4 {
        let found = first_windows(state, feed, limit).await;
        assert!(found == records[..limit.min(3)], "the first {limit} windows, as they were listed");
    }
}

/// A range holds the windows that start at `from` or later and before `before`, oldest first.
pub async fn reads_a_range_of_windows<S: Cursors + Windows>(state: &S, feed: FeedId) {
    let windows = [("10:00:00Z", "10:05:00Z", 1), ("10:05:00Z", "10:10:00Z", 2), ("10:10:00Z", "10:15:00Z", 3)];
    let records = commit_all(state, feed, &windows).await;
    for (from, before, expected) in [
        ("10:00:00Z", "10:10:01Z", 0..3),
        ("10:00:00Z", "10:10:00Z", 0..2),
        ("10:00:01Z", "10:10:01Z", 1..3),
        ("10:05:00Z", "10:10:00Z", 1..2),
        ("10:05:00.5Z", "10:10:00.5Z", 2..3),
        ("10:05:00Z", "10:05:00Z", 0..0),
        ("10:10:00Z", "10:00:00Z", 0..0),
        ("10:10:01Z", "11:00:00Z", 0..0),
    ] {
        let (from, before) = (at(&format!("2026-11-22T{from}")), at(&format!("2026-11-22T{before}")));
        let found = state.windows(feed, from, before, usize::MAX).await.unwrap();
        assert_eq!(found, records[expected.clone()], "windows from {from} before {before}");
        let found = state.window_counts(feed, from, before).await.unwrap();
        let counts: Vec<WindowCounts> = records[expected].iter().map(WindowCounts::from).collect();
        assert_eq!(found, counts, "counts from {from} before {before}");
    }
    assert_eq!(first_windows(state, another(feed), usize::MAX).await, []);
}

/// Windows are counted without their digests, also where these need more than one row.
pub async fn counts_windows<S: Cursors + Windows>(state: &S, feed: FeedId) {
    let windows = [("10:00:00Z", "11:00:00Z", MANY), ("11:00:00Z", "11:05:00Z", 0), ("11:05:00Z", "11:10:00Z", 2)];
    let mut records = commit_all(state, feed, &windows).await;
    records[2].late = 1;
    state.update_window(feed, &records[2]).await.unwrap();
    let counts: Vec<WindowCounts> = records.iter().map(WindowCounts::from).collect();
    assert_eq!(state.window_counts(feed, at(DAY.0), at(DAY.1)).await.unwrap(), counts);
    assert_eq!(state.window_counts(another(feed), at(DAY.0), at(DAY.1)).await.unwrap(), []);
}

/// What a recheck added is stored with the window, whether or not it still fits into the same rows; others stay as they are.
pub async fn stores_what_a_recheck_added<S: Cursors + Windows>(state: &S, feed: FeedId) {
    let windows = [("10:00:00Z", "11:00:00Z", MANY), ("11:00:00Z", "11:05:00Z", 2), ("11:05:00Z", "11:10:00Z", 2)];
    let mut records = commit_all(state, feed, &windows).await;
    for record in &mut records[..2] {
        // It sorts before all others, which moves those at the end of a row to the next one.
        record.digests.insert(ContentDigest([0; ContentDigest::BYTES]));
        record.hours.insert(at("2026-11-22T12:00:00Z"));
        record.late += 1;
        state.update_window(feed, record).await.unwrap();
    }
    assert!(first_windows(state, feed, 3).await == records, "the windows with what was added");
}

/// Whether a window was ever listed is stored with it, until a recheck has listed it.
pub async fn knows_which_windows_were_never_listed<S: Cursors + Windows>(state: &S, feed: FeedId) {
    let mut records = commit_all(state, feed, &[("10:00:00Z", "10:05:00Z", 1)]).await;
    records.push(WindowRecord::unlisted(
        window("2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"),
        at("2026-11-22T12:00:00Z"),
    ));
    for unlisted in [true, false] {
        records[1].unlisted = unlisted;
        state.update_window(feed, &records[1]).await.unwrap();
        assert_eq!(first_windows(state, feed, usize::MAX).await, records);
        let counts: Vec<WindowCounts> = records.iter().map(WindowCounts::from).collect();
        assert_eq!(counts[1].unlisted, unlisted);
        assert_eq!(state.window_counts(feed, at(DAY.0), at(DAY.1)).await.unwrap(), counts);
    }
}

/// A feed that was never rechecked has the default; what is saved is read as it was written, with a new revision.
pub async fn stores_how_far_a_feed_was_rechecked(state: &impl Windows, feed: FeedId) {
    let mut rechecks = Rechecks::default();
    assert_eq!(state.rechecks(feed).await.unwrap(), rechecks);
    let full = Rechecks {
        checked_until: BTreeMap::from([
            (SignedDuration::from_mins(15), at("2026-11-22T11:00:00.123456789Z")),
            (SignedDuration::from_hours(72), at("2026-11-19T11:05:00Z")),
        ]),
        passed_over: BTreeSet::from([
            window("2026-11-16T10:00:00Z", "2026-11-16T11:00:00Z"),
            window("2026-11-16T11:00:00Z", "2026-11-16T11:05:00Z"),
        ]),
        unchecked_since: Some(at("2026-11-15T10:00:00Z")),
        stale_days: BTreeSet::from([at("2026-11-15T00:00:00Z"), at("2026-11-16T00:00:00Z")]),
        revision: 0,
    };
    for (revision, saved) in [(1, full), (2, Rechecks::default())] {
        rechecks = Rechecks { revision: rechecks.revision, ..saved };
        assert_eq!(state.save_rechecks(feed, &mut rechecks).await.unwrap(), ConditionalWrite::Applied);
        assert_eq!(rechecks.revision, revision, "the caller can save again");
        assert_eq!(state.rechecks(feed).await.unwrap(), rechecks);
    }
    assert_eq!(state.rechecks(another(feed)).await.unwrap(), Rechecks::default());
}

/// Who read what was saved since by somebody else saves nothing.
pub async fn saves_rechecks_only_from_their_last_revision(state: &impl Windows, feed: FeedId) {
    let stale_day = |day| BTreeSet::from([at(day)]);
    let mut first = Rechecks { stale_days: stale_day("2026-11-15T00:00:00Z"), ..Rechecks::default() };
    let mut second = Rechecks { stale_days: stale_day("2026-11-16T00:00:00Z"), ..Rechecks::default() };
    for revision in [0, 1] {
        (first.revision, second.revision) = (revision, revision);
        let unchanged = second.clone();
        assert_eq!(state.save_rechecks(feed, &mut first).await.unwrap(), ConditionalWrite::Applied);
        assert_eq!(state.save_rechecks(feed, &mut second).await.unwrap(), ConditionalWrite::Conflict);
        assert_eq!(second, unchanged, "nothing was saved, so the revision stays");
        assert_eq!(state.rechecks(feed).await.unwrap(), first);
    }
}
