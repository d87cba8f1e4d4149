//! Content ids name aggregates, so they depend on the requested window.

use std::{collections::BTreeSet, time::Duration};

use management_api_simulator::{Aggregation, Config, Generate, Simulator, Uuid};

use crate::{EXCHANGE, at, client::Client, hours, records, simulator_at_noon, simulator_at_noon_with, today};

/// Five slices a minute apart, from 10:00 to 10:04: one aggregate.
async fn five_slices() -> (Simulator, Uuid, Client) {
    let (microsoft, contoso) = simulator_at_noon().await;
    for minute in 0..5 {
        let name = format!("r{minute}");
        microsoft.publish(contoso, EXCHANGE, today(&format!("10:0{minute}:00")), records(&[&name]));
    }
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, contoso, client)
}

fn id(first: &str, last: &str) -> String {
    format!("20261122{first}00000$20261122{last}00000$audit_exchange$Audit_Exchange$na0030")
}

#[tokio::test]
async fn same_window_gives_the_same_ids() {
    let (_microsoft, _, client) = five_slices().await;
    let once = client.ids(EXCHANGE, "10:00", "10:30").await;
    assert_eq!(once, [id("1000", "1004")]);
    assert_eq!(client.ids(EXCHANGE, "10:00", "10:30").await, once);
    assert_eq!(client.blob(&once[0]).await.record_ids(), ["r0", "r1", "r2", "r3", "r4"]);
}

#[tokio::test]
async fn window_across_an_aggregate_gives_another_id() {
    let (_microsoft, _, client) = five_slices().await;
    let first = client.ids(EXCHANGE, "10:00", "10:02").await;
    let second = client.ids(EXCHANGE, "10:02", "10:30").await;
    assert_eq!(first, vec![id("1000", "1001")]);
    assert_eq!(second, vec![id("1002", "1004")]);
    assert_eq!(client.blob(&first[0]).await.record_ids(), ["r0", "r1"]);
    assert_eq!(client.blob(&second[0]).await.record_ids(), ["r2", "r3", "r4"]);

    // A window that overlaps both returns the same records under a third id.
    let across = client.ids(EXCHANGE, "10:01", "10:03").await;
    assert_eq!(across, [id("1001", "1002")]);
    assert_eq!(client.blob(&across[0]).await.record_ids(), ["r1", "r2"]);
}

#[tokio::test]
async fn content_created_is_the_last_slice_in_window() {
    let (_microsoft, _, client) = five_slices().await;
    let page = client.page(EXCHANGE, "10:00", "10:03").await.json();
    assert_eq!(page[0]["contentCreated"], "2026-11-22T10:02:00.000Z");
    assert_eq!(page[0]["contentExpiration"], "2026-11-29T10:02:00.000Z");
}

#[tokio::test]
async fn id_is_unknown_until_it_was_listed() {
    let (_microsoft, _, client) = five_slices().await;
    let guessed = client.blob(&id("1000", "1004")).await;
    assert_eq!(guessed.error(), (404, "AF20050".to_owned()));
    client.ids(EXCHANGE, "10:00", "10:30").await;
    assert_eq!(client.blob(&id("1000", "1004")).await.status, 200);
}

#[tokio::test]
async fn gap_and_count_limit_an_aggregate() {
    let aggregation = Aggregation { gap: Duration::from_secs(5), at_most: 3 };
    let (microsoft, contoso) = simulator_at_noon_with(Config { aggregation, ..Config::default() }).await;
    for (time, name) in [
        ("10:00:00", "a"),
        ("10:00:05", "b"),
        ("10:00:10.001", "c"),
        ("10:00:11", "d"),
        ("10:00:12", "e"),
        ("10:00:13", "f"),
    ] {
        microsoft.publish(contoso, EXCHANGE, today(time), records(&[name]));
    }
    let client = Client::for_tenant(&microsoft, 1).await;
    let blobs = client.blobs("10:00", "11:00").await;
    assert_eq!(blobs, [vec!["a", "b"], vec!["c", "d", "e"], vec!["f"]]);
}

#[tokio::test]
async fn extra_digit_distinguishes_slices_of_one_millisecond() {
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let (microsoft, contoso) = simulator_at_noon_with(Config { aggregation, ..Config::default() }).await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["b"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.blobs("10:00", "11:00").await, [["a"], ["b"]]);
    let ids = client.ids(EXCHANGE, "10:00", "11:00").await;
    assert!(ids[1].starts_with("202611221000000001$202611221000000001$audit_exchange$"), "{ids:?}");
}

#[tokio::test]
async fn adjacent_windows_contain_every_record_once() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.generate(contoso, &Generate::new(7, 900, hours(3), at("2026-11-22T12:00:00Z")));
    let expected: BTreeSet<String> = microsoft
        .obtainable_records(contoso, EXCHANGE)
        .iter()
        .map(|record| serde_json::from_slice::<serde_json::Value>(record).unwrap()["Id"].to_string())
        .collect();
    assert_eq!(expected.len(), 900 * 34 / 100);
    let client = Client::for_tenant(&microsoft, 1).await;
    for cuts in [["09:00", "10:00", "12:00"], ["09:00", "10:17", "12:00"]] {
        let mut arrived = Vec::new();
        for window in cuts.windows(2) {
            for id in client.ids(EXCHANGE, window[0], window[1]).await {
                let blob = client.blob(&id).await.json();
                arrived.extend(blob.as_array().unwrap().iter().map(|record| record["Id"].to_string()));
            }
        }
        assert_eq!(arrived.len(), expected.len());
        assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), expected);
    }
}
