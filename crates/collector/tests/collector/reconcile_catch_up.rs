//! A reconciler that stood still for days catches up: each window is listed once, and nothing is told as lost.

use std::collections::BTreeSet;

use collector::ports::Clock;
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{PortCall, at, feed};

use crate::reconcile_fixture::{ReconcileFixture, only};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS};

const FIRST: &str = "2026-11-20T00:00:00Z";

/// Half-hour windows of so many days since [`FIRST`], each with content of which every second one is archived.
fn busy_days(days: i32) -> (ReconcileFixture, Vec<Window>) {
    let fixture = ReconcileFixture::exchange();
    let start = |number: i32| (at(FIRST) + SignedDuration::from_mins(30) * number).to_string();
    let mut windows = Vec::new();
    for number in 0..days * 48 {
        let id = format!("content {number}");
        let content = [(id.as_str(), &*start(number))];
        windows.push(fixture.list(feed(), (&start(number), &start(number + 1)), &content));
        if number % 2 == 0 {
            fixture.archive(feed(), &content);
        }
    }
    fixture.clock.set(at(FIRST) + DAY * days + SignedDuration::from_mins(20));
    (fixture, windows)
}

#[test]
fn first_run_after_days_lists_each_window_once() {
    let (fixture, windows) = busy_days(5);
    let report = fixture.reconcile();
    assert_eq!(fixture.asked(), windows);
    assert!(!report.more_to_do);
    assert_eq!(only(&report).lost, []);
}

#[test]
fn instants_stand_where_their_ages_are_after_catching_up() {
    let (fixture, _) = busy_days(7);
    fixture.reconcile();
    let day = |day: i32| at(FIRST) + DAY * day;
    assert_eq!(fixture.checked_until(QUARTER), Some(day(7)));
    assert_eq!(fixture.checked_until(THREE_HOURS), Some(day(7) - SignedDuration::from_hours(3)));
    assert_eq!(fixture.checked_until(DAY), Some(day(6)));
    assert_eq!(fixture.checked_until(SIX_DAYS), Some(day(1)));
}

#[test]
fn contents_missing_for_days_are_queued_in_the_first_run() {
    let (fixture, windows) = busy_days(2);
    fixture.reconcile();
    let missing = windows.len() / 2;
    assert_eq!(fixture.open_ids().len(), missing);
    let queued: BTreeSet<String> = fixture.queue.content_ids().into_iter().collect();
    assert_eq!(queued.len(), missing - 6, "those of the last six hours may still wait in the queue");
}

#[test]
fn hours_of_the_archive_are_listed_once_in_a_long_run() {
    let (fixture, _) = busy_days(2);
    let listings = fixture.reconcile_counting(|call| matches!(call, PortCall::Archived(_)));
    assert_eq!(listings, 48);
}

#[test]
fn catching_up_goes_on_where_the_deadline_cut_it_short() {
    let (mut fixture, windows) = busy_days(5);
    fixture.policy.limits.concurrency = 1;
    let mut runs = 0;
    loop {
        runs += 1;
        let stop = fixture.deadline() - fixture.policy.limits.stop_before;
        // The 50 windows of a turn take all the time of a run.
        let report = fixture.reconcile_with(|call| {
            if matches!(call, PortCall::SaveRechecks(_)) {
                fixture.clock.set(stop);
            }
            testkit::Action::Proceed
        });
        if !report.more_to_do {
            break;
        }
    }
    assert!(runs > 1);
    assert!(fixture.asked().starts_with(&windows), "each window once, in order");
}

#[test]
fn windows_about_to_fall_over_the_edge_come_first() {
    let fixture = ReconcileFixture::exchange();
    let young = fixture.list(feed(), ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"), &[]);
    let urgent = fixture.list(feed(), ("2026-11-15T13:00:00Z", "2026-11-15T13:30:00Z"), &[]);
    fixture.reconcile();
    assert_eq!(fixture.asked(), [urgent, young]);
}

/// The windows of each hour are rechecked at each age, and no others are read or listed.
#[test]
fn hourly_runs_list_an_hour_of_windows_for_each_age() {
    let (fixture, _) = busy_days(8);
    fixture.clock.set(at(FIRST));
    let mut listings = Vec::<usize>::new();
    while fixture.clock.now() < at(FIRST) + DAY * 8 {
        let before = fixture.asked().len();
        fixture.an_hour_later();
        fixture.reconcile();
        listings.push(fixture.asked().len() - before);
    }
    assert!(listings[7 * 24..].iter().all(|count| *count == 8), "{listings:?}");
}

/// The first poll lists a week: at whatever minute that is, and however seldom the reconciler runs.
#[test]
fn backfilled_week_is_never_unchecked() {
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
            fixture.reconcile();
        }
        assert_eq!(fixture.state.losses(), [], "at minute {minute}, every {hours} hours");
        assert_eq!(fixture.checked_until(SIX_DAYS), Some(listed_at), "at minute {minute}, every {hours} hours");
    }
}
