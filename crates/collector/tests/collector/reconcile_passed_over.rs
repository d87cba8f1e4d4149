//! A window that cannot be listed is passed over only while others of its feed can be, and comes back at the next age.

use std::cell::Cell;

use collector::loss::LossReason;
use collector::plan::PlanPolicy;
use collector::window::Window;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS, http_503, span};

const A: (&str, &str) = ("a", "2026-11-22T10:03:00Z");
const LATE: (&str, &str) = ("late", "2026-11-22T10:04:00Z");

const BAD: (&str, &str) = ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z");
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A window that cannot be listed, with content, and one after it that can be.
fn bad_and_good() -> (ReconcileFixture, Window) {
    let fixture = ReconcileFixture::exchange();
    let bad = fixture.list(feed(), BAD, &[A]);
    fixture.list(feed(), BOUNDS, &[]);
    (fixture, bad)
}

/// The last instant at which the bad window is listed.
fn edge(bad: Window) -> Timestamp {
    PlanPolicy::listable_until(bad)
}

/// Both windows are due at an age.
fn reconcile_without_bad_at(fixture: &ReconcileFixture, bad: Window, age: SignedDuration) {
    fixture.clock.set(at(BOUNDS.1) + age + SignedDuration::from_mins(1));
    fixture.reconcile_without(&[bad]);
}

#[test]
fn window_is_passed_over_while_another_one_can_be_listed() {
    let (fixture, bad) = bad_and_good();
    let report = fixture.reconcile_without(&[bad]);
    assert_eq!(fixture.checked_until(QUARTER), Some(at(BOUNDS.1)));
    let error = http_503().context("window [2026-11-22T10:00:00Z, 2026-11-22T10:30:00Z)");
    assert_eq!(only(&report).error, Some(error));
}

#[test]
fn window_before_a_bad_one_shows_that_the_feed_can_be_listed() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), BAD, &[]);
    let bad = fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile_without(&[bad]);
    assert_eq!(fixture.checked_until(QUARTER), Some(at(BOUNDS.1)));
}

#[test]
fn window_stays_due_while_no_other_can_be_listed() {
    let (fixture, _) = bad_and_good();
    fixture.publish(feed(), &[LATE]);
    fixture.reconcile_without_microsoft();
    assert_eq!(fixture.checked_until(QUARTER), Some(Timestamp::UNIX_EPOCH));
    fixture.reconcile();
    assert_eq!(fixture.queue.content_ids(), ["late"]);
}

#[test]
fn passed_over_window_comes_back_at_the_next_age() {
    let (fixture, bad) = bad_and_good();
    fixture.reconcile_without(&[bad]);
    fixture.publish(feed(), &[LATE]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert!(fixture.queue.is_empty(), "not before");
    fixture.reconcile_at_age(THREE_HOURS);
    assert_eq!(fixture.queue.content_ids(), ["late"]);
}

#[test]
fn passed_over_window_is_compared_with_the_archive() {
    let (fixture, bad) = bad_and_good();
    fixture.reconcile_without(&[bad]);
    assert_eq!(fixture.open_ids().len(), 1);
    fixture.archive(feed(), &[A]);
    fixture.later(SignedDuration::from_mins(5));
    fixture.reconcile();
    assert_eq!(fixture.open_ids().len(), 0);
}

#[test]
fn window_passed_over_at_the_oldest_age_is_remembered() {
    let (fixture, bad) = bad_and_good();
    for age in [QUARTER, THREE_HOURS, DAY] {
        reconcile_without_bad_at(&fixture, bad, age);
        assert!(fixture.state.rechecks_of(feed()).passed_over.is_empty(), "{age:#}");
    }
    reconcile_without_bad_at(&fixture, bad, SIX_DAYS);
    assert!(fixture.state.rechecks_of(feed()).passed_over.contains(&bad));
}

#[test]
fn window_passed_over_at_the_oldest_age_is_tried_in_each_run() {
    let (fixture, bad) = bad_and_good();
    fixture.archive(feed(), &[A]);
    reconcile_without_bad_at(&fixture, bad, SIX_DAYS);
    let tried = Cell::new(0);
    for _ in 0..5 {
        fixture.an_hour_later();
        fixture.reconcile_with(|call| match call {
            PortCall::List(_, window) if window == bad => {
                tried.set(tried.get() + 1);
                Action::Fail(http_503())
            }
            _ => Action::Proceed,
        });
    }
    assert_eq!(tried.get(), 5);
}

#[test]
fn late_content_of_a_passed_over_window_is_found_later() {
    let (fixture, bad) = bad_and_good();
    reconcile_without_bad_at(&fixture, bad, SIX_DAYS);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[LATE]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.queue.content_ids(), ["late"]);
    assert!(fixture.state.rechecks_of(feed()).passed_over.is_empty());
}

#[test]
fn passed_over_window_is_unchecked_once_it_falls_over_the_edge() {
    let (fixture, bad) = bad_and_good();
    fixture.archive(feed(), &[A]);
    reconcile_without_bad_at(&fixture, bad, SIX_DAYS);
    fixture.clock.set(edge(bad));
    assert_eq!(only(&fixture.reconcile_without(&[bad])).lost, [], "it can still be listed");
    fixture.later(SECOND);
    let loss = span(BAD.0, BAD.1, LossReason::Unchecked);
    assert_eq!(only(&fixture.reconcile_without(&[bad])).lost, [loss]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.state.losses().len(), 1);
    assert!(fixture.state.rechecks_of(feed()).passed_over.is_empty());
}

/// When it was listed, its last recheck was due already.
#[test]
fn passed_over_window_of_the_last_minute_is_no_loss() {
    let fixture = ReconcileFixture::exchange();
    let edge_is_near = at(BAD.0) + PlanPolicy::RETENTION - SignedDuration::from_hours(2);
    let bad = fixture.list_at(feed(), BAD, &[], edge_is_near);
    fixture.list_at(feed(), BOUNDS, &[], edge_is_near);
    fixture.clock.set(edge_is_near + SECOND);
    fixture.reconcile_without(&[bad]);
    fixture.clock.set(edge(bad) + SECOND);
    fixture.reconcile_without(&[bad]);
    assert_eq!(fixture.state.losses(), []);
}

/// This many consecutive windows of five minutes, the first at ten o'clock.
fn list_five_minute_windows(fixture: &ReconcileFixture, windows: usize) -> Vec<Window> {
    let start = |number: usize| (at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(5) * number as i32).to_string();
    (0..windows).map(|number| fixture.list(feed(), (&start(number), &start(number + 1)), &[])).collect()
}

#[test]
fn persistently_failing_windows_do_not_hold_up_the_others() {
    for failing in 1..=11 {
        let fixture = ReconcileFixture::exchange();
        let windows = list_five_minute_windows(&fixture, 12);
        let (bad, good) = windows.split_at(failing);
        for hour in 0..26 {
            let start = at("2026-11-22T11:00:00Z") + SignedDuration::from_hours(hour);
            fixture.list(feed(), (&start.to_string(), &(start + SignedDuration::from_hours(1)).to_string()), &[]);
            fixture.an_hour_later();
            fixture.reconcile_without(bad);
        }
        assert!(good.iter().all(|window| fixture.asked().contains(window)), "{failing} fail");
        assert!(fixture.checked_until(DAY) >= Some(windows[11].end()), "{failing} fail");
    }
}

#[test]
fn checks_every_listable_window_despite_some_failures() {
    let fixture = ReconcileFixture::exchange();
    let windows = list_five_minute_windows(&fixture, 22);
    let bad: Vec<Window> = windows.into_iter().step_by(2).collect();
    fixture.clock.set(at("2026-11-22T12:30:00Z"));
    let report = fixture.reconcile_without(&bad);
    assert_eq!(only(&report).windows_checked, 11);
    assert!(!only(&report).more_to_do);
}

#[test]
fn gives_up_on_an_age_after_four_failures_in_a_row() {
    let fixture = ReconcileFixture::exchange();
    list_five_minute_windows(&fixture, 12);
    let listings = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(..) => {
            listings.set(listings.get() + 1);
            Action::Fail(http_503())
        }
        _ => Action::Proceed,
    });
    assert_eq!(listings.get(), 4);
    assert!(!only(&report).more_to_do);
    assert!(report.is_failure());
    assert_eq!(only(&fixture.reconcile()).windows_checked, 12);
}

#[test]
fn more_bad_windows_than_a_turn_has_are_passed_over() {
    let fixture = ReconcileFixture::exchange();
    let start = |minute: i32| (at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(1) * minute).to_string();
    fixture.list(feed(), (&start(-1), &start(0)), &[]);
    let bad: Vec<Window> =
        (0..60).map(|minute| fixture.list(feed(), (&start(minute), &start(minute + 1)), &[])).collect();
    fixture.reconcile_without(&bad);
    assert_eq!(fixture.checked_until(QUARTER), Some(at("2026-11-22T11:00:00Z")));
}
