//! Content that was listed but has no object is queued again until it has one.

use collector::ports::Clock;
use collector::reconcile::FeedReconciliation;
use jiff::SignedDuration;
use testkit::{feed, window};

use crate::reconcile::nothing_found;
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn requeues_missing_content_until_it_arrives() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    for _ in 0..2 {
        let report = fixture.reconcile();
        let expected = FeedReconciliation { windows_checked: 1, missing: 1, windows_open: 1, ..nothing_found() };
        assert_eq!(*only(&report), expected);
        assert_eq!(fixture.record().missing.into_values().collect::<Vec<_>>(), ["b"]);
        fixture.later(SignedDuration::from_mins(5));
    }
    assert_eq!(fixture.queue.content_ids(), ["b", "b"]);
    fixture.archive(feed(), &[B]);
    let report = fixture.reconcile();
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 1, ..nothing_found() });
    assert_eq!(fixture.queue.content_ids(), ["b", "b"]);
    let record = fixture.record();
    assert!(record.missing.is_empty());
    assert_eq!(record.settled_at, Some(fixture.clock.now()));
}

#[test]
fn next_recheck_notices_a_vanished_object() {
    let mut fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.archive = testkit::MemoryArchive::default();
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 1);
    assert_eq!(fixture.record().settled_at, None);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn window_spanning_two_hours_is_compared_with_both() {
    let fixture = ReconcileFixture::exchange();
    let two = [("before", "2026-11-22T10:59:59.999Z"), ("after", "2026-11-22T11:00:00Z")];
    fixture.list(feed(), ("2026-11-22T10:40:00Z", "2026-11-22T11:10:00Z"), &two);
    fixture.archive(feed(), &two[..1]);
    assert_eq!(only(&fixture.reconcile()).missing, 1);
    assert_eq!(fixture.queue.content_ids(), ["after"]);
    fixture.archive(feed(), &two[1..]);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert_eq!(fixture.record().archived(), 2);
}

#[test]
fn content_created_outside_its_window_settles_like_any_other() {
    for created in ["2026-11-22T11:30:00Z", "2026-11-22T12:00:00Z", "2026-11-22T08:59:59Z"] {
        let fixture = ReconcileFixture::exchange();
        fixture.list(feed(), ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"), &[A, ("odd", created)]);
        fixture.archive(feed(), &[A, ("odd", created)]);
        let report = fixture.reconcile();
        assert_eq!(only(&report).missing, 0, "created at {created}");
        assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()), "created at {created}");
        assert_eq!(fixture.queue.content_ids(), [""; 0], "created at {created}");
    }
}

#[test]
fn window_without_content_is_not_looked_for_in_the_archive() {
    let fixture = ReconcileFixture::with(&[]);
    let report = fixture.reconcile_with(|call| match call {
        testkit::PortCall::Archived(_) => panic!("there is nothing to compare"),
        _ => testkit::Action::Proceed,
    });
    assert_eq!(only(&report).windows_checked, 1);
}

#[test]
fn still_expects_content_that_is_no_longer_listed() {
    let mut fixture = ReconcileFixture::with(&[A]);
    let bounds = window(BOUNDS.0, BOUNDS.1);
    fixture.api = testkit::FakeManagementApi::default();
    let report = fixture.reconcile();
    assert_eq!(only(&report).missing, 1);
    assert_eq!(fixture.queue.sent(), []);
    assert_eq!(fixture.listings(), [(feed(), bounds)]);
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.record().archived(), 1);
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}
