//! What can never be collected: found once, and never taken for missing.

use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::ports::Clock;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

fn gone(content: &str) -> Loss {
    let (from, to, reason) = (at(BOUNDS.0), at(BOUNDS.1), LossReason::ContentGone);
    Loss { from, to, reason, content: Some(content.to_owned()) }
}

fn not_rechecked() -> Loss {
    Loss { reason: LossReason::NotRechecked, content: None, ..gone("") }
}

/// The window's start is no longer inside of what Microsoft lists.
fn over_the_edge(fixture: &ReconcileFixture) {
    fixture.clock.set(at(BOUNDS.0) + SignedDuration::from_hours(168) - PlanPolicy::RETENTION_MARGIN);
    fixture.clock.advance(SignedDuration::from_secs(1));
}

/// What the window held has expired.
fn expired(fixture: &ReconcileFixture) {
    fixture.clock.set(at(BOUNDS.1) + PlanPolicy::RETENTION);
}

#[test]
fn what_can_no_longer_be_listed_may_still_arrive_until_it_expires() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    expired(&fixture);
    fixture.clock.advance(-SignedDuration::from_secs(1));
    assert_eq!((&only(&fixture.reconcile()).lost[..], fixture.record().missing.len()), (&[][..], 1));
    fixture.archive(feed(), &[A]);
    assert_eq!((&only(&fixture.reconcile()).lost[..], fixture.record().archived()), (&[][..], 1));
}

#[test]
fn a_second_before_the_edge_a_window_is_still_listed() {
    let fixture = ReconcileFixture::with(&[A]);
    over_the_edge(&fixture);
    fixture.clock.advance(-SignedDuration::from_secs(1));
    let report = fixture.reconcile();
    assert_eq!((fixture.listings().len(), fixture.queue.content_ids()), (1, vec!["a".to_owned()]));
    assert_eq!((only(&report).lost.len(), fixture.state.losses().len()), (0, 0));
}

#[test]
fn missing_content_that_has_expired_is_one_loss_that_names_it() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile_last();
    let (asked, sent) = (fixture.listings().len(), fixture.queue.sent().len());
    expired(&fixture);

    let report = fixture.reconcile();
    fixture.tell(&report);

    assert_eq!((&only(&report).lost, fixture.state.losses()), (&vec![gone("b")], vec![gone("b")]));
    let record = fixture.record();
    assert_eq!((record.archived(), record.lost, record.missing.len()), (1, 1, 0));
    assert_eq!(record.settled_at, Some(fixture.clock.now()), "nothing more can be found out");
    assert_eq!((fixture.listings().len(), fixture.queue.sent().len()), (asked, sent));
    for _ in 0..3 {
        fixture.an_hour_later();
        assert_eq!((&only(&fixture.reconcile()).lost[..], fixture.state.losses().len()), (&[][..], 1));
    }
}

#[test]
fn content_that_was_never_seen_missing_is_named_by_its_digest() {
    let fixture = ReconcileFixture::with(&[A]);
    expired(&fixture);
    let digest = collector::content::ContentDigest::of("a");
    assert_eq!(only(&fixture.reconcile()).lost, [gone(&digest.placeholder_id())]);
}

#[test]
fn over_the_edge_what_is_archived_is_proven() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    fixture.archive(feed(), &[A]);
    over_the_edge(&fixture);
    let report = fixture.reconcile();
    assert_eq!((only(&report).lost.len(), fixture.record().archived(), fixture.record().lost), (0, 1, 0));
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn content_that_a_fetcher_lost_is_not_missing() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.lose(&gone("b"));
    let report = fixture.reconcile();
    assert_eq!((only(&report).missing, only(&report).windows_open, fixture.queue.sent().len()), (0, 0, 0));
    let record = fixture.record();
    assert_eq!((record.lost, record.archived(), record.settled_at), (1, 1, Some(fixture.clock.now())));
}

#[test]
fn content_that_was_lost_and_came_after_all_is_archived() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.lose(&gone("b"));
    fixture.archive(feed(), &[A, B]);
    fixture.reconcile();
    assert_eq!((fixture.record().archived(), fixture.record().lost), (2, 0));
}

#[test]
fn what_was_listed_before_an_outage_of_nine_days_is_not_forgotten() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.later(SignedDuration::from_hours(9 * 24));
    let reason = LossReason::RetentionExpired;
    fixture.lose(&Loss { from: at(BOUNDS.1), to: at("2026-11-24T12:05:05Z"), reason, content: None });
    let report = fixture.reconcile();
    assert_eq!(only(&report).lost, [not_rechecked(), gone("a")]);
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn an_unusable_entry_that_turns_up_late_is_one_loss() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.api.publish_unusable(feed(), "{}");
    let loss = Loss { reason: LossReason::MalformedEntry, ..gone("{}") };
    let report = fixture.reconcile();
    fixture.tell(&report);
    assert_eq!((&only(&report).lost, fixture.state.losses()), (&vec![loss.clone()], vec![loss]));
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, [], "the poller, or an earlier look, has told it");
}
