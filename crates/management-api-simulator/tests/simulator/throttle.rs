//! The quota of requests.

use std::time::Duration;

use management_api_simulator::{Config, Simulator, Tenant, Throttle, ThrottleWindow};
use reqwest::Method;

use crate::{client::Client, noon_with};

async fn three_a_minute(throttle: Throttle) -> (Simulator, Client) {
    let throttle = Throttle { requests_per_minute: Some(3), ..throttle };
    let (microsoft, _) = noon_with(Config { throttle, ..Config::default() }).await;
    let client = Client::of(&microsoft, 1).await;
    (microsoft, client)
}

/// The statuses of so many calls.
async fn calls(client: &Client, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get("subscriptions/list").await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn one_request_too_many_is_403_with_af429() {
    let (microsoft, client) = three_a_minute(Throttle::default()).await;
    assert_eq!(calls(&client, 3).await, [200, 200, 200]);
    let refused = client.get("subscriptions/list").await;
    assert_eq!(refused.error(), (403, "AF429".to_owned()));
    let message = format!("Too many requests. Method=ListSubscriptions, PublisherId={}", client.tenant);
    assert_eq!(refused.json()["error"]["message"], message);
    assert_eq!(refused.header("retry-after"), None);
    let counted = microsoft.calls();
    assert_eq!((counted.allowed, counted.refused), (3, 1));
    microsoft.assert_clean();
}

#[tokio::test]
async fn the_minute_slides_by_the_simulators_clock() {
    let (microsoft, client) = three_a_minute(Throttle::default()).await;
    assert_eq!(calls(&client, 1).await, [200]);
    microsoft.advance(Duration::from_secs(40));
    assert_eq!(calls(&client, 3).await, [200, 200, 403]);
    microsoft.advance(Duration::from_secs(20));
    assert_eq!(calls(&client, 2).await, [200, 403]);
}

#[tokio::test]
async fn or_it_is_the_minute_of_the_clock() {
    let throttle = Throttle { window: ThrottleWindow::Fixed, ..Throttle::default() };
    let (microsoft, client) = three_a_minute(throttle).await;
    microsoft.advance(Duration::from_secs(59));
    assert_eq!(calls(&client, 4).await, [200, 200, 200, 403]);
    microsoft.advance(Duration::from_secs(1));
    assert_eq!(calls(&client, 1).await, [200]);
}

#[tokio::test]
async fn status_and_retry_after_can_be_chosen() {
    let throttle = Throttle { status: 429, retry_after: Some(Duration::from_secs(7)), ..Throttle::default() };
    let (_microsoft, client) = three_a_minute(throttle).await;
    calls(&client, 3).await;
    let refused = client.get("subscriptions/list").await;
    assert_eq!(refused.error(), (429, "AF429".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn each_tenant_and_publisher_has_a_quota_of_its_own() {
    let (microsoft, client) = three_a_minute(Throttle::default()).await;
    microsoft.add_tenant(Tenant::example(2));
    assert_eq!(calls(&client, 4).await, [200, 200, 200, 403]);
    assert_eq!(calls(&Client::of(&microsoft, 2).await, 1).await, [200]);
    let vendor = client.feed("subscriptions/list?PublisherIdentifier=00000000-0000-4000-8000-00000000abcd");
    let answer = client.http.get(vendor).bearer_auth(&client.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn it_can_be_lifted() {
    let (microsoft, client) = three_a_minute(Throttle::default()).await;
    microsoft.configure(|config| config.throttle.requests_per_minute = None);
    assert!(calls(&client, 50).await.iter().all(|&status| status == 200));
    assert_eq!(client.call(Method::GET, &client.feed("audit/x")).await.status, 404);
    assert_eq!(microsoft.calls().allowed, 51);
}
