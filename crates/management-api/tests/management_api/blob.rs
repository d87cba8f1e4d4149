//! Blobs: the client returns the bytes that Microsoft sent, in any transfer and content encoding.

use std::time::Duration;

use collector::failure::FailureKind::{ContentGone, Transient};
use collector::ports::ManagementApi;
use futures::TryStreamExt;
use management_api_simulator::{BlobFormat, Config, Fault, FaultKind, Generated, Match, Operation, Slice};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_contains, expect_failure, publish, start_simulator, start_simulator_with, today};

/// Records that a careless parser would change.
const RECORDS: [&str; 3] =
    [r#"{"Id":"1","n":1.50e3 , "s":"ü\u00fc\/ \" 漢"}"#, "{}", r#"{ "Id" : "3",  "a":[[],{}] }"#];

#[tokio::test]
async fn returns_the_bytes_that_microsoft_sent() {
    let plain = BlobFormat { gzip: false, ..BlobFormat::default() };
    for blobs in [
        BlobFormat::default(),
        BlobFormat { content_type: "application/json; charset=utf-8".to_owned(), ..BlobFormat::default() },
        BlobFormat { spaced: true, ..BlobFormat::default() },
        plain.clone(),
        BlobFormat { chunked: true, ..plain.clone() },
        BlobFormat { content_type: "text/html".to_owned(), spaced: true, ..plain },
    ] {
        let (microsoft, fixture) = start_simulator_with(Config { blobs: blobs.clone(), ..Config::default() }).await;
        microsoft.publish(fixture.tenant.id.0, EXCHANGE, today("11:05:00"), RECORDS);
        let contents = fixture.contents().await;
        let body = fixture.read(&contents[0].uri).await.unwrap();
        let expected = if blobs.spaced {
            format!("[\r\n  {}\r\n]\r\n", RECORDS.join(",\r\n  "))
        } else {
            format!("[{}]", RECORDS.join(","))
        };
        assert_eq!(String::from_utf8(body).unwrap(), expected, "{blobs:?}");
        microsoft.assert_clean();
    }
}

#[tokio::test]
async fn requests_gzip() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    fixture.read(&server.feed_url("audit/1")).await.unwrap();
    assert_eq!(server.requests()[0].header("accept-encoding"), ["gzip"]);
}

#[tokio::test]
async fn streams_a_large_blob_in_pieces() {
    let (microsoft, fixture) = start_simulator().await;
    let slice = Slice::generated(today("11:05:00"), Generated { seed: 1, count: 4_000, record_bytes: 1_000 });
    microsoft.publish_slice(fixture.tenant.id.0, EXCHANGE, slice);
    let contents = fixture.contents().await;
    let blob = fixture.client.open(&fixture.tenant, &contents[0].uri).await.unwrap();
    let pieces: Vec<_> = blob.try_collect().await.unwrap();
    let records = microsoft.obtainable_records(fixture.tenant.id.0, EXCHANGE).join(&b","[..]);
    assert!(pieces.concat() == [b"[", &records[..], b"]"].concat(), "the bytes differ");
    assert!(pieces.iter().all(|piece| piece.len() < 1_000_000), "a piece is as large as the blob");
}

#[tokio::test]
async fn accepts_an_empty_array() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, " [] "));
    assert_eq!(fixture.read(&server.feed_url("audit/1")).await.unwrap(), b" [] ");
}

#[tokio::test]
async fn an_expired_blob_is_gone() {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    let contents = fixture.contents().await;
    let later = "2026-11-29T11:05:00Z".parse().unwrap();
    microsoft.set_now(later);
    fixture.clock.set(later);
    let failure = expect_failure(fixture.read(&contents[0].uri).await);
    assert_eq!(failure.kind, ContentGone);
    assert_contains(&failure.message, &["fetching content failed", "AF20051", "the content can never be fetched"]);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 1);
}

#[tokio::test]
async fn an_unknown_blob_is_gone() {
    let (microsoft, fixture) = start_simulator().await;
    let feed = format!("{}/api/v1.0/{}/activity/feed", microsoft.url(), fixture.tenant.id);
    let failure = expect_failure(fixture.read(&format!("{feed}/audit/nothing").parse().unwrap()).await);
    assert_eq!(failure.kind, ContentGone);
    assert_contains(&failure.message, &["AF20050", "HTTP 404"]);
}

#[tokio::test]
async fn rejects_an_error_object_with_a_success_status() {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    let contents = fixture.contents().await;
    let fault = FaultKind::ErrorInside200 { code: "AF50000".to_owned() };
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), fault).times(3));
    let failure = expect_failure(fixture.read(&contents[0].uri).await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&failure.message, &["fetching content failed", "AF50000 (HTTP 200)"]);
    assert_eq!(fixture.read(&contents[0].uri).await.unwrap(), br#"[{"Id":"11:05:00"}]"#);
}

#[tokio::test]
async fn recognizes_an_error_object_in_any_layout() {
    let pretty = "\r\n  \t{\r\n    \"error\": {\r\n      \"code\": \"AF20051\",\r\n      \"message\": \"Expired.\"\r\n    }\r\n  }\r\n";
    let (server, fixture) = ScriptedServer::start().await;
    for layout in [
        response(200, pretty),
        response(200, pretty.trim()),
        response(200, pretty).byte_by_byte(Duration::from_millis(1)),
    ] {
        server.respond_only(layout.clone());
        let failure = expect_failure(fixture.read(&server.feed_url("audit/1")).await);
        assert_eq!(failure.kind, ContentGone, "{layout:?}");
        assert_contains(&failure.message, &["AF20051 (HTTP 200): Expired."]);
    }
}

#[tokio::test]
async fn recognizes_an_error_in_single_quotes_or_text() {
    let (server, fixture) = ScriptedServer::start().await;
    for body in ["{'error':{'code':'AF20051','message':'Expired.'}}", "<html>AF20051: Expired.</html>"] {
        server.respond_only(response(200, body));
        let failure = expect_failure(fixture.read(&server.feed_url("audit/1")).await);
        assert_eq!(failure.kind, ContentGone, "{body}");
        assert_eq!(
            failure.message,
            format!("fetching content failed: AF20051 (HTTP 200): {body}; the content can never be fetched")
        );
    }
}

#[tokio::test]
async fn passes_on_other_bodies_for_the_record_stream() {
    let (server, fixture) = ScriptedServer::start().await;
    let blanks = " ".repeat(100_000);
    for body in [r#"{"Id":"1"}"#, "null", "\u{feff}[", "[]\u{feff}", "<html></html>", &format!("{blanks}[1]"), &blanks]
    {
        server.respond_only(response(200, body));
        let read = fixture.read(&server.feed_url("audit/1")).await.unwrap();
        assert!(read == body.as_bytes(), "{body:?}");
    }
}

#[tokio::test]
async fn rejects_an_empty_body() {
    let (server, fixture) = ScriptedServer::start().await;
    for body in ["", " \r\n "] {
        server.respond_only(response(200, body));
        let failure = expect_failure(fixture.read(&server.feed_url("audit/1")).await);
        assert_eq!(failure.kind, Transient, "{body:?}");
        assert_contains(&failure.message, &["HTTP 200 with an empty body"]);
    }
}
