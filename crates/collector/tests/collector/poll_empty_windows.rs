//! A quiet feed is cheap: adjacent empty windows are one row, written when something follows or an hour is over.

use std::cell::Cell;

use collector::loss::LossReason;
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{Action, CrashPoint, PortCall, at, feed, window};

use crate::poll_fixture::{PollFixture, only_feed};
use crate::reconcile_samples::http_503;

/// A feed that was listed up to five minutes ago, and is quiet.
fn quiet() -> PollFixture {
    PollFixture::exchange_listed_until("2026-11-22T11:55:00Z")
}

/// Polls so many times, five minutes apart.
fn poll_times(fixture: &PollFixture, polls: usize) {
    for _ in 0..polls {
        fixture.poll();
        fixture.five_minutes_later();
    }
}

/// The windows that have a row, oldest first.
fn rows(fixture: &PollFixture) -> Vec<Window> {
    fixture.state.committed(feed()).iter().map(|record| record.window).collect()
}

#[test]
fn empty_poll_makes_two_writes() {
    let fixture = quiet();
    for poll in 0..24 {
        let writes = Cell::new(0);
        fixture.poll_with(|call| {
            let is_write = matches!(
                call,
                PortCall::RecordWindow(_)
                    | PortCall::CommitWindow(_)
                    | PortCall::Skip(_)
                    | PortCall::SaveSubscription(_)
            );
            writes.set(writes.get() + u32::from(is_write));
            Action::Proceed
        });
        assert_eq!(writes.get(), 2, "poll {poll}");
        fixture.five_minutes_later();
    }
}

#[test]
fn empty_poll_writes_no_row() {
    let fixture = quiet();
    let report = fixture.poll();
    assert_eq!(rows(&fixture), []);
    assert_eq!(only_feed(&report).windows_listed, 1);
    assert_eq!(only_feed(&report).cursor, Some(at("2026-11-22T12:00:00Z")));
}

#[test]
fn two_hours_of_empty_polls_leave_one_row_and_a_span() {
    let fixture = quiet();
    poll_times(&fixture, 24);
    assert_eq!(rows(&fixture), [window("2026-11-22T11:55:00Z", "2026-11-22T12:55:00Z")]);
}

#[test]
fn day_of_empty_polls_leaves_a_row_for_each_hour() {
    let fixture = quiet();
    poll_times(&fixture, 24 * 12);
    assert_eq!(rows(&fixture).len(), 23);
}

#[test]
fn content_after_an_empty_span_writes_both_rows() {
    let fixture = quiet();
    poll_times(&fixture, 3);
    fixture.publish(&[("a", "2026-11-22T12:12:00Z")]);
    fixture.poll();
    let span = window("2026-11-22T11:55:00Z", "2026-11-22T12:10:00Z");
    assert_eq!(rows(&fixture), [span, window("2026-11-22T12:10:00Z", "2026-11-22T12:15:00Z")]);
}

#[test]
fn row_of_an_empty_span_says_when_it_was_listed_last() {
    let fixture = quiet();
    poll_times(&fixture, 3);
    fixture.publish(&[("a", "2026-11-22T12:12:00Z")]);
    fixture.poll();
    let record = fixture.state.committed(feed()).remove(0);
    assert_eq!(record.listed_at, at("2026-11-22T12:10:05Z"));
    assert!(record.digests.is_empty());
}

#[test]
fn windows_with_content_are_rows_of_their_own() {
    let fixture = quiet();
    fixture.publish(&[("a", "2026-11-22T11:57:00Z"), ("b", "2026-11-22T12:02:00Z")]);
    poll_times(&fixture, 2);
    assert_eq!(rows(&fixture).len(), 2);
}

#[test]
fn hours_of_a_quiet_backfill_are_rows_of_an_hour() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T06:00:00Z");
    fixture.poll();
    assert_eq!(rows(&fixture).len(), 5, "the last of six hours is the span before the cursor");
    assert!(rows(&fixture).iter().all(|row| row.end().duration_since(row.start()) == Window::LONGEST));
}

#[test]
fn loss_after_an_empty_span_writes_its_row() {
    let fixture = quiet();
    poll_times(&fixture, 2);
    fixture.clock.advance(SignedDuration::from_hours(8 * 24));
    let report = fixture.poll();
    assert_eq!(rows(&fixture)[0], window("2026-11-22T11:55:00Z", "2026-11-22T12:05:00Z"));
    assert_eq!(only_feed(&report).lost[0].reason, LossReason::RetentionExpired);
}

#[test]
fn failed_listing_keeps_the_empty_span() {
    let fixture = quiet();
    poll_times(&fixture, 2);
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    fixture.five_minutes_later();
    fixture.publish(&[("a", "2026-11-22T12:12:00Z")]);
    fixture.poll();
    assert_eq!(rows(&fixture)[0], window("2026-11-22T11:55:00Z", "2026-11-22T12:10:00Z"));
}

/// The poll that ends a span crashes, and another one starts five minutes later.
#[test]
fn rows_have_no_hole_after_a_crash_at_any_step() {
    for step in 1.. {
        let fixture = quiet();
        poll_times(&fixture, 3);
        fixture.publish(&[("a", "2026-11-22T12:12:00Z"), ("b", "2026-11-22T12:17:00Z")]);
        let survived = fixture.poll_until(&CrashPoint::at(step)).is_some();
        fixture.five_minutes_later();
        fixture.poll();
        let rows = rows(&fixture);
        assert_eq!(rows[0].start(), at("2026-11-22T11:55:00Z"), "crashed at step {step}");
        assert_eq!(rows.last().map(Window::end), Some(at("2026-11-22T12:20:00Z")), "crashed at step {step}");
        assert!(rows.windows(2).all(|pair| pair[0].end() == pair[1].start()), "crashed at step {step}: {rows:?}");
        if survived {
            assert!(step > 8, "a poll of {step} steps is too short for this test");
            break;
        }
    }
}

/// The loss of an entry is named after its window, so a recheck must find that window again.
#[test]
fn empty_window_with_a_malformed_entry_has_a_row_of_its_own() {
    let fixture = quiet();
    fixture.api.publish_malformed(feed(), "{}");
    fixture.poll();
    assert_eq!(rows(&fixture), [window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z")]);
}
