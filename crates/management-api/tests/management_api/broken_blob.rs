//! Blobs that do not arrive: told where it can still be told, in the middle of the stream if need be.

use std::time::Duration;

use collector::content::Content;
use collector::failure::FailureKind::Transient;
use collector::ports::ManagementApi;
use futures::{StreamExt, pin_mut};
use management_api_simulator::{
    BlobFormat, Config, Fault, FaultKind, Generated, Match, Operation, Simulator, Slice, Tenant,
};

use crate::client_fixture::{Collector, read_all};
use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_says, noon_with, refused, today};

/// Microsoft with one blob of 200,001 bytes, and the collector that has listed it and waits for no byte for long.
async fn one_large_blob(gzip: bool) -> (Simulator, Collector, Content) {
    let blobs = BlobFormat { gzip, ..BlobFormat::default() };
    let (microsoft, _) = noon_with(Config { blobs, ..Config::default() }).await;
    let collector = Collector::impatient(&Tenant::example(1), &microsoft.url());
    let slice = Slice::generated(today("11:05:00"), Generated { seed: 1, count: 200, record_bytes: 999 });
    microsoft.publish_slice(collector.tenant.id.0, EXCHANGE, slice);
    let content = collector.contents().await.remove(0);
    (microsoft, collector, content)
}

/// The blob opens, gives bytes, and ends in a failure that will pass.
async fn assert_fails_in_the_stream(gzip: bool, what: FaultKind) {
    let (microsoft, collector, content) = one_large_blob(gzip).await;
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), what));
    let blob = collector.client.open(&collector.tenant, &content.uri).await.unwrap();
    let failure = refused(read_all(blob).await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["no complete answer from Microsoft"]);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 1, "what was handed on is not read again");
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle() {
    assert_fails_in_the_stream(false, FaultKind::CutBody { after: 100_000 }).await;
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_last_byte() {
    assert_fails_in_the_stream(false, FaultKind::CutBody { after: u64::MAX }).await;
}

#[tokio::test]
async fn a_compressed_body_that_breaks_in_the_middle() {
    assert_fails_in_the_stream(true, FaultKind::CutBody { after: 20_000 }).await;
}

#[tokio::test]
async fn a_compressed_body_that_breaks_before_its_end() {
    assert_fails_in_the_stream(true, FaultKind::CutBody { after: u64::MAX }).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_in_the_middle() {
    assert_fails_in_the_stream(false, FaultKind::StallBody { after: 100_000, pause: Duration::from_mins(1) }).await;
}

#[tokio::test]
async fn an_array_that_is_cut_without_a_mistake_of_the_protocol_is_handed_on_as_it_is() {
    let (microsoft, collector, content) = one_large_blob(true).await;
    let whole = collector.read(&content.uri).await.unwrap();
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::Truncate { after: 100_000 }));
    let cut = collector.read(&content.uri).await.unwrap();
    assert!(cut == whole[..100_000], "whether the array is whole is for the reader of records to say");
}

#[tokio::test]
async fn trouble_before_the_first_byte_is_not_noticed() {
    let minute = Duration::from_mins(1);
    let (microsoft, collector, content) = one_large_blob(false).await;
    for what in [
        FaultKind::Drop,
        FaultKind::CutBody { after: 0 },
        FaultKind::StallHead(minute),
        FaultKind::SlowFirstByte(minute),
        FaultKind::Unavailable,
        FaultKind::BadGateway,
    ] {
        microsoft.reset_calls();
        microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), what.clone()));
        assert_eq!(collector.read(&content.uri).await.unwrap().len(), 200_001, "{what:?}");
        assert_eq!(microsoft.calls().of(Operation::FetchContent), 2, "{what:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_server_that_stays_silent_is_a_passing_failure() {
    let (microsoft, collector, content) = one_large_blob(false).await;
    let what = FaultKind::StallHead(Duration::from_mins(1));
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), what).always());
    assert_eq!(refused(collector.read(&content.uri).await).kind, Transient);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 3);
}

#[tokio::test]
async fn a_slow_server_is_not_a_silent_one() {
    let (script, _) = ScriptedServer::start().await;
    let collector = Collector::impatient(&Tenant::example(1), script.url());
    script.say(response(200, r#"[{"Id":1}]"#).byte_by_byte(Duration::from_millis(50)));
    assert_eq!(collector.read(&script.at("audit/1")).await.unwrap(), br#"[{"Id":1}]"#);
    assert_eq!(script.heard().len(), 1, "half a second in all, and never more than 50 ms without a byte");
}

#[tokio::test]
async fn a_failure_ends_the_stream() {
    let (microsoft, collector, content) = one_large_blob(false).await;
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::CutBody { after: 100_000 }));
    let blob = collector.client.open(&collector.tenant, &content.uri).await.unwrap();
    pin_mut!(blob);
    while let Some(Ok(_)) = blob.next().await {}
    assert!(blob.next().await.is_none());
}
