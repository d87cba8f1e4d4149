//! Dead letters are redriven once their cause is gone, and removed only when redriven, archived or recorded as lost.

use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::message::ContentMessage;
use collector::ports::Clock;
use collector::reconcile::DeadLetterReport;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, Interceptor, TENANT, feed, message};

use crate::fetch_fixture::body;
use crate::poll_fixture::OTHER;
use crate::reconcile_fixture::{ReconcileFixture, only};

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
fn redrives_dead_letters_unchanged() {
    let fixture = one_dead_letter();
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { redriven: 1, ..nothing() });
    assert_eq!(fixture.queue.drain(), [dead_letter()]);
    assert!(fixture.dead_letters.bodies().is_empty());
    assert_eq!(fixture.reconcile().dead_letters, nothing(), "only once");
}

#[test]
fn keeps_dead_letters_until_their_tenant_can_be_collected() {
    let fixture = one_dead_letter();
    fixture.api.fail(Call::Subscriptions(TENANT), Failure::new(FailureKind::CredentialsRejected, "AADSTS7000222"));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { kept: 1, ..nothing() });
    assert_eq!(fixture.queue.sent(), []);
    assert_eq!(fixture.dead_letters.bodies(), [body(&dead_letter())]);
    fixture.an_hour_later();
    assert_eq!(fixture.reconcile().dead_letters.redriven, 1);
}

#[test]
fn checks_each_tenant_once_per_run() {
    let fixture = ReconcileFixture::exchange();
    for number in 0..25 {
        fixture.dead_letters.put(body(&message(&format!("content-{number}"), CREATED)));
    }
    assert_eq!(fixture.reconcile().dead_letters.redriven, 25);
    assert_eq!(fixture.api.calls(), [Call::Subscriptions(TENANT)]);
}

#[test]
fn removes_a_dead_letter_whose_object_is_archived() {
    let fixture = one_dead_letter();
    fixture.archive(feed(), &[("a", CREATED)]);
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..nothing() });
    assert_eq!(fixture.queue.sent(), []);
    assert!(fixture.dead_letters.bodies().is_empty());
    assert_eq!(fixture.api.calls(), []);
}

#[test]
fn records_an_expired_dead_letter_as_a_loss() {
    let fixture = one_dead_letter();
    fixture.clock.set(dead_letter().content_expiration);
    let report = fixture.reconcile();
    assert_eq!(report.dead_letters, DeadLetterReport { lost: 1, ..nothing() });
    let (from, to) = (dead_letter().window_start, dead_letter().window_end);
    let losses =
        [Loss { from, to, reason: LossReason::ContentGone, content: Some("a".to_owned()), objects: Vec::new() }];
    assert_eq!(fixture.state.losses(), losses);
    assert!(fixture.dead_letters.bodies().is_empty());
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, losses, "the next run reports it");
}

#[test]
fn redrives_a_dead_letter_just_before_it_expires() {
    let fixture = one_dead_letter();
    fixture.clock.set(dead_letter().content_expiration - SignedDuration::from_millis(1));
    assert_eq!(fixture.reconcile().dead_letters.redriven, 1);
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
fn keeps_unreadable_and_foreign_dead_letters() {
    let mut unknown = dead_letter();
    unknown.secret_id = "m365/unknown".to_owned();
    let newer = body(&dead_letter()).replace(r#""version":1"#, r#""version":2"#);
    let messages =
        [String::new(), "not one of ours".to_owned(), "{}".to_owned(), newer, body(&unknown), body(&foreign())];
    let fixture = ReconcileFixture::exchange();
    messages.iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { kept: 6, ..nothing() });
    assert_eq!(fixture.dead_letters.bodies(), messages.to_vec());
    assert_eq!(fixture.queue.sent(), []);
}

#[test]
fn foreign_dead_letter_does_not_block_the_tenants_own() {
    let fixture = ReconcileFixture::exchange();
    [body(&foreign()), body(&dead_letter())].into_iter().for_each(|message| fixture.dead_letters.put(message));
    assert_eq!(fixture.reconcile().dead_letters, DeadLetterReport { redriven: 1, kept: 1, ..nothing() });
    assert_eq!(fixture.queue.drain(), [dead_letter()]);
}

#[test]
fn receives_at_most_five_hundred_dead_letters_per_run() {
    let fixture = ReconcileFixture::exchange();
    (0..501).for_each(|number| fixture.dead_letters.put(format!("unreadable {number}")));
    assert_eq!(fixture.reconcile().dead_letters.kept, 500);
}

#[test]
fn works_without_a_dead_letter_queue() {
    let fixture = one_dead_letter();
    let mut reconciler = fixture.reconciler(&Interceptor::default());
    reconciler.dead_letters = Interceptor::default().wrap(None);
    let report = block_on(reconciler.run(fixture.clock.now() + SignedDuration::from_mins(10))).unwrap();
    assert_eq!(report.dead_letters, nothing());
    assert_eq!(fixture.dead_letters.bodies().len(), 1);
}
