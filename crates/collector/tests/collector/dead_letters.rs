//! A dead letter is removed once its content is on record as open, archived or recorded as lost.

use collector::content::Content;
use collector::loss::LossReason;
use collector::message::ContentMessage;
use collector::ports::Clock;
use collector::reconcile::DeadLetterReport;
use collector::shard::Shard;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Action, Interceptor, PortCall, TENANT, content, feed, message};

use crate::fetch_fixture::body;
use crate::poll_fixture::OTHER;
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

pub(crate) const CREATED: &str = "2026-11-22T11:03:07.123Z";

pub(crate) fn dead_letter() -> ContentMessage {
    message("a", CREATED)
}

/// The message for `a` is in the dead-letter queue, and its tenant can be collected.
pub(crate) fn one_dead_letter() -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    fixture.dead_letters.put(body(&dead_letter()));
    fixture
}

/// A message that names a different tenant than its secret does.
fn foreign() -> ContentMessage {
    let mut foreign = dead_letter();
    foreign.tenant_id = OTHER;
    foreign
}

fn nothing() -> DeadLetterReport {
    DeadLetterReport::default()
}

#[test]
fn dead_letter_without_an_object_is_queued_in_the_same_run() {
    let fixture = one_dead_letter();
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { reopened: 1, ..nothing() });
    assert_eq!(fixture.queue.drain(), [dead_letter()]);
    assert!(fixture.dead_letters.bodies().is_empty());
}

#[test]
fn content_of_a_dead_letter_is_open() {
    let fixture = one_dead_letter();
    let report = fixture.reconcile();
    let named: Vec<Option<Content>> = fixture.state.open(feed()).into_iter().map(|open| open.content).collect();
    assert_eq!(named, [Some(content("a", CREATED))]);
    assert_eq!(only(&report).missing, 1);
}

#[test]
fn dead_letter_of_open_content_waits_for_its_next_attempt() {
    let fixture = ReconcileFixture::exchange();
    let start = dead_letter().window_start.to_string();
    let end = dead_letter().window_end.to_string();
    fixture.list(feed(), (&start, &end), &[("a", CREATED)]);
    fixture.reconcile();
    fixture.dead_letters.put(body(&dead_letter()));
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), ["a"]);
    assert!(fixture.queue.is_empty());
    assert!(fixture.dead_letters.is_empty());
    fixture.later(SignedDuration::from_hours(6));
    fixture.reconcile();
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn content_of_a_dead_letter_waits_until_its_feed_can_be_listed() {
    let fixture = one_dead_letter();
    let report = fixture.reconcile_without_microsoft();
    assert_eq!(report.dead_letters, DeadLetterReport { reopened: 1, ..nothing() });
    assert!(fixture.queue.is_empty());
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.queue.content_ids(), ["a"]);
}

#[test]
fn content_of_a_dead_letter_waits_for_a_full_queue() {
    let fixture = one_dead_letter();
    fixture.queue.put("another message");
    fixture.reconcile();
    assert_eq!(fixture.queue.len(), 1);
    assert_eq!(fixture.open_ids(), ["a"]);
}

#[test]
fn dead_letter_whose_object_is_archived_is_removed() {
    let fixture = one_dead_letter();
    fixture.archive(feed(), &[("a", CREATED)]);
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..nothing() });
    assert!(fixture.queue.is_empty());
    assert!(fixture.dead_letters.bodies().is_empty());
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn expired_dead_letter_is_recorded_as_a_loss() {
    let fixture = one_dead_letter();
    fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { lost: 1, ..nothing() });
    let losses = fixture.state.losses();
    let [loss] = &losses[..] else { panic!("{losses:?}") };
    assert_eq!(loss.reason, LossReason::ContentGone);
    assert_eq!(loss.content.as_deref(), Some("a"));
    assert!(fixture.dead_letters.bodies().is_empty());
}

#[test]
fn next_run_reports_the_loss_of_an_expired_dead_letter() {
    let fixture = one_dead_letter();
    fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
    fixture.reconcile();
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, fixture.state.losses());
}

#[test]
fn expired_dead_letter_of_late_content_is_one_loss() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.publish(feed(), &[("a", CREATED)]);
    fixture.reconcile();
    let late = fixture.queue.drain().remove(0);
    fixture.dead_letters.put(body(&late));
    fixture.clock.set(late.content_expiration + SignedDuration::from_hours(1));
    fixture.reconcile();
    assert_eq!(fixture.state.losses().iter().filter(|loss| loss.is_of_content()).count(), 1);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn dead_letter_is_reopened_until_it_expires() {
    let fixture = one_dead_letter();
    fixture.clock.set(dead_letter().content_expiration - SignedDuration::from_millis(1));
    assert_eq!(fixture.reconcile().dead_letters.reopened, 1);
}

#[test]
fn archived_expired_dead_letter_is_not_a_loss() {
    let fixture = one_dead_letter();
    fixture.archive(feed(), &[("a", CREATED)]);
    fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..nothing() });
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn unreadable_and_foreign_dead_letters_stay() {
    let newer = body(&dead_letter()).replace(r#""version":1"#, r#""version":2"#);
    let messages = [String::new(), "not one of ours".to_owned(), "{}".to_owned(), newer, body(&foreign())];
    let fixture = ReconcileFixture::exchange();
    messages.iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { left: 5, ..nothing() });
    assert_eq!(fixture.dead_letters.bodies(), messages.to_vec());
    assert!(fixture.queue.is_empty());
}

#[test]
fn dead_letter_without_a_valid_window_stays() {
    let mut reversed = dead_letter();
    reversed.window_end = reversed.window_start;
    let fixture = ReconcileFixture::exchange();
    fixture.dead_letters.put(body(&reversed));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { left: 1, ..nothing() });
}

#[test]
fn dead_letter_of_a_renamed_secret_is_queued_with_the_new_name() {
    let mut renamed = dead_letter();
    renamed.secret_id = "m365/an-old-name".to_owned();
    let fixture = ReconcileFixture::exchange();
    fixture.dead_letters.put(body(&renamed));
    fixture.reconcile();
    let secrets: Vec<String> = fixture.queue.drain().into_iter().map(|message| message.secret_id).collect();
    assert_eq!(secrets, [format!("m365/{TENANT}")]);
}

#[test]
fn foreign_dead_letter_does_not_hold_up_the_tenants_own() {
    let fixture = ReconcileFixture::exchange();
    [body(&foreign()), body(&dead_letter())].into_iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { reopened: 1, left: 1, ..nothing() });
    assert_eq!(fixture.queue.drain(), [dead_letter()]);
}

#[test]
fn dead_letters_are_taken_up_beside_the_rechecks() {
    let fixture = one_dead_letter();
    fixture.list(feed(), BOUNDS, &[]);
    fixture.reconcile_with(|call| {
        if matches!(call, PortCall::ReceiveDeadLetters) {
            assert_eq!(fixture.listings().len(), 1);
        }
        Action::Proceed
    });
    assert!(fixture.dead_letters.bodies().is_empty());
}

#[test]
fn dead_letters_are_left_when_the_time_is_over() {
    let fixture = ReconcileFixture::exchange();
    (0..25).for_each(|number| fixture.dead_letters.put(body(&message(&format!("content {number}"), CREATED))));
    let stop = fixture.deadline() - fixture.policy.limits.stop_before;
    let report = fixture.reconcile_with(|call| {
        if matches!(call, PortCall::RemoveDeadLetter) {
            fixture.clock.set(stop);
        }
        Action::Proceed
    });
    assert_eq!(report.dead_letters.reopened, 10, "those that were received");
    assert_eq!(fixture.dead_letters.bodies().len(), 15);
}

#[test]
fn all_dead_letters_are_taken_up_while_there_is_time() {
    let fixture = ReconcileFixture::exchange();
    (0..501).for_each(|number| fixture.dead_letters.put(body(&message(&format!("content {number}"), CREATED))));
    assert_eq!(fixture.reconcile().dead_letters.reopened, 501);
    assert_eq!(fixture.queue.len(), 501);
}

#[test]
fn dead_letters_of_an_hour_cost_one_listing_of_the_archive() {
    let fixture = ReconcileFixture::with(&[("b", "2026-11-22T11:10:00Z")]);
    (0..25).for_each(|number| fixture.dead_letters.put(body(&message(&format!("content {number}"), CREATED))));
    assert_eq!(fixture.reconcile_counting(|call| matches!(call, PortCall::Archived(_))), 1);
}

#[test]
fn works_without_a_dead_letter_queue() {
    let fixture = one_dead_letter();
    let mut reconciler = fixture.reconciler(&Interceptor::default());
    reconciler.dead_letters = Interceptor::default().wrap(None);
    let report = block_on(reconciler.run(Shard::WHOLE, fixture.clock.now() + SignedDuration::from_mins(10))).unwrap();
    assert_eq!(report.dead_letters, nothing());
    assert_eq!(fixture.dead_letters.bodies().len(), 1);
}
