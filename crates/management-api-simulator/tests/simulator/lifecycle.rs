//! Starting and stopping simulators, on single- and multi-threaded runtimes.

use management_api_simulator::{Clock, Config, Simulator, Tenant};

use crate::{EXCHANGE, client::Client, minutes, records, simulator_at_noon, today};

#[tokio::test]
async fn stops_with_its_last_handle() {
    let (microsoft, _) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    let clone = microsoft.clone();
    drop(microsoft);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    drop(clone);
    // The connection that is still open gets no response either.
    let error = client.try_send(reqwest::Method::GET, &client.feed("subscriptions/list")).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
}

#[tokio::test]
async fn simulators_are_independent() {
    let (one, contoso) = simulator_at_noon().await;
    let (two, _) = simulator_at_noon().await;
    assert_ne!(one.address(), two.address());
    assert!(one.url().starts_with("http://127.0.0.1:"));
    one.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    assert_eq!(Client::for_tenant(&one, 1).await.ids(EXCHANGE, "10:00", "11:00").await.len(), 1);
    assert_eq!(Client::for_tenant(&two, 1).await.ids(EXCHANGE, "10:00", "11:00").await.len(), 0);
}

#[tokio::test]
async fn port_in_use_is_an_error() {
    let (microsoft, _) = simulator_at_noon().await;
    let config = Config { listen: microsoft.address(), ..Config::default() };
    let error = Simulator::start(config).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn serves_concurrent_clients_on_a_threaded_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (microsoft, contoso) = simulator_at_noon().await;
        microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let microsoft = microsoft.clone();
                tokio::spawn(async move { Client::for_tenant(&microsoft, 1).await.blobs("10:00", "11:00").await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), [["a"]]);
        }
        microsoft.assert_clean();
    });
}

#[tokio::test]
async fn clock_is_real_by_default() {
    let microsoft = Simulator::start(Config::default()).await.unwrap();
    let before = jiff::Timestamp::now();
    assert!(before <= microsoft.now() && microsoft.now() <= jiff::Timestamp::now());
    microsoft.advance(minutes(90));
    let ahead = microsoft.now().duration_since(jiff::Timestamp::now());
    assert!(ahead.as_mins() >= 89 && ahead.as_mins() <= 90, "{ahead}");
    microsoft.set_now(today("12:00:00"));
    microsoft.advance(minutes(1));
    assert_eq!(microsoft.now(), today("12:01:00"));
    microsoft.set_clock(Clock::Real);
    assert!(before <= microsoft.now());
}

#[tokio::test]
async fn credentials_json_contains_what_a_collector_needs() {
    let tenant = Tenant::example(7);
    let json: serde_json::Value = serde_json::from_str(&tenant.credentials_json()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "tenant_id": "00000007-0000-4000-8000-000000000000",
            "client_id": "00000007-c11e-4000-8000-000000000000",
            "client_secret": "simulated-client-secret-7",
            "cloud": "enterprise",
        })
    );
}
