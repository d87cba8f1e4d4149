//! Dead letters go back to the fetchers once their cause is gone, and leave only when something else has them.

use audit_feed::failure::{Failure, FailureKind};
use audit_feed::loss::{Loss, LossReason};
use audit_feed::message::ContentMessage;
use audit_feed::ports::Clock;
use audit_feed::reconcile::DeadLetterReport;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, TENANT, feed, message};

use crate::books::{Books, only};
use crate::desk::body;
use crate::story::OTHER;

pub(crate) const CREATED: &str = "2026-11-22T11:03:07.123Z";

pub(crate) fn letter() -> ContentMessage {
    message("a", CREATED)
}

/// The message for `a` in the dead-letter queue, its tenant fit to be collected.
pub(crate) fn one_letter() -> Books {
    let books = Books::exchange();
    books.dead_letters.put(body(&letter()));
    books
}

/// A letter that names another tenant than its secret does.
fn foreign() -> ContentMessage {
    let mut foreign = letter();
    foreign.tenant_id = OTHER;
    foreign
}

fn none() -> DeadLetterReport {
    DeadLetterReport::default()
}

#[test]
fn the_letter_of_a_tenant_that_can_be_collected_goes_back_as_it_was() {
    let books = one_letter();
    assert_eq!(books.look().dead_letters, DeadLetterReport { revived: 1, ..none() });
    assert_eq!((books.queue.drain(), books.dead_letters.bodies().len()), (vec![letter()], 0));
    assert_eq!(books.look().dead_letters, none(), "once");
}

#[test]
fn the_letter_of_a_tenant_that_cannot_be_collected_waits_until_it_can() {
    let books = one_letter();
    books.api.fail(Call::Subscriptions(TENANT), Failure::new(FailureKind::Credentials, "AADSTS7000222"));
    assert_eq!(books.look().dead_letters, DeadLetterReport { kept: 1, ..none() });
    assert_eq!((books.queue.sent(), books.dead_letters.bodies()), (vec![], vec![body(&letter())]));
    books.an_hour_later();
    assert_eq!(books.look().dead_letters.revived, 1);
}

#[test]
fn a_tenant_is_asked_for_once_a_run_whatever_the_number_of_its_letters() {
    let books = Books::exchange();
    for number in 0..25 {
        books.dead_letters.put(body(&message(&format!("content-{number}"), CREATED)));
    }
    assert_eq!(books.look().dead_letters.revived, 25);
    assert_eq!(books.api.calls(), [Call::Subscriptions(TENANT)]);
}

#[test]
fn a_letter_whose_object_is_archived_is_taken_away() {
    let books = one_letter();
    books.archive(feed(), &[("a", CREATED)]);
    assert_eq!(books.look().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..none() });
    assert_eq!((books.queue.sent().len(), books.dead_letters.bodies().len(), books.api.calls()), (0, 0, vec![]));
}

#[test]
fn an_expired_letter_is_kept_as_a_loss_that_the_next_run_tells() {
    let books = one_letter();
    books.clock.set(letter().content_expiration);
    let report = books.look();
    assert_eq!(report.dead_letters, DeadLetterReport { lost: 1, ..none() });
    let (from, to) = (letter().window_start, letter().window_end);
    let loss = Loss { from, to, reason: LossReason::ContentGone, content: Some("a".to_owned()) };
    assert_eq!((books.state.losses(), books.dead_letters.bodies().len()), (vec![loss.clone()], 0));
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, [loss]);
}

#[test]
fn a_moment_before_it_expires_a_letter_is_revived() {
    let books = one_letter();
    books.clock.set(letter().content_expiration - SignedDuration::from_millis(1));
    assert_eq!(books.look().dead_letters.revived, 1);
}

#[test]
fn an_expired_letter_whose_object_is_archived_is_no_loss() {
    let books = one_letter();
    books.archive(feed(), &[("a", CREATED)]);
    books.clock.set(letter().content_expiration + SignedDuration::from_hours(1));
    assert_eq!(books.look().dead_letters, DeadLetterReport { archived_meanwhile: 1, ..none() });
    assert_eq!(books.state.losses(), []);
}

#[test]
fn unreadable_and_foreign_letters_are_kept() {
    let mut unknown = letter();
    unknown.secret_id = "m365/unknown".to_owned();
    let newer = body(&letter()).replace(r#""version":1"#, r#""version":2"#);
    let letters =
        [String::new(), "not one of ours".to_owned(), "{}".to_owned(), newer, body(&unknown), body(&foreign())];
    let books = Books::exchange();
    letters.iter().for_each(|letter| books.dead_letters.put(letter));
    assert_eq!(books.look().dead_letters, DeadLetterReport { kept: 6, ..none() });
    assert_eq!((books.dead_letters.bodies(), books.queue.sent()), (letters.to_vec(), vec![]));
}

#[test]
fn a_foreign_letter_keeps_none_of_the_tenants_own_back() {
    let books = Books::exchange();
    [body(&foreign()), body(&letter())].into_iter().for_each(|letter| books.dead_letters.put(letter));
    assert_eq!(books.look().dead_letters, DeadLetterReport { revived: 1, kept: 1, ..none() });
    assert_eq!(books.queue.drain(), [letter()]);
}

#[test]
fn a_run_looks_at_five_hundred_letters_at_most() {
    let books = Books::exchange();
    (0..501).for_each(|number| books.dead_letters.put(format!("unreadable {number}")));
    assert_eq!(books.look().dead_letters.kept, 500);
}

#[test]
fn without_a_dead_letter_queue_there_are_no_dead_letters() {
    let books = one_letter();
    let (api, state, queue) = (books.api.clone(), books.state.clone(), books.queue.clone());
    let nowhere: Option<testkit::MemoryDeadLetters> = None;
    let reconciler = books.reconciler(api, state, queue, books.archive.clone(), nowhere);
    let report = block_on(reconciler.run(books.clock.now() + SignedDuration::from_mins(10))).unwrap();
    assert_eq!((report.dead_letters, books.dead_letters.bodies().len()), (none(), 1));
}
