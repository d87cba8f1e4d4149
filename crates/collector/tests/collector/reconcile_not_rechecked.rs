//! Content that comes late is found only by looking again: where that was not done in time, somebody is told.

use std::cell::Cell;

use collector::loss::{Loss, LossReason};
use collector::ports::{Clock, WindowLog};
use collector::window_record::{RecheckSchedule, WindowRecord};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, down, only};
use crate::scripted_ports::{Act, Event};

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

/// The first look when all of the day of [`BOUNDS`] is over the edge.
const DAY_IS_OVER: &str = "2026-11-30T00:00:05Z";

fn not_rechecked(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::NotRechecked, content: None }
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
fn a_window_that_was_not_listed_again_is_told_once_when_its_day_is_over() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    let mut told = Vec::new();
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        // Microsoft does not answer.
        let report = fixture.reconcile_with(|event| match event {
            Event::List(..) => Act::Fail(down()),
            _ => Act::Proceed,
        });
        told.extend(only(&report).lost.iter().map(|loss| (fixture.clock.now(), loss.clone())));
        fixture.tell(&report);
    }
    let loss = not_rechecked(BOUNDS.0, BOUNDS.1);
    assert_eq!(told, [(at(DAY_IS_OVER), loss.clone())]);
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!((&day["lost"], &day["contents_archived"]), (&json!([loss]), &json!(1)));
}

#[test]
fn a_window_that_is_looked_at_as_it_should_be_is_never_told() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    for _ in 0..9 * 24 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, [], "{}", fixture.clock.now());
    }
    assert_eq!(fixture.listings().len(), 6, "an hour, three, twelve, a day, three, six");
    assert_eq!(done_until(&fixture), Some(at(BOUNDS.1)));
}

/// The first poll lists a week; whatever hour and minute that is, and however seldom somebody looks back.
#[test]
fn a_week_that_was_listed_at_once_is_never_told() {
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
        assert_eq!(done_until(&fixture), Some(listed_at), "all is done with");
    }
}

#[test]
fn an_outage_is_told_once_and_not_once_a_window() {
    let fixture = with_windows();
    fixture.later(SignedDuration::from_hours(10 * 24));
    let losses = [
        not_rechecked(WINDOWS[0].0, WINDOWS[2].1),
        not_rechecked(WINDOWS[3].0, WINDOWS[3].1),
        not_rechecked(WINDOWS[4].0, WINDOWS[5].1),
    ];
    let report = fixture.reconcile();
    fixture.tell(&report);
    assert_eq!((&only(&report).lost[..], &fixture.state.losses()[..]), (&losses[..], &losses[..]));
    for _ in 0..3 {
        fixture.an_hour_later();
        assert_eq!((&only(&fixture.reconcile()).lost[..], fixture.state.losses().len()), (&[][..], 3));
    }
}

#[test]
fn what_could_not_all_be_kept_is_made_up_for_without_an_overlap() {
    let fixture = with_windows();
    fixture.later(SignedDuration::from_hours(10 * 24));
    let kept = Cell::new(0);
    let report = fixture.reconcile_with(|event| match event {
        Event::RecordLoss if kept.replace(kept.get() + 1) > 0 => Act::Fail(down()),
        _ => Act::Proceed,
    });
    assert_eq!((&only(&report).lost[..], only(&report).error.clone()), (&[][..], Some(down())));
    fixture.an_hour_later();
    let report = fixture.reconcile();
    assert_eq!((only(&report).lost.len(), fixture.state.losses().len()), (3, 3), "one was kept and not told");
    assert!(only(&report).lost.iter().all(|loss| fixture.state.losses().contains(loss)));
}

#[test]
fn however_long_the_reconciler_stood_still_no_window_is_forgotten() {
    for days in [9, 11, 20, 60] {
        let fixture = ReconcileFixture::with(&[A]);
        fixture.reconcile();
        fixture.an_hour_later();
        fixture.reconcile();
        assert_eq!(done_until(&fixture), Some(at(BOUNDS.0)), "more looks are to come");
        fixture.later(SignedDuration::from_hours(days * 24));
        let lost: Vec<LossReason> = only(&fixture.reconcile()).lost.iter().map(|loss| loss.reason).collect();
        assert_eq!(lost, [LossReason::NotRechecked, LossReason::ContentGone], "after {days} days");
        let day = fixture.day("2026-11-22").unwrap();
        assert_eq!((day["lost"].as_array().unwrap().len(), &day["contents_lost"]), (2, &json!(1)), "after {days} days");
    }
}

/// Weeks of windows, and time for a day of them in each run.
#[test]
fn a_long_loss_whose_windows_take_many_runs_is_told_once_and_stands_in_the_report_of_every_day() {
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
        let asked = Cell::new(0);
        let deadline = fixture.deadline();
        let report = fixture.reconcile_with(|event| {
            if matches!(event, Event::Archived) && asked.replace(asked.get() + 1) == 24 {
                fixture.clock.set(deadline);
            }
            Act::Proceed
        });
        fixture.tell(&report);
        lost.extend(only(&report).lost.clone());
        fixture.later(SignedDuration::from_hours(12));
    }
    assert_eq!(lost, [not_rechecked("2026-11-20T00:00:00Z", "2026-12-30T00:00:00Z")]);
    assert_eq!(done_until(&fixture), Some(day(40)));
    let days = fixture.days();
    assert_eq!(days.len(), 40);
    for day in days {
        let report = fixture.day(&day).unwrap();
        assert_eq!((&report["windows_settled"], &report["lost"]), (&json!(24), &json!(lost)), "{day}");
    }
}

/// A copy of a message may come when its window has long been done with.
#[test]
fn a_loss_of_a_day_that_was_done_with_is_told_and_stands_in_its_report() {
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
    assert_eq!((&day["windows"], &day["lost"]), (&json!(1), &json!([gone])));
}

#[test]
fn a_report_whose_windows_are_no_longer_kept_is_not_replaced() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.reconcile_last();
    fixture.clock.set(at("2026-11-22T00:00:00Z") + WindowRecord::TTL);
    let before = fixture.day("2026-11-22");
    fixture.lose(&Loss { reason: LossReason::RetentionExpired, ..not_rechecked(BOUNDS.1, "2027-02-13T00:00:00Z") });
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22"), before);
    assert!(fixture.days().contains(&"2026-11-23".to_owned()), "the days of the loss are reported");
}

#[test]
fn ages_that_were_lengthened_are_looked_for_where_that_is_possible_and_nothing_is_told() {
    let mut fixture = ReconcileFixture::exchange();
    let over = ("2026-11-15T10:00:00Z", "2026-11-15T10:30:00Z");
    fixture.policy.recheck_schedule = RecheckSchedule { ages: vec![SignedDuration::from_mins(15)] };
    for bounds in [over, BOUNDS] {
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
    assert_eq!(done_until(&fixture), Some(at(BOUNDS.0)), "the young window is looked at again");
    for _ in 0..48 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, []);
    }
}

#[test]
fn what_can_still_be_listed_comes_before_what_cannot() {
    let fixture = ReconcileFixture::exchange();
    let over = ("2026-11-15T10:00:00Z", "2026-11-15T10:30:00Z");
    let urgent = ("2026-11-15T13:00:00Z", "2026-11-15T13:30:00Z");
    for bounds in [over, urgent, BOUNDS] {
        fixture.list(feed(), bounds, &[]);
    }
    // The first window takes all the time there is.
    let deadline = fixture.deadline();
    fixture.reconcile_with(|event| {
        if matches!(event, Event::UpdateWindow) {
            fixture.clock.set(deadline - SignedDuration::from_secs(1));
        }
        Act::Proceed
    });
    let checked_at: Vec<bool> =
        fixture.state.committed(feed()).iter().map(|record| record.checked_at.is_some()).collect();
    assert_eq!(checked_at, [false, true, false]);
}
