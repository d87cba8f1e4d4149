//! Subscriptions: starting, stopping, and the content lost in between.

use management_api_simulator::{Clock, Config, Simulator, Tenant};
use reqwest::Method;
use serde_json::json;

use crate::{EXCHANGE, NOON, at, client::Client, client::send_raw, hours, minutes, records, today};

async fn unsubscribed(config: Config) -> (Simulator, Client) {
    let clock = Clock::Manual(at(NOON));
    let microsoft = Simulator::start(Config { clock, ..config }).await.unwrap();
    microsoft.add_tenant(Tenant::example(1));
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, client)
}

#[tokio::test]
async fn subscription_is_started_once() {
    let (microsoft, client) = unsubscribed(Config::default()).await;
    assert_eq!(client.get("subscriptions/list").await.json(), json!([]));
    let listing = client.page(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(listing.error(), (400, "AF20022".to_owned()));

    let started = client.start(EXCHANGE).await;
    let enabled = json!({"contentType": EXCHANGE, "status": "enabled", "webhook": null});
    assert_eq!(started.status.as_u16(), 200);
    assert_eq!(started.json(), enabled.clone());
    assert_eq!(client.get("subscriptions/list").await.json(), json!([enabled]));
    assert_eq!(client.page(EXCHANGE, "10:00", "11:00").await.json(), json!([]));

    let again = client.start(EXCHANGE).await;
    assert_eq!(again.error(), (400, "AF20024".to_owned()));
    microsoft.assert_clean();
}

#[tokio::test]
async fn stopped_subscription_can_restart_after_15_minutes() {
    let (microsoft, client) = unsubscribed(Config::default()).await;
    client.start(EXCHANGE).await;
    microsoft.stop_subscription(client.tenant, EXCHANGE);
    assert_eq!(client.get("subscriptions/list").await.json()[0]["status"], "disabled");
    let listing = client.page(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(listing.error(), (400, "AF20023".to_owned()));

    microsoft.advance(minutes(14));
    assert_eq!(client.start(EXCHANGE).await.error(), (403, "AF429".to_owned()));
    microsoft.advance(minutes(1));
    assert_eq!(client.start(EXCHANGE).await.status, 200);
    assert_eq!(microsoft.subscription(client.tenant, EXCHANGE), Some(true));
}

#[tokio::test]
async fn content_published_while_disabled_is_never_obtainable() {
    let (microsoft, client) = unsubscribed(Config::default()).await;
    let contoso = client.tenant;
    microsoft.publish(contoso, EXCHANGE, today("11:50:00"), records(&["before"]));
    client.start(EXCHANGE).await;
    microsoft.publish(contoso, EXCHANGE, today("11:51:00"), records(&["on"]));
    microsoft.publish(contoso, EXCHANGE, today("13:00:00"), records(&["on, ahead"]));
    microsoft.publish(contoso, EXCHANGE, today("15:00:00"), records(&["off, ahead"]));
    microsoft.set_now(today("14:00:00"));
    microsoft.stop_subscription(contoso, EXCHANGE);
    microsoft.publish(contoso, EXCHANGE, today("14:00:00"), records(&["off"]));
    microsoft.set_now(today("16:00:00"));
    // The token of the first client expired hours ago.
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.start(EXCHANGE).await.status, 200);

    assert_eq!(client.blobs("11:00", "16:00").await, [["on"], ["on, ahead"]]);
    let published = microsoft.published_records(contoso, EXCHANGE);
    let obtainable: Vec<bool> = published.iter().map(|record| record.obtainable).collect();
    assert_eq!(obtainable, [false, true, true, false, false]);
    assert_eq!(microsoft.obtainable_records(contoso, EXCHANGE).len(), 2);
    microsoft.assert_clean();
}

#[tokio::test]
async fn first_start_may_reach_back() {
    let (microsoft, client) = unsubscribed(Config { reach_back: hours(2), ..Config::default() }).await;
    let contoso = client.tenant;
    microsoft.publish(contoso, EXCHANGE, today("09:59:59"), records(&["too old"]));
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["old"]));
    client.start(EXCHANGE).await;
    assert_eq!(client.blobs("09:00", "12:00").await, [["old"]]);

    microsoft.stop_subscription(contoso, EXCHANGE);
    microsoft.publish(contoso, EXCHANGE, today("12:00:00"), records(&["in the gap"]));
    microsoft.advance(minutes(15));
    client.start(EXCHANGE).await;
    assert_eq!(client.blobs("09:00", "12:15").await, [["old"]]);
}

#[tokio::test]
async fn start_requires_a_known_content_type() {
    let (_microsoft, client) = unsubscribed(Config::default()).await;
    assert_eq!(client.start("Audit.Teams").await.error(), (400, "AF20020".to_owned()));
    let url = client.feed("subscriptions/start");
    assert_eq!(client.send(Method::POST, &url).await.error(), (400, "AF20001".to_owned()));
}

#[tokio::test]
async fn start_requires_an_empty_body_and_content_length() {
    let (microsoft, client) = unsubscribed(Config::default()).await;
    let path = format!(
        "/api/v1.0/{0}/activity/feed/subscriptions/start?contentType={EXCHANGE}&PublisherIdentifier={0}",
        client.tenant
    );
    let webhook = client
        .http
        .post(format!("{}{path}", client.url))
        .bearer_auth(&client.token)
        .body(r#"{"webhook":{"address":"https://hook.example/"}}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(webhook.status(), 400);
    let violations = microsoft.take_violations();
    assert_eq!(violations.len(), 1);
    assert!(violations[0].starts_with("subscription start with a body"), "{violations:?}");

    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let response = send_raw(&microsoft, format!("{head}Authorization: Bearer {}\r\n\r\n", client.token)).await;
    assert!(response.starts_with("HTTP/1.1 411 "), "{response}");
    assert!(microsoft.take_violations()[0].starts_with("POST without Content-Length"));
    assert_eq!(microsoft.subscription(client.tenant, EXCHANGE), None);
}
