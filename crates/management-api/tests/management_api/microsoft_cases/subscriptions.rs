//! Subscriptions: lists and listings that disagree, starts without effect, starts that are throttled.

use std::time::Duration;

use collector::failure::FailureKind;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, SubscriptionAnomaly, Tenant};

use super::fixture::Case;
use crate::EXCHANGE;

fn starts(case: &Case) -> u64 {
    case.microsoft.calls().of(Operation::StartSubscription)
}

#[tokio::test]
async fn starts_what_the_list_calls_enabled_and_a_listing_refuses() {
    let case = Case::subscribed().await;
    case.poll().await;
    case.advance_minutes(5);
    case.microsoft.set_subscription_anomaly(case.tenant, EXCHANGE, Some(SubscriptionAnomaly::EnabledButRefused));
    assert!(case.poll().await.subscription_started);
    assert_eq!(starts(&case), 1);
    case.advance_minutes(5);
    let report = case.poll().await;
    assert_eq!(report.error, None, "healed by the start");
}

#[tokio::test]
async fn reports_no_loss_while_listing_works() {
    let case = Case::subscribed().await;
    case.microsoft.set_subscription_anomaly(case.tenant, EXCHANGE, Some(SubscriptionAnomaly::WorkingButUnlisted));
    case.publish("11:30:00");
    for _ in 0..24 {
        assert_eq!(case.poll().await.error, None);
        case.advance_minutes(15);
    }
    assert_eq!(case.losses(), []);
    case.fetch().await;
    assert_eq!(case.archived_records(), 1);
}

#[tokio::test]
async fn start_without_effect_is_not_repeated_early_and_loses_nothing() {
    let config = Config {
        start_delay: Duration::from_secs(16 * 60),
        reach_back: Duration::from_secs(22 * 3_600),
        ..Config::default()
    };
    let case = Case::of(Tenant::example(1), config).await;
    case.publish("11:30:00");
    for _ in 0..3 {
        case.poll().await;
        case.advance_minutes(5);
    }
    assert_eq!(starts(&case), 1, "at 0, 5 and 10 minutes");
    case.advance_minutes(2);
    let report = case.poll().await;
    assert_eq!(report.error, None, "listing works after 16 minutes");
    assert_eq!(starts(&case), 1);
    assert_eq!(case.losses(), []);
    case.fetch().await;
    assert_eq!(case.archived_records(), 1, "from before the start");
}

#[tokio::test]
async fn throttled_start_waits_as_long_as_it_was_told() {
    let case = Case::of(Tenant::example(1), Config::default()).await;
    let wait = Duration::from_secs(14 * 60 + 56);
    let throttled = FaultKind::ThrottledInText { status: 429, wait };
    case.microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), throttled).times(1));
    let error = case.poll().await.error.unwrap();
    assert_eq!(error.kind, FailureKind::Throttled);
    assert!(error.message.contains("starting the subscription"), "{error}");
    for _ in 0..2 {
        case.advance_minutes(5);
        case.poll().await;
    }
    assert_eq!(starts(&case), 1, "at 5 and 10 minutes");
    case.advance_minutes(5);
    case.poll().await;
    assert_eq!(starts(&case), 2);
}

#[tokio::test]
async fn reports_what_a_disabled_subscription_missed() {
    let case = Case::subscribed().await;
    case.poll().await;
    case.microsoft.stop_subscription(case.tenant, EXCHANGE);
    case.advance_minutes(5);
    case.poll().await;
    assert_eq!(case.losses(), [], "nothing is known before listing works again");
    case.advance_minutes(5);
    case.poll().await;
    let losses = case.losses();
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!(losses[0].to.to_string(), "2026-11-22T12:05:00Z", "the start that took effect");
}
