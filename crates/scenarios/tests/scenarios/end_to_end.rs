//! From Microsoft into the archive, without faults.

use collector::fetch::FetchOutcome;
use management_api_simulator::Operation;

use crate::fixture::{ALL, Fixture};

#[tokio::test]
async fn archives_every_record_once_byte_by_byte() {
    let fixture = Fixture::of(&ALL).await;
    fixture.publish(1, 600, 20);
    let report = fixture.collector.poll().await;
    assert!(!report.more_to_do);
    fixture.collector.fetch_all(1).await;
    fixture.assert_complete().await;
}

#[tokio::test]
async fn later_polls_archive_later_records() {
    let fixture = Fixture::of(&ALL).await;
    for seed in 1..=3 {
        fixture.advance_minutes(5);
        fixture.publish(seed, 60, 0);
        fixture.collector.poll().await;
        fixture.collector.fetch_all(1).await;
    }
    fixture.assert_complete().await;
}

#[tokio::test]
async fn duplicate_deliveries_leave_the_same_objects() {
    let fixture = Fixture::of(&ALL).await;
    fixture.publish(2, 200, 20);
    fixture.collector.poll().await;
    fixture.collector.fetch_all(2).await;
    fixture.assert_complete().await;
}

/// One call for the subscriptions and one for each content type, apart from the sign-in.
#[tokio::test]
async fn quiet_poll_makes_five_calls_to_microsoft() {
    let fixture = Fixture::of(&ALL).await;
    fixture.collector.poll().await;
    fixture.advance_minutes(5);
    // The first poll of an hour also asks for the list of subscriptions.
    fixture.collector.poll().await;
    fixture.advance_minutes(5);
    fixture.microsoft.reset_calls();

    let report = fixture.collector.poll().await;

    assert_eq!(report.feeds().map(|(_, feed)| feed.windows_listed).sum::<u64>(), 5);
    let calls = fixture.microsoft.calls();
    assert_eq!(calls.of(Operation::ListSubscriptions), 0);
    assert_eq!(calls.of(Operation::ListContent), 5);
    assert_eq!(calls.of(Operation::FetchContent), 0);
}

/// While the tenant's quota is used up, delayed copies of the messages wait in the queue, and no receive is used up.
#[tokio::test]
async fn throttled_content_is_postponed_and_not_lost() {
    let fixture = Fixture::of(&ALL).await;
    fixture.publish(3, 60, 1);
    fixture.collector.poll().await;
    fixture.microsoft.configure(|config| config.throttle.requests_per_minute = Some(0));

    let outcomes = fixture.collector.fetch_all(1).await;

    assert!(!outcomes.is_empty());
    assert!(outcomes.iter().all(|outcome| matches!(outcome, FetchOutcome::Postponed { .. })), "{outcomes:?}");
}
