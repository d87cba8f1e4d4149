//! Content that can never be collected is reported once, and does not count as missing.

use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::ports::Clock;
use collector::reconcile::FeedReconciliation;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::reconcile::nothing_found;
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

fn gone(content: &str) -> Loss {
    let (from, to, reason) = (at(BOUNDS.0), at(BOUNDS.1), LossReason::ContentGone);
    Loss { from, to, reason, content: Some(content.to_owned()), objects: Vec::new() }
}

fn not_rechecked() -> Loss {
    Loss { reason: LossReason::NotRechecked, content: None, ..gone("") }
}

/// Moves the clock to a second after the window's start passed the retention edge.
fn pass_the_retention_edge(fixture: &ReconcileFixture) {
    fixture.clock.set(at(BOUNDS.0) + SignedDuration::from_hours(168) - PlanPolicy::RETENTION_MARGIN);
    fixture.clock.advance(SignedDuration::from_secs(1));
}

/// Moves the clock to where all contents of the window have expired.
fn expire(fixture: &ReconcileFixture) {
    fixture.clock.set(at(BOUNDS.1) + PlanPolicy::RETENTION);
}

#[test]
fn unlistable_content_may_arrive_until_it_expires() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    expire(&fixture);
    fixture.clock.advance(-SignedDuration::from_secs(1));
    assert_eq!(only(&fixture.reconcile()).lost, []);
    assert_eq!(fixture.record().missing.len(), 1);
    fixture.archive(feed(), &[A]);
    assert_eq!(only(&fixture.reconcile()).lost, []);
    assert_eq!(fixture.record().archived(), 1);
}

#[test]
fn lists_a_window_until_the_retention_edge() {
    let fixture = ReconcileFixture::with(&[A]);
    pass_the_retention_edge(&fixture);
    fixture.clock.advance(-SignedDuration::from_secs(1));
    let report = fixture.reconcile();
    assert_eq!(fixture.listings().len(), 1);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(only(&report).lost, []);
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn reports_expired_missing_content_once_by_name() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile_last();
    let (listings, sent) = (fixture.listings(), fixture.queue.sent());
    expire(&fixture);

    let report = fixture.reconcile();
    fixture.mark_reported(&report);

    assert_eq!(only(&report).lost, [gone("b")]);
    assert_eq!(fixture.state.losses(), [gone("b")]);
    let record = fixture.record();
    assert_eq!(record.archived(), 1);
    assert_eq!(record.lost, 1);
    assert!(record.missing.is_empty());
    assert_eq!(record.settled_at, Some(fixture.clock.now()), "nothing more can be found out");
    assert_eq!(fixture.listings(), listings);
    assert_eq!(fixture.queue.sent(), sent);
    for _ in 0..3 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, []);
        assert_eq!(fixture.state.losses(), [gone("b")]);
    }
}

#[test]
fn names_unseen_lost_content_by_its_digest() {
    let fixture = ReconcileFixture::with(&[A]);
    expire(&fixture);
    let digest = collector::content::ContentDigest::of("a");
    assert_eq!(only(&fixture.reconcile()).lost, [gone(&digest.placeholder_id())]);
}

#[test]
fn settles_archived_content_past_the_retention_edge() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_last();
    fixture.archive(feed(), &[A]);
    pass_the_retention_edge(&fixture);
    let report = fixture.reconcile();
    assert_eq!(only(&report).lost, []);
    assert_eq!(fixture.record().archived(), 1);
    assert_eq!(fixture.record().lost, 0);
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn content_lost_by_the_fetcher_is_not_missing() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.lose(&gone("b"));
    let report = fixture.reconcile();
    let expected = FeedReconciliation { windows_checked: 1, ..nothing_found() };
    assert_eq!(*only(&report), expected, "neither missing nor open");
    assert_eq!(fixture.queue.sent(), []);
    let record = fixture.record();
    assert_eq!(record.lost, 1);
    assert_eq!(record.archived(), 1);
    assert_eq!(record.settled_at, Some(fixture.clock.now()));
}

#[test]
fn lost_content_that_arrives_counts_as_archived() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.lose(&gone("b"));
    fixture.archive(feed(), &[A, B]);
    fixture.reconcile();
    assert_eq!(fixture.record().archived(), 2);
    assert_eq!(fixture.record().lost, 0);
}

#[test]
fn reports_losses_after_a_nine_day_outage() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.later(SignedDuration::from_hours(9 * 24));
    let reason = LossReason::RetentionExpired;
    fixture.lose(&Loss {
        from: at(BOUNDS.1),
        to: at("2026-11-24T12:05:05Z"),
        reason,
        content: None,
        objects: Vec::new(),
    });
    let report = fixture.reconcile();
    assert_eq!(only(&report).lost, [not_rechecked(), gone("a")]);
    assert_eq!(fixture.record().settled_at, Some(fixture.clock.now()));
}

#[test]
fn late_malformed_entry_is_one_loss() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.api.publish_malformed(feed(), "{}");
    let losses = [Loss { reason: LossReason::MalformedEntry, ..gone("{}") }];
    let report = fixture.reconcile();
    fixture.mark_reported(&report);
    assert_eq!(only(&report).lost, losses);
    assert_eq!(fixture.state.losses(), losses);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, [], "it was reported by the first run");
}
