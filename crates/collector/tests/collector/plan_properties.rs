//! What holds for every plan, and for any sequence of them.

use collector::cursor::Cursor;
use collector::plan::{PlanPolicy, plan};
use collector::window::Window;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

const DAY: i64 = 86_400;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Some instant of 2026 or so, to the nanosecond.
fn now() -> impl Strategy<Value = Timestamp> {
    (1_767_000_000..1_800_000_000_i64, prop_oneof![Just(0), 0..1_000_000_000])
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

/// A cursor from ten days before `now` to two days after it, with or without a recorded window.
fn cursor(now: Timestamp) -> impl Strategy<Value = Cursor> {
    let edge = 7 * DAY - 900;
    let age = prop_oneof![-2 * DAY..10 * DAY, -10..7_300_i64, edge - 3..edge + 3];
    (age, proptest::option::of(1..=3_600_i64)).prop_map(move |(age, recorded)| {
        let listed_until = Timestamp::from_second(now.as_second() - age).unwrap();
        Cursor { listed_until, planned_until: recorded.map(|length| listed_until + seconds(length)) }
    })
}

fn situation() -> impl Strategy<Value = (Option<Cursor>, Timestamp, u8)> {
    now().prop_flat_map(|now| (proptest::option::weighted(0.8, cursor(now)), Just(now), any::<u8>()))
}

proptest! {
    #[test]
    fn windows_follow_each_other_without_gap_or_overlap((cursor, now, hours) in situation()) {
        let windows = plan(cursor, now, &PlanPolicy::with_backfill_hours(hours)).windows;
        for (earlier, later) in windows.iter().zip(windows.iter().skip(1)) {
            prop_assert_eq!(earlier.end(), later.start());
        }
    }

    #[test]
    fn every_window_may_be_asked_for((cursor, now, hours) in situation()) {
        for window in plan(cursor, now, &PlanPolicy::with_backfill_hours(hours)).windows {
            prop_assert!(window.end().duration_since(window.start()) <= seconds(3_600), "{} is too long", window);
            prop_assert!(window.start() >= now - seconds(7 * DAY) + seconds(900), "{} is over the edge", window);
            prop_assert!(window.end() <= now - seconds(5), "{} has not settled", window);
        }
    }

    #[test]
    fn a_plan_goes_on_where_the_cursor_stands_or_tells_the_loss((cursor, now, hours) in situation()) {
        let plan = plan(cursor, now, &PlanPolicy::with_backfill_hours(hours));
        let first = plan.windows.first().map(Window::start);
        match (cursor, plan.lost) {
            (Some(cursor), Some(loss)) => {
                prop_assert_eq!(loss.from, cursor.listed_until);
                prop_assert!(loss.to <= now - seconds(7 * DAY) + seconds(901), "more than is over the edge");
                prop_assert_eq!(first, Some(loss.to));
            }
            (Some(cursor), None) => prop_assert!(first.is_none_or(|first| first == cursor.listed_until)),
            (None, lost) => {
                let reach = now - seconds(i64::from(hours.min(168)) * 3_600);
                let latest = reach.max(now - seconds(7 * DAY - 900)) + seconds(1);
                prop_assert_eq!(lost, None);
                prop_assert!(first.unwrap() < latest, "{:?} is later than asked for", first);
            }
        }
    }

    #[test]
    fn a_plan_reaches_as_far_as_may_be_asked((cursor, now, hours) in situation()) {
        let windows = plan(cursor, now, &PlanPolicy::with_backfill_hours(hours)).windows;
        let until = Timestamp::from_second((now - seconds(5)).as_second()).unwrap();
        match windows.last() {
            Some(last) => prop_assert_eq!(last.end(), until),
            None => {
                let cursor = cursor.expect("a feed without a cursor must get one");
                prop_assert!(cursor.planned_until.unwrap_or(cursor.listed_until + seconds(1)) > until);
            }
        }
    }

    #[test]
    fn a_recorded_window_is_asked_for_as_it_was_recorded((cursor, now, hours) in situation()) {
        let plan = plan(cursor, now, &PlanPolicy::with_backfill_hours(hours));
        let recorded = cursor.and_then(|cursor| Some((cursor.listed_until, cursor.planned_until?)));
        if let (Some((start, end)), None, Some(first)) = (recorded, plan.lost, plan.windows.first()) {
            prop_assert_eq!((first.start(), first.end()), (start, end));
        }
    }

    /// Polls at any time, each stopped after any number of windows, with or without the next one recorded.
    #[test]
    fn over_many_polls_every_instant_is_listed_once_or_lost_once(
        start in now(),
        hours in 0..=168_u8,
        polls in vec((prop_oneof![4 => 1..900_i64, 1 => 1..9 * DAY, 1 => -600..0_i64], 0..200_usize, any::<bool>()), 1..20),
    ) {
        let policy = PlanPolicy::with_backfill_hours(hours);
        let (mut now, mut cursor, mut settled) = (start, None::<Cursor>, Vec::new());
        for (passed, done, records_next) in polls {
            now += seconds(passed);
            let plan = plan(cursor, now, &policy);
            if let Some(loss) = plan.lost {
                settled.push((loss.from, loss.to));
                cursor = Some(Cursor::at(loss.to));
            }
            for window in plan.windows.iter().take(done) {
                settled.push((window.start(), window.end()));
                cursor = Some(Cursor::at(window.end()));
            }
            if let (true, Some(next)) = (records_next, plan.windows.get(done)) {
                cursor = Some(Cursor::recording(*next));
            }
        }
        for (earlier, later) in settled.iter().zip(settled.iter().skip(1)) {
            prop_assert_eq!(earlier.1, later.0);
        }
        prop_assert_eq!(settled.last().map(|last| last.1), cursor.map(|cursor| cursor.listed_until).filter(|_| !settled.is_empty()));
    }
}
