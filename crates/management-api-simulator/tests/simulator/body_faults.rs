//! Scripted faults in the transmission: connections that break or stall, and bodies that end too early.

use std::time::{Duration, Instant};

use management_api_simulator::{
    BlobFormat, Config, Fault, FaultKind, Generated, Match, Operation, Simulator, Slice, Tenant,
};
use reqwest::Method;

use crate::{
    EXCHANGE,
    client::{Client, send_raw},
    simulator_at_noon, simulator_at_noon_with, today,
};

/// A blob of about 30 kB and a client that can fetch it.
async fn one_blob(blobs: BlobFormat) -> (Simulator, Client, String) {
    let (microsoft, contoso) = simulator_at_noon_with(Config { blobs, ..Config::default() }).await;
    let made_up = Generated { seed: 1, count: 100, record_bytes: 300 };
    microsoft.publish_slice(contoso, EXCHANGE, Slice::generated(today("10:00:00"), made_up));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    (microsoft, client, id)
}

const LENGTH: usize = 100 * 300 + 99 + 2;

fn uncompressed() -> BlobFormat {
    BlobFormat { gzip: false, ..BlobFormat::default() }
}

fn on_fetch(kind: FaultKind) -> Fault {
    Fault::new(Match::operation(Operation::FetchContent), kind)
}

/// Head and body as transmitted, up to the end of the connection: no HTTP library hides what is missing.
async fn fetch_raw(microsoft: &Simulator, client: &Client, id: &str, encoding: &str) -> (String, String) {
    let tenant = client.tenant;
    let response = send_raw(
        microsoft,
        format!(
            "GET /api/v1.0/{tenant}/activity/feed/audit/{id}?PublisherIdentifier={tenant} HTTP/1.1\r\nHost: x\r\n\
             Accept-Encoding: {encoding}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            client.token
        ),
    )
    .await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn cut_body_is_shorter_than_its_length() {
    let (microsoft, client, id) = one_blob(uncompressed()).await;
    microsoft.inject(on_fetch(FaultKind::CutBody { after: 1_000 }).times(2));
    let (head, body) = fetch_raw(&microsoft, &client, &id, "identity").await;
    assert!(head.contains(&format!("content-length: {LENGTH}")), "{head}");
    assert_eq!(body.len(), 1_000);
    let error = client.try_send(Method::GET, &client.feed(&format!("audit/{id}"))).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(client.blob(&id).await.record_ids().len(), 100);
    microsoft.assert_clean();
}

#[tokio::test]
async fn cut_chunked_body_lacks_its_final_chunk() {
    let (microsoft, client, id) = one_blob(BlobFormat { chunked: true, ..uncompressed() }).await;
    microsoft.inject(on_fetch(FaultKind::CutBody { after: 1_000 }));
    let (head, body) = fetch_raw(&microsoft, &client, &id, "identity").await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(body.starts_with("3E8\r\n[") && !body.ends_with("0\r\n\r\n"), "{body}");
}

#[tokio::test]
async fn cut_compressed_body_is_an_error() {
    let (microsoft, client, id) = one_blob(BlobFormat::default()).await;
    microsoft.inject(on_fetch(FaultKind::CutBody { after: 500 }));
    let error = client.try_send(Method::GET, &client.feed(&format!("audit/{id}"))).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
}

#[tokio::test]
async fn cut_beyond_the_end_removes_the_last_byte() {
    for blobs in [uncompressed(), BlobFormat { chunked: true, ..uncompressed() }, BlobFormat::default()] {
        let (microsoft, client, id) = one_blob(blobs).await;
        microsoft.inject(on_fetch(FaultKind::CutBody { after: u64::MAX }));
        assert!(client.try_send(Method::GET, &client.feed(&format!("audit/{id}"))).await.is_err());
    }
}

#[tokio::test]
async fn truncated_json_arrives_in_a_valid_response() {
    for blobs in [uncompressed(), BlobFormat { chunked: true, ..uncompressed() }, BlobFormat::default()] {
        let (microsoft, client, id) = one_blob(blobs).await;
        for (after, left) in [(1_000, 1_000), (u64::MAX, LENGTH - 1)] {
            microsoft.inject(on_fetch(FaultKind::Truncate { after }));
            let truncated = client.blob(&id).await;
            assert_eq!(truncated.status.as_u16(), 200);
            assert_eq!(truncated.body.len(), left);
        }
        assert_eq!(client.blob(&id).await.body.len(), LENGTH);
    }
}

#[tokio::test]
async fn dropped_response_leaves_the_request_processed() {
    let (microsoft, _) = simulator_at_noon().await;
    microsoft.add_tenant(Tenant::example(2));
    let client = Client::for_tenant(&microsoft, 2).await;
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), FaultKind::Drop));
    let url = client.feed("subscriptions/start?contentType=Audit.Exchange");
    assert!(client.try_send(Method::POST, &url).await.is_err());
    assert_eq!(client.start(EXCHANGE).await.error(), (400, "AF20024".to_owned()));

    microsoft.inject(on_fetch(FaultKind::Drop));
    assert_eq!(fetch_raw(&microsoft, &client, "x", "identity").await, Default::default());
    microsoft.assert_clean();
}

/// The time until the head arrived, and until the whole response arrived.
async fn timed(client: &Client, id: &str) -> (Duration, Duration) {
    let url = client.feed(&format!("audit/{id}?PublisherIdentifier={}", client.tenant));
    let start = Instant::now();
    let response = client.http.get(url).bearer_auth(&client.token).send().await.unwrap();
    let head = start.elapsed();
    assert_eq!(response.bytes().await.unwrap().len(), LENGTH);
    (head, start.elapsed())
}

#[tokio::test]
async fn response_can_stall_before_head_or_in_body() {
    const PAUSE: Duration = Duration::from_millis(400);
    for (kind, head_waits) in [
        (FaultKind::StallHead(PAUSE), true),
        (FaultKind::SlowFirstByte(PAUSE), false),
        (FaultKind::StallBody { after: 1_000, pause: PAUSE }, false),
        (FaultKind::StallBody { after: u64::MAX, pause: PAUSE }, false),
    ] {
        let (microsoft, client, id) = one_blob(uncompressed()).await;
        microsoft.inject(on_fetch(kind.clone()));
        let (head, whole) = timed(&client, &id).await;
        assert_eq!(head >= PAUSE, head_waits, "{kind:?}: {head:?}");
        assert!(whole >= PAUSE, "{kind:?}: {whole:?}");
    }
}

#[tokio::test]
async fn bytes_before_a_stall_arrive() {
    let (microsoft, client, id) = one_blob(uncompressed()).await;
    let pause = Duration::from_secs(3_600);
    microsoft.inject(on_fetch(FaultKind::StallBody { after: 1_000, pause }));
    let url = client.feed(&format!("audit/{id}?PublisherIdentifier={}", client.tenant));
    let mut response = client.http.get(url).bearer_auth(&client.token).send().await.unwrap();
    let mut arrived = 0;
    while arrived < 1_000 {
        arrived += response.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(arrived, 1_000);
    let more = tokio::time::timeout(Duration::from_millis(100), response.chunk()).await;
    assert!(more.is_err());
    // The stalled response does not delay others.
    assert_eq!(client.blob(&id).await.body.len(), LENGTH);
}
