//! Content that can never be collected is reported once, and is no longer open.

use collector::content::{ContentDigest, malformed_prefix};
use collector::loss::{Loss, LossReason};
use collector::plan::PlanPolicy;
use collector::ports::{Archive, ArchiveObject, ObjectMetadata};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{at, feed, message};

use crate::reconcile_fixture::{BOUNDS, ReconcileFixture, only};
use crate::reconcile_samples::{DAY, SIX_DAYS, gone, span};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");
/// An hour after `a` has expired: no fetch of it can be under way.
const CERTAINLY_EXPIRED: &str = "2026-11-29T12:03:00Z";

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The last instant at which the window is listed.
fn edge() -> Timestamp {
    at(BOUNDS.0) + PlanPolicy::RETENTION - PlanPolicy::RETENTION_MARGIN
}

/// `a` is open, and all rechecks of its window are done.
fn a_is_open() -> ReconcileFixture {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile_at_age(SIX_DAYS);
    fixture
}

#[test]
fn content_may_arrive_until_an_hour_after_it_expires() {
    let fixture = a_is_open();
    fixture.clock.set(at(CERTAINLY_EXPIRED) - SECOND);
    assert_eq!(only(&fixture.reconcile()).lost, []);
    fixture.archive(feed(), &[A]);
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    assert_eq!(only(&fixture.reconcile()).lost, []);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn content_without_an_object_is_lost_when_it_expires() {
    let fixture = a_is_open();
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    assert_eq!(only(&fixture.reconcile()).lost, [gone("a")]);
    assert_eq!(fixture.state.losses(), [gone("a")]);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn lost_content_is_reported_once() {
    let fixture = a_is_open();
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    fixture.mark_reported(&fixture.reconcile());
    for _ in 0..3 {
        fixture.an_hour_later();
        assert_eq!(only(&fixture.reconcile()).lost, []);
    }
    assert_eq!(fixture.state.losses(), [gone("a")]);
}

#[test]
fn lost_content_is_neither_queued_nor_missing() {
    let fixture = a_is_open();
    let _ = fixture.queue.drain();
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    assert_eq!(only(&fixture.reconcile()).missing, 0);
    assert!(fixture.queue.is_empty());
}

#[test]
fn losing_one_content_leaves_the_others_open() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.reconcile_at_age(SIX_DAYS);
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    fixture.reconcile();
    assert_eq!(fixture.open_ids(), ["b"]);
}

#[test]
fn lost_content_that_no_listing_named_is_named_by_its_digest() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.clock.set(at(BOUNDS.1) + PlanPolicy::RETENTION + SignedDuration::from_hours(1));
    let lost = only(&fixture.reconcile()).lost.clone();
    assert!(lost.contains(&gone(&ContentDigest::of("a").placeholder_id())), "{lost:?}");
}

/// A fetcher has stored a malformed body of `a` under this key.
fn store_malformed(fixture: &ReconcileFixture) -> String {
    let key = format!("{}/{}.body", malformed_prefix(feed(), at(A.1)), ContentDigest::of("a"));
    let metadata = ObjectMetadata::of(&message(A.0, A.1), 0);
    block_on(async { fixture.archive.begin().await?.store(&key, &metadata).await }).unwrap();
    key
}

#[test]
fn content_with_a_malformed_body_is_lost_as_malformed() {
    let fixture = a_is_open();
    let key = store_malformed(&fixture);
    fixture.clock.set(at(CERTAINLY_EXPIRED));
    let loss = Loss { reason: LossReason::Malformed, objects: vec![key], ..gone("a") };
    assert_eq!(only(&fixture.reconcile()).lost, [loss]);
    assert_eq!(fixture.open_ids(), [""; 0]);
}

#[test]
fn malformed_body_is_found_on_each_day_of_the_window() {
    let fixture = ReconcileFixture::exchange();
    let created = "2026-11-22T00:01:00Z";
    fixture.list(
        feed(),
        ("2026-11-21T23:50:00Z", "2026-11-22T00:10:00Z"),
        &[("m", created), ("n", "2026-11-21T23:55:00Z")],
    );
    let key = format!("{}/{}.body", malformed_prefix(feed(), at(created)), ContentDigest::of("m"));
    let metadata = ObjectMetadata::of(&message("m", created), 0);
    block_on(async { fixture.archive.begin().await?.store(&key, &metadata).await }).unwrap();
    fixture.clock.set(at("2026-11-29T01:10:00Z"));
    let lost = only(&fixture.reconcile()).lost.clone();
    assert!(lost.iter().any(|loss| loss.objects == [key.clone()]), "{lost:?}");
}

#[test]
fn window_is_listed_until_the_edge() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.clock.set(edge());
    fixture.reconcile();
    assert_eq!(fixture.listings().len(), 1);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.losses(), []);
}

#[test]
fn window_is_compared_with_the_archive_past_the_edge() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    fixture.clock.set(edge() + SECOND);
    let report = fixture.reconcile();
    assert_eq!(fixture.listings(), []);
    assert_eq!(only(&report).missing, 1);
    assert_eq!(only(&report).lost, [span(BOUNDS.0, BOUNDS.1, LossReason::Unchecked)], "nobody looked for late content");
}

#[test]
fn loss_that_others_recorded_is_reported_with_those_of_the_run() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.later(DAY * 9);
    let gap = span(BOUNDS.1, "2026-11-24T12:05:05Z", LossReason::RetentionExpired);
    fixture.lose(&gap);
    fixture.later(SignedDuration::from_mins(15));
    let unchecked = span(BOUNDS.0, BOUNDS.1, LossReason::Unchecked);
    assert_eq!(only(&fixture.reconcile()).lost, [gap, unchecked, gone("a")]);
}

#[test]
fn late_malformed_entry_is_one_loss() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.api.publish_malformed(feed(), "{}");
    fixture.reconcile();
    fixture.an_hour_later();
    let report = fixture.reconcile();
    fixture.mark_reported(&report);
    let losses = [Loss { reason: LossReason::MalformedEntry, ..gone("{}") }];
    assert_eq!(only(&report).lost, losses);
    fixture.an_hour_later();
    assert_eq!(only(&fixture.reconcile()).lost, []);
    assert_eq!(fixture.state.losses(), losses);
}

#[test]
fn content_lost_by_its_digest_and_by_its_id_is_one_loss() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.lose(&gone(&ContentDigest::of("a").placeholder_id()));
    fixture.lose(&gone("a"));
    assert_eq!(fixture.state.losses().len(), 1);
}
