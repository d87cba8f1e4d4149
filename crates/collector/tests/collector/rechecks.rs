//! When a window is due at an age, and how the instants of the ages move, as tables of cases.

use std::collections::{BTreeMap, BTreeSet};

use collector::content::Listing;
use collector::rechecks::Rechecks;
use collector::window_record::WindowRecord;
use jiff::{SignedDuration, Timestamp};
use testkit::{at, window};

use crate::reconcile_fixture::BOUNDS;
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS, ages};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The last instant at which the window of [`BOUNDS`] is listed: seven days after its start, less a quarter of an hour.
const EDGE: &str = "2026-11-29T10:45:00Z";
/// Four hours before.
const LAST_RECHECK: &str = "2026-11-29T06:45:00Z";

/// The window of [`BOUNDS`], listed at this time for the first time.
fn listed_at(listed_at: Timestamp) -> WindowRecord {
    WindowRecord::new(&Listing {
        window: window(BOUNDS.0, BOUNDS.1),
        digests: BTreeSet::new(),
        hours: BTreeSet::new(),
        listed_at,
    })
}

/// The same, five seconds after its end.
fn listed() -> WindowRecord {
    listed_at(at("2026-11-22T11:30:05Z"))
}

fn rechecks(checked_until: &[(SignedDuration, &str)]) -> Rechecks {
    let checked_until = checked_until.iter().map(|(age, until)| (*age, at(until))).collect();
    Rechecks { checked_until, ..Rechecks::default() }
}

#[test]
fn window_is_due_at_each_age_after_its_first_listing() {
    for age in ages() {
        assert_eq!(Rechecks::due_at(&listed(), age), listed().listed_at + age, "{age:#}");
    }
}

#[test]
fn last_recheck_is_four_hours_before_the_edge() {
    for days in [7, 8, 30] {
        let age = DAY * days;
        assert_eq!(Rechecks::due_at(&listed(), age), at(LAST_RECHECK), "{days} days");
    }
}

#[test]
fn window_of_a_backfill_is_due_before_the_edge() {
    let six_days_old = listed_at(at(BOUNDS.1) + SIX_DAYS);
    assert_eq!(Rechecks::due_at(&six_days_old, QUARTER), six_days_old.listed_at + QUARTER);
    assert_eq!(Rechecks::due_at(&six_days_old, SIX_DAYS), at(LAST_RECHECK));
}

#[test]
fn window_is_not_due_before_it_was_listed() {
    for late in [SECOND, HOUR, HOUR * 4, DAY * 3] {
        let record = listed_at(at(LAST_RECHECK) + late);
        for age in ages() {
            assert_eq!(Rechecks::due_at(&record, age), record.listed_at, "listed {late:#} late, {age:#}");
        }
    }
}

#[test]
fn window_due_at_an_age_starts_before_its_bound() {
    for listed_after in [5, 3_600, 86_400 * 3, 86_400 * 6, 86_400 * 7].map(SignedDuration::from_secs) {
        let record = listed_at(at(BOUNDS.1) + listed_after);
        for age in ages() {
            let due = Rechecks::due_at(&record, age) + SECOND;
            assert!(record.window.start() < Rechecks::due_before(age, due), "listed {listed_after:#} after, {age:#}");
        }
    }
}

#[test]
fn last_minute_begins_four_hours_before_the_edge() {
    for (listing, expected) in
        [(at(LAST_RECHECK) - SECOND, false), (at(LAST_RECHECK), true), (at(EDGE), true), (at(EDGE) + DAY, true)]
    {
        assert_eq!(Rechecks::was_first_listed_near_the_edge(&listed_at(listing)), expected, "listed at {listing}");
    }
}

#[test]
fn instant_takes_those_of_younger_ages_with_it() {
    let old = "2026-11-22T11:00:00Z";
    let young = "2026-11-22T12:00:00Z";
    let mut rechecks = rechecks(&[(QUARTER, young), (THREE_HOURS, old), (DAY, old)]);
    rechecks.advance(THREE_HOURS, at("2026-11-22T11:30:00Z"));
    assert_eq!(rechecks.checked_until[&QUARTER], at(young), "it was ahead");
    assert_eq!(rechecks.checked_until[&THREE_HOURS], at("2026-11-22T11:30:00Z"));
    assert_eq!(rechecks.checked_until[&DAY], at(old), "the older age is still to come");
    rechecks.advance(THREE_HOURS, at("2026-11-22T13:00:00Z"));
    assert_eq!(rechecks.checked_until[&QUARTER], at("2026-11-22T13:00:00Z"));
}

#[test]
fn instant_never_moves_back() {
    let mut rechecks = rechecks(&[(QUARTER, "2026-11-22T12:00:00Z"), (DAY, "2026-11-22T12:00:00Z")]);
    let before = rechecks.clone();
    rechecks.advance(DAY, at("2026-11-22T11:00:00Z"));
    assert_eq!(rechecks, before);
}

#[test]
fn window_is_left_at_the_ages_that_have_not_reached_its_end() {
    let before = "2026-11-22T11:29:59Z";
    let rechecks = rechecks(&[(QUARTER, BOUNDS.1), (THREE_HOURS, before), (DAY, before)]);
    let window = window(BOUNDS.0, BOUNDS.1);
    assert_eq!(rechecks.ages_left(window, QUARTER), []);
    assert_eq!(rechecks.ages_left(window, THREE_HOURS), [THREE_HOURS]);
    assert_eq!(rechecks.ages_left(window, DAY), [THREE_HOURS, DAY]);
}

#[test]
fn contents_are_compared_at_the_youngest_age_only() {
    let rechecks = rechecks(&[(QUARTER, "2026-11-22T12:00:00Z"), (DAY, "2026-11-22T11:00:00Z")]);
    assert!(rechecks.is_first(QUARTER));
    assert!(!rechecks.is_first(DAY));
    assert_eq!(rechecks.compared_until(), Some(at("2026-11-22T12:00:00Z")));
}

#[test]
fn only_the_oldest_age_ends_the_search_for_late_content() {
    let rechecks = rechecks(&[(QUARTER, "2026-11-22T12:00:00Z"), (DAY, "2026-11-22T11:00:00Z")]);
    assert!(rechecks.is_oldest(DAY));
    assert!(!rechecks.is_oldest(QUARTER));
    assert_eq!(rechecks.ages(), [DAY, QUARTER], "oldest first");
}

#[test]
fn single_age_is_both_the_first_and_the_oldest() {
    let rechecks = rechecks(&[(DAY, "2026-11-22T12:00:00Z")]);
    assert!(rechecks.is_first(DAY));
    assert!(rechecks.is_oldest(DAY));
}

#[test]
fn late_content_was_not_listed_at_the_last_recheck() {
    let before = BOUNDS.0;
    let end = BOUNDS.1;
    for (checked_until, expected) in [
        (vec![], listed().listed_at),
        (vec![(QUARTER, before), (DAY, before)], listed().listed_at),
        (vec![(QUARTER, end), (DAY, before)], listed().listed_at + QUARTER),
        (vec![(QUARTER, end), (THREE_HOURS, end), (DAY, before)], listed().listed_at + THREE_HOURS),
    ] {
        assert_eq!(rechecks(&checked_until).last_listing(&listed()), expected, "{checked_until:?}");
    }
}

const NOW: &str = "2026-11-22T12:00:00Z";
/// What starts here at [`NOW`] has its last recheck now.
const LISTABLE: &str = "2026-11-15T16:15:00Z";

/// The instants that were left by [`ages`].
fn four_ages() -> Rechecks {
    rechecks(&[
        (QUARTER, "2026-11-22T11:40:00Z"),
        (THREE_HOURS, "2026-11-22T09:00:00Z"),
        (DAY, "2026-11-21T12:00:00Z"),
        (SIX_DAYS, "2026-11-16T12:00:00Z"),
    ])
}

fn after_setting(mut rechecks: Rechecks, ages: &[SignedDuration]) -> BTreeMap<SignedDuration, Timestamp> {
    rechecks.set_ages(ages, at(NOW));
    rechecks.checked_until
}

#[test]
fn new_feed_has_all_its_windows_to_recheck() {
    let expected = ages().into_iter().map(|age| (age, Timestamp::UNIX_EPOCH)).collect();
    assert_eq!(after_setting(Rechecks::default(), &ages()), expected);
}

#[test]
fn same_ages_change_nothing_in_any_order() {
    let expected = four_ages().checked_until;
    assert_eq!(after_setting(four_ages(), &ages()), expected);
    assert_eq!(after_setting(four_ages(), &[SIX_DAYS, QUARTER, DAY, THREE_HOURS, QUARTER]), expected);
}

#[test]
fn new_age_starts_where_the_next_older_one_is() {
    let twelve_hours = HOUR * 12;
    let after = after_setting(four_ages(), &[QUARTER, THREE_HOURS, twelve_hours, DAY, SIX_DAYS]);
    assert_eq!(after[&twelve_hours], at("2026-11-21T12:00:00Z"), "that of one day");
    assert_eq!(after.len(), 5);
}

#[test]
fn new_youngest_age_starts_where_the_next_older_one_is() {
    let after = after_setting(four_ages(), &[SECOND, QUARTER, THREE_HOURS, DAY, SIX_DAYS]);
    assert_eq!(after[&SECOND], at("2026-11-22T11:40:00Z"));
}

#[test]
fn new_oldest_age_starts_where_windows_can_still_be_listed() {
    let young = rechecks(&[(QUARTER, "2026-11-22T11:40:00Z"), (DAY, "2026-11-21T12:00:00Z")]);
    let after = after_setting(young, &[QUARTER, DAY, SIX_DAYS]);
    assert_eq!(after[&SIX_DAYS], at(LISTABLE));
    assert_eq!(after[&DAY], at("2026-11-21T12:00:00Z"), "the others stay");
}

#[test]
fn new_oldest_age_is_not_ahead_of_the_one_before_it() {
    let behind = rechecks(&[(QUARTER, "2026-11-10T12:00:00Z")]);
    let after = after_setting(behind, &[QUARTER, SIX_DAYS]);
    assert_eq!(after[&SIX_DAYS], at("2026-11-10T12:00:00Z"), "what was not rechecked yet remains to be");
}

#[test]
fn removed_age_is_forgotten() {
    for removed in ages() {
        let mut expected = four_ages().checked_until;
        expected.remove(&removed);
        let ages: Vec<SignedDuration> = ages().into_iter().filter(|age| *age != removed).collect();
        assert_eq!(after_setting(four_ages(), &ages), expected, "{removed:#}");
    }
}

/// A run that was killed has recorded the span, and not how far it got: the next one must find the same span.
#[test]
fn span_of_unchecked_windows_goes_on_unless_the_oldest_ages_instant_moves() {
    let since = Some(at("2026-11-15T20:00:00Z"));
    for (until, ages, title, expected) in [
        ("2026-11-15T22:00:00Z", [DAY, THREE_HOURS], "the same ages", since),
        ("2026-11-15T22:00:00Z", [SIX_DAYS, THREE_HOURS], "where it ended has passed the edge less a recheck", None),
        ("2026-11-15T15:00:00Z", [SIX_DAYS, THREE_HOURS], "another oldest age at the same instant", since),
    ] {
        let mut rechecks = rechecks(&[(THREE_HOURS, "2026-11-22T09:00:00Z"), (DAY, until)]);
        rechecks.unchecked_since = since;
        rechecks.set_ages(&ages, at(NOW));
        assert_eq!(rechecks.unchecked_since, expected, "{title}");
    }
}

#[test]
fn no_instant_is_behind_that_of_an_older_age() {
    let sets = [vec![QUARTER], vec![DAY], vec![QUARTER, SIX_DAYS], vec![HOUR, DAY, SIX_DAYS], ages()];
    for first in &sets {
        for second in &sets {
            let mut rechecks = four_ages();
            rechecks.set_ages(first, at(NOW));
            rechecks.set_ages(second, at(NOW) + DAY);
            let instants: Vec<Timestamp> = rechecks.checked_until.into_values().collect();
            assert!(instants.is_sorted_by(|younger, older| younger >= older), "{first:?}, then {second:?}");
        }
    }
}

#[test]
fn without_ages_there_is_nothing_to_recheck() {
    assert_eq!(after_setting(four_ages(), &[]), BTreeMap::new());
}
