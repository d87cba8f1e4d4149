//! Many simulators, on runtimes of either kind, each gone with its last handle.

use management_api_simulator::{Clock, Config, Simulator, Tenant};

use crate::{EXCHANGE, client::Client, minutes, noon, records, today};

#[tokio::test]
async fn it_stops_with_its_last_handle() {
    let (microsoft, _) = noon().await;
    let client = Client::of(&microsoft, 1).await;
    let clone = microsoft.clone();
    drop(microsoft);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    drop(clone);
    // Not even the connection that is still open answers.
    let error = client.try_call(reqwest::Method::GET, &client.feed("subscriptions/list")).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
}

#[tokio::test]
async fn each_has_a_port_and_a_world_of_its_own() {
    let (one, contoso) = noon().await;
    let (two, _) = noon().await;
    assert_ne!(one.address(), two.address());
    assert!(one.url().starts_with("http://127.0.0.1:"));
    one.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    assert_eq!(Client::of(&one, 1).await.ids(EXCHANGE, "10:00", "11:00").await.len(), 1);
    assert_eq!(Client::of(&two, 1).await.ids(EXCHANGE, "10:00", "11:00").await.len(), 0);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let (microsoft, _) = noon().await;
    let config = Config { listen: microsoft.address(), ..Config::default() };
    let error = Simulator::start(config).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn it_serves_many_at_once_on_a_runtime_with_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (microsoft, contoso) = noon().await;
        microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let microsoft = microsoft.clone();
                tokio::spawn(async move { Client::of(&microsoft, 1).await.blobs("10:00", "11:00").await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), [["a"]]);
        }
        microsoft.assert_clean();
    });
}

#[tokio::test]
async fn the_clock_is_real_unless_told_otherwise() {
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
async fn a_tenant_says_what_a_collector_needs_to_know() {
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
