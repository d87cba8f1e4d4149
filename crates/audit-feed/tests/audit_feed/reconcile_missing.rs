//! What was listed and has no object is queued again, until it has one.

use audit_feed::ports::Clock;
use jiff::SignedDuration;
use testkit::{feed, window};

use crate::books::{BOUNDS, Books, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn content_without_an_object_is_queued_again_until_it_arrives() {
    let books = Books::with(&[A, B]);
    books.archive(feed(), &[A]);
    for _ in 0..2 {
        let report = books.look();
        assert_eq!((only(&report).missing, only(&report).late.len(), only(&report).windows_open), (1, 0, 1));
        assert_eq!(books.record().missing.into_values().collect::<Vec<_>>(), ["b"]);
        books.later(SignedDuration::from_mins(5));
    }
    assert_eq!(books.queue.content_ids(), ["b", "b"]);
    books.archive(feed(), &[B]);
    let report = books.look();
    assert_eq!((only(&report).missing, only(&report).windows_open, books.queue.sent().len()), (0, 0, 2));
    let record = books.record();
    assert_eq!((record.missing.len(), record.settled_at), (0, Some(books.clock.now())));
}

#[test]
fn an_object_that_vanished_is_missed_at_the_next_age() {
    let mut books = Books::with(&[A]);
    books.archive(feed(), &[A]);
    books.look();
    books.archive = testkit::MemoryArchive::default();
    books.an_hour_later();
    assert_eq!((only(&books.look()).missing, books.record().settled_at), (1, None));
    assert_eq!(books.queue.content_ids(), ["a"]);
}

#[test]
fn a_window_in_two_hours_is_compared_with_both() {
    let books = Books::exchange();
    let two = [("before", "2026-11-22T10:59:59.999Z"), ("after", "2026-11-22T11:00:00Z")];
    books.list(feed(), ("2026-11-22T10:40:00Z", "2026-11-22T11:10:00Z"), &two);
    books.archive(feed(), &two[..1]);
    assert_eq!(only(&books.look()).missing, 1);
    assert_eq!(books.queue.content_ids(), ["after"]);
    books.archive(feed(), &two[1..]);
    books.an_hour_later();
    assert_eq!((only(&books.look()).missing, books.record().archived()), (0, 2));
}

#[test]
fn content_that_a_listing_no_longer_names_stays_listed() {
    let mut books = Books::with(&[A]);
    let bounds = window(BOUNDS.0, BOUNDS.1);
    books.api = testkit::FakeManagementApi::default();
    let report = books.look();
    assert_eq!((only(&report).missing, books.queue.sent().len(), books.listings()), (1, 0, vec![(feed(), bounds)]));
    books.archive(feed(), &[A]);
    books.an_hour_later();
    books.look();
    assert_eq!((books.record().archived(), books.record().settled_at), (1, Some(books.clock.now())));
}
