//! What is asked for next: each fixture is a cursor, a time and the exact plan.

use collector::cursor::Cursor;
use collector::loss::{Loss, LossReason};
use collector::plan::{Plan, PlanPolicy, plan};
use collector::window::Window;
use jiff::SignedDuration;
use testkit::{at, window};

/// Windows end five seconds before it, and nothing older than [`EDGE`] can be asked for.
const NOON: &str = "2026-11-22T12:00:00Z";
const UNTIL: &str = "2026-11-22T11:59:55Z";

/// Seven days before noon, and a quarter of an hour of margin.
const EDGE: &str = "2026-11-15T12:15:00Z";

fn first_run(now: &str, backfill_hours: u8) -> Plan {
    plan(None, at(now), &PlanPolicy::with_backfill_hours(backfill_hours))
}

fn listed_until(cursor: &str, now: &str) -> Plan {
    plan(Some(Cursor::at(at(cursor))), at(now), &PlanPolicy::with_backfill_hours(168))
}

fn recorded(start: &str, end: &str) -> Plan {
    let cursor = Cursor { listed_until: at(start), planned_until: Some(at(end)) };
    plan(Some(cursor), at(NOON), &PlanPolicy::with_backfill_hours(168))
}

/// Nothing is lost, and these windows follow.
fn windows(bounds: &[(&str, &str)]) -> Plan {
    Plan { lost: None, windows: bounds.iter().map(|(start, end)| window(start, end)).collect() }
}

/// From the edge until noon: up to the first full hour, 166 whole hours, and the rest.
fn from_the_edge() -> Vec<Window> {
    let mut windows = vec![window(EDGE, "2026-11-15T13:00:00Z")];
    let hour = SignedDuration::from_hours(1);
    let whole = (0..166).map(|hours| at("2026-11-15T13:00:00Z") + hour * hours);
    windows.extend(whole.map(|start| Window::new(start, start + hour).unwrap()));
    windows.push(window("2026-11-22T11:00:00Z", UNTIL));
    windows
}

/// This is lost, and all that can still be asked for is.
fn lost(from: &str, to: &str) -> Plan {
    let loss = Loss { from: at(from), to: at(to), reason: LossReason::RetentionExpired, content: None };
    Plan { lost: Some(loss), windows: from_the_edge() }
}

#[test]
fn a_first_run_starts_as_far_back_as_it_is_told() {
    let three_hours = [
        ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(first_run(NOON, 3), windows(&three_hours));
}

#[test]
fn a_first_run_of_one_hour_fits_one_window() {
    assert_eq!(first_run(NOON, 1), windows(&[("2026-11-22T11:00:00Z", UNTIL)]));
}

#[test]
fn a_first_run_of_seven_days_starts_five_minutes_inside_the_edge_and_calls_nothing_lost() {
    assert_eq!(first_run(NOON, 168), Plan { lost: None, windows: from_the_edge() });
}

#[test]
fn no_first_run_goes_further_back_than_seven_days() {
    assert_eq!(first_run(NOON, 255), first_run(NOON, 168));
}

#[test]
fn a_first_run_that_looks_back_for_nothing_still_gets_a_cursor() {
    assert_eq!(first_run(NOON, 0), windows(&[("2026-11-22T11:59:54Z", UNTIL)]));
}

#[test]
fn a_first_run_starts_at_a_whole_second_inside_its_hours() {
    let plan = first_run("2026-11-22T12:00:00.987Z", 1);
    assert_eq!(plan, windows(&[("2026-11-22T11:00:01Z", UNTIL)]));
}

#[test]
fn the_steady_state_is_one_window_that_ends_five_seconds_ago() {
    assert_eq!(listed_until("2026-11-22T11:54:55Z", NOON), windows(&[("2026-11-22T11:54:55Z", UNTIL)]));
}

#[test]
fn a_window_ends_at_a_whole_second_at_least_five_seconds_ago() {
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
fn when_all_is_listed_nothing_is_asked() {
    assert_eq!(listed_until(UNTIL, NOON), windows(&[]));
}

#[test]
fn a_gap_of_exactly_an_hour_is_one_window() {
    assert_eq!(listed_until("2026-11-22T10:59:55Z", NOON), windows(&[("2026-11-22T10:59:55Z", UNTIL)]));
}

#[test]
fn a_gap_of_a_second_more_is_cut_at_the_full_hour() {
    let two = [("2026-11-22T10:59:54Z", "2026-11-22T11:00:00Z"), ("2026-11-22T11:00:00Z", UNTIL)];
    assert_eq!(listed_until("2026-11-22T10:59:54Z", NOON), windows(&two));
}

#[test]
fn after_an_outage_of_hours_windows_end_on_the_hour() {
    let four = [
        ("2026-11-22T08:54:55Z", "2026-11-22T09:00:00Z"),
        ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(listed_until("2026-11-22T08:54:55Z", NOON), windows(&four));
}

#[test]
fn an_outage_that_ended_on_the_hour_goes_on_with_a_whole_one() {
    let two = [("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"), ("2026-11-22T11:00:00Z", UNTIL)];
    assert_eq!(listed_until("2026-11-22T10:00:00Z", NOON), windows(&two));
}

#[test]
fn a_recorded_window_comes_first_with_its_very_bounds_and_then_the_rest() {
    let plan = recorded("2026-11-22T11:20:00Z", "2026-11-22T11:25:00Z");
    assert_eq!(plan, windows(&[("2026-11-22T11:20:00Z", "2026-11-22T11:25:00Z"), ("2026-11-22T11:25:00Z", UNTIL)]));
}

#[test]
fn a_recorded_window_is_not_cut_at_the_full_hour() {
    let plan = recorded("2026-11-22T09:30:00Z", "2026-11-22T10:20:00Z");
    let three = [
        ("2026-11-22T09:30:00Z", "2026-11-22T10:20:00Z"),
        ("2026-11-22T10:20:00Z", "2026-11-22T11:00:00Z"),
        ("2026-11-22T11:00:00Z", UNTIL),
    ];
    assert_eq!(plan, windows(&three));
}

#[test]
fn a_recorded_window_that_ends_with_what_may_be_asked_is_all() {
    assert_eq!(recorded("2026-11-22T11:54:00Z", UNTIL), windows(&[("2026-11-22T11:54:00Z", UNTIL)]));
}

#[test]
fn a_recorded_window_that_ends_in_the_future_waits() {
    for end in ["2026-11-22T11:59:56Z", "2026-11-22T12:10:00Z"] {
        assert_eq!(recorded("2026-11-22T11:50:00Z", end), windows(&[]), "{end}");
    }
}

#[test]
fn a_recorded_window_that_slid_over_the_edge_is_lost_up_to_the_edge() {
    assert_eq!(recorded("2026-11-15T11:30:00Z", "2026-11-15T12:30:00Z"), lost("2026-11-15T11:30:00Z", EDGE));
}

#[test]
fn a_recorded_window_that_starts_on_the_edge_is_asked_for() {
    let plan = recorded(EDGE, "2026-11-15T12:30:00Z");
    assert_eq!((plan.lost, plan.windows[0]), (None, window(EDGE, "2026-11-15T12:30:00Z")));
}

#[test]
fn after_eight_days_one_day_is_lost_and_seven_are_asked_for() {
    assert_eq!(listed_until("2026-11-14T12:00:00Z", NOON), lost("2026-11-14T12:00:00Z", EDGE));
}

#[test]
fn exactly_on_the_edge_nothing_is_lost() {
    assert_eq!(listed_until(EDGE, NOON), Plan { lost: None, windows: from_the_edge() });
}

#[test]
fn a_second_over_the_edge_is_a_second_lost() {
    assert_eq!(listed_until("2026-11-15T12:14:59Z", NOON), lost("2026-11-15T12:14:59Z", EDGE));
}

/// Else it would be refused, fall back to the edge as it sees it, and be refused again, for as long as it is behind.
#[test]
fn a_clock_ten_minutes_behind_asks_for_what_microsoft_still_lists() {
    let microsoft_lists_from = at(NOON) - PlanPolicy::RETENTION;
    let behind = at(NOON) - SignedDuration::from_mins(10);
    for cursor in [None, Some(Cursor::at(at("2026-11-14T12:00:00Z")))] {
        let plan = plan(cursor, behind, &PlanPolicy::with_backfill_hours(168));
        let (first, slow) = (plan.windows[0].start(), SignedDuration::from_mins(5));
        assert!(first >= microsoft_lists_from + slow, "{cursor:?}: the first window starts at {first}");
    }
}

#[test]
fn the_edge_within_a_second_costs_the_whole_second() {
    let plan = listed_until(EDGE, "2026-11-22T12:00:00.001Z");
    let to = at("2026-11-15T12:15:01Z");
    assert_eq!(plan.lost, Some(Loss { from: at(EDGE), to, reason: LossReason::RetentionExpired, content: None }));
    assert_eq!(plan.windows[0].start(), to);
}

#[test]
fn a_cursor_in_the_future_waits_for_its_time() {
    // A clock that went back by a few seconds or by an hour, and one that had been days ahead.
    for cursor in ["2026-11-22T11:59:56Z", "2026-11-22T13:00:00Z", "2026-11-25T12:00:00Z"] {
        assert_eq!(listed_until(cursor, NOON), windows(&[]), "{cursor}");
    }
}
