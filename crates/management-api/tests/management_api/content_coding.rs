//! Compressed bodies, whatever name their coding has.

use std::io::Write;

use bytes::Bytes;
use collector::failure::FailureKind::{Throttled, Transient};
use flate2::Compression;
use flate2::write::GzEncoder;
use management_api::fuzzing::decompress;

use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{assert_contains, expect_failure};

const LISTING: &str = r#"[{"contentId":"a"}]"#;

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, body: impl Into<Vec<u8>>) -> ScriptedResponse {
    response(200, body).with("Content-Encoding", coding)
}

/// Asserts that this response is understood as a listing and as a blob.
async fn assert_decoded(response: ScriptedResponse) {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response.clone());
    assert_eq!(fixture.list().await.unwrap()[0].contents[0].id, "a", "{response:?}");
    let blob = fixture.read(&server.feed_url("audit/1")).await.unwrap();
    assert_eq!(String::from_utf8(blob).unwrap(), LISTING, "{response:?}");
}

#[tokio::test]
async fn gzip_has_any_case_and_alias() {
    for name in ["gzip", "GZIP", "GZip", "x-gzip", "X-GZIP", " gzip ", "identity, gzip", "gzip,identity"] {
        assert_decoded(coded(name, gzip(LISTING))).await;
    }
}

#[tokio::test]
async fn several_codings_are_several_layers() {
    assert_decoded(coded("gzip, x-gzip", gzip(gzip(LISTING)))).await;
    assert_decoded(coded("gzip", gzip(gzip(LISTING))).with("Content-Encoding", "GZIP")).await;
}

#[tokio::test]
async fn several_members_are_one_body() {
    let (first, last) = LISTING.split_at(7);
    assert_decoded(coded("gzip", [gzip(first), gzip(""), gzip(last)].concat())).await;
}

#[tokio::test]
async fn undeclared_gzip_is_recognized() {
    assert_decoded(response(200, gzip(LISTING))).await;
    assert_decoded(coded("identity", gzip(LISTING))).await;
    assert_decoded(response(200, gzip(LISTING)).byte_by_byte(std::time::Duration::from_millis(1))).await;
}

#[tokio::test]
async fn a_name_that_is_no_coding_is_ignored() {
    for name in ["identity", "Identity", "utf-8", "", "none"] {
        assert_decoded(coded(name, LISTING)).await;
    }
}

#[tokio::test]
async fn a_broken_or_foreign_coding_is_transient() {
    let (server, fixture) = ScriptedServer::start().await;
    let whole = gzip(LISTING);
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 8] ^= 1;
    let invalid = "is not complete, valid gzip";
    for (response, problem) in [
        (coded("gzip", LISTING), invalid),
        (coded("gzip", &whole[..whole.len() - 1]), invalid),
        (coded("gzip", &whole[..5]), invalid),
        (coded("gzip", [&whole[..], b"trailing"].concat()), invalid),
        (coded("gzip", wrong_checksum), invalid),
        (response(200, &whole[..whole.len() - 9]), invalid),
        (coded("BR", "x"), "has the coding br, which was not asked for"),
        (coded("gzip, gzip, gzip, gzip", "x"), "is compressed 4 times"),
    ] {
        server.respond_only(response.clone());
        for failure in
            [expect_failure(fixture.list().await), expect_failure(fixture.read(&server.feed_url("audit/1")).await)]
        {
            assert_eq!(failure.kind, Transient, "{response:?}");
            assert_contains(&failure.message, &["the body from Microsoft", problem]);
        }
    }
}

#[tokio::test]
async fn an_error_is_understood_in_any_coding() {
    let error = r#"{"error":{"code":"AF429","message":"Too many."}}"#;
    let (server, fixture) = ScriptedServer::start().await;
    for response in [
        response(403, gzip(error)).with("Content-Encoding", "x-gzip"),
        response(403, gzip(error)),
        response(403, error).with("Content-Encoding", "gzip"),
        response(403, error).with("Content-Encoding", "br"),
    ] {
        server.respond_only(response.clone());
        assert_eq!(expect_failure(fixture.list().await).kind, Throttled, "{response:?}");
    }
}

#[tokio::test]
async fn an_empty_body_may_declare_gzip() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(coded("gzip", ""));
    fixture.start().await.unwrap();
}

#[tokio::test]
async fn a_large_body_is_decompressed_in_small_pieces() {
    let body = vec![b' '; 50_000_000];
    let pieces = decompress(&[("content-encoding", "gzip")], vec![gzip(&body).into()]).await.unwrap();
    assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), body.len());
    assert!(pieces.iter().all(|piece| piece.len() <= 32 * 1024), "a piece is larger than the buffer");
}
