//! Faults by chance: many, but the same for the same seed.

use std::time::Duration;

use management_api_simulator::{RandomFaults, Simulator};
use reqwest::Method;

use crate::{EXCHANGE, client::Client, noon, records, today};

/// What each of so many fetches of one blob came to: a status, or nothing at all.
async fn campaign(weather: RandomFaults, fetches: usize) -> (Simulator, Vec<Option<u16>>) {
    let (microsoft, contoso) = noon().await;
    let many: Vec<String> = (0..300).map(|number| format!("record {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&many));
    let client = Client::of(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    microsoft.set_random_faults(weather);
    let mut found = Vec::new();
    for _ in 0..fetches {
        let answer = client.try_call(Method::GET, &client.feed(&format!("audit/{id}"))).await;
        found.push(answer.ok().map(|answer| answer.status.as_u16()));
    }
    (microsoft, found)
}

fn mixed(seed: u64) -> RandomFaults {
    RandomFaults { slow_for: Duration::from_millis(1), ..RandomFaults::mixed(seed, 0.5) }
}

#[tokio::test]
async fn the_same_seed_brings_the_same_weather() {
    let (microsoft, found) = campaign(mixed(1), 120).await;
    assert_eq!(campaign(mixed(1), 120).await.1, found);
    assert_ne!(campaign(mixed(2), 120).await.1, found);
    let met: u64 = microsoft.random_faults_injected().values().sum();
    assert!((40..80).contains(&met), "{met} of 120 at one in two");
    assert_eq!(
        microsoft.random_faults_injected().len(),
        10,
        "every kind was met: {:?}",
        microsoft.random_faults_injected()
    );
    for status in [None, Some(200), Some(401), Some(403), Some(500), Some(502), Some(503)] {
        assert!(found.contains(&status), "{status:?}");
    }
    // Nothing was scripted, so nothing is left over.
    microsoft.assert_clean();
}

#[tokio::test]
async fn the_sky_can_be_cleared() {
    let (microsoft, found) = campaign(RandomFaults { unavailable: 1.0, ..RandomFaults::default() }, 3).await;
    assert_eq!(found, [Some(503); 3]);
    assert_eq!(microsoft.random_faults_injected()["unavailable"], 3);
    microsoft.set_random_faults(RandomFaults::default());
    let client = Client::of(&microsoft, 1).await;
    assert_eq!(client.ids(EXCHANGE, "10:00", "11:00").await.len(), 1);
    assert!(microsoft.random_faults_injected().is_empty());
}

/// A refusal of the token endpoint would look like a wrong secret, which is no weather.
#[tokio::test]
async fn the_token_endpoint_is_spared_what_no_retry_cures() {
    let (microsoft, _) = noon().await;
    microsoft.set_random_faults(RandomFaults { unauthorized: 1.0, ..RandomFaults::default() });
    let client = Client::of(&microsoft, 1).await;
    assert_eq!(client.get("subscriptions/list").await.status, 401);
    assert_eq!(microsoft.random_faults_injected()["unauthorized"], 1);
}
