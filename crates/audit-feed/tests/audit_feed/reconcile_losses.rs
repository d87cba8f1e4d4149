//! What can never be collected: found once, and never taken for missing.

use audit_feed::loss::{Loss, LossReason};
use audit_feed::plan::PlanPolicy;
use audit_feed::ports::Clock;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::books::{BOUNDS, Books, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

fn gone(content: &str) -> Loss {
    let (from, to, reason) = (at(BOUNDS.0), at(BOUNDS.1), LossReason::ContentGone);
    Loss { from, to, reason, content: Some(content.to_owned()) }
}

fn not_listed_again() -> Loss {
    Loss { reason: LossReason::NotListedAgain, content: None, ..gone("") }
}

/// The window's start is no longer inside of what Microsoft lists.
fn over_the_edge(books: &Books) {
    books.clock.set(at(BOUNDS.0) + SignedDuration::from_hours(168) - PlanPolicy::EDGE_MARGIN);
    books.clock.advance(SignedDuration::from_secs(1));
}

/// What the window held has expired.
fn expired(books: &Books) {
    books.clock.set(at(BOUNDS.1) + PlanPolicy::REACH);
}

#[test]
fn what_can_no_longer_be_listed_may_still_arrive_until_it_expires() {
    let books = Books::with(&[A]);
    books.look_last();
    expired(&books);
    books.clock.advance(-SignedDuration::from_secs(1));
    assert_eq!((&only(&books.look()).lost[..], books.record().missing.len()), (&[][..], 1));
    books.archive(feed(), &[A]);
    assert_eq!((&only(&books.look()).lost[..], books.record().archived()), (&[][..], 1));
}

#[test]
fn a_second_before_the_edge_a_window_is_still_listed() {
    let books = Books::with(&[A]);
    over_the_edge(&books);
    books.clock.advance(-SignedDuration::from_secs(1));
    let report = books.look();
    assert_eq!((books.listings().len(), books.queue.content_ids()), (1, vec!["a".to_owned()]));
    assert_eq!((only(&report).lost.len(), books.state.losses().len()), (0, 0));
}

#[test]
fn missing_content_that_has_expired_is_one_loss_that_names_it() {
    let books = Books::with(&[A, B]);
    books.archive(feed(), &[A]);
    books.look_last();
    let (asked, sent) = (books.listings().len(), books.queue.sent().len());
    expired(&books);

    let report = books.look();
    books.tell(&report);

    assert_eq!((&only(&report).lost, books.state.losses()), (&vec![gone("b")], vec![gone("b")]));
    let record = books.record();
    assert_eq!((record.archived(), record.lost, record.missing.len()), (1, 1, 0));
    assert_eq!(record.settled_at, Some(books.clock.now()), "nothing more can be found out");
    assert_eq!((books.listings().len(), books.queue.sent().len()), (asked, sent));
    for _ in 0..3 {
        books.an_hour_later();
        assert_eq!((&only(&books.look()).lost[..], books.state.losses().len()), (&[][..], 1));
    }
}

#[test]
fn content_that_was_never_seen_missing_is_named_by_its_digest() {
    let books = Books::with(&[A]);
    expired(&books);
    let digest = audit_feed::content::ContentDigest::of("a");
    assert_eq!(only(&books.look()).lost, [gone(&digest.stand_in())]);
}

#[test]
fn over_the_edge_what_is_archived_is_proven() {
    let books = Books::with(&[A]);
    books.look_last();
    books.archive(feed(), &[A]);
    over_the_edge(&books);
    let report = books.look();
    assert_eq!((only(&report).lost.len(), books.record().archived(), books.record().lost), (0, 1, 0));
    assert_eq!(books.record().settled_at, Some(books.clock.now()));
}

#[test]
fn content_that_a_fetcher_lost_is_not_missing() {
    let books = Books::with(&[A, B]);
    books.archive(feed(), &[A]);
    books.lose(&gone("b"));
    let report = books.look();
    assert_eq!((only(&report).missing, only(&report).windows_open, books.queue.sent().len()), (0, 0, 0));
    let record = books.record();
    assert_eq!((record.lost, record.archived(), record.settled_at), (1, 1, Some(books.clock.now())));
}

#[test]
fn content_that_was_lost_and_came_after_all_is_archived() {
    let books = Books::with(&[A, B]);
    books.lose(&gone("b"));
    books.archive(feed(), &[A, B]);
    books.look();
    assert_eq!((books.record().archived(), books.record().lost), (2, 0));
}

#[test]
fn what_was_listed_before_an_outage_of_nine_days_is_not_forgotten() {
    let books = Books::with(&[A]);
    books.look();
    books.later(SignedDuration::from_hours(9 * 24));
    let reason = LossReason::SevenDayEdge;
    books.lose(&Loss { from: at(BOUNDS.1), to: at("2026-11-24T12:05:05Z"), reason, content: None });
    let report = books.look();
    assert_eq!(only(&report).lost, [not_listed_again(), gone("a")]);
    assert_eq!(books.record().settled_at, Some(books.clock.now()));
}

#[test]
fn an_unusable_entry_that_turns_up_late_is_one_loss() {
    let books = Books::with(&[]);
    books.api.publish_unusable(feed(), "{}");
    let loss = Loss { reason: LossReason::UnusableEntry, ..gone("{}") };
    let report = books.look();
    books.tell(&report);
    assert_eq!((&only(&report).lost, books.state.losses()), (&vec![loss.clone()], vec![loss]));
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, [], "the poller, or an earlier look, has told it");
}
