//! When a window is due for a recheck, as tables of cases.

use std::collections::BTreeSet;
use std::iter;

use collector::content::Listing;
use collector::window_record::{RecheckSchedule, WindowRecord};
use jiff::SignedDuration;
use testkit::{at, window};

use crate::reconcile_fixture::{BOUNDS, ages};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A window that was listed five seconds after its end, and never checked.
fn listed() -> WindowRecord {
    let listed_at = at("2026-11-22T11:30:05Z");
    WindowRecord::new(&Listing {
        window: window(BOUNDS.0, BOUNDS.1),
        digests: BTreeSet::new(),
        hours: BTreeSet::new(),
        listed_at,
    })
}

/// The same, checked and settled at this age.
fn settled_at(age: SignedDuration) -> WindowRecord {
    let checked_at = Some(listed().listed_at + age);
    WindowRecord { checked_at, relisted_at: checked_at, settled_at: checked_at, ..listed() }
}

/// The same, checked at this age with contents still missing.
fn open_at(age: SignedDuration) -> WindowRecord {
    WindowRecord { settled_at: None, ..settled_at(age) }
}

fn is_due(record: &WindowRecord, age: SignedDuration) -> bool {
    ages().is_due(record, record.listed_at + age)
}

#[test]
fn each_age_is_due_until_it_is_checked() {
    let ages = ages().ages;
    let checked = iter::once(listed()).chain(ages.iter().map(|age| settled_at(*age)));
    for (age, checked_before) in ages.iter().zip(checked) {
        for (title, record, at_age, expected) in [
            ("a second early", &checked_before, *age - SECOND, false),
            ("reached", &checked_before, *age, true),
            ("passed", &checked_before, *age + SECOND, true),
            ("just checked", &settled_at(*age), *age, false),
            ("checked before", &settled_at(*age), *age + SECOND, false),
            ("checked a second too early", &settled_at(*age - SECOND), *age, true),
        ] {
            assert_eq!(is_due(record, at_age), expected, "{age:#}: {title}");
        }
    }
}

#[test]
fn one_recheck_covers_all_missed_ages() {
    let (two_days, three_days) = (SignedDuration::from_hours(48), SignedDuration::from_hours(72));
    assert!(is_due(&listed(), two_days));
    for (age, expected) in [(two_days, false), (three_days - SECOND, false), (three_days, true)] {
        assert_eq!(is_due(&settled_at(two_days), age), expected, "{age:#}");
    }
}

#[test]
fn settled_window_is_not_due_after_last_age() {
    let last = SignedDuration::from_hours(144);
    for age in [last, last + SECOND, last * 2] {
        assert!(!is_due(&settled_at(last), age), "{age:#}");
    }
}

#[test]
fn open_window_is_due_in_every_run() {
    let quarter = 15 * MINUTE;
    for age in [quarter, quarter + SECOND, 20 * MINUTE, SignedDuration::from_hours(200)] {
        assert!(is_due(&open_at(quarter), age), "{age:#}");
        let is_listed = age < SignedDuration::from_hours(7 * 24);
        assert_eq!(is_due(&settled_at(quarter), age), age >= 60 * MINUTE && is_listed, "settled, {age:#}");
    }
}

#[test]
fn age_zero_is_due_immediately_and_once() {
    let immediately = RecheckSchedule { ages: vec![SignedDuration::ZERO] };
    let record = listed();
    assert!(immediately.is_due(&record, record.listed_at));
    for age in [SignedDuration::ZERO, MINUTE] {
        assert!(
            !immediately.is_due(&settled_at(age), record.listed_at + 60 * MINUTE),
            "checked {age:#} after the listing"
        );
    }
}

#[test]
fn order_of_ages_does_not_matter() {
    let reversed = RecheckSchedule { ages: ages().ages.into_iter().rev().collect() };
    for minutes in (0..9_000).step_by(15) {
        let now = listed().listed_at + MINUTE * minutes;
        for record in [listed(), settled_at(15 * MINUTE), settled_at(61 * MINUTE), open_at(15 * MINUTE)] {
            assert_eq!(reversed.is_due(&record, now), ages().is_due(&record, now), "{minutes} minutes, {record:?}");
        }
    }
}

#[test]
fn clock_going_backwards_makes_nothing_due() {
    assert!(!is_due(&listed(), -60 * MINUTE));
    assert!(!is_due(&settled_at(60 * MINUTE), 30 * MINUTE));
}

#[test]
fn nothing_is_due_without_ages() {
    let never = RecheckSchedule { ages: Vec::new() };
    assert!(!never.is_due(&listed(), at("2027-11-22T11:30:05Z")));
}

/// A window that was listed `age` after its end, and not again.
fn listed_after(age: SignedDuration) -> WindowRecord {
    WindowRecord { listed_at: listed().window.end() + age, ..listed() }
}

/// The same, listed again `again` after its end.
fn listed_after_and_again(age: SignedDuration, again: SignedDuration) -> WindowRecord {
    let at = Some(listed().window.end() + again);
    WindowRecord { checked_at: at, relisted_at: at, settled_at: at, ..listed_after(age) }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The age after which the window can no longer be listed.
const RETENTION_EDGE: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 45);
/// The age of the last recheck if the scheduled ones would come too late.
const LAST_RECHECK: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 45 - 4 * 60);

#[test]
fn last_recheck_is_four_hours_before_retention_ends() {
    for (title, record) in [
        ("an age is past the edge", listed_after_and_again(2 * DAY, 5 * DAY)),
        ("an age is within the last four hours", listed_after_and_again(DAY - 2 * HOUR, 4 * DAY)),
        ("it was listed six days late, and rechecked", listed_after_and_again(6 * DAY, 6 * DAY + 12 * HOUR)),
    ] {
        let due = |age| ages().is_due(&record, record.window.end() + age);
        assert!(!due(LAST_RECHECK - SECOND), "{title}, a second early");
        assert!(due(LAST_RECHECK), "{title}, four hours before the edge");
        assert!(due(RETENTION_EDGE), "{title}, at the edge");
        assert!(!due(RETENTION_EDGE + SECOND), "{title}, past the edge: a listing is no longer possible");
    }
}

#[test]
fn compares_late_listed_windows_with_the_archive() {
    for listed_at_age in [LAST_RECHECK + SECOND, LAST_RECHECK + HOUR, RETENTION_EDGE, RETENTION_EDGE + HOUR] {
        let record = listed_after(listed_at_age);
        let due = |minutes| ages().is_due(&record, record.listed_at + MINUTE * minutes);
        assert!(!due(14), "{listed_at_age:#}");
        assert!(due(15), "{listed_at_age:#}");
        assert!(due(10_000), "{listed_at_age:#}");
    }
}

#[test]
fn recheck_is_left_until_the_last_planned_one() {
    let checked_past_the_edge = WindowRecord { checked_at: Some(listed().listed_at + 8 * DAY), ..listed() };
    for (title, record, expected) in [
        ("never checked", listed(), true),
        ("checked once", settled_at(15 * MINUTE), true),
        ("before its last recheck", settled_at(3 * DAY), true),
        ("after its last recheck", settled_at(6 * DAY), false),
        ("compared with the archive, but not listed", checked_past_the_edge, true),
        ("listed after two days, and not again", listed_after(2 * DAY), true),
        ("listed after two days, and again before the edge", listed_after_and_again(2 * DAY, LAST_RECHECK), false),
        ("listed after two days, and again too early", listed_after_and_again(2 * DAY, LAST_RECHECK - MINUTE), true),
        ("listed when no recheck was left", listed_after(LAST_RECHECK + SECOND), false),
        ("listed at the edge", listed_after(RETENTION_EDGE), false),
    ] {
        assert_eq!(ages().has_recheck_left(&record), expected, "{title}");
    }
}

#[test]
fn age_zero_leaves_one_recheck() {
    let immediately = RecheckSchedule { ages: vec![SignedDuration::ZERO] };
    assert!(immediately.has_recheck_left(&listed()));
    assert!(!immediately.has_recheck_left(&settled_at(SignedDuration::ZERO)));
}
