//! A recheck of one window: its bounds, late content, and the proof that everything is archived.

use collector::ports::Clock;
use collector::reconcile::{FeedReconciliation, LateContent};
use jiff::SignedDuration;
use testkit::{TENANT, at, feed};

use crate::poll_fixture::EXCHANGE;
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");
const C: (&str, &str) = ("c", "2026-11-22T11:20:00Z");

/// The report row of [`feed`] in a run that finds nothing to do.
pub(crate) fn nothing_found() -> FeedReconciliation {
    FeedReconciliation {
        tenant_id: TENANT,
        content_type: EXCHANGE,
        windows_checked: 0,
        late: Vec::new(),
        missing: 0,
        lost: Vec::new(),
        windows_open: 0,
        more_to_do: false,
        error: None,
    }
}

#[test]
fn relists_the_window_with_the_same_bounds() {
    let fixture = ReconcileFixture::exchange();
    let uneven = fixture.list(feed(), ("2026-11-22T10:59:43Z", "2026-11-22T11:31:07Z"), &[]);
    for _ in 0..4 {
        fixture.reconcile();
        fixture.an_hour_later();
    }
    assert_eq!(fixture.listings(), [(feed(), uneven); 3], "due at the ages of 15 minutes, 1 and 3 hours");
}

#[test]
fn ignores_a_window_that_is_not_due() {
    let fixture = ReconcileFixture::exchange();
    let young = fixture.list(feed(), ("2026-11-22T11:30:00Z", "2026-11-22T11:45:01Z"), &[A]);
    let report = fixture.reconcile();
    assert_eq!(*only(&report), nothing_found());
    assert!(!report.more_to_do);
    assert_eq!(fixture.listings(), []);
    assert!(fixture.archive.reports().is_empty());
    fixture.later(SignedDuration::from_secs(1));
    assert_eq!(only(&fixture.reconcile()).windows_checked, 1);
    assert_eq!(fixture.listings(), [(feed(), young)]);
}

#[test]
fn settles_a_window_when_everything_is_archived() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A, B]);
    let report = fixture.reconcile();
    assert_eq!(*only(&report), FeedReconciliation { windows_checked: 1, ..nothing_found() });
    let record = fixture.record();
    assert_eq!(record.archived(), 2);
    assert_eq!(record.checked_at, Some(fixture.clock.now()));
    assert_eq!(record.settled_at, Some(fixture.clock.now()));
    assert_eq!(fixture.queue.sent(), [], "archived content is not fetched again");
}

#[test]
fn settles_an_empty_window() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.reconcile();
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn queues_late_content_with_its_window() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[B]);
    fixture.reconcile();
    let messages = fixture.queue.drain();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.content_id, "b");
    assert_eq!(message.feed(), feed());
    assert_eq!(message.window_start, at(BOUNDS.0));
    assert_eq!(message.window_end, at(BOUNDS.1));
    assert_eq!(message.content_created, at(B.1));
}

#[test]
fn reports_late_content_with_bounds_of_its_delay() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.publish(feed(), &[B]);
    let late = |id: &str, created, not_listed_after_seconds, listed_after_seconds| LateContent {
        content_id: id.to_owned(),
        content_created: at(created),
        not_listed_after_seconds,
        listed_after_seconds,
    };
    // Listed at 11:30:05 and rechecked at 12:00:05.
    assert_eq!(only(&fixture.reconcile()).late, [late("b", B.1, 785, 2_585)]);
    fixture.publish(feed(), &[C]);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).late, [late("c", C.1, 2_405, 6_005)], "since the previous recheck");
    assert_eq!(fixture.record().late, 2);
}

#[test]
fn counts_late_content_once_and_not_as_missing() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.publish(feed(), &[A]);
    let first = fixture.reconcile();
    assert_eq!(only(&first).late.len(), 1);
    assert_eq!(only(&first).missing, 0);
    assert_eq!(only(&first).windows_open, 1);
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    let second = fixture.reconcile();
    assert_eq!(only(&second).late, []);
    assert_eq!(only(&second).windows_open, 0);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.record().late, 1);
}

#[test]
fn late_content_reopens_a_settled_window() {
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
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()), "an open window is due in every run");
}
