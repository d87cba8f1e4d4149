//! Pages of a listing, and the URI of the next one.

use management_api_simulator::{Aggregation, Config, Simulator, Uuid};
use reqwest::Method;

use crate::{
    EXCHANGE,
    client::{Client, send_raw},
    records, simulator_at_noon_with, today,
};

/// Seven entries, three on a page.
async fn seven_entries(empty_page_every: Option<usize>) -> (Simulator, Uuid, Client) {
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let config = Config { page_size: 3, empty_page_every, aggregation, ..Config::default() };
    let (microsoft, contoso) = simulator_at_noon_with(config).await;
    for minute in 0..7 {
        microsoft.publish(contoso, EXCHANGE, today(&format!("10:0{minute}:00")), records(&["a"]));
    }
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, contoso, client)
}

/// The number of entries on each page of 10:00 to 11:00, and all ids in the order received.
async fn walk(client: &Client) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    let mut page = client.page(EXCHANGE, "10:00", "11:00").await;
    loop {
        let on_it = page.content_ids();
        sizes.push(on_it.len());
        ids.extend(on_it);
        let Some(next) = page.header("NextPageUri").map(str::to_owned) else { return (sizes, ids) };
        page = client.send(Method::GET, &next).await;
    }
}

#[tokio::test]
async fn pages_lead_to_every_entry() {
    let (microsoft, _, client) = seven_entries(None).await;
    let (sizes, ids) = walk(&client).await;
    assert_eq!(sizes, [3, 3, 1]);
    let mut ordered = ids.clone();
    ordered.sort();
    ordered.dedup();
    assert_eq!(ordered.len(), 7);
    assert_ne!(ids, ordered, "the order is not by time");
    assert_eq!(walk(&client).await.1, ids, "but it is always the same");
    microsoft.assert_clean();
}

#[tokio::test]
async fn empty_pages_can_be_inserted() {
    let (_microsoft, _, client) = seven_entries(Some(2)).await;
    assert_eq!(walk(&client).await.0, [3, 0, 3, 1]);
    let (_microsoft, _, client) = seven_entries(Some(1)).await;
    assert_eq!(walk(&client).await.0, [0, 3, 0, 3, 0, 1]);
}

#[tokio::test]
async fn next_page_uri_looks_like_a_live_one() {
    let (microsoft, contoso, client) = seven_entries(None).await;
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    let expected = format!(
        "{}/api/v1.0/{contoso}/activity/feed/subscriptions/content?contenttype=Audit.Exchange\
         &starttime=2026-11-22T10:00:00.0000000Z&endtime=2026-11-22T11:00:00.0000000Z\
         &nextpage=20261122110000000R000000001$1",
        microsoft.url()
    );
    assert_eq!(page.header("NextPageUri"), Some(expected.as_str()));
}

#[tokio::test]
async fn next_page_header_is_in_mixed_case() {
    let (microsoft, contoso, client) = seven_entries(None).await;
    let response = send_raw(
        &microsoft,
        format!(
            "GET /api/v1.0/{contoso}/activity/feed/subscriptions/content?contentType={EXCHANGE}\
             &startTime=2026-11-22T10:00&endTime=2026-11-22T11:00&PublisherIdentifier={contoso} HTTP/1.1\r\n\
             Host: microsoft.example\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            client.token
        ),
    )
    .await;
    assert!(response.contains("\r\nNextPageUri: http://microsoft.example/api/v1.0/"), "{response}");
}

#[tokio::test]
async fn page_is_the_same_on_every_request() {
    let (microsoft, contoso, client) = seven_entries(None).await;
    let first = client.page(EXCHANGE, "10:00", "11:00").await;
    let next = first.header("NextPageUri").unwrap();
    let second = client.send(Method::GET, next).await;
    // Content published in the meantime does not appear on the pages of an existing listing.
    microsoft.publish(contoso, EXCHANGE, today("10:30:00"), records(&["new"]));
    assert_eq!(client.send(Method::GET, next).await.body, second.body);
    assert_eq!(walk(&client).await.1.len(), 8);
}

#[tokio::test]
async fn rejects_an_invalid_or_foreign_page_token() {
    let (_microsoft, _, client) = seven_entries(None).await;
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    let next = page.header("NextPageUri").unwrap();
    let refused = (400, "AF20031".to_owned());
    for bad in [
        next.replace("$1", "$9"),
        next.replace("R000000001", "R000000002"),
        next.replace("$1", ""),
        next.replace("11:00:00.0000000Z", "11:30:00.0000000Z"),
        next.replace("Audit.Exchange", "Audit.General"),
    ] {
        assert_ne!(bad, next);
        assert_eq!(client.send(Method::GET, &bad).await.error(), refused, "{bad}");
    }
    assert_eq!(client.send(Method::GET, next).await.status, 200);
}
