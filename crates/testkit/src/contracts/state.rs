//! The contract of the state: `Cursors`, `Windows` and `Losses`.

use collector::content::{ContentDigest, Listing};
use collector::cursor::Cursor;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossReason};
use collector::ports::{ConditionalWrite, Cursors, FeedState, Losses, ReconcileProgress, Subscription, Windows};
use collector::window_record::WindowRecord;

use crate::samples::{at, window};

/// A listing of `contents` contents.
#[must_use]
pub fn listing(start: &str, end: &str, contents: usize) -> Listing {
    let hours = (contents > 0).then(|| at(start)).into_iter().collect();
    let digests = (0..contents).map(|number| ContentDigest::of(&format!("content-{number}"))).collect();
    Listing { window: window(start, end), digests, hours, listed_at: at("2026-11-22T12:00:00Z") }
}

async fn cursor(state: &impl Cursors, feed: FeedId) -> Option<Cursor> {
    state.feeds(feed.tenant_id, &[feed.content_type]).await.unwrap()[0].cursor
}

/// A window is recorded once, committed once, and the cursor only moves forward.
pub async fn moves_a_cursor_window_by_window(state: &impl Cursors, feed: FeedId) {
    let first = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 3);
    let second = listing("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z", 0);
    assert_eq!(cursor(state, feed).await, None);

    assert_eq!(state.record_window(feed, None, first.window).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(cursor(state, feed).await, Some(Cursor::recording_first(first.window)));
    assert_eq!(state.record_window(feed, None, first.window).await.unwrap(), ConditionalWrite::Conflict);

    assert_eq!(
        state.commit_window(feed, &second).await.unwrap(),
        ConditionalWrite::Conflict,
        "this window is not the recorded one"
    );
    assert_eq!(state.commit_window(feed, &first).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(cursor(state, feed).await, Some(Cursor::at(first.window.end())));
    assert_eq!(
        state.commit_window(feed, &first).await.unwrap(),
        ConditionalWrite::Conflict,
        "a window is committed once"
    );

    let behind = Some(Cursor::at(first.window.start()));
    assert_eq!(state.record_window(feed, behind, second.window).await.unwrap(), ConditionalWrite::Conflict);
    assert_eq!(
        state.record_window(feed, cursor(state, feed).await, second.window).await.unwrap(),
        ConditionalWrite::Applied
    );
    assert_eq!(state.commit_window(feed, &second).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(cursor(state, feed).await, Some(Cursor::at(second.window.end())));
}

/// A listing of any size can be committed.
pub async fn stores_a_listing_too_large_for_one_row(state: &impl Cursors, feed: FeedId) {
    let large = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 40_000);
    assert_eq!(state.record_window(feed, None, large.window).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(state.commit_window(feed, &large).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(cursor(state, feed).await, Some(Cursor::at(large.window.end())));
}

/// Windows and losses can be read as they were written.
pub async fn stores_windows_and_losses<S: Cursors + Windows + Losses>(state: &S, feed: FeedId) {
    let first = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 40_000);
    let second = listing("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z", 2);
    let mut cursor = None;
    for listing in [&first, &second] {
        assert_eq!(state.record_window(feed, cursor, listing.window).await.unwrap(), ConditionalWrite::Applied);
        assert_eq!(state.commit_window(feed, listing).await.unwrap(), ConditionalWrite::Applied);
        cursor = Some(Cursor::at(listing.window.end()));
    }
    let both = state.windows(feed, first.window.start()).await.unwrap();
    assert!(both == [WindowRecord::new(&first), WindowRecord::new(&second)], "both windows, as they were listed");

    let mut rechecked = both[1].clone();
    let late = ContentDigest::of("late");
    rechecked.digests.insert(late);
    rechecked.checked_at = Some(at("2026-11-22T12:15:00Z"));
    rechecked.late = 1;
    rechecked.lost = 1;
    rechecked.missing.insert(late, "late".to_owned());
    rechecked.relisted_at = Some(at("2026-11-22T12:10:00Z"));
    state.update_window(feed, &rechecked).await.unwrap();
    assert_eq!(state.windows(feed, second.window.start()).await.unwrap(), [rechecked.clone()]);
    rechecked.missing.clear();
    rechecked.settled_at = Some(at("2026-11-22T13:15:00Z"));
    state.update_window(feed, &rechecked).await.unwrap();
    assert_eq!(state.windows(feed, second.window.start()).await.unwrap(), [rechecked]);

    let mut all_missing = both[0].clone();
    all_missing.digests.insert(ContentDigest([0; ContentDigest::BYTES]));
    all_missing.missing = all_missing.digests.iter().map(|digest| (*digest, digest.placeholder_id())).collect();
    state.update_window(feed, &all_missing).await.unwrap();
    let stored = state.windows(feed, first.window.start()).await.unwrap();
    assert!(stored[0] == all_missing, "a window of which everything is missing");

    let (from, to) = (second.window.start(), second.window.end());
    let gap = Loss { from, to, reason: LossReason::SubscriptionDisabled, content: None, objects: Vec::new() };
    let longer_gap = Loss { to: at("2026-11-22T11:10:00Z"), ..gap.clone() };
    let gone = Loss { reason: LossReason::ContentGone, content: Some("gone".to_owned()), ..gap.clone() };
    for loss in [&gap, &gone, &gone, &longer_gap] {
        state.record_loss(feed, loss).await.unwrap();
    }
    let losses = async || {
        let mut losses = state.losses(feed).await.unwrap();
        losses.sort_by_key(|record| record.loss.content.is_some());
        losses.into_iter().map(|record| (record.loss, record.reported)).collect::<Vec<_>>()
    };
    let unreported = [(longer_gap.clone(), false), (gone.clone(), false)];
    assert_eq!(losses().await, unreported, "a loss that is recorded again is the same loss");
    state.mark_reported(feed, &gap).await.unwrap();
    assert_eq!(losses().await, unreported, "a gap that has grown is not reported yet");
    state.mark_reported(feed, &longer_gap).await.unwrap();
    state.record_loss(feed, &longer_gap).await.unwrap();
    state.record_loss(feed, &gap).await.unwrap();
    assert_eq!(losses().await, [(longer_gap, true), (gone, false)], "a reported loss stays reported");
    let other = FeedId { content_type: ContentType::Dlp, ..feed };
    assert_eq!(state.losses(other).await.unwrap(), []);
}

/// The progress of the reconciler is stored for each feed.
pub async fn stores_reconcile_progress(state: &impl Windows, feed: FeedId) {
    let other = FeedId { content_type: ContentType::Dlp, ..feed };
    assert_eq!(state.progress(feed).await.unwrap(), ReconcileProgress::default());
    let done_until = Some(at("2026-11-22T10:00:00Z"));
    for reported_at in [None, Some(at("2026-11-22T11:00:00.5Z"))] {
        let progress = ReconcileProgress { done_until, reported_at };
        state.save_progress(feed, progress).await.unwrap();
        assert_eq!(state.progress(feed).await.unwrap(), progress);
    }
    assert_eq!(state.progress(other).await.unwrap(), ReconcileProgress::default());
}

/// The cursor skips a span only together with the record of its loss, and only from where the caller read it.
pub async fn skips_what_is_lost(state: &impl Cursors, feed: FeedId) {
    let recorded = window("2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z");
    let to = at("2026-11-15T12:05:00Z");
    let loss =
        Loss { from: recorded.start(), to, reason: LossReason::RetentionExpired, content: None, objects: Vec::new() };
    assert_eq!(state.record_window(feed, None, recorded).await.unwrap(), ConditionalWrite::Applied);

    assert_eq!(state.skip(feed, Cursor::at(recorded.start()), &loss).await.unwrap(), ConditionalWrite::Conflict);
    assert_eq!(state.skip(feed, Cursor::recording_first(recorded), &loss).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(cursor(state, feed).await, Some(Cursor::at(to)));
    assert_eq!(state.skip(feed, Cursor::recording_first(recorded), &loss).await.unwrap(), ConditionalWrite::Conflict);
}

/// States are returned in the order of the requested content types, and feeds do not affect each other.
pub async fn separates_feeds(state: &impl Cursors, tenant_id: TenantId) {
    let exchange = FeedId { tenant_id, content_type: ContentType::Exchange };
    let subscription = Subscription {
        started_at: Some(at("2026-11-22T09:59:30.5Z")),
        not_before: Some(at("2026-11-22T10:14:26.5Z")),
        refused_since: Some(at("2026-11-22T09:55:00Z")),
    };
    let recorded = window("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z");
    state.save_subscription(exchange, &subscription).await.unwrap();
    assert_eq!(state.record_window(exchange, None, recorded).await.unwrap(), ConditionalWrite::Applied);

    let feeds = state.feeds(tenant_id, &[ContentType::Dlp, ContentType::Exchange]).await.unwrap();
    let expected = FeedState { cursor: Some(Cursor::recording_first(recorded)), listed_at: None, subscription };
    assert_eq!(feeds, [FeedState::default(), expected]);

    state.save_subscription(exchange, &Subscription::default()).await.unwrap();
    let feeds = state.feeds(tenant_id, &[ContentType::Exchange]).await.unwrap();
    assert_eq!(feeds, [FeedState { subscription: Subscription::default(), ..expected }]);
}
