//! Blobs: the records, byte for byte, and the format of the response.

use std::time::Duration;

use futures::StreamExt;
use management_api_simulator::{BlobFormat, Config, Generated, Simulator, Slice};
use reqwest::Method;

use crate::{EXCHANGE, at, client::Client, hours, records, simulator_at_noon, simulator_at_noon_with, today};

/// A record that no JSON library would write like this.
const ODD: &str = r#"{ "Id":"1",  "Path":"\/Posteingang\u00df","Größe":1.50e1,"Id":"twice" }"#;

async fn simulator_with_blob(blobs: BlobFormat) -> (Simulator, Client, String) {
    let (microsoft, contoso) = simulator_at_noon_with(Config { blobs, ..Config::default() }).await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), [ODD, r#"{"Id":"2"}"#]);
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    (microsoft, client, id)
}

/// The same client without support for compression.
fn plain(client: Client) -> Client {
    Client { http: reqwest::Client::builder().no_gzip().build().unwrap(), ..client }
}

#[tokio::test]
async fn records_arrive_byte_for_byte() {
    let (microsoft, client, id) = simulator_with_blob(BlobFormat::default()).await;
    let expected = format!(r#"[{ODD},{{"Id":"2"}}]"#);
    let compressed = client.blob(&id).await;
    assert_eq!(String::from_utf8(compressed.body).unwrap(), expected);
    let plain = plain(client).blob(&id).await;
    assert_eq!(plain.header("content-type"), Some("application/octet-stream"));
    assert_eq!(plain.header("content-length"), Some(expected.len().to_string().as_str()));
    assert_eq!(String::from_utf8(plain.body).unwrap(), expected);
    microsoft.assert_clean();
}

#[tokio::test]
async fn compresses_if_enabled_and_accepted_by_the_client() {
    let (microsoft, client, id) = simulator_with_blob(BlobFormat::default()).await;
    let url = format!("{}?PublisherIdentifier={}", client.feed(&format!("audit/{id}")), client.tenant);
    let plain_client = plain(client);
    let request_gzip =
        || plain_client.http.get(&url).bearer_auth(&plain_client.token).header("Accept-Encoding", "gzip, deflate");
    let response = request_gzip().send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);

    microsoft.configure(|config| config.blobs.gzip = false);
    let response = request_gzip().send().await.unwrap();
    assert_eq!(response.headers().get("content-encoding"), None);
    assert_eq!(response.bytes().await.unwrap()[0], b'[');
}

#[tokio::test]
async fn blob_format_is_configurable() {
    let format = BlobFormat { content_type: "text/plain".to_owned(), gzip: false, chunked: true, spaced: true };
    let (_microsoft, client, id) = simulator_with_blob(format).await;
    let blob = client.blob(&id).await;
    assert_eq!(blob.header("content-type"), Some("text/plain"));
    assert_eq!(blob.header("transfer-encoding"), Some("chunked"));
    let expected = format!("[\r\n  {ODD},\r\n  {{\"Id\":\"2\"}}\r\n]\r\n");
    assert_eq!(String::from_utf8(blob.body).unwrap(), expected);
}

#[tokio::test]
async fn slice_may_be_empty() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&[]));
    let client = plain(Client::for_tenant(&microsoft, 1).await);
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    assert_eq!(client.blob(&id).await.body, b"[]");
}

#[tokio::test]
async fn blob_expires_at_its_listed_expiration() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let slice = Slice::new(today("10:00:00"), records(&["short"])).expires_at(today("12:30:00"));
    microsoft.publish_slice(contoso, EXCHANGE, slice);
    microsoft.publish(contoso, EXCHANGE, today("11:30:00"), records(&["long"]));
    let mut client = Client::for_tenant(&microsoft, 1).await;
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(page.json()[0]["contentExpiration"], "2026-11-22T12:30:00.000Z");
    let short = page.content_ids().remove(0);
    let long = client.ids(EXCHANGE, "11:00", "12:00").await.remove(0);
    microsoft.set_now(today("12:29:59"));
    assert_eq!(client.blob(&short).await.status, 200);
    microsoft.set_now(today("12:30:00"));
    assert_eq!(client.blob(&short).await.error(), (400, "AF20051".to_owned()));

    microsoft.set_now(at("2026-11-29T11:29:59Z"));
    client.renew_token().await;
    assert_eq!(client.blob(&long).await.status, 200);
    microsoft.advance(Duration::from_secs(1));
    assert_eq!(client.blob(&long).await.error(), (400, "AF20051".to_owned()));
}

#[tokio::test]
async fn blob_is_hidden_from_other_tenants() {
    let (microsoft, client, id) = simulator_with_blob(BlobFormat::default()).await;
    microsoft.add_tenant(management_api_simulator::Tenant::example(2).subscribed());
    let other = Client::for_tenant(&microsoft, 2).await;
    assert_eq!(other.blob(&id).await.error(), (404, "AF20050".to_owned()));
    let url = client.feed(&format!("audit/{}", id.replace('$', "%24")));
    assert_eq!(client.send(Method::GET, &url).await.status, 200);
}

#[tokio::test]
async fn repeated_records_keep_their_ids() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("08:00:00"), records(&["a", "b"]));
    microsoft.publish(contoso, EXCHANGE, today("09:00:00"), records(&["c"]));
    let slice = Slice::new(today("10:00:00"), records(&["d"])).repeating(2);
    microsoft.publish_slice(contoso, EXCHANGE, slice);
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.blobs("10:00", "11:00").await, [["d", "b", "c"]]);
    assert_eq!(microsoft.published_records(contoso, EXCHANGE).len(), 6);
}

/// More than 200 MB, of which neither side ever holds more than a piece in memory.
#[tokio::test]
async fn huge_blob_is_generated_while_it_is_sent() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let huge = Generated { seed: 3, count: 2_100, record_bytes: 100_000 };
    microsoft.publish_slice(contoso, EXCHANGE, Slice::generated(today("10:00:00"), huge));
    let client = plain(Client::for_tenant(&microsoft, 1).await);
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    let url = format!("{}?PublisherIdentifier={}", client.feed(&format!("audit/{id}")), client.tenant);
    let response = client.http.get(&url).bearer_auth(&client.token).send().await.unwrap();
    let expected = 2_100 * 100_000 + 2_099 + 2;
    assert_eq!(response.content_length(), Some(expected));
    let mut pieces = response.bytes_stream();
    let mut received = 0;
    while let Some(piece) = pieces.next().await {
        received += piece.unwrap().len() as u64;
    }
    assert_eq!(received, expected);
}

#[tokio::test]
async fn generated_records_are_reproducible_json() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let made_up = Generated { seed: 3, count: 5, record_bytes: 300 };
    microsoft.publish_slice(contoso, EXCHANGE, Slice::generated(today("10:00:00"), made_up));
    microsoft.advance(hours(1));
    let client = Client::for_tenant(&microsoft, 1).await;
    let ids = client.blobs("10:00", "11:00").await.remove(0);
    assert_eq!(ids.len(), 5);
    assert_eq!(client.blobs("10:00", "11:00").await[0], ids);
    let published = microsoft.published_records(contoso, EXCHANGE);
    assert!(published.iter().all(|record| record.bytes.len() == 300));
    let id: serde_json::Value = serde_json::from_slice(&published[4].bytes).unwrap();
    assert_eq!(id["Id"], ids[4]);
}
