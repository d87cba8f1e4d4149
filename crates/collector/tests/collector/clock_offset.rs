//! Microsoft judges windows by its own clock, so they are planned by it.

use collector::cursor::Cursor;
use collector::loss::LossReason;
use collector::plan::PlanPolicy;
use jiff::SignedDuration;
use testkit::{at, feed, window};

use crate::poll_fixture::{PollFixture, only_feed};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

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

#[test]
fn recheck_does_not_list_what_microsoft_no_longer_lists() {
    let fixture = ReconcileFixture::with(&[]);
    // Ours says that the window can be listed for ten more minutes; Microsoft's, that it cannot.
    fixture
        .clock
        .set(at(BOUNDS.0) + PlanPolicy::RETENTION - PlanPolicy::RETENTION_MARGIN - SignedDuration::from_mins(10));
    fixture.api.set_clock_offset(TWENTY_MINUTES);
    let report = fixture.reconcile();
    assert_eq!(fixture.listings(), []);
    assert_eq!(only(&report).error, None);
}
