//! Open contents are queued again at growing gaps, and never while their messages may still wait in the queue.

use collector::failure::{Failure, FailureKind};
use collector::open_content::OpenContent;
use collector::ports::{Clock, OpenContents};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, FakeManagementApi, PortCall, at, content, feed, window};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, SIX_DAYS};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Six hours after the poller put the messages of [`BOUNDS`] into the queue.
const FIRST_REPEAT: &str = "2026-11-22T17:30:05Z";
const EXPIRATION_OF_A: &str = "2026-11-29T11:03:00Z";

/// `a` is open, and its message is no longer in the queue.
fn a_is_open() -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture
}

fn reconcile_at(fixture: &ReconcileFixture, now: Timestamp) {
    fixture.clock.set(now);
    fixture.reconcile();
}

/// This many messages wait in the queue.
fn fill_queue(fixture: &ReconcileFixture, messages: usize) {
    (0..messages).for_each(|number| fixture.queue.put(format!("message {number}")));
}

#[test]
fn open_content_is_queued_six_hours_after_its_message() {
    let fixture = a_is_open();
    reconcile_at(&fixture, at(FIRST_REPEAT) - SignedDuration::from_secs(1));
    assert!(fixture.queue.is_empty());
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn gaps_between_the_repeats_grow() {
    let fixture = a_is_open();
    let mut hours = Vec::new();
    while fixture.clock.now() < at(EXPIRATION_OF_A) {
        fixture.reconcile();
        if !fixture.queue.drain().is_empty() {
            hours.push(fixture.clock.now().duration_since(at("2026-11-22T11:30:05Z")).as_hours());
        }
        fixture.an_hour_later();
    }
    assert_eq!(hours, [6, 18, 42, 90, 129, 149, 159, 164, 166]);
}

#[test]
fn archived_content_is_not_queued_again() {
    let fixture = a_is_open();
    fixture.archive(feed(), &[A]);
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert!(fixture.queue.is_empty());
}

/// Nobody fetches, so that the messages of the poller stay in the queue.
#[test]
fn nothing_is_queued_again_while_the_fetchers_stand_still() {
    let fixture = ReconcileFixture::exchange();
    let ids: Vec<String> = (0..270).map(|number| format!("content {number}")).collect();
    let contents: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), A.1)).collect();
    fixture.list(feed(), BOUNDS, &contents);
    fill_queue(&fixture, 270);
    for _ in 0..6 {
        fixture.later(HOUR * 8);
        assert_eq!(only(&fixture.reconcile()).missing, 270);
    }
    assert_eq!(fixture.queue.len(), 270);
}

#[test]
fn open_contents_are_queued_once_fewer_messages_wait() {
    for (waiting, queued) in [(3, 0), (2, 0), (1, 2), (0, 2)] {
        let fixture = ReconcileFixture::with(&[A, B]);
        fixture.reconcile();
        fill_queue(&fixture, waiting);
        reconcile_at(&fixture, at(FIRST_REPEAT));
        assert_eq!(fixture.queue.len(), waiting + queued, "{waiting} messages wait for two contents");
    }
}

#[test]
fn open_content_waits_for_the_queue_without_losing_its_turn() {
    let fixture = a_is_open();
    fill_queue(&fixture, 1);
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert_eq!(fixture.state.open(feed())[0].attempts, 1);
    fixture.queue.receive_batch().iter().for_each(|received| fixture.queue.delete(&received.receipt));
    reconcile_at(&fixture, at(FIRST_REPEAT) + HOUR);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn size_of_the_queue_does_not_matter_in_the_last_day() {
    let fixture = a_is_open();
    fill_queue(&fixture, 1_000);
    reconcile_at(&fixture, at(EXPIRATION_OF_A) - DAY - SignedDuration::from_secs(1));
    assert_eq!(fixture.queue.len(), 1_000);
    reconcile_at(&fixture, at(EXPIRATION_OF_A) - DAY);
    assert_eq!(fixture.queue.len(), 1_001);
}

#[test]
fn nothing_is_queued_for_a_feed_that_cannot_be_listed() {
    let fixture = a_is_open();
    for hours in 0..100 {
        fixture.clock.set(at(FIRST_REPEAT) + HOUR * hours);
        fixture.reconcile_without_microsoft();
    }
    assert!(fixture.queue.is_empty());
    assert_eq!(fixture.state.open(feed())[0].attempts, 1, "it is still due");
}

#[test]
fn feed_without_rechecks_is_listed_before_it_is_queued() {
    let fixture = a_is_open();
    fixture.clock.set(at(BOUNDS.1) + HOUR * 5);
    fixture.reconcile();
    let before = fixture.asked();
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert_eq!(fixture.asked()[before.len()..], [window(BOUNDS.0, BOUNDS.1)]);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn content_is_queued_if_its_secret_is_repaired_in_time() {
    let fixture = a_is_open();
    let rejected = Failure::new(FailureKind::CredentialsRejected, "AADSTS7000222");
    let repaired = at(EXPIRATION_OF_A) - HOUR * 20;
    while fixture.clock.now() < repaired {
        fixture.reconcile_with(|call| match call {
            PortCall::List(..) => Action::Fail(rejected.clone()),
            _ => Action::Proceed,
        });
        fixture.an_hour_later();
    }
    assert!(fixture.queue.is_empty());
    fixture.reconcile();
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn unnamed_content_is_named_by_a_listing_of_its_window() {
    let mut fixture = ReconcileFixture::with(&[A]);
    let listed = std::mem::take(&mut fixture.api);
    fixture.reconcile();
    assert_eq!(fixture.state.open(feed())[0].content, None);
    fixture.api = listed;
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.open(feed())[0].content, Some(content(A.0, A.1)));
}

#[test]
fn content_that_no_listing_names_is_not_queued_and_stays_open() {
    let mut fixture = a_is_open();
    fixture.api = FakeManagementApi::default();
    let unnamed = OpenContent { content: None, ..fixture.state.open(feed()).remove(0) };
    block_on(fixture.state.put_open(feed(), &[unnamed])).unwrap();
    reconcile_at(&fixture, at(FIRST_REPEAT));
    assert!(fixture.queue.is_empty());
    assert_eq!(fixture.open_ids().len(), 1);
}

#[test]
fn unlistable_window_holds_up_no_other_open_content() {
    let mut fixture = ReconcileFixture::with(&[A]);
    let other =
        fixture.list(feed(), ("2026-11-22T10:00:00Z", "2026-11-22T10:30:00Z"), &[("o", "2026-11-22T10:01:00Z")]);
    fixture.policy.ages = vec![SignedDuration::from_mins(15)];
    fixture.reconcile_without(&[other]);
    assert_eq!(fixture.open_ids().len(), 2, "the one of the unlistable window has no name");
    fixture.clock.set(at(FIRST_REPEAT));
    let report = fixture.reconcile_without(&[other]);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert!(only(&report).error.is_some());
}

#[test]
fn feed_that_cannot_be_listed_is_tried_with_four_open_contents() {
    let mut fixture = ReconcileFixture::exchange();
    for hour in 10..20 {
        let created = format!("2026-11-22T{hour}:01:00Z");
        fixture.list(
            feed(),
            (&format!("2026-11-22T{hour}:00:00Z"), &format!("2026-11-22T{hour}:30:00Z")),
            &[(&created, &created)],
        );
    }
    reconcile_at(&fixture, at("2026-11-22T20:00:00Z"));
    let before = fixture.asked().len();
    fixture.clock.set(at("2026-11-22T22:00:00Z") + DAY);
    fixture.policy.ages.clear();
    fixture.reconcile_without_microsoft();
    assert_eq!(fixture.asked().len() - before, 4);
}

#[test]
fn more_open_contents_than_a_page_are_all_queued() {
    let fixture = ReconcileFixture::exchange();
    let ids: Vec<String> = (0..1_001).map(|number| format!("content {number}")).collect();
    let contents: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), A.1)).collect();
    fixture.list(feed(), BOUNDS, &contents);
    fixture.reconcile();
    fixture.clock.set(at(FIRST_REPEAT));
    assert_eq!(only(&fixture.reconcile()).missing, 1_001);
    assert_eq!(fixture.queue.len(), 1_001);
}

#[test]
fn content_that_is_compared_again_keeps_its_attempts() {
    let mut fixture = a_is_open();
    fixture.clock.set(at(FIRST_REPEAT));
    fixture.reconcile();
    assert_eq!(fixture.state.open(feed())[0].attempts, 2);
    let _ = fixture.queue.drain();
    // At the first of the changed ages, its window is compared with the archive again.
    fixture.policy.ages = vec![SIX_DAYS];
    fixture.reconcile_at_age(SIX_DAYS);
    assert_eq!(fixture.state.open(feed())[0].attempts, 3);
}
