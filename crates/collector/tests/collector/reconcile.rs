//! A look back at one window: its bounds, what is late, and the proof that all is there.

use collector::ports::Clock;
use collector::reconcile::LateContent;
use jiff::SignedDuration;
use testkit::{at, feed, window};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");
const C: (&str, &str) = ("c", "2026-11-22T11:20:00Z");

#[test]
fn the_very_same_bounds_are_asked_again() {
    let fixture = ReconcileFixture::exchange();
    let odd = fixture.list(feed(), ("2026-11-22T10:59:43Z", "2026-11-22T11:31:07Z"), &[]);
    for _ in 0..4 {
        fixture.reconcile();
        fixture.an_hour_later();
    }
    assert_eq!(fixture.listings(), [(feed(), odd); 3], "due at the ages of 15 minutes, 1 and 3 hours");
}

#[test]
fn a_window_that_is_not_due_is_left_alone() {
    let fixture = ReconcileFixture::exchange();
    let young = window("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z");
    fixture.list(feed(), ("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z"), &[A]);
    let report = fixture.reconcile();
    assert_eq!((only(&report).windows_checked, only(&report).windows_open, report.more_to_do), (0, 0, false));
    assert_eq!((fixture.listings(), fixture.archive.reports().len()), (vec![], 0));
    fixture.later(SignedDuration::from_secs(1));
    assert_eq!((only(&fixture.reconcile()).windows_checked, fixture.listings()), (1, vec![(feed(), young)]));
}

#[test]
fn a_window_whose_contents_are_archived_is_settled_with_the_time_of_proof() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A, B]);
    let report = fixture.reconcile();
    let record = fixture.record();
    let now = Some(fixture.clock.now());
    assert_eq!((record.settled_at, record.checked_at, record.archived()), (now, now, 2));
    assert_eq!((only(&report).windows_checked, only(&report).windows_open, only(&report).missing), (1, 0, 0));
    assert_eq!(fixture.queue.sent(), [], "what is there is not fetched again");
}

#[test]
fn an_empty_window_is_proven_too() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.reconcile();
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn late_content_is_queued_with_the_window_in_which_it_stood() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[B]);
    fixture.reconcile();
    let messages = fixture.queue.drain();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let bounds = (message.window_start, message.window_end);
    assert_eq!((message.content_id.as_str(), message.feed(), bounds), ("b", feed(), (at(BOUNDS.0), at(BOUNDS.1))));
    assert_eq!(message.content_created, at(B.1));
}

#[test]
fn late_content_is_counted_with_the_bounds_of_its_delay() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[B]);
    let late = |id: &str, created, not_listed_after_seconds, listed_after_seconds| LateContent {
        content_id: id.to_owned(),
        content_created: at(created),
        not_listed_after_seconds,
        listed_after_seconds,
    };
    // Listed at 11:30:05 and looked at at 12:00:05.
    assert_eq!(only(&fixture.reconcile()).late, [late("b", B.1, 785, 2_585)]);
    fixture.publish(feed(), &[C]);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).late, [late("c", C.1, 2_405, 6_005)], "since the look before");
    assert_eq!(fixture.record().late, 2);
}

#[test]
fn late_content_is_late_once_and_not_missing() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.publish(feed(), &[A]);
    let first = fixture.reconcile();
    assert_eq!((only(&first).late.len(), only(&first).missing, only(&first).windows_open), (1, 0, 1));
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    let second = fixture.reconcile();
    assert_eq!((only(&second).late.len(), only(&second).windows_open), (0, 0));
    assert_eq!((fixture.queue.content_ids(), fixture.record().late), (vec!["a".to_owned()], 1));
}

#[test]
fn late_content_opens_a_settled_window_again() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    fixture.publish(feed(), &[B]);
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.record().settled_at, None);
    fixture.archive(feed(), &[B]);
    fixture.later(SignedDuration::from_mins(5));
    fixture.reconcile();
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()), "due in the next run, whatever its age");
}
