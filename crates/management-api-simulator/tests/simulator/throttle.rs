//! The request quota.

use std::time::Duration;

use management_api_simulator::{Config, Simulator, Tenant, Throttle, ThrottleWindow};
use reqwest::Method;

use crate::{client::Client, simulator_at_noon_with};

async fn quota_of_three(throttle: Throttle) -> (Simulator, Client) {
    let throttle = Throttle { requests_per_minute: Some(3), ..throttle };
    let (microsoft, _) = simulator_at_noon_with(Config { throttle, ..Config::default() }).await;
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, client)
}

/// The statuses of `count` requests.
async fn request_statuses(client: &Client, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get("subscriptions/list").await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn request_over_quota_gets_403_with_af429() {
    let (microsoft, client) = quota_of_three(Throttle::default()).await;
    assert_eq!(request_statuses(&client, 3).await, [200, 200, 200]);
    let refused = client.get("subscriptions/list").await;
    assert_eq!(refused.error(), (403, "AF429".to_owned()));
    let message = format!("Too many requests. Method=ListSubscriptions, PublisherId={}", client.tenant);
    assert_eq!(refused.json()["error"]["message"], message);
    assert_eq!(refused.header("retry-after"), None);
    let counted = microsoft.calls();
    assert_eq!(counted.allowed, 3);
    assert_eq!(counted.refused, 1);
    microsoft.assert_clean();
}

#[tokio::test]
async fn quota_counts_a_sliding_minute_by_default() {
    let (microsoft, client) = quota_of_three(Throttle::default()).await;
    assert_eq!(request_statuses(&client, 1).await, [200]);
    microsoft.advance(Duration::from_secs(40));
    assert_eq!(request_statuses(&client, 3).await, [200, 200, 403]);
    microsoft.advance(Duration::from_secs(20));
    assert_eq!(request_statuses(&client, 2).await, [200, 403]);
}

#[tokio::test]
async fn quota_can_count_fixed_minutes() {
    let throttle = Throttle { window: ThrottleWindow::Fixed, ..Throttle::default() };
    let (microsoft, client) = quota_of_three(throttle).await;
    microsoft.advance(Duration::from_secs(59));
    assert_eq!(request_statuses(&client, 4).await, [200, 200, 200, 403]);
    microsoft.advance(Duration::from_secs(1));
    assert_eq!(request_statuses(&client, 1).await, [200]);
}

#[tokio::test]
async fn status_and_retry_after_are_configurable() {
    let throttle = Throttle { status: 429, retry_after: Some(Duration::from_secs(7)), ..Throttle::default() };
    let (_microsoft, client) = quota_of_three(throttle).await;
    request_statuses(&client, 3).await;
    let refused = client.get("subscriptions/list").await;
    assert_eq!(refused.error(), (429, "AF429".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn quota_is_per_tenant_and_publisher() {
    let (microsoft, client) = quota_of_three(Throttle::default()).await;
    microsoft.add_tenant(Tenant::example(2));
    assert_eq!(request_statuses(&client, 4).await, [200, 200, 200, 403]);
    assert_eq!(request_statuses(&Client::for_tenant(&microsoft, 2).await, 1).await, [200]);
    let vendor = client.feed("subscriptions/list?PublisherIdentifier=00000000-0000-4000-8000-00000000abcd");
    let response = client.http.get(vendor).bearer_auth(&client.token).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn quota_can_be_disabled() {
    let (microsoft, client) = quota_of_three(Throttle::default()).await;
    microsoft.configure(|config| config.throttle.requests_per_minute = None);
    assert!(request_statuses(&client, 50).await.iter().all(|&status| status == 200));
    assert_eq!(client.send(Method::GET, &client.feed("audit/x")).await.status, 404);
    assert_eq!(microsoft.calls().allowed, 51);
}
