//! Blobs: the bytes that Microsoft sent, however they travelled.

use std::time::Duration;

use collector::failure::FailureKind::{ContentGone, Transient};
use collector::ports::ManagementApi;
use futures::TryStreamExt;
use management_api_simulator::{BlobFormat, Config, Fault, FaultKind, Generated, Match, Operation, Slice};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_says, noon, noon_with, publish, refused, today};

/// Records with all that a careless reader would change.
const RECORDS: [&str; 3] =
    [r#"{"Id":"1","n":1.50e3 , "s":"ü\u00fc\/ \" 漢"}"#, "{}", r#"{ "Id" : "3",  "a":[[],{}] }"#];

#[tokio::test]
async fn the_bytes_are_microsofts_however_they_travel() {
    let plain = BlobFormat { gzip: false, ..BlobFormat::default() };
    for blobs in [
        BlobFormat::default(),
        BlobFormat { content_type: "application/json; charset=utf-8".to_owned(), ..BlobFormat::default() },
        BlobFormat { spaced: true, ..BlobFormat::default() },
        plain.clone(),
        BlobFormat { chunked: true, ..plain.clone() },
        BlobFormat { content_type: "text/html".to_owned(), spaced: true, ..plain },
    ] {
        let (microsoft, collector) = noon_with(Config { blobs: blobs.clone(), ..Config::default() }).await;
        microsoft.publish(collector.tenant.id.0, EXCHANGE, today("11:05:00"), RECORDS);
        let contents = collector.contents().await;
        let body = collector.read(&contents[0].uri).await.unwrap();
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
async fn gzip_is_asked_for() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    collector.read(&script.at("audit/1")).await.unwrap();
    assert_eq!(script.heard()[0].header("accept-encoding"), ["gzip"]);
}

#[tokio::test]
async fn a_large_blob_comes_in_pieces_and_whole() {
    let (microsoft, collector) = noon().await;
    let slice = Slice::generated(today("11:05:00"), Generated { seed: 1, count: 4_000, record_bytes: 1_000 });
    microsoft.publish_slice(collector.tenant.id.0, EXCHANGE, slice);
    let contents = collector.contents().await;
    let blob = collector.client.open(&collector.tenant, &contents[0].uri).await.unwrap();
    let pieces: Vec<_> = blob.try_collect().await.unwrap();
    let records = microsoft.obtainable_records(collector.tenant.id.0, EXCHANGE).join(&b","[..]);
    assert!(pieces.concat() == [b"[", &records[..], b"]"].concat(), "the bytes differ");
    assert!(pieces.iter().all(|piece| piece.len() < 1_000_000), "a piece is as large as the blob");
}

#[tokio::test]
async fn an_empty_array_is_a_blob() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, " [] "));
    assert_eq!(collector.read(&script.at("audit/1")).await.unwrap(), b" [] ");
}

#[tokio::test]
async fn a_blob_that_has_expired_is_gone() {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    let contents = collector.contents().await;
    let later = "2026-11-29T11:05:00Z".parse().unwrap();
    microsoft.set_now(later);
    collector.clock.set(later);
    let failure = refused(collector.read(&contents[0].uri).await);
    assert_eq!(failure.kind, ContentGone);
    assert_says(&failure.message, &["fetching content failed", "AF20051", "it can never be fetched"]);
    assert_eq!(microsoft.calls().of(Operation::FetchContent), 1);
}

#[tokio::test]
async fn a_blob_that_never_was_is_gone() {
    let (microsoft, collector) = noon().await;
    let feed = format!("{}/api/v1.0/{}/activity/feed", microsoft.url(), collector.tenant.id);
    let failure = refused(collector.read(&format!("{feed}/audit/nothing").parse().unwrap()).await);
    assert_eq!(failure.kind, ContentGone);
    assert_says(&failure.message, &["AF20050", "HTTP 404"]);
}

#[tokio::test]
async fn an_error_object_inside_a_success_is_no_blob() {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    let contents = collector.contents().await;
    let what = FaultKind::ErrorInside200 { code: "AF50000".to_owned() };
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), what).times(3));
    let failure = refused(collector.read(&contents[0].uri).await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["fetching content failed", "AF50000 (HTTP 200)"]);
    assert_eq!(collector.read(&contents[0].uri).await.unwrap(), br#"[{"Id":"11:05:00"}]"#);
}

#[tokio::test]
async fn an_error_object_is_known_whatever_its_looks() {
    let pretty = "\r\n  \t{\r\n    \"error\": {\r\n      \"code\": \"AF20051\",\r\n      \"message\": \"Expired.\"\r\n    }\r\n  }\r\n";
    let (script, collector) = ScriptedServer::start().await;
    for answer in [
        response(200, pretty),
        response(200, pretty.trim()),
        response(200, pretty).byte_by_byte(Duration::from_millis(1)),
    ] {
        script.say_only(answer.clone());
        let failure = refused(collector.read(&script.at("audit/1")).await);
        assert_eq!(failure.kind, ContentGone, "{answer:?}");
        assert_says(&failure.message, &["AF20051 (HTTP 200): Expired."]);
    }
}

#[tokio::test]
async fn an_object_without_error_is_no_blob_either() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, r#"{"Id":"1"}"#));
    assert_eq!(refused(collector.read(&script.at("audit/1")).await).kind, Transient);
}

#[tokio::test]
async fn nothing_at_all_is_no_blob() {
    let (script, collector) = ScriptedServer::start().await;
    for body in ["", " \r\n "] {
        script.say_only(response(200, body));
        let failure = refused(collector.read(&script.at("audit/1")).await);
        assert_eq!(failure.kind, Transient, "{body:?}");
        assert_says(&failure.message, &["HTTP 200 with an empty body"]);
    }
}
