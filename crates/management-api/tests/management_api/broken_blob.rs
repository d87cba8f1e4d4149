//! Blobs that do not arrive completely: the failure may come in the middle of the stream.

use std::time::Duration;

use collector::content::Content;
use collector::failure::FailureKind::Transient;
use collector::ports::ManagementApi;
use futures::{StreamExt, pin_mut};
use management_api_simulator::{
    BlobFormat, Config, Fault, FaultKind, Generated, Match, Operation, Simulator, Slice, Tenant,
};

use crate::client_fixture::{ClientFixture, read_all};
use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_contains, expect_failure, start_simulator_with, today};

/// A simulator with one blob of 200,001 bytes, and an impatient client that has listed it.
async fn one_large_blob(gzip: bool) -> (Simulator, ClientFixture, Content) {
    let blobs = BlobFormat { gzip, ..BlobFormat::default() };
    let (microsoft, _) = start_simulator_with(Config { blobs, ..Config::default() }).await;
    let fixture = ClientFixture::impatient(&Tenant::example(1), &microsoft.url());
    let slice = Slice::generated(today("11:05:00"), Generated { seed: 1, count: 200, record_bytes: 999 });
    microsoft.publish_slice(fixture.tenant.id.0, EXCHANGE, slice);
    let content = fixture.contents().await.remove(0);
    (microsoft, fixture, content)
}

/// Asserts that the blob can be opened and that its stream then ends in a transient failure.
async fn assert_fails_in_the_stream(gzip: bool, fault: FaultKind) {
    let (microsoft, fixture, content) = one_large_blob(gzip).await;
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), fault));
    let blob = fixture.client.open(&fixture.tenant, &content.uri).await.unwrap();
    let failure = expect_failure(read_all(blob).await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&failure.message, &["no complete response from Microsoft"]);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 1, "a stream that was returned is not retried");
    microsoft.assert_clean();
}

#[tokio::test]
async fn fails_if_the_connection_breaks_in_the_middle() {
    assert_fails_in_the_stream(false, FaultKind::CutBody { after: 100_000 }).await;
}

#[tokio::test]
async fn fails_if_the_connection_breaks_before_the_end() {
    assert_fails_in_the_stream(false, FaultKind::CutBody { after: u64::MAX }).await;
}

#[tokio::test]
async fn fails_if_a_compressed_body_breaks_in_the_middle() {
    assert_fails_in_the_stream(true, FaultKind::CutBody { after: 20_000 }).await;
}

#[tokio::test]
async fn fails_if_a_compressed_body_breaks_before_the_end() {
    assert_fails_in_the_stream(true, FaultKind::CutBody { after: u64::MAX }).await;
}

#[tokio::test]
async fn fails_if_the_server_stalls_in_the_middle() {
    assert_fails_in_the_stream(false, FaultKind::StallBody { after: 100_000, pause: Duration::from_mins(1) }).await;
}

#[tokio::test]
async fn passes_on_a_truncated_array_unchanged() {
    let (microsoft, fixture, content) = one_large_blob(true).await;
    let whole = fixture.read(&content.uri).await.unwrap();
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::Truncate { after: 100_000 }));
    let cut = fixture.read(&content.uri).await.unwrap();
    assert!(cut == whole[..100_000], "the record stream checks whether the array is complete");
}

#[tokio::test]
async fn retries_failures_before_the_first_byte() {
    let minute = Duration::from_mins(1);
    let (microsoft, fixture, content) = one_large_blob(false).await;
    for fault in [
        FaultKind::Drop,
        FaultKind::CutBody { after: 0 },
        FaultKind::StallHead(minute),
        FaultKind::SlowFirstByte(minute),
        FaultKind::Unavailable,
        FaultKind::BadGateway,
    ] {
        microsoft.reset_calls();
        microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), fault.clone()));
        assert_eq!(fixture.read(&content.uri).await.unwrap().len(), 200_001, "{fault:?}");
        assert_eq!(microsoft.calls().of(Operation::FetchContent), 2, "{fault:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_server_that_never_responds_is_transient() {
    let (microsoft, fixture, content) = one_large_blob(false).await;
    let fault = FaultKind::StallHead(Duration::from_mins(1));
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), fault).always());
    assert_eq!(expect_failure(fixture.read(&content.uri).await).kind, Transient);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 3);
}

#[tokio::test]
async fn a_slow_server_does_not_time_out() {
    let (server, _) = ScriptedServer::start().await;
    let fixture = ClientFixture::impatient(&Tenant::example(1), server.url());
    server.respond(response(200, r#"[{"Id":1}]"#).byte_by_byte(Duration::from_millis(50)));
    assert_eq!(fixture.read(&server.feed_url("audit/1")).await.unwrap(), br#"[{"Id":1}]"#);
    assert_eq!(server.requests().len(), 1, "it takes half a second in all, but never 50 ms without a byte");
}

#[tokio::test]
async fn a_failure_ends_the_stream() {
    let (microsoft, fixture, content) = one_large_blob(false).await;
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::CutBody { after: 100_000 }));
    let blob = fixture.client.open(&fixture.tenant, &content.uri).await.unwrap();
    pin_mut!(blob);
    while let Some(Ok(_)) = blob.next().await {}
    assert!(blob.next().await.is_none());
}
