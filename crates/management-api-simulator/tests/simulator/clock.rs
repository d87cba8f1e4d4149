//! Microsoft's clock, as the header `Date` tells it.

use management_api_simulator::{Clock, Config, Fault, FaultKind, Match, SignedDuration, Simulator, Tenant, Timestamp};

use crate::{EXCHANGE, client::Client, client::send_raw, hours, simulator_at_noon};

#[tokio::test]
async fn every_response_has_the_simulated_date() {
    let (microsoft, _) = simulator_at_noon().await;
    microsoft.inject(Fault::new(Match::any().content_type(EXCHANGE), FaultKind::Unavailable));
    let client = Client::for_tenant(&microsoft, 1).await;
    microsoft.advance(hours(13));
    for operation in ["subscriptions/list", "subscriptions/content?contentType=Audit.Exchange", "unknown"] {
        let response = client.get(operation).await;
        assert_eq!(response.header("date"), Some("Mon, 23 Nov 2026 01:00:00 GMT"), "{operation}");
    }
    let health = "GET /_simulator/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned();
    let health = send_raw(&microsoft, health).await;
    assert!(health.contains("date: Mon, 23 Nov 2026 01:00:00 GMT\r\n"), "{health}");
}

/// Windows are judged by Microsoft's clock: of the oldest hour that the client may ask for, 20 minutes are too old.
#[tokio::test]
async fn clock_can_be_ahead_of_or_behind_the_client() {
    for (ahead, refused) in [(20, Some("AF20055")), (-20, None)] {
        let clock = Clock::Offset(SignedDuration::from_mins(ahead));
        let microsoft = Simulator::start(Config { clock, ..Config::default() }).await.unwrap();
        microsoft.add_tenant(Tenant::example(1).subscribed());
        let client = Client::for_tenant(&microsoft, 1).await;
        let oldest = Timestamp::now() - SignedDuration::from_hours(7 * 24) + SignedDuration::from_mins(5);
        let format = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let end = format(oldest + SignedDuration::from_hours(1));
        let listing = client.window(EXCHANGE, &format(oldest), &end).await;
        assert_eq!(listing.json()["error"]["code"].as_str(), refused);
        let date = jiff::fmt::rfc2822::parse(listing.header("date").unwrap()).unwrap().timestamp();
        let difference = date.duration_since(Timestamp::now()) - SignedDuration::from_mins(ahead);
        assert!(difference.abs() < SignedDuration::from_secs(10), "{difference}");
    }
}

#[tokio::test]
async fn date_can_be_unreadable() {
    let (microsoft, _) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    let header = FaultKind::Header { name: "Date".to_owned(), value: "yesterday".to_owned() };
    microsoft.inject(Fault::new(Match::any(), header));
    assert_eq!(client.get("subscriptions/list").await.header("date"), Some("yesterday"));
    assert_eq!(client.get("subscriptions/list").await.header("date"), Some("Sun, 22 Nov 2026 12:00:00 GMT"));
}
