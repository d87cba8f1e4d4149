//! Late content is found only by a recheck: a window that was not rechecked in time is reported as a loss.

use std::cell::Cell;

use collector::loss::{Loss, LossReason};
use collector::ports::{Clock, Windows};
use collector::window_record::{RecheckSchedule, WindowRecord};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{Action, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, down, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");

/// Three windows that follow each other, one after a gap, and two around midnight.
const WINDOWS: [(&str, &str); 6] = [
    ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
    ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"),
    ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
    ("2026-11-22T11:30:00Z", "2026-11-22T11:35:00Z"),
    ("2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z"),
    ("2026-11-23T00:00:00Z", "2026-11-23T01:00:00Z"),
];

/// The first run after the whole day of [`BOUNDS`] has passed the retention edge.
const DAY_IS_OVER: &str = "2026-11-30T00:00:05Z";

fn not_rechecked(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::NotRechecked, content: None, objects: Vec::new() }
}

fn done_until(fixture: &ReconcileFixture) -> Option<Timestamp> {
    block_on(fixture.state.progress(feed())).unwrap().done_until
}

fn with_windows() -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    for bounds in WINDOWS {
        fixture.list(feed(), bounds, &[]);
    }
    fixture.reconcile();
    fixture
}

#[test]
fn reports_an_unchecked_window_once_after_its_day() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    let mut reported = Vec::new();
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        // Microsoft does not respond.
        let report = fixture.reconcile_with(|call| match call {
            PortCall::List(..) => Action::Fail(down()),
            _ => Action::Proceed,
        });
        reported.extend(only(&report).lost.iter().map(|loss| (fixture.clock.now(), loss.clone())));
        fixture.mark_reported(&report);
    }
    let loss = not_rechecked(BOUNDS.0, BOUNDS.1);
    assert_eq!(reported, [(at(DAY_IS_OVER), loss.clone())]);
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["lost"], json!([loss]));
    assert_eq!(day["contents_archived"], 1);
}

#[test]
fn never_reports_a_window_checked_on_time() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, [], "{}", fixture.clock.now());
    }
    assert_eq!(fixture.listings().len(), 6, "after one hour, 3 hours, 12 hours, 1 day, 3 days and 6 days");
    assert_eq!(done_until(&fixture), Some(at(BOUNDS.1)));
}

/// The first poll lists a week: at whatever minute that is, and however seldom the reconciler runs.
#[test]
fn never_reports_a_backfilled_week() {
    for (minute, hours) in [(0, 1), (13, 1), (30, 2), (47, 3), (59, 3)] {
        let fixture = ReconcileFixture::exchange();
        let listed_at = fixture.clock.now();
        for hour in (1..7 * 24).rev() {
            let [start, end] = [hour, hour - 1].map(|hour| listed_at - SignedDuration::from_hours(hour));
            fixture.list_at(feed(), (&start.to_string(), &end.to_string()), &[], listed_at);
        }
        fixture.later(SignedDuration::from_mins(minute));
        for _ in 0..(9 * 24 / hours) {
            fixture.later(SignedDuration::from_hours(hours));
            assert_eq!(
                only(&fixture.reconcile()).lost,
                [],
                "at minute {minute}, every {hours} hours: {}",
                fixture.clock.now()
            );
        }
        assert_eq!(done_until(&fixture), Some(listed_at), "every window is finished");
    }
}

#[test]
fn reports_an_outage_once_in_contiguous_spans() {
    let fixture = with_windows();
    fixture.later(SignedDuration::from_hours(10 * 24));
    let losses = [
        not_rechecked(WINDOWS[0].0, WINDOWS[2].1),
        not_rechecked(WINDOWS[3].0, WINDOWS[3].1),
        not_rechecked(WINDOWS[4].0, WINDOWS[5].1),
    ];
    let report = fixture.reconcile();
    fixture.mark_reported(&report);
    assert_eq!(only(&report).lost, losses);
    assert_eq!(fixture.state.losses(), losses);
    for _ in 0..3 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, []);
        assert_eq!(fixture.state.losses(), losses);
    }
}

#[test]
fn recovers_unrecorded_losses_without_overlap() {
    let fixture = with_windows();
    fixture.later(SignedDuration::from_hours(10 * 24));
    let recorded = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::RecordLoss(_) if recorded.replace(recorded.get() + 1) > 0 => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(only(&report).lost, []);
    assert_eq!(only(&report).error, Some(down()));
    fixture.an_hour_later();
    let report = fixture.reconcile();
    assert_eq!(only(&report).lost.len(), 3, "one of them was recorded by the first run but not reported");
    assert_eq!(fixture.state.losses().len(), 3);
    assert!(only(&report).lost.iter().all(|loss| fixture.state.losses().contains(loss)));
}

#[test]
fn no_window_is_forgotten_after_any_outage() {
    for days in [9, 11, 20, 60] {
        let fixture = ReconcileFixture::with(&[A]);
        fixture.reconcile();
        fixture.an_hour_later();
        fixture.reconcile();
        assert_eq!(done_until(&fixture), Some(at(BOUNDS.0)), "more rechecks are due later");
        fixture.later(SignedDuration::from_hours(days * 24));
        let lost: Vec<LossReason> = only(&fixture.reconcile()).lost.iter().map(|loss| loss.reason).collect();
        assert_eq!(lost, [LossReason::NotRechecked, LossReason::ContentGone], "after {days} days");
        let day = fixture.day("2026-11-22").unwrap();
        assert_eq!(day["lost"].as_array().unwrap().len(), 2, "after {days} days");
        assert_eq!(day["contents_lost"], 1, "after {days} days");
    }
}

/// Weeks of windows, and each run has time for one day of them.
#[test]
fn reports_a_loss_spanning_many_runs_once() {
    let fixture = ReconcileFixture::exchange();
    let first = at("2026-11-20T00:00:00Z");
    let day = |number: i32| first + SignedDuration::from_hours(24) * number;
    let hour = |number: i32| (first + SignedDuration::from_hours(1) * number).to_string();
    for number in 0..40 * 24 {
        fixture.list(feed(), (&hour(number), &hour(number + 1)), &[]);
    }
    fixture.clock.set(day(60));
    let mut lost = Vec::new();
    for _ in 0..60 {
        let archive_reads = Cell::new(0);
        let deadline = fixture.deadline();
        let report = fixture.reconcile_with(|event| {
            if matches!(event, PortCall::Archived(_)) && archive_reads.replace(archive_reads.get() + 1) == 24 {
                fixture.clock.set(deadline);
            }
            Action::Proceed
        });
        fixture.mark_reported(&report);
        lost.extend(only(&report).lost.clone());
        fixture.later(SignedDuration::from_hours(12));
    }
    assert_eq!(lost, [not_rechecked("2026-11-20T00:00:00Z", "2026-12-30T00:00:00Z")]);
    assert_eq!(done_until(&fixture), Some(day(40)));
    let days = fixture.days();
    assert_eq!(days.len(), 40);
    for day in days {
        let report = fixture.day(&day).unwrap();
        assert_eq!(report["windows_settled"], 24, "{day}");
        assert_eq!(report["lost"], json!(lost), "{day}");
    }
}

/// A copy of a message may arrive long after its window is finished.
#[test]
fn adds_a_new_loss_to_a_finished_day() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile_last();
    fixture.an_hour_later();
    fixture.reconcile();
    fixture.later(SignedDuration::from_hours(72));
    fixture.list(feed(), ("2026-12-01T10:00:00Z", "2026-12-01T10:30:00Z"), &[]);
    fixture.reconcile();
    assert!(done_until(&fixture) > Some(at(BOUNDS.1)));
    let gone = Loss { reason: LossReason::ContentGone, content: Some("a".into()), ..not_rechecked(BOUNDS.0, BOUNDS.1) };
    fixture.lose(&gone);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, std::slice::from_ref(&gone));
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["windows"], 1);
    assert_eq!(day["lost"], json!([gone]));
}

#[test]
fn keeps_a_report_whose_windows_have_expired() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.reconcile_last();
    fixture.clock.set(at("2026-11-22T00:00:00Z") + WindowRecord::TTL);
    let before = fixture.day("2026-11-22");
    fixture.lose(&Loss { reason: LossReason::RetentionExpired, ..not_rechecked(BOUNDS.1, "2027-02-13T00:00:00Z") });
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22"), before);
    assert!(fixture.days().contains(&"2026-11-23".to_owned()), "the other days of the loss are reported");
}

#[test]
fn rechecks_after_ages_are_lengthened_without_reporting_losses() {
    let mut fixture = ReconcileFixture::exchange();
    let expired = ("2026-11-15T10:00:00Z", "2026-11-15T10:30:00Z");
    fixture.policy.recheck_schedule = RecheckSchedule { ages: vec![SignedDuration::from_mins(15)] };
    for bounds in [expired, BOUNDS] {
        fixture.list(feed(), bounds, &[]);
        fixture.clock.set(at(bounds.1) + SignedDuration::from_mins(30));
        for _ in 0..3 {
            fixture.reconcile();
            fixture.an_hour_later();
        }
    }
    assert_eq!(done_until(&fixture), Some(at(BOUNDS.1)));
    fixture.policy.recheck_schedule = crate::reconcile_fixture::ages();
    fixture.reconcile();
    assert_eq!(done_until(&fixture), Some(at(BOUNDS.0)), "the young window is rechecked");
    for _ in 0..48 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, []);
    }
}

#[test]
fn listable_windows_come_before_unlistable_ones() {
    let fixture = ReconcileFixture::exchange();
    let expired = ("2026-11-15T10:00:00Z", "2026-11-15T10:30:00Z");
    let urgent = ("2026-11-15T13:00:00Z", "2026-11-15T13:30:00Z");
    for bounds in [expired, urgent, BOUNDS] {
        fixture.list(feed(), bounds, &[]);
    }
    // The first window takes all the time of the run.
    let deadline = fixture.deadline();
    fixture.reconcile_with(|event| {
        if matches!(event, PortCall::UpdateWindow(_)) {
            fixture.clock.set(deadline - SignedDuration::from_secs(1));
        }
        Action::Proceed
    });
    let checked: Vec<bool> = fixture.state.committed(feed()).iter().map(|record| record.checked_at.is_some()).collect();
    assert_eq!(checked, [false, true, false]);
}
