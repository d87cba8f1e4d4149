//! Late content is found only by a recheck: a window that falls over the edge before its oldest age is a loss.

use std::cell::Cell;
use std::collections::BTreeSet;

use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{Action, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, SIX_DAYS, down, gone, span};

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

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn unchecked(from: &str, to: &str) -> Loss {
    span(from, to, LossReason::Unchecked)
}

/// The windows of [`WINDOWS`], of which the last ones are still young when the reconciler stops.
fn with_windows() -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    for bounds in WINDOWS {
        fixture.list(feed(), bounds, &[]);
    }
    fixture.reconcile();
    fixture
}

#[test]
fn window_is_unchecked_once_it_falls_over_the_edge() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    let mut reported = Vec::new();
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        let report = fixture.reconcile_without_microsoft();
        reported.extend(only(&report).lost.iter().map(|loss| (fixture.clock.now(), loss.clone())));
        fixture.mark_reported(&report);
    }
    assert_eq!(reported, [(at("2026-11-29T11:00:05Z"), unchecked(BOUNDS.0, BOUNDS.1))]);
}

#[test]
fn report_of_the_day_names_the_unchecked_window() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.later(DAY * 8);
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["lost"], json!([unchecked(BOUNDS.0, BOUNDS.1)]));
    assert_eq!(day["contents_archived"], 1);
}

#[test]
fn window_checked_at_its_oldest_age_is_no_loss() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        fixture.reconcile();
    }
    assert_eq!(fixture.state.losses(), []);
    assert_eq!(fixture.checked_until(SIX_DAYS), Some(at(BOUNDS.1)));
}

/// When it was listed for the first time, its last recheck was due already.
#[test]
fn window_listed_in_the_last_four_hours_is_no_loss() {
    for (hours_before_the_edge, losses) in [(5, 1), (4, 0), (3, 0), (1, 0)] {
        let fixture = ReconcileFixture::exchange();
        let edge = at(BOUNDS.0) + PlanPolicy::RETENTION - PlanPolicy::RETENTION_MARGIN;
        fixture.list_at(feed(), BOUNDS, &[], edge - HOUR * hours_before_the_edge);
        fixture.clock.set(edge + HOUR);
        fixture.reconcile();
        assert_eq!(fixture.state.losses().len(), losses, "listed {hours_before_the_edge} hours before the edge");
    }
}

#[test]
fn outage_is_reported_once_in_contiguous_spans() {
    let fixture = with_windows();
    fixture.later(DAY * 10);
    let report = fixture.reconcile();
    fixture.mark_reported(&report);
    let losses = [
        unchecked(WINDOWS[0].0, WINDOWS[2].1),
        unchecked(WINDOWS[3].0, WINDOWS[3].1),
        unchecked(WINDOWS[4].0, WINDOWS[5].1),
    ];
    assert_eq!(only(&report).lost, losses);
    for _ in 0..3 {
        fixture.later(DAY);
        assert_eq!(only(&fixture.reconcile()).lost, []);
    }
    assert_eq!(fixture.state.losses(), losses);
}

#[test]
fn losses_that_could_not_be_recorded_are_found_again() {
    let fixture = with_windows();
    fixture.later(DAY * 10);
    let recorded = Cell::new(0);
    let report = fixture.reconcile_with(|call| match call {
        PortCall::RecordLoss(_) if recorded.replace(recorded.get() + 1) > 0 => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert_eq!(only(&report).error, Some(down()));
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.state.losses().len(), 3);
}

/// Four days of hourly windows of which none is rechecked, and a run in each hour in which they fall over the edge.
fn losses_of_four_days() -> (ReconcileFixture, Vec<Loss>) {
    let fixture = ReconcileFixture::exchange();
    let start = |hour: i32| (at("2026-11-15T00:00:00Z") + HOUR * hour).to_string();
    for hour in 0..4 * 24 {
        fixture.list(feed(), (&start(hour), &start(hour + 1)), &[]);
    }
    fixture.clock.set(at("2026-11-21T23:50:00Z"));
    let mut reported = Vec::new();
    for _ in 0..6 * 24 {
        let report = fixture.reconcile_without_microsoft();
        fixture.mark_reported(&report);
        reported.extend(only(&report).lost.clone());
        fixture.an_hour_later();
    }
    (fixture, reported)
}

#[test]
fn span_that_grows_over_runs_is_one_loss() {
    let (fixture, _) = losses_of_four_days();
    assert_eq!(fixture.state.losses(), [unchecked("2026-11-15T00:00:00Z", "2026-11-19T00:00:00Z")]);
}

#[test]
fn span_that_grows_is_reported_when_it_begins_and_once_a_day() {
    let (_, reported) = losses_of_four_days();
    let from: BTreeSet<_> = reported.iter().map(|loss| loss.from).collect();
    assert_eq!(from, BTreeSet::from([at("2026-11-15T00:00:00Z")]));
    let hours: Vec<i64> = reported.iter().map(|loss| loss.to.duration_since(loss.from).as_hours()).collect();
    assert_eq!(hours, [1, 25, 49, 73, 96]);
}

#[test]
fn recheck_in_time_ends_a_growing_span() {
    let fixture = with_windows();
    // The first three windows are over the edge; then Microsoft lists the next ones in time.
    fixture.clock.set(at("2026-11-29T11:00:00Z"));
    fixture.reconcile();
    fixture.later(DAY * 3);
    fixture.list(feed(), ("2026-11-23T01:00:00Z", "2026-11-23T02:00:00Z"), &[]);
    fixture.reconcile();
    let losses = fixture.state.losses();
    assert_eq!(losses[0], unchecked(WINDOWS[0].0, WINDOWS[2].1));
    assert_eq!(losses[1], unchecked("2026-11-23T01:00:00Z", "2026-11-23T02:00:00Z"), "a span of its own");
}

#[test]
fn no_window_is_forgotten_after_any_outage() {
    for days in [9, 11, 20, 60] {
        let fixture = ReconcileFixture::with(&[A]);
        fixture.reconcile();
        fixture.later(DAY * days);
        let reasons: Vec<LossReason> = only(&fixture.reconcile()).lost.iter().map(|loss| loss.reason).collect();
        assert_eq!(reasons, [LossReason::Unchecked, LossReason::ContentGone], "after {days} days");
        let day = fixture.day("2026-11-22").unwrap();
        assert_eq!(day["lost"].as_array().unwrap().len(), 2, "after {days} days");
        assert_eq!(day["contents_lost"], 1, "after {days} days");
    }
}

/// Weeks of windows, and each run has time for one turn of fifty.
#[test]
fn loss_found_by_many_runs_is_one_in_all_reports() {
    let fixture = ReconcileFixture::exchange();
    let start = |hour: i32| (at("2026-11-20T00:00:00Z") + HOUR * hour).to_string();
    for hour in 0..20 * 24 {
        fixture.list(feed(), (&start(hour), &start(hour + 1)), &[]);
    }
    fixture.clock.set(at("2027-01-10T00:00:00Z"));
    for _ in 0..20 {
        let stop = fixture.deadline() - fixture.policy.limits.stop_before;
        fixture.reconcile_with(|call| {
            if matches!(call, PortCall::SaveRechecks(_)) {
                fixture.clock.set(stop);
            }
            Action::Proceed
        });
        fixture.an_hour_later();
    }
    let losses = [unchecked("2026-11-20T00:00:00Z", "2026-12-10T00:00:00Z")];
    assert_eq!(fixture.state.losses(), losses);
    assert_eq!(fixture.days().len(), 20);
    for day in fixture.days() {
        assert_eq!(fixture.day(&day).unwrap()["lost"], json!(losses), "{day}");
    }
}

/// A copy of a message may arrive long after its window is finished.
#[test]
fn new_loss_of_a_finished_day_is_in_its_report() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile_at_age(SIX_DAYS);
    fixture.later(DAY * 5);
    fixture.reconcile();
    fixture.lose(&gone("a"));
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["windows"], 1);
    assert_eq!(day["lost"], json!([gone("a")]));
}

#[test]
fn span_that_cannot_be_recorded_moves_no_instant() {
    let fixture = with_windows();
    fixture.clock.set(at("2026-11-30T00:00:00Z"));
    fixture.reconcile_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(down()),
        _ => Action::Proceed,
    });
    assert!(fixture.checked_until(SIX_DAYS) <= Some(Timestamp::UNIX_EPOCH));
    fixture.reconcile();
    assert_eq!(fixture.state.losses().first().map(|loss| loss.reason), Some(LossReason::Unchecked));
}
