//! The ages of a running stack can be changed: nothing is missed, nothing is told as lost.

use jiff::SignedDuration;
use testkit::{at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture};
use crate::reconcile_samples::{DAY, QUARTER, SIX_DAYS, THREE_HOURS};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A window of an hour every hour for three weeks, each listed when it ends, with hourly runs. The ages change after two.
fn change_ages(before: &[SignedDuration], after: &[SignedDuration]) -> ReconcileFixture {
    let mut fixture = ReconcileFixture::exchange();
    fixture.policy.ages = before.to_vec();
    for hour in 0..21 * 24 {
        let start = at("2026-11-01T00:00:00Z") + HOUR * hour;
        fixture.clock.set(start + HOUR);
        fixture.list(feed(), (&start.to_string(), &(start + HOUR).to_string()), &[]);
        fixture.later(SignedDuration::from_secs(10));
        if hour == 14 * 24 {
            fixture.policy.ages = after.to_vec();
        }
        fixture.reconcile();
    }
    fixture
}

/// How often the window that starts at this time was listed again.
fn times_listed(fixture: &ReconcileFixture, start: &str) -> usize {
    fixture.asked().iter().filter(|window| window.start() == at(start)).count()
}

/// Two days before the change: rechecked at all ages up to a day.
const BEFORE: &str = "2026-11-13T00:00:00Z";
/// An hour before the change: at no age yet.
const AT_CHANGE: &str = "2026-11-14T23:00:00Z";

#[test]
fn new_age_in_between_applies_to_windows_that_are_younger() {
    let fixture = change_ages(&[QUARTER, DAY], &[QUARTER, THREE_HOURS, DAY]);
    assert_eq!(times_listed(&fixture, AT_CHANGE), 3);
    assert_eq!(times_listed(&fixture, BEFORE), 2, "it is past the new age");
}

#[test]
fn new_age_in_between_loses_nothing() {
    let fixture = change_ages(&[QUARTER, DAY], &[QUARTER, THREE_HOURS, DAY]);
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn new_oldest_age_rechecks_what_can_still_be_listed() {
    let fixture = change_ages(&[QUARTER, DAY], &[QUARTER, DAY, SIX_DAYS]);
    assert_eq!(times_listed(&fixture, AT_CHANGE), 3);
    assert_eq!(times_listed(&fixture, BEFORE), 3);
    assert_eq!(times_listed(&fixture, "2026-11-07T00:00:00Z"), 2, "its last recheck would have been due before");
}

#[test]
fn new_oldest_age_loses_nothing() {
    let fixture = change_ages(&[QUARTER], &[QUARTER, SIX_DAYS]);
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn removed_age_is_no_longer_kept() {
    for (title, ages, listed) in [
        ("the youngest", vec![THREE_HOURS, DAY, SIX_DAYS], 3),
        ("one in between", vec![QUARTER, DAY, SIX_DAYS], 3),
        ("the oldest", vec![QUARTER, THREE_HOURS, DAY], 3),
    ] {
        let fixture = change_ages(&[QUARTER, THREE_HOURS, DAY, SIX_DAYS], &ages);
        assert_eq!(times_listed(&fixture, AT_CHANGE), listed, "{title}");
        assert_eq!(fixture.state.losses(), [], "{title}");
    }
}

#[test]
fn contents_are_compared_at_a_new_first_age() {
    let mut fixture = ReconcileFixture::with(&[("a", "2026-11-22T11:03:00Z")]);
    fixture.policy.ages = vec![DAY, SIX_DAYS];
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), [""; 0], "the first age is a day");
    fixture.policy.ages = vec![QUARTER, DAY, SIX_DAYS];
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), ["a"]);
}

#[test]
fn instants_of_removed_ages_are_forgotten() {
    let mut fixture = ReconcileFixture::with(&[]);
    fixture.reconcile_at_age(DAY);
    fixture.policy.ages = vec![QUARTER, SIX_DAYS];
    fixture.list(feed(), ("2026-11-23T10:00:00Z", "2026-11-23T10:30:00Z"), &[]);
    fixture.an_hour_later();
    fixture.reconcile();
    let ages: Vec<SignedDuration> = fixture.state.rechecks_of(feed()).checked_until.into_keys().collect();
    assert_eq!(ages, [QUARTER, SIX_DAYS]);
}

#[test]
fn single_age_of_zero_rechecks_each_window_once() {
    let mut fixture = ReconcileFixture::with(&[]);
    fixture.policy.ages = vec![SignedDuration::ZERO];
    fixture.clock.set(at(BOUNDS.1) + SignedDuration::from_secs(5));
    for _ in 0..3 {
        fixture.reconcile();
        fixture.an_hour_later();
    }
    assert_eq!(fixture.asked().len(), 1);
}

#[test]
fn without_ages_nothing_is_rechecked() {
    let mut fixture = ReconcileFixture::with(&[("a", "2026-11-22T11:03:00Z")]);
    fixture.policy.ages = Vec::new();
    fixture.reconcile();
    assert_eq!(fixture.asked(), []);
}
