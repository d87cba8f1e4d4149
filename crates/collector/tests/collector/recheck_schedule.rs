//! When a window is looked at again, by tables.

use std::collections::BTreeSet;
use std::iter;

use collector::content::Listing;
use collector::window_record::{RecheckSchedule, WindowRecord};
use jiff::SignedDuration;
use testkit::{at, window};

use crate::reconcile_fixture::{BOUNDS, ages};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A window that was listed five seconds after its end, and never looked at.
fn listed() -> WindowRecord {
    let listed_at = at("2026-11-22T11:30:05Z");
    WindowRecord::new(&Listing { window: window(BOUNDS.0, BOUNDS.1), digests: BTreeSet::new(), listed_at })
}

/// The same, looked at and settled at this age.
fn settled_at(age: SignedDuration) -> WindowRecord {
    let checked_at = Some(listed().listed_at + age);
    WindowRecord { checked_at, relisted_at: checked_at, settled_at: checked_at, ..listed() }
}

/// The same, something left open at this age.
fn open_at(age: SignedDuration) -> WindowRecord {
    WindowRecord { settled_at: None, ..settled_at(age) }
}

fn is_due(record: &WindowRecord, age: SignedDuration) -> bool {
    ages().is_due(record, record.listed_at + age)
}

#[test]
fn each_age_is_due_from_the_moment_it_is_reached_until_it_was_seen() {
    let ages = ages().ages;
    let seen = iter::once(listed()).chain(ages.iter().map(|age| settled_at(*age)));
    for (age, seen_before) in ages.iter().zip(seen) {
        for (title, record, at_age, expected) in [
            ("a second early", &seen_before, *age - SECOND, false),
            ("reached", &seen_before, *age, true),
            ("passed", &seen_before, *age + SECOND, true),
            ("just seen", &settled_at(*age), *age, false),
            ("seen before", &settled_at(*age), *age + SECOND, false),
            ("seen a moment too early", &settled_at(*age - SECOND), *age, true),
        ] {
            assert_eq!(is_due(record, at_age), expected, "{age:#}: {title}");
        }
    }
}

#[test]
fn one_look_makes_up_for_all_ages_that_passed_unseen() {
    let (two_days, three_days) = (SignedDuration::from_hours(48), SignedDuration::from_hours(72));
    assert!(is_due(&listed(), two_days));
    for (age, expected) in [(two_days, false), (three_days - SECOND, false), (three_days, true)] {
        assert_eq!(is_due(&settled_at(two_days), age), expected, "{age:#}");
    }
}

#[test]
fn after_the_last_age_a_settled_window_rests() {
    let last = SignedDuration::from_hours(144);
    for age in [last, last + SECOND, last * 2] {
        assert!(!is_due(&settled_at(last), age), "{age:#}");
    }
}

#[test]
fn what_was_left_open_is_due_in_every_run() {
    let quarter = 15 * MINUTE;
    for age in [quarter, quarter + SECOND, 20 * MINUTE, SignedDuration::from_hours(200)] {
        assert!(is_due(&open_at(quarter), age), "{age:#}");
        let is_listed = age < SignedDuration::from_hours(7 * 24);
        assert_eq!(is_due(&settled_at(quarter), age), age >= 60 * MINUTE && is_listed, "settled, {age:#}");
    }
}

#[test]
fn an_age_of_zero_is_at_once_and_once() {
    let at_once = RecheckSchedule { ages: vec![SignedDuration::ZERO] };
    let record = listed();
    assert!(at_once.is_due(&record, record.listed_at));
    for age in [SignedDuration::ZERO, MINUTE] {
        assert!(
            !at_once.is_due(&settled_at(age), record.listed_at + 60 * MINUTE),
            "looked at {age:#} after the listing"
        );
    }
}

#[test]
fn the_order_of_the_ages_does_not_matter() {
    let backwards = RecheckSchedule { ages: ages().ages.into_iter().rev().collect() };
    for minutes in (0..9_000).step_by(15) {
        let now = listed().listed_at + MINUTE * minutes;
        for record in [listed(), settled_at(15 * MINUTE), settled_at(61 * MINUTE), open_at(15 * MINUTE)] {
            assert_eq!(backwards.is_due(&record, now), ages().is_due(&record, now), "{minutes} minutes, {record:?}");
        }
    }
}

#[test]
fn a_clock_that_went_backwards_makes_nothing_due() {
    assert!(!is_due(&listed(), -60 * MINUTE));
    assert!(!is_due(&settled_at(60 * MINUTE), 30 * MINUTE));
}

#[test]
fn without_ages_nothing_is_ever_due() {
    let never = RecheckSchedule { ages: Vec::new() };
    assert!(!never.is_due(&listed(), at("2027-11-22T11:30:05Z")));
}

/// Listed so long after its end, and not again.
fn listed_after(age: SignedDuration) -> WindowRecord {
    WindowRecord { listed_at: listed().window.end() + age, ..listed() }
}

/// The same, listed again so long after its end.
fn listed_after_and_again(age: SignedDuration, again: SignedDuration) -> WindowRecord {
    let at = Some(listed().window.end() + again);
    WindowRecord { checked_at: at, relisted_at: at, settled_at: at, ..listed_after(age) }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The age at which the window can no longer be listed.
const EDGE: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 45);
/// The age at which it is looked at for the last time where the ages do not allow it.
const LAST: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 45 - 4 * 60);

#[test]
fn a_window_listed_so_late_that_its_ages_come_too_late_is_looked_at_four_hours_before_the_edge() {
    for (title, record) in [
        ("an age comes after the edge", listed_after_and_again(2 * DAY, 5 * DAY)),
        ("an age comes in the last four hours", listed_after_and_again(DAY - 2 * HOUR, 4 * DAY)),
        ("it was listed six days late, and looked at", listed_after_and_again(6 * DAY, 6 * DAY + 12 * HOUR)),
    ] {
        let due = |age| ages().is_due(&record, record.window.end() + age);
        assert_eq!((due(LAST - SECOND), due(LAST), due(EDGE)), (false, true, true), "{title}");
        assert!(!due(EDGE + SECOND), "{title}: nothing can be found out any more");
    }
}

#[test]
fn every_window_is_compared_with_the_archive_however_late_it_was_listed() {
    for listed_at_age in [LAST + SECOND, LAST + HOUR, EDGE, EDGE + HOUR] {
        let record = listed_after(listed_at_age);
        let due = |minutes| ages().is_due(&record, record.listed_at + MINUTE * minutes);
        assert_eq!((due(14), due(15), due(10_000)), (false, true, true), "{listed_at_age:#}");
    }
}

#[test]
fn a_look_is_left_until_the_last_that_was_planned_is_taken() {
    let looked_at_over_the_edge = WindowRecord { checked_at: Some(listed().listed_at + 8 * DAY), ..listed() };
    for (title, record, expected) in [
        ("never looked at", listed(), true),
        ("looked at for the first time", settled_at(15 * MINUTE), true),
        ("without its last look", settled_at(3 * DAY), true),
        ("with its last look", settled_at(6 * DAY), false),
        ("compared with the archive, and not listed", looked_at_over_the_edge, true),
        ("listed after two days, and not again", listed_after(2 * DAY), true),
        ("listed after two days, and again before the edge", listed_after_and_again(2 * DAY, LAST), false),
        ("listed after two days, and again too early", listed_after_and_again(2 * DAY, LAST - MINUTE), true),
        ("listed when no look was left", listed_after(LAST + SECOND), false),
        ("listed at the edge", listed_after(EDGE), false),
    ] {
        assert_eq!(ages().has_recheck_left(&record), expected, "{title}");
    }
}

#[test]
fn with_an_age_of_zero_a_look_is_left_to_a_window_that_was_never_looked_at() {
    let at_once = RecheckSchedule { ages: vec![SignedDuration::ZERO] };
    assert!(at_once.has_recheck_left(&listed()));
    assert!(!at_once.has_recheck_left(&settled_at(SignedDuration::ZERO)));
}
