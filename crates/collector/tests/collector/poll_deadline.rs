//! A poll stops cleanly before its deadline, and the next one resumes where it stopped.

use collector::cursor::Cursor;
use collector::failure::FailureKind;
use collector::poll::PollReport;
use jiff::SignedDuration;
use testkit::{Action, PortCall, TENANT, at, feed, tenant, window};

use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture, only_feed};

/// The two windows of a first poll with a backfill of two hours.
const FIRST: (&str, &str) = ("2026-11-22T10:00:05Z", "2026-11-22T11:00:00Z");
const SECOND: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");

/// The first listing takes until `remaining` before the deadline, and then acts as `then`.
fn slow_first_listing(fixture: &PollFixture, remaining: SignedDuration, then: Action) -> PollReport {
    let deadline = fixture.deadline();
    fixture.poll_with(|call| match call {
        PortCall::List(_, listed) if listed == window(FIRST.0, FIRST.1) => {
            fixture.clock.set(deadline - remaining);
            then.clone()
        }
        _ => Action::Proceed,
    })
}

#[test]
fn starts_nothing_within_the_reserve() {
    let mut fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    fixture.policy.limits.stop_before = SignedDuration::from_mins(14);
    let report = fixture.poll();
    assert_eq!(fixture.api.calls(), []);
    assert!(report.more_to_do);
    assert!(report.tenants.iter().all(|tenant| tenant.more_to_do));
    assert!(!report.is_failure());
}

#[test]
fn finishes_only_the_current_window_within_the_reserve() {
    let fixture = PollFixture::exchange();
    let report = slow_first_listing(&fixture, fixture.policy.limits.stop_before, Action::Proceed);
    assert_eq!(fixture.asked(feed()), [window(FIRST.0, FIRST.1)]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at(FIRST.1))));
    assert_eq!(only_feed(&report).windows_listed, 1);
    assert!(only_feed(&report).more_to_do);
    assert!(report.more_to_do);
}

#[test]
fn starts_another_window_just_before_the_reserve() {
    let fixture = PollFixture::exchange();
    let report = slow_first_listing(
        &fixture,
        fixture.policy.limits.stop_before + SignedDuration::from_millis(1),
        Action::Proceed,
    );
    assert_eq!(only_feed(&report).windows_listed, 3, "the last one ends where the listing of the first had taken it");
    assert!(!report.more_to_do);
}

#[test]
fn drops_the_current_window_at_the_deadline() {
    let fixture = PollFixture::exchange();
    let report = slow_first_listing(&fixture, SignedDuration::ZERO, Action::Hang);
    assert_eq!(only_feed(&report).windows_listed, 0);
    assert_eq!(only_feed(&report).error, None);
    assert!(only_feed(&report).more_to_do);
    assert!(report.tenants[0].more_to_do);
    assert!(report.more_to_do);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::recording_first(window(FIRST.0, FIRST.1))));
}

#[test]
fn next_poll_finishes_the_dropped_window() {
    let fixture = PollFixture::exchange();
    fixture.publish(&[("a", "2026-11-22T10:30:00Z"), ("b", "2026-11-22T11:30:00Z")]);
    slow_first_listing(&fixture, SignedDuration::ZERO, Action::Hang);
    let report = fixture.poll();
    let rest = window("2026-11-22T12:00:00Z", "2026-11-22T12:02:00Z");
    let [first, second] = [FIRST, SECOND].map(|(start, end)| window(start, end));
    assert_eq!(fixture.asked(feed()), [first, first, second, rest]);
    assert_eq!(fixture.queue.content_ids(), ["a", "b"]);
    assert!(!report.more_to_do);
}

#[test]
fn hanging_tenant_does_not_hold_up_the_others() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let deadline = fixture.deadline();
    let report = fixture.poll_with(|call| match call {
        PortCall::Subscriptions(TENANT) => Action::Hang,
        PortCall::List(..) => {
            fixture.clock.set(deadline);
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    let hanging = report.tenants[0].content_types[0].error.as_ref();
    assert_eq!(hanging.map(|error| error.kind), Some(FailureKind::Unanswered));
    assert_eq!(report.tenants[1].content_types[0].windows_listed, 1, "the other tenant has its turn meanwhile");
}
