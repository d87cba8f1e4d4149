//! Which windows are listed next: each test is a cursor, a time and the exact plan.

use collector::cursor::Cursor;
use collector::feed_state::FeedState;
use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{at, window};

use crate::planned::{Planned, feed_at, plan_all};

const NOON: &str = "2026-11-22T12:00:00Z";

/// Where windows end at noon: five seconds before now.
const UNTIL: &str = "2026-11-22T11:59:55Z";

/// The oldest start of a window at noon: seven days ago, plus a margin of a quarter of an hour.
const RETENTION_EDGE: &str = "2026-11-15T12:15:00Z";

fn first_run(now: &str, backfill_hours: u8) -> Planned {
    plan_all(feed_at(None), at(now), &PlanPolicy::with_backfill_hours(backfill_hours))
}

fn listed_until(cursor: &str, now: &str) -> Planned {
    plan_all(feed_at(Some(Cursor::at(at(cursor)))), at(now), &PlanPolicy::with_backfill_hours(168))
}

fn recorded(start: &str, end: &str) -> Planned {
    let cursor = Cursor { listed_until: at(start), planned_until: Some(at(end)), never_listed: false };
    plan_all(feed_at(Some(cursor)), at(NOON), &PlanPolicy::with_backfill_hours(168))
}

/// A plan of these windows, without a loss.
fn windows(bounds: &[(&str, &str)]) -> Planned {
    Planned { lost: None, windows: bounds.iter().map(|(start, end)| window(start, end)).collect() }
}

/// From the retention edge until noon: up to the first full hour, 166 whole hours, and the rest.
fn from_the_edge() -> Vec<Window> {
    let mut windows = vec![window(RETENTION_EDGE, "2026-11-15T13:00:00Z")];
    let hour = SignedDuration::from_hours(1);
    let starts = (0..166).map(|hours| at("2026-11-15T13:00:00Z") + hour * hours);
    windows.extend(starts.map(|start| Window::new(start, start + hour).unwrap()));
    windows.push(window("2026-11-22T11:00:00Z", UNTIL));
    windows
}

/// A plan with this loss and all windows that can still be listed.
fn lost(from: &str, to: &str) -> Planned {
    let loss =
        Loss { from: at(from), to: at(to), reason: LossReason::RetentionExpired, content: None, objects: Vec::new() };
    Planned { lost: Some(loss), windows: from_the_edge() }
}

#[test]
fn feed_that_was_never_listed_loses_nothing_to_retention() {
    let cursor = Cursor::recording_first(window("2026-11-10T12:00:00Z", "2026-11-10T13:00:00Z"));
    let plan = plan_all(feed_at(Some(cursor)), at(NOON), &PlanPolicy::with_backfill_hours(168));
    assert_eq!(plan, Planned { lost: None, windows: from_the_edge() });
}

#[test]
fn first_run_starts_as_far_back_as_configured() {
    let three_hours = [
        ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(first_run(NOON, 3), windows(&three_hours));
}

#[test]
fn first_run_of_one_hour_is_one_window() {
    assert_eq!(first_run(NOON, 1), windows(&[("2026-11-22T11:00:00Z", UNTIL)]));
}

#[test]
fn first_run_of_seven_days_starts_at_the_retention_edge() {
    assert_eq!(first_run(NOON, 168), Planned { lost: None, windows: from_the_edge() });
}

#[test]
fn first_run_is_capped_at_seven_days() {
    assert_eq!(first_run(NOON, 255), first_run(NOON, 168));
}

#[test]
fn first_run_without_backfill_still_has_a_window() {
    assert_eq!(first_run(NOON, 0), windows(&[("2026-11-22T11:59:54Z", UNTIL)]));
}

#[test]
fn first_run_starts_at_a_whole_second() {
    let plan = first_run("2026-11-22T12:00:00.987Z", 1);
    assert_eq!(plan, windows(&[("2026-11-22T11:00:01Z", UNTIL)]));
}

#[test]
fn steady_state_is_one_window() {
    assert_eq!(listed_until("2026-11-22T11:54:55Z", NOON), windows(&[("2026-11-22T11:54:55Z", UNTIL)]));
}

#[test]
fn a_window_ends_at_a_whole_second() {
    for now in ["2026-11-22T12:00:00.000000001Z", "2026-11-22T12:00:00.999999999Z"] {
        let plan = listed_until("2026-11-22T11:54:55Z", now);
        assert_eq!(plan, windows(&[("2026-11-22T11:54:55Z", UNTIL)]), "{now}");
    }
}

#[test]
fn one_second_is_a_window() {
    assert_eq!(listed_until("2026-11-22T11:59:54Z", NOON), windows(&[("2026-11-22T11:59:54Z", UNTIL)]));
}

#[test]
fn plans_nothing_when_all_is_listed() {
    assert_eq!(listed_until(UNTIL, NOON), windows(&[]));
}

#[test]
fn a_gap_of_exactly_an_hour_is_one_window() {
    assert_eq!(listed_until("2026-11-22T10:59:55Z", NOON), windows(&[("2026-11-22T10:59:55Z", UNTIL)]));
}

#[test]
fn a_longer_gap_is_split_on_the_hour() {
    let two = [("2026-11-22T10:59:54Z", "2026-11-22T11:00:00Z"), ("2026-11-22T11:00:00Z", UNTIL)];
    assert_eq!(listed_until("2026-11-22T10:59:54Z", NOON), windows(&two));
}

#[test]
fn windows_after_an_outage_end_on_the_hour() {
    let four = [
        ("2026-11-22T08:54:55Z", "2026-11-22T09:00:00Z"),
        ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(listed_until("2026-11-22T08:54:55Z", NOON), windows(&four));
}

#[test]
fn a_cursor_on_the_hour_continues_with_whole_hours() {
    let two = [("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"), ("2026-11-22T11:00:00Z", UNTIL)];
    assert_eq!(listed_until("2026-11-22T10:00:00Z", NOON), windows(&two));
}

#[test]
fn a_recorded_window_comes_first_with_its_bounds() {
    let plan = recorded("2026-11-22T11:20:00Z", "2026-11-22T11:25:00Z");
    assert_eq!(plan, windows(&[("2026-11-22T11:20:00Z", "2026-11-22T11:25:00Z"), ("2026-11-22T11:25:00Z", UNTIL)]));
}

#[test]
fn a_recorded_window_is_not_split_on_the_hour() {
    let plan = recorded("2026-11-22T09:30:00Z", "2026-11-22T10:20:00Z");
    let three = [
        ("2026-11-22T09:30:00Z", "2026-11-22T10:20:00Z"),
        ("2026-11-22T10:20:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(plan, windows(&three));
}

#[test]
fn an_up_to_date_recorded_window_is_the_whole_plan() {
    assert_eq!(recorded("2026-11-22T11:54:00Z", UNTIL), windows(&[("2026-11-22T11:54:00Z", UNTIL)]));
}

#[test]
fn a_recorded_window_that_ends_in_the_future_waits() {
    for end in ["2026-11-22T11:59:56Z", "2026-11-22T12:10:00Z"] {
        assert_eq!(recorded("2026-11-22T11:50:00Z", end), windows(&[]), "{end}");
    }
}

#[test]
fn an_expired_recorded_window_is_lost_up_to_the_edge() {
    assert_eq!(recorded("2026-11-15T11:30:00Z", "2026-11-15T12:30:00Z"), lost("2026-11-15T11:30:00Z", RETENTION_EDGE));
}

#[test]
fn a_recorded_window_on_the_edge_is_listed() {
    let plan = recorded(RETENTION_EDGE, "2026-11-15T12:30:00Z");
    assert_eq!(plan.lost, None);
    assert_eq!(plan.windows[0], window(RETENTION_EDGE, "2026-11-15T12:30:00Z"));
}

#[test]
fn after_eight_days_one_day_is_lost() {
    assert_eq!(listed_until("2026-11-14T12:00:00Z", NOON), lost("2026-11-14T12:00:00Z", RETENTION_EDGE));
}

#[test]
fn nothing_is_lost_exactly_on_the_edge() {
    assert_eq!(listed_until(RETENTION_EDGE, NOON), Planned { lost: None, windows: from_the_edge() });
}

#[test]
fn one_second_past_the_edge_is_lost() {
    assert_eq!(listed_until("2026-11-15T12:14:59Z", NOON), lost("2026-11-15T12:14:59Z", RETENTION_EDGE));
}

/// Otherwise Microsoft would refuse every window, for as long as the clock is behind.
#[test]
fn a_clock_ten_minutes_behind_stays_within_the_retention() {
    let microsoft_lists_from = at(NOON) - PlanPolicy::RETENTION;
    let behind = at(NOON) - SignedDuration::from_mins(10);
    for cursor in [None, Some(Cursor::at(at("2026-11-14T12:00:00Z")))] {
        let plan = plan_all(feed_at(cursor), behind, &PlanPolicy::with_backfill_hours(168));
        let first = plan.windows[0].start();
        let slow_request = SignedDuration::from_mins(5);
        assert!(first >= microsoft_lists_from + slow_request, "{cursor:?}: the first window starts at {first}");
    }
}

#[test]
fn an_edge_within_a_second_loses_that_second() {
    let plan = listed_until(RETENTION_EDGE, "2026-11-22T12:00:00.001Z");
    let to = at("2026-11-15T12:15:01Z");
    assert_eq!(
        plan.lost,
        Some(Loss {
            from: at(RETENTION_EDGE),
            to,
            reason: LossReason::RetentionExpired,
            content: None,
            objects: Vec::new()
        })
    );
    assert_eq!(plan.windows[0].start(), to);
}

#[test]
fn a_cursor_in_the_future_waits() {
    // The clock went back by a few seconds or by an hour, or had been days ahead.
    for cursor in ["2026-11-22T11:59:56Z", "2026-11-22T13:00:00Z", "2026-11-25T12:00:00Z"] {
        assert_eq!(listed_until(cursor, NOON), windows(&[]), "{cursor}");
    }
}

/// The plan of a feed that was listed up to `cursor` and holds so many contents an hour.
fn dense(contents_per_hour: u64, cursor: &str) -> Planned {
    let feed = FeedState { contents_per_hour: Some(contents_per_hour), ..feed_at(Some(Cursor::at(at(cursor)))) };
    plan_all(feed, at(NOON), &PlanPolicy::with_backfill_hours(168))
}

#[test]
fn windows_are_as_long_as_they_are_expected_to_hold_five_thousand_contents() {
    for (contents_per_hour, minutes) in [
        (0, 60),
        (5_000, 60),
        (5_001, 30),
        (10_000, 30),
        (10_001, 20),
        (15_001, 15),
        (20_001, 12),
        (25_001, 10),
        (30_001, 6),
        (50_001, 5),
        (60_000, 5),
        (60_001, 4),
        (75_001, 3),
        (100_001, 2),
        (150_001, 1),
        (10_000_000, 1),
        (u64::MAX, 1),
    ] {
        let expected = SignedDuration::from_mins(minutes);
        assert_eq!(PlanPolicy::window_length(Some(contents_per_hour)), expected, "{contents_per_hour} an hour");
    }
    assert_eq!(PlanPolicy::window_length(None), SignedDuration::from_mins(60), "unknown");
}

#[test]
fn windows_of_a_busy_feed_end_at_multiples_of_their_length() {
    let five = [
        ("2026-11-22T11:07:30Z", "2026-11-22T11:15:00Z"),
        ("2026-11-22T11:15:00Z", "2026-11-22T11:30:00Z"),
        ("2026-11-22T11:30:00Z", "2026-11-22T11:45:00Z"),
        ("2026-11-22T11:45:00Z", UNTIL),
    ];
    assert_eq!(dense(20_000, "2026-11-22T11:07:30Z"), windows(&five));
}

/// Even in the steady state: five minutes may be too much for one listing.
#[test]
fn what_is_published_between_two_polls_may_be_several_windows() {
    let three = [
        ("2026-11-22T11:54:55Z", "2026-11-22T11:56:00Z"),
        ("2026-11-22T11:56:00Z", "2026-11-22T11:58:00Z"),
        ("2026-11-22T11:58:00Z", UNTIL),
    ];
    assert_eq!(dense(150_000, "2026-11-22T11:54:55Z"), windows(&three));
}

#[test]
fn up_to_its_length_a_window_ends_at_the_last_stable_second() {
    assert_eq!(dense(60_000, "2026-11-22T11:54:55Z"), windows(&[("2026-11-22T11:54:55Z", UNTIL)]));
    let two = [("2026-11-22T11:54:54Z", "2026-11-22T11:55:00Z"), ("2026-11-22T11:55:00Z", UNTIL)];
    assert_eq!(dense(60_000, "2026-11-22T11:54:54Z"), windows(&two));
}

#[test]
fn a_recorded_window_is_as_long_as_it_was_recorded() {
    let cursor = Cursor::recording(window("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"));
    let feed = FeedState { contents_per_hour: Some(10_000), ..feed_at(Some(cursor)) };
    let planned = plan_all(feed, at(NOON), &PlanPolicy::with_backfill_hours(168));
    let three = [
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"),
        ("2026-11-22T11:30:00Z", UNTIL),
    ];
    assert_eq!(planned, windows(&three));
}
