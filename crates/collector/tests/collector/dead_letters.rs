//! Dead letters go back to the fetchers once their cause is gone, and leave only when something else has them.

use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::message::ContentMessage;
use collector::ports::Clock;
use collector::reconcile::DeadLetterReport;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, TENANT, feed, message};

use crate::fetch_fixture::body;
use crate::poll_fixture::OTHER;
use crate::reconcile_fixture::{ReconcileFixture, only};

pub(crate) const CREATED: &str = "2026-11-22T11:03:07.123Z";

pub(crate) fn dead_letter() -> ContentMessage {
    message("a", CREATED)
}

/// The message for `a` in the dead-letter queue, its tenant fit to be collected.
pub(crate) fn one_message() -> ReconcileFixture {
    let fixture = ReconcileFixture::exchange();
    fixture.dead_letters.put(body(&dead_letter()));
    fixture
}

/// A message that names another tenant than its secret does.
fn foreign() -> ContentMessage {
    let mut foreign = dead_letter();
    foreign.tenant_id = OTHER;
    foreign
}

fn none() -> DeadLetterReport {
    DeadLetterReport::default()
}

#[test]
fn the_dead_letter_of_a_tenant_that_can_be_collected_goes_back_as_it_was() {
    let fixture = one_message();
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { redriven: 1, ..none() });
    assert_eq!((fixture.queue.drain(), fixture.dead_letters.bodies().len()), (vec![dead_letter()], 0));
    assert_eq!(fixture.reconcile().dead_letters, none(), "once");
}

#[test]
fn the_dead_letter_of_a_tenant_that_cannot_be_collected_waits_until_it_can() {
    let fixture = one_message();
    fixture.api.fail(Call::Subscriptions(TENANT), Failure::new(FailureKind::CredentialsRejected, "AADSTS7000222"));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { kept: 1, ..none() });
    assert_eq!((fixture.queue.sent(), fixture.dead_letters.bodies()), (vec![], vec![body(&dead_letter())]));
    fixture.an_hour_later();
    assert_eq!(fixture.reconcile().dead_letters.redriven, 1);
}

#[test]
fn a_tenant_is_asked_for_once_a_run_whatever_the_number_of_its_dead_letters() {
    let fixture = ReconcileFixture::exchange();
    for number in 0..25 {
        fixture.dead_letters.put(body(&message(&format!("content-{number}"), CREATED)));
    }
    assert_eq!(fixture.reconcile().dead_letters.redriven, 25);
    assert_eq!(fixture.api.calls(), [Call::Subscriptions(TENANT)]);
}

#[test]
fn a_dead_letter_whose_object_is_archived_is_taken_away() {
    let fixture = one_message();
    fixture.archive(feed(), &[("a", CREATED)]);
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..none() });
    assert_eq!((fixture.queue.sent().len(), fixture.dead_letters.bodies().len(), fixture.api.calls()), (0, 0, vec![]));
}

#[test]
fn an_expired_dead_letter_is_kept_as_a_loss_that_the_next_run_tells() {
    let fixture = one_message();
    fixture.clock.set(dead_letter().content_expiration);
    let report = fixture.reconcile();
    assert_eq!(report.dead_letters, DeadLetterReport { lost: 1, ..none() });
    let (from, to) = (dead_letter().window_start, dead_letter().window_end);
    let loss = Loss { from, to, reason: LossReason::ContentGone, content: Some("a".to_owned()) };
    assert_eq!((fixture.state.losses(), fixture.dead_letters.bodies().len()), (vec![loss.clone()], 0));
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, [loss]);
}

#[test]
fn a_moment_before_it_expires_a_dead_letter_is_revived() {
    let fixture = one_message();
    fixture.clock.set(dead_letter().content_expiration - SignedDuration::from_millis(1));
    assert_eq!(fixture.reconcile().dead_letters.redriven, 1);
}

#[test]
fn an_expired_dead_letter_whose_object_is_archived_is_no_loss() {
    let fixture = one_message();
    fixture.archive(feed(), &[("a", CREATED)]);
    fixture.clock.set(dead_letter().content_expiration + SignedDuration::from_hours(1));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..none() });
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn unreadable_and_foreign_dead_letters_are_kept() {
    let mut unknown = dead_letter();
    unknown.secret_id = "m365/unknown".to_owned();
    let newer = body(&dead_letter()).replace(r#""version":1"#, r#""version":2"#);
    let messages =
        [String::new(), "not one of ours".to_owned(), "{}".to_owned(), newer, body(&unknown), body(&foreign())];
    let fixture = ReconcileFixture::exchange();
    messages.iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { kept: 6, ..none() });
    assert_eq!((fixture.dead_letters.bodies(), fixture.queue.sent()), (messages.to_vec(), vec![]));
}

#[test]
fn a_foreign_dead_letter_keeps_none_of_the_tenants_own_back() {
    let fixture = ReconcileFixture::exchange();
    [body(&foreign()), body(&dead_letter())].into_iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { redriven: 1, kept: 1, ..none() });
    assert_eq!(fixture.queue.drain(), [dead_letter()]);
}

#[test]
fn a_run_looks_at_five_hundred_dead_letters_at_most() {
    let fixture = ReconcileFixture::exchange();
    (0..501).for_each(|number| fixture.dead_letters.put(format!("unreadable {number}")));
    assert_eq!(fixture.reconcile().dead_letters.kept, 500);
}

#[test]
fn without_a_dead_letter_queue_there_are_no_dead_letters() {
    let fixture = one_message();
    let (api, state, queue) = (fixture.api.clone(), fixture.state.clone(), fixture.queue.clone());
    let nowhere: Option<testkit::MemoryDeadLetters> = None;
    let reconciler = fixture.reconciler(api, state, queue, fixture.archive.clone(), nowhere);
    let report = block_on(reconciler.run(fixture.clock.now() + SignedDuration::from_mins(10))).unwrap();
    assert_eq!((report.dead_letters, fixture.dead_letters.bodies().len()), (none(), 1));
}
