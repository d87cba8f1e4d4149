//! Microsoft judges windows by its own clock, so they are planned by it.

use collector::cursor::Cursor;
use collector::failure::FailureKind;
use collector::loss::LossReason;
use collector::plan::PlanPolicy;
use jiff::SignedDuration;
use testkit::{at, feed, window};

use crate::poll_fixture::{PollFixture, only_feed};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::span;

const TWENTY_MINUTES: SignedDuration = SignedDuration::from_mins(20);

#[test]
fn windows_end_by_microsofts_clock() {
    for (minutes, end) in [(20, "2026-11-22T12:20:00Z"), (-3, "2026-11-22T11:57:00Z")] {
        let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
        fixture.api.set_clock_offset(SignedDuration::from_mins(minutes));
        fixture.poll();
        assert_eq!(fixture.asked(feed()), [window("2026-11-22T11:55:00Z", end)], "{minutes} minutes ahead");
    }
}

#[test]
fn retention_ends_by_microsofts_clock() {
    let fixture = PollFixture::exchange_listed_until("2026-11-15T12:20:00Z");
    fixture.api.set_clock_offset(TWENTY_MINUTES);
    let report = fixture.poll();
    let lost = &only_feed(&report).lost[0];
    assert_eq!(lost.reason, LossReason::RetentionExpired);
    assert_eq!(lost.to, at("2026-11-15T12:35:05Z"));
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:20:00Z"))));
}

#[test]
fn reports_an_offset_of_more_than_a_minute() {
    for (seconds, reported) in [(61, Some(61)), (-61, Some(-61)), (60, None), (0, None)] {
        let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
        fixture.api.set_clock_offset(SignedDuration::from_secs(seconds));
        assert_eq!(fixture.poll().clock_offset_seconds, reported, "{seconds} seconds");
    }
}

/// A window that can be listed for ten more minutes by one clock, and no longer by the other: Microsoft's is this far ahead
/// of ours.
fn at_the_edge(offset: SignedDuration) -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[]);
    let edge = at(BOUNDS.0) + PlanPolicy::RETENTION - PlanPolicy::RETENTION_MARGIN;
    fixture.clock.set(edge - offset / 2);
    fixture.api.set_clock_offset(offset);
    fixture
}

#[test]
fn recheck_does_not_list_what_is_over_the_edge_by_one_clock() {
    for offset in [TWENTY_MINUTES, -TWENTY_MINUTES] {
        let fixture = at_the_edge(offset);
        let report = fixture.reconcile();
        assert_eq!(fixture.listings(), [], "{offset:#}");
        let kind = only(&report).error.as_ref().map(|failure| failure.kind);
        assert_eq!(kind, Some(FailureKind::WindowOutOfRange), "{offset:#}");
    }
}

#[test]
fn window_is_unchecked_once_it_is_over_the_edge_by_both_clocks() {
    for offset in [TWENTY_MINUTES, -TWENTY_MINUTES] {
        let fixture = at_the_edge(offset);
        fixture.reconcile();
        assert_eq!(fixture.state.losses(), [], "{offset:#}");
        fixture.later(TWENTY_MINUTES);
        fixture.reconcile();
        assert_eq!(fixture.state.losses(), [span(BOUNDS.0, BOUNDS.1, LossReason::Unchecked)], "{offset:#}");
    }
}
