//! Content that appears late, and content near the current time.

use management_api_simulator::Slice;

use crate::{EXCHANGE, client::Client, minutes, records, simulator_at_noon, today};

#[tokio::test]
async fn future_content_is_listed_when_due() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("12:05:00"), records(&["ahead"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    assert!(client.ids(EXCHANGE, "12:00", "13:00").await.is_empty());
    microsoft.advance(minutes(5));
    assert_eq!(client.blobs("12:00", "13:00").await, [["ahead"]]);
}

#[tokio::test]
async fn late_slice_leaves_neighbouring_ids_unchanged() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    let late = Slice::new(today("10:00:10"), records(&["late"])).visible_at(today("12:30:00"));
    microsoft.publish_slice(contoso, EXCHANGE, late);
    microsoft.publish(contoso, EXCHANGE, today("10:00:20"), records(&["b"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let before = client.ids(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(before.len(), 1);

    microsoft.set_now(today("12:29:59"));
    assert_eq!(client.ids(EXCHANGE, "10:00", "11:00").await, before);
    microsoft.set_now(today("12:30:00"));
    let after = client.ids(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(after.len(), 2);
    assert!(after.contains(&before[0]));
    assert_eq!(client.blob(&before[0]).await.record_ids(), ["a", "b"]);
    assert_eq!(client.blobs("10:00", "11:00").await, [vec!["a", "b"], vec!["late"]]);
}

#[tokio::test]
async fn backdated_content_gets_its_own_aggregate() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let before = client.ids(EXCHANGE, "10:00", "11:00").await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:10"), records(&["backdated"]));
    assert_eq!(client.blobs("10:00", "11:00").await, [["a"], ["backdated"]]);
    assert_eq!(client.blob(&before[0]).await.record_ids(), ["a"]);
}

/// The aggregate still grows while its window ends in the future.
#[tokio::test]
async fn ids_near_now_may_change() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("11:59:50"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let before = client.ids(EXCHANGE, "11:00", "12:10").await;
    microsoft.advance(minutes(1));
    microsoft.publish(contoso, EXCHANGE, today("12:00:20"), records(&["b"]));
    let after = client.ids(EXCHANGE, "11:00", "12:10").await;
    assert_ne!(before, after);
    assert_eq!(client.blob(&after[0]).await.record_ids(), ["a", "b"]);
    // The id that was listed still means the same records.
    assert_eq!(client.blob(&before[0]).await.record_ids(), ["a"]);
}

#[tokio::test]
async fn content_out_of_order_joins_no_aggregate() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:30"), records(&["second"]));
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["first"]));
    microsoft.publish(contoso, EXCHANGE, today("10:01:00"), records(&["third"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let blobs = client.blobs("10:00", "11:00").await;
    assert_eq!(blobs, [vec!["first"], vec!["second", "third"]]);
}
