//! Invariants of every plan, and of any sequence of plans.

use std::iter::successors;

use collector::cursor::Cursor;
use collector::feed_state::FeedState;
use collector::plan::PlanPolicy;
use collector::window::Window;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::planned::{Planned, plan_all};

const DAY: i64 = 86_400;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// An instant in or near 2026, to the nanosecond.
fn now() -> impl Strategy<Value = Timestamp> {
    (1_767_000_000..1_800_000_000_i64, prop_oneof![Just(0), 0..1_000_000_000])
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

/// A cursor from ten days before `now` to two days after it, with or without a recorded window.
fn cursor(now: Timestamp) -> impl Strategy<Value = Cursor> {
    let oldest = 7 * DAY - 900;
    let age = prop_oneof![-2 * DAY..10 * DAY, -10..7_300_i64, oldest - 3..oldest + 3];
    (age, proptest::option::of(1..=3_600_i64)).prop_map(move |(age, recorded)| {
        let listed_until = Timestamp::from_second(now.as_second() - age).unwrap();
        Cursor {
            listed_until,
            planned_until: recorded.map(|length| listed_until + seconds(length)),
            never_listed: false,
        }
    })
}

/// The seconds since the previous poll, how many windows it lists, whether it records the next one and how often it
/// halves that, and how dense the feed is then.
fn poll() -> impl Strategy<Value = (i64, usize, Option<usize>, Option<u64>)> {
    let elapsed = prop_oneof![4 => 1..900_i64, 1 => 1..9 * DAY, 1 => -600..0_i64];
    (elapsed, 0..200_usize, proptest::option::of(0..8_usize), density())
}

/// How many contents an hour holds: rarely so many that windows are only minutes long, because that makes them many.
fn density() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![4 => Just(None), 4 => (0..25_000_u64).prop_map(Some), 1 => any::<u64>().prop_map(Some)]
}

fn situation() -> impl Strategy<Value = (FeedState, Timestamp, u8)> {
    now().prop_flat_map(|now| {
        let feed = (proptest::option::weighted(0.8, cursor(now)), density());
        let feed = feed.prop_map(|(cursor, contents_per_hour)| FeedState {
            cursor,
            contents_per_hour,
            ..FeedState::default()
        });
        (feed, Just(now), any::<u8>())
    })
}

proptest! {
    #[test]
    fn windows_have_no_gaps_or_overlaps((feed, now, hours) in situation()) {
        let windows = plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours)).windows;
        for (earlier, later) in windows.iter().zip(windows.iter().skip(1)) {
            prop_assert_eq!(earlier.end(), later.start());
        }
    }

    #[test]
    fn every_window_can_be_listed((feed, now, hours) in situation()) {
        for window in plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours)).windows {
            prop_assert!(window.end().duration_since(window.start()) <= seconds(3_600), "{} is too long", window);
            let retention_edge = now - seconds(7 * DAY) + seconds(900);
            prop_assert!(window.start() >= retention_edge, "{} is past the retention edge", window);
            prop_assert!(window.end() <= now - seconds(5), "{} is too recent", window);
        }
    }

    /// So they do not depend on when polls ran. The recorded window, and what is left after the last boundary, are as
    /// they are.
    #[test]
    fn sized_windows_end_at_multiples_of_their_length((feed, now, hours) in situation()) {
        let windows = plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours)).windows;
        let length = PlanPolicy::window_length(feed.contents_per_hour);
        prop_assert_eq!(3_600 % length.as_secs(), 0);
        let is_recorded = |window: &Window| feed.cursor.is_some_and(|cursor| cursor.records(*window));
        for window in windows.iter().rev().skip(1).filter(|window| !is_recorded(window)) {
            prop_assert!(window.end().duration_since(window.start()) <= length, "{} is too long", window);
            prop_assert_eq!(window.end().as_second() % length.as_secs(), 0, "{} ends between two boundaries", window);
        }
    }

    #[test]
    fn a_plan_continues_at_the_cursor_or_reports_a_loss((feed, now, hours) in situation()) {
        let plan = plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours));
        let first = plan.windows.first().map(Window::start);
        match (feed.cursor, plan.lost) {
            (Some(cursor), Some(loss)) => {
                prop_assert_eq!(loss.from, cursor.listed_until);
                prop_assert!(loss.to <= now - seconds(7 * DAY) + seconds(901), "more is lost than has expired");
                prop_assert_eq!(first, Some(loss.to));
            }
            (Some(cursor), None) => prop_assert!(first.is_none_or(|first| first == cursor.listed_until)),
            (None, lost) => {
                let backfill_from = now - seconds(i64::from(hours.min(168)) * 3_600);
                let latest = backfill_from.max(now - seconds(7 * DAY - 900)) + seconds(1);
                prop_assert_eq!(lost, None);
                prop_assert!(first.unwrap() < latest, "{:?} is later than configured", first);
            }
        }
    }

    #[test]
    fn a_plan_reaches_the_last_stable_second((feed, now, hours) in situation()) {
        let windows = plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours)).windows;
        let until = Timestamp::from_second((now - seconds(5)).as_second()).unwrap();
        match windows.last() {
            Some(last) => prop_assert_eq!(last.end(), until),
            None => {
                let cursor = feed.cursor.expect("a feed without a cursor must get one");
                prop_assert!(cursor.planned_until.unwrap_or(cursor.listed_until + seconds(1)) > until);
            }
        }
    }

    #[test]
    fn a_recorded_window_keeps_its_bounds((feed, now, hours) in situation()) {
        let plan = plan_all(feed, now, &PlanPolicy::with_backfill_hours(hours));
        let recorded = feed.cursor.and_then(|cursor| Some((cursor.listed_until, cursor.planned_until?)));
        if let (Some((start, end)), None, Some(first)) = (recorded, plan.lost, plan.windows.first()) {
            prop_assert_eq!((first.start(), first.end()), (start, end));
        }
    }

    /// Polls run at any time; each stops after any number of windows, with or without the next one recorded, or a half of
    /// it.
    #[test]
    fn every_instant_is_listed_once_or_lost_once(
        start in now(),
        hours in 0..=168_u8,
        polls in vec(poll(), 1..20),
    ) {
        let policy = PlanPolicy::with_backfill_hours(hours);
        let (mut now, mut feed) = (start, FeedState::default());
        let mut covered = Vec::new();
        for (elapsed, done, halvings, contents_per_hour) in polls {
            now += seconds(elapsed);
            feed.contents_per_hour = contents_per_hour;
            let Planned { lost, windows } = plan_all(feed, now, &policy);
            if let Some(loss) = lost {
                covered.push((loss.from, loss.to));
                feed.cursor = Some(Cursor::at(loss.to));
            }
            for window in windows.iter().take(done) {
                covered.push((window.start(), window.end()));
                feed.cursor = Some(Cursor::at(window.end()));
            }
            if let (Some(halvings), Some(next)) = (halvings, windows.get(done)) {
                let halves = successors(Some(*next), Window::first_half);
                feed.cursor = halves.take(1 + halvings).last().map(Cursor::recording);
            }
        }
        for (earlier, later) in covered.iter().zip(covered.iter().skip(1)) {
            prop_assert_eq!(earlier.1, later.0);
        }
        let listed_until = feed.cursor.map(|cursor| cursor.listed_until).filter(|_| !covered.is_empty());
        prop_assert_eq!(covered.last().map(|last| last.1), listed_until);
    }

    #[test]
    fn halves_of_a_window_end_inside_it(start in 0..7_200_i64, length in 1..=3_600_i64) {
        let at = |second| Timestamp::from_second(1_767_000_000 + second).unwrap();
        let window = Window::new(at(start), at(start + length)).unwrap();
        match window.first_half() {
            None => prop_assert!(length <= 60),
            Some(half) => {
                prop_assert!(60 < length);
                prop_assert_eq!(half.start(), window.start());
                prop_assert!(half.end() <= at(start + length / 2));
                prop_assert!(half.end().as_second() % 60 == 0 || half.end() == at(start + length / 2));
            }
        }
    }
}
