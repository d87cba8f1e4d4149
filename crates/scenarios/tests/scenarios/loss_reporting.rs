//! The reconciler reports losses that a crashed poller left unreported.

use collector::loss::LossReason;

use crate::fixture::{Fixture, at};

#[tokio::test]
async fn reconciler_reports_a_crashed_pollers_loss_once() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.collector.poll().await;
    fixture.advance_minutes(8 * 24 * 60);
    // The poller records the loss, and crashes before it marks it as reported.
    drop(fixture.collector.poll().await);
    assert_eq!(fixture.collector.reconcile_and_report(&[]).await.feeds[0].lost, [], "the poller may still be running");

    fixture.advance_minutes(20);
    let report = fixture.collector.reconcile_and_report(&[]).await;
    assert_eq!(report.feeds[0].lost.len(), 1);
    assert_eq!(report.feeds[0].lost[0].reason, LossReason::RetentionExpired);
    assert_eq!(report.feeds[0].lost[0].from, at("2026-11-22T11:59:55Z"));

    fixture.advance_minutes(60);
    assert_eq!(fixture.collector.reconcile_and_report(&[]).await.feeds[0].lost, []);
}
