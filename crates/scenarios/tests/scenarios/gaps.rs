//! Content that can never be collected is reported.

use collector::loss::LossReason;
use collector::poll::{FeedReport, PollReport};

use crate::fixture::{Fixture, at};

fn exchange(report: &PollReport) -> &FeedReport {
    report.feeds().next().unwrap().1
}

#[tokio::test]
async fn reports_an_outage_of_eight_days_with_its_bounds() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.collector.poll().await;
    fixture.publish_one("2026-11-22T13:00:00Z", r#"{"Id":"too old in eight days"}"#);
    fixture.publish_one("2026-11-29T13:00:00Z", r#"{"Id":"new"}"#);
    fixture.advance_minutes(8 * 24 * 60);

    let report = fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;

    let lost = &exchange(&report).lost;
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].reason, LossReason::RetentionExpired);
    assert_eq!((lost[0].from, lost[0].to), (at("2026-11-22T11:59:55Z"), at("2026-11-23T12:15:00Z")));
    let total = fixture.comparison().await.total();
    assert_eq!((total.archived, total.lost, total.surplus), (1, 1, 0), "and nothing else is lost");
}

#[tokio::test]
async fn restarts_a_disabled_subscription_and_reports_the_gap() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.collector.poll().await;
    fixture.advance_minutes(60);
    fixture.microsoft.stop_subscription(fixture.tenant, "Audit.Exchange");
    fixture.advance_minutes(60);

    let report = fixture.collector.poll().await;

    assert!(exchange(&report).subscription_started);
    assert_eq!(exchange(&report).lost, [], "nothing is known before listing works again");
    fixture.publish_one("2026-11-22T14:01:00Z", r#"{"Id":"after"}"#);
    fixture.advance_minutes(5);
    let report = fixture.collector.poll().await;
    let lost = &exchange(&report).lost;
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].reason, LossReason::SubscriptionDisabled);
    assert_eq!(lost[0].from, at("2026-11-22T11:59:55Z"));
    assert_eq!(lost[0].to, at("2026-11-22T14:00:00Z"));
    fixture.advance_minutes(5);
    let report = fixture.collector.poll().await;
    assert_eq!(exchange(&report).lost, [], "a gap is reported once");
    fixture.collector.fetch_all(1).await;
    fixture.assert_complete().await;
}
