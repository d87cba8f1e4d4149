//! When a window is looked at again, by tables.

use std::collections::BTreeSet;
use std::iter;

use audit_feed::content::Listing;
use audit_feed::window_record::{LookingBack, WindowRecord};
use jiff::SignedDuration;
use testkit::{at, window};

use crate::books::{BOUNDS, ages};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A window that was listed five seconds after its end, and never looked at.
fn listed() -> WindowRecord {
    let listed_at = at("2026-11-22T11:30:05Z");
    WindowRecord::new(&Listing { window: window(BOUNDS.0, BOUNDS.1), digests: BTreeSet::new(), listed_at })
}

/// The same, looked at and settled at this age.
fn settled_at(age: SignedDuration) -> WindowRecord {
    let looked_at = Some(listed().listed_at + age);
    WindowRecord { looked_at, settled_at: looked_at, ..listed() }
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
        assert_eq!(is_due(&settled_at(quarter), age), age >= 60 * MINUTE, "settled, {age:#}");
    }
}

#[test]
fn an_age_of_zero_is_at_once_and_once() {
    let at_once = LookingBack { ages: vec![SignedDuration::ZERO] };
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
    let backwards = LookingBack { ages: ages().ages.into_iter().rev().collect() };
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
    let never = LookingBack { ages: Vec::new() };
    assert!(!never.is_due(&listed(), at("2027-11-22T11:30:05Z")));
}

/// Listed so long after its end.
fn listed_after(age: SignedDuration) -> WindowRecord {
    WindowRecord { listed_at: listed().window.end() + age, ..listed() }
}

#[test]
fn a_window_whose_looks_were_not_all_taken_may_hold_more_than_was_seen() {
    let (day, hour) = (SignedDuration::from_hours(24), SignedDuration::from_hours(1));
    let edge = SignedDuration::from_hours(7 * 24) - 46 * MINUTE;
    for (title, record, expected) in [
        ("never looked at", listed(), true),
        ("looked at for the first time", settled_at(15 * MINUTE), true),
        ("without its last look", settled_at(3 * day), true),
        ("an hour before its last look", settled_at(6 * day - hour), true),
        ("with its last look", settled_at(6 * day), false),
        ("looked at over the edge", settled_at(7 * day), false),
        ("listed after two days, and not again", listed_after(2 * day), true),
        ("listed at an age at which no look is left", listed_after(6 * day), false),
        ("listed just before the edge", listed_after(edge), false),
        ("listed after five days, and not again", listed_after(5 * day), true),
        (
            "listed after five days, and again when six were over",
            WindowRecord { looked_at: Some(listed().window.end() + 6 * day), ..listed_after(5 * day) },
            false,
        ),
        (
            "listed after four days and one hour: three more are too many",
            WindowRecord { looked_at: Some(listed().window.end() + 5 * day + hour), ..listed_after(4 * day + hour) },
            false,
        ),
    ] {
        assert_eq!(ages().may_have_missed_late_content(&record), expected, "{title}");
    }
}

#[test]
fn a_window_is_done_with_when_it_is_settled_and_no_look_is_left() {
    let (day, last) = (SignedDuration::from_hours(24), SignedDuration::from_hours(144));
    for (title, record, expected) in [
        ("never looked at", listed(), false),
        ("settled, a look is left", settled_at(3 * day), false),
        ("settled at the last look", settled_at(last), true),
        ("open at the last look", open_at(last), false),
        ("settled over the edge", settled_at(8 * day), true),
    ] {
        assert_eq!(ages().is_done_with(&record), expected, "{title}");
    }
}
