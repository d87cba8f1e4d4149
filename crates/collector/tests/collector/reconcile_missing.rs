//! What was listed and has no object is queued again, until it has one.

use collector::ports::Clock;
use jiff::SignedDuration;
use testkit::{feed, window};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn content_without_an_object_is_queued_again_until_it_arrives() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    for _ in 0..2 {
        let report = fixture.reconcile();
        assert_eq!((only(&report).missing, only(&report).late.len(), only(&report).windows_open), (1, 0, 1));
        assert_eq!(fixture.record().missing.into_values().collect::<Vec<_>>(), ["b"]);
        fixture.later(SignedDuration::from_mins(5));
    }
    assert_eq!(fixture.queue.content_ids(), ["b", "b"]);
    fixture.archive(feed(), &[B]);
    let report = fixture.reconcile();
    assert_eq!((only(&report).missing, only(&report).windows_open, fixture.queue.sent().len()), (0, 0, 2));
    let record = fixture.record();
    assert_eq!((record.missing.len(), record.settled_at), (0, Some(fixture.clock.now())));
}

#[test]
fn an_object_that_vanished_is_missed_at_the_next_age() {
    let mut fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.archive = testkit::MemoryArchive::default();
    fixture.an_hour_later();
    assert_eq!((only(&fixture.reconcile()).missing, fixture.record().settled_at), (1, None));
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn a_window_in_two_hours_is_compared_with_both() {
    let fixture = ReconcileFixture::exchange();
    let two = [("before", "2026-11-22T10:59:59.999Z"), ("after", "2026-11-22T11:00:00Z")];
    fixture.list(feed(), ("2026-11-22T10:40:00Z", "2026-11-22T11:10:00Z"), &two);
    fixture.archive(feed(), &two[..1]);
    assert_eq!(only(&fixture.reconcile()).missing, 1);
    assert_eq!(fixture.queue.content_ids(), ["after"]);
    fixture.archive(feed(), &two[1..]);
    fixture.an_hour_later();
    assert_eq!((only(&fixture.reconcile()).missing, fixture.record().archived()), (0, 2));
}

#[test]
fn content_that_a_listing_no_longer_names_stays_listed() {
    let mut fixture = ReconcileFixture::with(&[A]);
    let bounds = window(BOUNDS.0, BOUNDS.1);
    fixture.api = testkit::FakeManagementApi::default();
    let report = fixture.reconcile();
    assert_eq!((only(&report).missing, fixture.queue.sent().len(), fixture.listings()), (1, 0, vec![(feed(), bounds)]));
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!((fixture.record().archived(), fixture.record().settled_at), (1, Some(fixture.clock.now())));
}
