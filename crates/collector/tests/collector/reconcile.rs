//! A recheck of one window: when it is listed again, with which bounds, and what is written.

use collector::ports::Clock;
use collector::reconcile::{FeedReconciliation, ReconcileReport};
use collector::shard::Shard;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, Interceptor, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS, nothing_found};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

/// A run every hour, for this many days.
fn reconcile_hourly(fixture: &ReconcileFixture, days: i64) {
    for _ in 0..days * 24 {
        fixture.reconcile();
        fixture.an_hour_later();
    }
}

#[test]
fn window_is_listed_once_at_each_age() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    for age in [QUARTER, THREE_HOURS, DAY, SIX_DAYS] {
        let before = fixture.listings().len();
        fixture.reconcile_at_age(age - SignedDuration::from_secs(2));
        assert_eq!(fixture.listings().len(), before, "a second before {age:#}");
        fixture.reconcile_at_age(age);
        fixture.an_hour_later();
        fixture.reconcile();
        assert_eq!(fixture.listings().len(), before + 1, "at {age:#}");
    }
}

#[test]
fn window_is_never_listed_after_the_oldest_age() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    reconcile_hourly(&fixture, 9);
    assert_eq!(fixture.listings().len(), 4);
}

#[test]
fn relists_the_window_with_the_same_bounds() {
    let fixture = ReconcileFixture::exchange();
    let uneven = fixture.list(feed(), ("2026-11-22T10:59:43Z", "2026-11-22T11:31:07Z"), &[]);
    reconcile_hourly(&fixture, 7);
    assert_eq!(fixture.asked(), [uneven; 4]);
}

#[test]
fn window_due_at_several_ages_is_listed_once() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    let report = fixture.reconcile_at_age(DAY);
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 1, ..nothing_found() });
    assert_eq!(fixture.listings().len(), 1, "for 15 minutes, 3 hours and a day");
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.listings().len(), 1);
}

#[test]
fn window_due_at_several_ages_is_compared_with_the_archive() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_at_age(SIX_DAYS);
    assert_eq!(fixture.open_ids(), ["a"]);
}

#[test]
fn ignores_a_window_that_is_not_due() {
    let fixture = ReconcileFixture::exchange();
    let young = fixture.list(feed(), ("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z"), &[A]);
    let report = fixture.reconcile();
    assert_eq!(*only(&report), nothing_found());
    assert!(!report.more_to_do);
    assert_eq!(fixture.listings(), []);
    assert!(fixture.archive.reports().is_empty());
    fixture.later(SignedDuration::from_secs(1));
    assert_eq!(only(&fixture.reconcile()).windows_checked, 1);
    assert_eq!(fixture.asked(), [young]);
}

#[test]
fn recheck_moves_the_instant_of_its_age_only() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    assert_eq!(fixture.checked_until(QUARTER), Some(at(BOUNDS.1)));
    assert_eq!(fixture.checked_until(THREE_HOURS), Some(Timestamp::UNIX_EPOCH));
}

#[test]
fn recheck_at_an_older_age_moves_all_younger_instants() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile_at_age(DAY);
    for age in [QUARTER, THREE_HOURS, DAY] {
        assert_eq!(fixture.checked_until(age), Some(at(BOUNDS.1)), "{age:#}");
    }
    assert_eq!(fixture.checked_until(SIX_DAYS), Some(Timestamp::UNIX_EPOCH));
}

#[test]
fn no_instant_is_ever_behind_that_of_an_older_age() {
    let fixture = ReconcileFixture::exchange();
    for day in 22..29 {
        fixture.list(feed(), (&format!("2026-11-{day}T11:00:00Z"), &format!("2026-11-{day}T11:30:00Z")), &[]);
    }
    for hours in [1, 1, 5, 30, 2, 70, 1, 60] {
        fixture.later(SignedDuration::from_hours(hours));
        fixture.reconcile();
        let instants: Vec<Timestamp> = fixture.state.rechecks_of(feed()).checked_until.into_values().collect();
        assert!(instants.is_sorted_by(|younger, older| younger >= older), "{instants:?}");
    }
}

#[test]
fn recheck_that_finds_nothing_writes_no_window_and_no_content() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A, B]);
    let written = fixture.reconcile_counting(|call| {
        matches!(call, PortCall::UpdateWindow(_) | PortCall::PutOpen(_) | PortCall::RemoveOpen(_) | PortCall::Send)
    });
    assert_eq!(written, 0);
}

#[test]
fn run_with_nothing_due_writes_nothing() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.later(SignedDuration::from_mins(5));
    fixture.reconcile_with(|call| match call {
        PortCall::SaveRechecks(_) | PortCall::UpdateWindow(_) | PortCall::StoreReport(_) => panic!("{call:?}"),
        _ => Action::Proceed,
    });
}

#[test]
fn run_reads_only_the_windows_that_are_due() {
    let fixture = ReconcileFixture::exchange();
    for minute in (0..60).step_by(5) {
        let start = at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(minute);
        let end = start + SignedDuration::from_mins(5);
        fixture.list(feed(), (&start.to_string(), &end.to_string()), &[]);
    }
    assert_eq!(only(&fixture.reconcile()).windows_checked, 12);
    fixture.later(SignedDuration::from_mins(5));
    let read = fixture.reconcile_counting(|call| matches!(call, PortCall::Windows(_)));
    assert_eq!(read, 4, "one query for each age, in vain");
}

/// A run has time for the first of two windows. Before it saves its instants, another run rechecks both, and the clock stands
/// at `then`.
fn reconcile_behind_another_run(fixture: &ReconcileFixture, then: Timestamp) -> ReconcileReport {
    fixture.list(feed(), (BOUNDS.1, "2026-11-22T11:40:00Z"), &[]);
    let start = fixture.clock.now();
    let stop = fixture.deadline() - fixture.policy.limits.stop_before;
    fixture.reconcile_with(|call| {
        match call {
            PortCall::List(..) => fixture.clock.set(stop),
            PortCall::SaveRechecks(_) => {
                fixture.clock.set(start);
                let other = fixture.reconciler(&Interceptor::default());
                other.run(Shard::WHOLE, fixture.deadline()).now_or_never().unwrap().unwrap();
                fixture.clock.set(then);
            }
            _ => {}
        }
        Action::Proceed
    })
}

#[test]
fn run_that_is_behind_another_one_does_not_move_instants_back() {
    let fixture = ReconcileFixture::with(&[]);
    let stop = fixture.deadline() - fixture.policy.limits.stop_before;
    reconcile_behind_another_run(&fixture, stop);
    assert_eq!(fixture.checked_until(QUARTER), Some(at("2026-11-22T11:40:00Z")));
}

#[test]
fn run_that_is_behind_another_one_leaves_the_feed_to_it() {
    let fixture = ReconcileFixture::with(&[]);
    let there_is_time = fixture.clock.now();
    let report = reconcile_behind_another_run(&fixture, there_is_time);
    assert_eq!(only(&report).windows_checked, 1);
    assert_eq!(only(&report).error, None);
    assert!(report.more_to_do);
}
