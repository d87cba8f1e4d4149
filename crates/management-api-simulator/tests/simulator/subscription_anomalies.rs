//! Subscriptions whose answers contradict each other, starts without effect, and throttled starts.

use std::time::Duration;

use management_api_simulator::{
    Clock, Config, Fault, FaultKind, Match, Operation, Simulator, SubscriptionAnomaly, Tenant, Throttle,
};
use serde_json::{Value, json};

use crate::{EXCHANGE, NOON, at, client::Client, hours, minutes, records, today};

async fn simulator_for(tenant: Tenant, config: Config) -> (Simulator, Client) {
    let clock = Clock::Manual(at(NOON));
    let microsoft = Simulator::start(Config { clock, ..config }).await.unwrap();
    microsoft.add_tenant(tenant);
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, client)
}

fn enabled() -> Value {
    json!([{"contentType": EXCHANGE, "status": "enabled", "webhook": null}])
}

/// The error code of a listing, or its content ids.
async fn listing(client: &Client) -> Result<usize, String> {
    let response = client.page(EXCHANGE, "10:00", "13:00").await;
    if response.status == 200 { Ok(response.content_ids().len()) } else { Err(response.error().1) }
}

#[tokio::test]
async fn listed_subscription_can_be_refused_until_started() {
    let tenant = Tenant::example(1).subscribed_to(&[EXCHANGE]);
    let (microsoft, client) = simulator_for(tenant, Config::default()).await;
    microsoft.set_subscription_anomaly(client.tenant, EXCHANGE, Some(SubscriptionAnomaly::EnabledButRefused));
    microsoft.publish(client.tenant, EXCHANGE, today("11:00:00"), records(&["a"]));
    assert_eq!(client.get("subscriptions/list").await.json(), enabled());
    assert_eq!(listing(&client).await, Err("AF20023".to_owned()));

    assert_eq!(client.start(EXCHANGE).await.status, 200);
    assert_eq!(listing(&client).await, Ok(1));
    assert_eq!(client.start(EXCHANGE).await.error(), (400, "AF20024".to_owned()));
}

#[tokio::test]
async fn working_subscription_can_be_unlisted() {
    let tenant = Tenant::example(1).subscribed_to(&[EXCHANGE]);
    let (microsoft, client) = simulator_for(tenant, Config::default()).await;
    microsoft.set_subscription_anomaly(client.tenant, EXCHANGE, Some(SubscriptionAnomaly::WorkingButUnlisted));
    assert_eq!(client.get("subscriptions/list").await.json(), json!([]));
    assert_eq!(client.start(EXCHANGE).await.error(), (400, "AF20024".to_owned()));
    assert_eq!(listing(&client).await, Ok(0));

    microsoft.set_subscription_anomaly(client.tenant, EXCHANGE, None);
    assert_eq!(client.get("subscriptions/list").await.json(), enabled());
}

fn delayed() -> Config {
    Config { start_delay: minutes(16), reach_back: hours(2), ..Config::default() }
}

#[tokio::test]
async fn start_can_take_effect_later_and_reach_back() {
    let (microsoft, client) = simulator_for(Tenant::example(1), delayed()).await;
    microsoft.publish(client.tenant, EXCHANGE, today("11:00:00"), records(&["before the start"]));
    assert_eq!(listing(&client).await, Err("AF20022".to_owned()));
    assert_eq!(client.start(EXCHANGE).await.json(), enabled()[0]);
    microsoft.advance(minutes(15));
    microsoft.publish(client.tenant, EXCHANGE, today("12:15:00"), records(&["after the start"]));
    assert_eq!(client.get("subscriptions/list").await.json(), json!([]));
    assert_eq!(listing(&client).await, Err("AF20023".to_owned()));
    assert_eq!(microsoft.subscription(client.tenant, EXCHANGE), None);

    microsoft.advance(minutes(1));
    assert_eq!(client.get("subscriptions/list").await.json(), enabled());
    assert_eq!(listing(&client).await, Ok(2));
    assert_eq!(microsoft.obtainable_records(client.tenant, EXCHANGE).len(), 2);
}

#[tokio::test]
async fn second_start_does_not_postpone_the_effect() {
    let (microsoft, client) = simulator_for(Tenant::example(1), delayed()).await;
    client.start(EXCHANGE).await;
    microsoft.advance(minutes(14));
    assert_eq!(client.start(EXCHANGE).await.error(), (403, "AF429".to_owned()));
    microsoft.advance(minutes(1));
    assert_eq!(client.start(EXCHANGE).await.status, 200);
    microsoft.advance(minutes(1));
    assert_eq!(listing(&client).await, Ok(0));
}

#[tokio::test]
async fn disabled_subscription_stays_listed_until_restart_works() {
    let (microsoft, client) = simulator_for(Tenant::example(1).subscribed_to(&[EXCHANGE]), delayed()).await;
    microsoft.stop_subscription(client.tenant, EXCHANGE);
    client.start(EXCHANGE).await;
    microsoft.advance(minutes(15));
    assert_eq!(client.get("subscriptions/list").await.json()[0]["status"], "disabled");
    assert_eq!(listing(&client).await, Err("AF20023".to_owned()));
    microsoft.advance(minutes(1));
    assert_eq!(client.get("subscriptions/list").await.json(), enabled());
}

#[tokio::test]
async fn start_within_cool_down_says_how_long_to_wait() {
    let throttle = Throttle { status: 429, ..Throttle::default() };
    let (microsoft, client) = simulator_for(Tenant::example(1), Config { throttle, ..Config::default() }).await;
    client.start(EXCHANGE).await;
    microsoft.stop_subscription(client.tenant, EXCHANGE);
    microsoft.advance(Duration::from_secs(4));
    let refused = client.start(EXCHANGE).await;
    assert_eq!(refused.error(), (429, "AF429".to_owned()));
    let message = format!(
        "Too many requests. Method=StartSubscription, PublisherId={}. Please retry again after 14m 56s.",
        client.tenant
    );
    assert_eq!(refused.json()["error"]["message"], message);
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(client.start("DLP.All").await.status, 200, "another type has its own cool-down");
}

#[tokio::test]
async fn scripted_throttling_can_tell_the_wait_in_its_text() {
    let (microsoft, client) = simulator_for(Tenant::example(1), Config::default()).await;
    for status in [403, 429] {
        let kind = FaultKind::ThrottledInText { status, wait: Duration::from_secs(14 * 60 + 56) };
        microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), kind));
        let refused = client.start(EXCHANGE).await;
        assert_eq!(refused.error(), (status, "AF429".to_owned()));
        assert_eq!(refused.header("retry-after"), None);
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with("retry again after 14m 56s."), "{message}");
    }
    assert_eq!(client.start(EXCHANGE).await.status, 200);
}
