//! Random faults, reproducible from their seed.

use std::time::Duration;

use management_api_simulator::{RandomFaults, Simulator};
use reqwest::Method;

use crate::{EXCHANGE, client::Client, records, simulator_at_noon, today};

/// Fetches one blob repeatedly. Returns the status of each response, or `None` if there was none or it was incomplete.
async fn fetch_repeatedly(random_faults: RandomFaults, fetches: usize) -> (Simulator, Vec<Option<u16>>) {
    let (microsoft, contoso) = simulator_at_noon().await;
    let many: Vec<String> = (0..300).map(|number| format!("record {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&many));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    microsoft.set_random_faults(random_faults);
    let mut statuses = Vec::new();
    for _ in 0..fetches {
        let response = client.try_send(Method::GET, &client.feed(&format!("audit/{id}"))).await;
        statuses.push(response.ok().map(|response| response.status.as_u16()));
    }
    (microsoft, statuses)
}

fn mixed(seed: u64) -> RandomFaults {
    RandomFaults { slow_for: Duration::from_millis(1), ..RandomFaults::mixed(seed, 0.5) }
}

#[tokio::test]
async fn same_seed_gives_the_same_faults() {
    let (microsoft, statuses) = fetch_repeatedly(mixed(1), 120).await;
    assert_eq!(fetch_repeatedly(mixed(1), 120).await.1, statuses);
    assert_ne!(fetch_repeatedly(mixed(2), 120).await.1, statuses);
    let injected: u64 = microsoft.random_faults_injected().values().sum();
    assert!((40..80).contains(&injected), "{injected} of 120 at a probability of 0.5");
    assert_eq!(
        microsoft.random_faults_injected().len(),
        10,
        "every kind was injected: {:?}",
        microsoft.random_faults_injected()
    );
    for status in [None, Some(200), Some(401), Some(403), Some(500), Some(502), Some(503)] {
        assert!(statuses.contains(&status), "{status:?}");
    }
    // Random faults never count as unused.
    microsoft.assert_clean();
}

#[tokio::test]
async fn random_faults_can_be_turned_off() {
    let (microsoft, statuses) = fetch_repeatedly(RandomFaults { unavailable: 1.0, ..RandomFaults::default() }, 3).await;
    assert_eq!(statuses, [Some(503); 3]);
    assert_eq!(microsoft.random_faults_injected()["unavailable"], 3);
    microsoft.set_random_faults(RandomFaults::default());
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.ids(EXCHANGE, "10:00", "11:00").await.len(), 1);
    assert!(microsoft.random_faults_injected().is_empty());
}

/// `unauthorized` from the token endpoint would mean a wrong secret, which no retry fixes.
#[tokio::test]
async fn token_endpoint_gets_only_transient_faults() {
    let (microsoft, _) = simulator_at_noon().await;
    microsoft.set_random_faults(RandomFaults { unauthorized: 1.0, ..RandomFaults::default() });
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.get("subscriptions/list").await.status, 401);
    assert_eq!(microsoft.random_faults_injected()["unauthorized"], 1);
}
