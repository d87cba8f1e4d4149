//! A look back at one window: its bounds, what is late, and the proof that all is there.

use audit_feed::ports::Clock;
use audit_feed::reconcile::LateContent;
use jiff::SignedDuration;
use testkit::{at, feed, window};

use crate::books::{BOUNDS, Books, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");
const C: (&str, &str) = ("c", "2026-11-22T11:20:00Z");

#[test]
fn the_very_same_bounds_are_asked_again() {
    let books = Books::exchange();
    let odd = books.list(feed(), ("2026-11-22T10:59:43Z", "2026-11-22T11:31:07Z"), &[]);
    for _ in 0..4 {
        books.look();
        books.an_hour_later();
    }
    assert_eq!(books.listings(), [(feed(), odd); 3], "due at the ages of 15 minutes, 1 and 3 hours");
}

#[test]
fn a_window_that_is_not_due_is_left_alone() {
    let books = Books::exchange();
    let young = window("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z");
    books.list(feed(), ("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z"), &[A]);
    let report = books.look();
    assert_eq!((only(&report).windows_checked, only(&report).windows_open, report.more_to_do), (0, 0, false));
    assert_eq!((books.listings(), books.archive.reports().len()), (vec![], 0));
    books.later(SignedDuration::from_secs(1));
    assert_eq!((only(&books.look()).windows_checked, books.listings()), (1, vec![(feed(), young)]));
}

#[test]
fn a_window_whose_contents_are_archived_is_settled_with_the_time_of_proof() {
    let books = Books::with(&[A, B]);
    books.archive(feed(), &[A, B]);
    let report = books.look();
    let record = books.record();
    let now = Some(books.clock.now());
    assert_eq!((record.settled_at, record.looked_at, record.archived()), (now, now, 2));
    assert_eq!((only(&report).windows_checked, only(&report).windows_open, only(&report).missing), (1, 0, 0));
    assert_eq!(books.queue.sent(), [], "what is there is not fetched again");
}

#[test]
fn an_empty_window_is_proven_too() {
    let books = Books::with(&[]);
    books.look();
    assert_eq!(books.record().settled_at, Some(books.clock.now()));
}

#[test]
fn late_content_is_queued_with_the_window_in_which_it_stood() {
    let books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    books.publish(feed(), &[B]);
    books.look();
    let messages = books.queue.drain();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let bounds = (message.window_start, message.window_end);
    assert_eq!((message.content_id.as_str(), message.feed(), bounds), ("b", feed(), (at(BOUNDS.0), at(BOUNDS.1))));
    assert_eq!(message.content_created, at(B.1));
}

#[test]
fn late_content_is_counted_with_the_bounds_of_its_delay() {
    let books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    books.publish(feed(), &[B]);
    let late = |id: &str, created, not_listed_after_seconds, listed_after_seconds| LateContent {
        content_id: id.to_owned(),
        content_created: at(created),
        not_listed_after_seconds,
        listed_after_seconds,
    };
    // Listed at 11:30:05 and looked at at 12:00:05.
    assert_eq!(only(&books.look()).late, [late("b", B.1, 785, 2_585)]);
    books.publish(feed(), &[C]);
    books.an_hour_later();
    assert_eq!(only(&books.look()).late, [late("c", C.1, 2_405, 6_005)], "since the look before");
    assert_eq!(books.record().late, 2);
}

#[test]
fn late_content_is_late_once_and_not_missing() {
    let books = Books::with(&[]);
    books.publish(feed(), &[A]);
    let first = books.look();
    assert_eq!((only(&first).late.len(), only(&first).missing, only(&first).windows_open), (1, 0, 1));
    books.archive(feed(), &[A]);
    books.an_hour_later();
    let second = books.look();
    assert_eq!((only(&second).late.len(), only(&second).windows_open), (0, 0));
    assert_eq!((books.queue.content_ids(), books.record().late), (vec!["a".to_owned()], 1));
}

#[test]
fn late_content_opens_a_settled_window_again() {
    let books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    books.look();
    books.publish(feed(), &[B]);
    books.an_hour_later();
    books.look();
    assert_eq!(books.record().settled_at, None);
    books.archive(feed(), &[B]);
    books.later(SignedDuration::from_mins(5));
    books.look();
    assert_eq!(books.record().settled_at, Some(books.clock.now()), "due in the next run, whatever its age");
}
