//! Content that comes late is found only by looking again: where that was not done in time, somebody is told.

use audit_feed::loss::{Loss, LossReason};
use audit_feed::plan::PlanPolicy;
use audit_feed::ports::{Clock, WindowLog};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{at, feed, window};

use crate::books::{BOUNDS, Books, only};
use crate::script::{Act, Event};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");

/// Three windows that follow each other, a gap, and one more.
const WINDOWS: [(&str, &str); 4] = [
    ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
    ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"),
    ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
    ("2026-11-22T11:30:00Z", "2026-11-22T11:35:00Z"),
];

fn not_listed_again(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::NotListedAgain, content: None }
}

fn looked_back_until(books: &Books) -> Option<Timestamp> {
    block_on(books.state.looked_back_until(feed())).unwrap()
}

#[test]
fn a_window_that_was_listed_once_and_can_be_listed_no_more_is_told_once() {
    let books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    books.clock.set(PlanPolicy::listable_until(window(BOUNDS.0, BOUNDS.1)) + SignedDuration::from_secs(1));

    let report = books.look();
    books.tell(&report);

    let loss = not_listed_again(BOUNDS.0, BOUNDS.1);
    assert_eq!((&only(&report).lost, books.state.losses()), (&vec![loss.clone()], vec![loss.clone()]));
    let day = books.day("2026-11-22").unwrap();
    assert_eq!((&day["lost"], &day["contents_archived"]), (&json!([loss]), &json!(1)));
    for _ in 0..3 {
        books.an_hour_later();
        assert_eq!((&only(&books.look()).lost[..], books.state.losses().len()), (&[][..], 1));
    }
}

#[test]
fn a_window_that_is_looked_at_as_it_should_be_is_never_told() {
    let books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    for _ in 0..9 * 24 {
        books.an_hour_later();
        assert_eq!(only(&books.look()).lost, [], "{}", books.clock.now());
    }
    assert_eq!(books.listings().len(), 6, "an hour, three, twelve, a day, three, six");
    assert_eq!(looked_back_until(&books), Some(at(BOUNDS.1)));
}

#[test]
fn an_outage_is_told_once_and_not_once_a_window() {
    let books = Books::exchange();
    for bounds in WINDOWS {
        books.list(feed(), bounds, &[]);
    }
    books.look();
    books.later(SignedDuration::from_hours(8 * 24));
    let losses = [not_listed_again(WINDOWS[0].0, WINDOWS[2].1), not_listed_again(WINDOWS[3].0, WINDOWS[3].1)];
    assert_eq!(only(&books.look()).lost, losses);
    assert_eq!(books.state.losses(), losses);
}

#[test]
fn an_outage_that_took_two_runs_to_see_is_one_loss() {
    let books = Books::exchange();
    for bounds in WINDOWS {
        books.list(feed(), bounds, &[]);
    }
    books.look();
    books.later(SignedDuration::from_hours(8 * 24));
    // The archive says what it holds of the hour of the first window, and of no other.
    let asked = std::cell::Cell::new(0);
    let report = books.look_with(|event| match event {
        Event::Archived if asked.replace(asked.get() + 1) > 0 => Act::Fail(crate::books::down()),
        _ => Act::Proceed,
    });
    books.tell(&report);
    assert_eq!(only(&report).lost, [not_listed_again(WINDOWS[0].0, WINDOWS[0].1)]);
    books.an_hour_later();
    let losses = [not_listed_again(WINDOWS[0].0, WINDOWS[2].1), not_listed_again(WINDOWS[3].0, WINDOWS[3].1)];
    assert_eq!((&only(&books.look()).lost[..], &books.state.losses()[..]), (&losses[..], &losses[..]));
}

#[test]
fn however_long_the_reconciler_stood_still_no_window_is_forgotten() {
    for days in [8, 11, 20, 60] {
        let books = Books::with(&[A]);
        books.look();
        assert_eq!(looked_back_until(&books), Some(at(BOUNDS.0)), "more looks are to come");
        books.later(SignedDuration::from_hours(days * 24));
        let lost: Vec<LossReason> = only(&books.look()).lost.iter().map(|loss| loss.reason).collect();
        assert_eq!(lost, [LossReason::NotListedAgain, LossReason::ContentGone], "after {days} days");
        let report = books.archive.reports().into_keys().find(|key| key.contains("day=2026-11-22"));
        assert!(report.is_some_and(|key| !key.is_empty()), "the day is reported anew");
    }
}

#[test]
fn the_books_stay_open_until_a_loss_was_told() {
    let books = Books::with(&[]);
    books.look_last();
    assert_eq!(looked_back_until(&books), Some(at(BOUNDS.1)), "nothing is left to find out");
    let untold = Loss { reason: LossReason::SevenDayEdge, ..not_listed_again(BOUNDS.1, "2026-12-22T11:30:00Z") };
    books.lose(&untold);
    let later = ("2026-12-22T11:30:00Z", "2026-12-22T11:35:00Z");
    books.list(feed(), later, &[]);
    books.clock.set(at("2026-12-22T12:00:00Z"));
    let report = books.look();
    assert_eq!((&only(&report).lost[..], looked_back_until(&books)), (&[untold][..], Some(at(BOUNDS.1))));
    books.tell(&report);
    books.an_hour_later();
    books.look();
    assert_eq!(looked_back_until(&books), Some(at(later.0)));
}
