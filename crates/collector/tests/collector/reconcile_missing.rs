//! At the first age the contents of a window are compared with the archive: what has no object is open.

use std::cell::Cell;

use collector::ports::Clock;
use jiff::SignedDuration;
use testkit::{Action, FakeManagementApi, MemoryArchive, PortCall, at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{THREE_HOURS, gone};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn archived_contents_are_not_open() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A, B]);
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn content_without_an_object_is_open() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    assert_eq!(only(&fixture.reconcile()).missing, 1);
    assert_eq!(fixture.open_ids(), ["b"]);
}

/// The poller has put its message into the queue.
#[test]
fn content_that_becomes_open_is_not_queued_at_once() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    assert!(fixture.queue.is_empty());
    let six_hours_after_the_message = at("2026-11-22T17:30:05Z");
    assert_eq!(fixture.state.open(feed())[0].next_attempt, six_hours_after_the_message);
}

#[test]
fn open_content_with_an_object_is_settled_in_the_next_run() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.archive(feed(), &[A]);
    fixture.later(SignedDuration::from_mins(5));
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn contents_are_not_compared_again_at_later_ages() {
    let mut fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.archive = MemoryArchive::default();
    assert_eq!(only(&fixture.reconcile_at_age(THREE_HOURS)).missing, 0);
}

#[test]
fn window_spanning_two_hours_is_compared_with_both() {
    let fixture = ReconcileFixture::exchange();
    let two = [("before", "2026-11-22T10:59:59.999Z"), ("after", "2026-11-22T11:00:00Z")];
    fixture.list(feed(), ("2026-11-22T10:40:00Z", "2026-11-22T11:10:00Z"), &two);
    fixture.archive(feed(), &two[..1]);
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), ["after"]);
    fixture.archive(feed(), &two[1..]);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 0);
}

#[test]
fn content_created_outside_its_window_is_found_in_its_hour() {
    for created in ["2026-11-22T11:30:00Z", "2026-11-22T12:00:00Z", "2026-11-22T08:59:59Z"] {
        let fixture = ReconcileFixture::with(&[A, ("odd", created)]);
        fixture.archive(feed(), &[A, ("odd", created)]);
        assert_eq!(only(&fixture.reconcile()).missing, 0, "created at {created}");
    }
}

#[test]
fn content_that_is_no_longer_listed_is_still_expected() {
    let mut fixture = ReconcileFixture::with(&[A]);
    fixture.api = FakeManagementApi::default();
    assert_eq!(only(&fixture.reconcile()).missing, 1);
    assert_eq!(fixture.state.open(feed())[0].content, None);
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 0);
}

#[test]
fn content_lost_by_the_fetcher_is_not_open() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.lose(&gone("b"));
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn content_that_the_fetcher_loses_is_no_longer_open() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.lose(&gone("b"));
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert_eq!(fixture.state.losses(), [gone("b")]);
}

/// The hours of the archive that are listed in a run.
fn archive_listings(fixture: &ReconcileFixture) -> u32 {
    fixture.reconcile_counting(|call| matches!(call, PortCall::Archived(_)))
}

#[test]
fn windows_without_content_are_not_looked_for_in_the_archive() {
    let fixture = ReconcileFixture::with(&[]);
    assert_eq!(archive_listings(&fixture), 0);
}

#[test]
fn each_hour_of_the_archive_is_listed_once_a_run() {
    let fixture = ReconcileFixture::exchange();
    for minute in (0..60).step_by(5) {
        let instant = |minute| (at("2026-11-22T10:00:00Z") + SignedDuration::from_mins(minute)).to_string();
        let start = instant(minute);
        let end = instant(minute + 5);
        fixture.list(feed(), (&start, &end), &[(&format!("a{minute}"), &start), (&format!("b{minute}"), &start)]);
    }
    assert_eq!(archive_listings(&fixture), 1);
    assert_eq!(fixture.open_ids().len(), 24);
}

#[test]
fn archive_is_not_listed_once_everything_is_settled() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.clock.set(at(BOUNDS.1) + THREE_HOURS + SignedDuration::from_mins(1));
    assert_eq!(archive_listings(&fixture), 0);
}

#[test]
fn open_contents_of_an_hour_cost_one_listing_a_run() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.reconcile();
    fixture.an_hour_later();
    assert_eq!(archive_listings(&fixture), 1);
}

#[test]
fn report_is_written_even_if_the_run_is_cut_short() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    let deadline = fixture.deadline();
    let is_removed = Cell::new(false);
    fixture.reconcile_with(|call| {
        if matches!(call, PortCall::StoreReport(_)) {
            fixture.clock.set(deadline);
            return Action::Hang;
        }
        is_removed.set(is_removed.get() || matches!(call, PortCall::RemoveOpen(_)));
        Action::Proceed
    });
    assert!(is_removed.get());
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22").unwrap()["contents_archived"], 1);
    assert!(fixture.clock.now() < at(BOUNDS.1) + THREE_HOURS, "no recheck was due");
}
