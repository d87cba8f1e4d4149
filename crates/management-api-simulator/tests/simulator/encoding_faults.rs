//! Scripted faults in the form of a body: byte order marks, content codings, and errors that are not JSON.

use std::io::Read;

use flate2::read::{GzDecoder, MultiGzDecoder};
use management_api_simulator::{BlobFormat, Config, ErrorForm, Fault, FaultKind, Match, Operation, Simulator, Tenant};

use crate::{
    EXCHANGE,
    client::{Client, Response, request_token, token_form},
    records, simulator_at_noon_with, today,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A simulator with one uncompressed blob, a client without support for compression, and the blob's content id.
async fn plain_blob() -> (Simulator, Client, String) {
    plain_blob_with(BlobFormat { gzip: false, ..BlobFormat::default() }).await
}

async fn plain_blob_with(blobs: BlobFormat) -> (Simulator, Client, String) {
    let (microsoft, contoso) = simulator_at_noon_with(Config { blobs, ..Config::default() }).await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a", "b"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    (microsoft, Client { http: reqwest::Client::builder().no_gzip().build().unwrap(), ..client }, id)
}

fn coding(name: &str, members: usize) -> FaultKind {
    FaultKind::ContentCoding { name: name.to_owned(), members }
}

fn error(status: u16, code: &str) -> FaultKind {
    FaultKind::Error { status, code: code.to_owned() }
}

async fn token_response(microsoft: &Simulator) -> Response {
    let tenant = Tenant::example(1);
    request_token(&microsoft.url(), &tenant.id.to_string(), &token_form(&tenant)).await
}

#[tokio::test]
async fn byte_order_mark_precedes_any_json() {
    let (microsoft, client, id) = plain_blob().await;
    let page = "subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-22T10:00&endTime=2026-11-22T11:00";
    for operation in ["subscriptions/list", page, &format!("audit/{id}"), "audit/unknown"] {
        let plain = client.get(operation).await.body;
        microsoft.inject(Fault::new(Match::any(), FaultKind::ByteOrderMark));
        let marked = client.get(operation).await;
        assert_eq!(marked.body, [BYTE_ORDER_MARK, &plain].concat(), "{operation}");
    }
    microsoft.inject(Fault::new(Match::any(), FaultKind::ByteOrderMark));
    assert!(token_response(&microsoft).await.body.starts_with(b"\xef\xbb\xbf{"));
    microsoft.assert_clean();
}

#[tokio::test]
async fn byte_order_mark_can_precede_a_scripted_error() {
    let (microsoft, client, _) = plain_blob().await;
    microsoft.inject(Fault::new(Match::any(), error(403, "AF429")));
    microsoft.inject(Fault::new(Match::any(), FaultKind::ByteOrderMark));
    let response = client.get("subscriptions/list").await;
    assert_eq!(response.status.as_u16(), 403);
    assert!(response.body.starts_with(b"\xef\xbb\xbf{\"error\":{\"code\":\"AF429\""));
}

#[tokio::test]
async fn byte_order_mark_can_precede_a_spaced_blob() {
    let (microsoft, client, id) =
        plain_blob_with(BlobFormat { gzip: false, spaced: true, ..BlobFormat::default() }).await;
    microsoft.inject(Fault::new(Match::any(), FaultKind::ByteOrderMark));
    let blob = client.blob(&id).await;
    assert!(blob.body.starts_with(b"\xef\xbb\xbf[\r\n  {"));
    assert_eq!(blob.header("content-length"), Some(blob.body.len().to_string().as_str()));
}

#[tokio::test]
async fn content_coding_can_have_any_name() {
    let (microsoft, client, id) = plain_blob().await;
    let plain = client.blob(&id).await.body;
    for name in ["gzip", "x-gzip", "GZIP", "X-GZip"] {
        microsoft.inject(Fault::new(Match::any(), coding(name, 1)));
        let coded = client.blob(&id).await;
        assert_eq!(coded.header("content-encoding"), Some(name));
        let mut decoded = Vec::new();
        GzDecoder::new(coded.body.as_slice()).read_to_end(&mut decoded).unwrap();
        assert_eq!(decoded, plain, "{name}");
    }
}

#[tokio::test]
async fn compressed_body_can_have_several_members() {
    let (microsoft, client, id) = plain_blob().await;
    let plain = client.blob(&id).await.body;
    microsoft.inject(Fault::new(Match::any(), coding("gzip", 3)));
    let coded = client.blob(&id).await;
    let mut first = Vec::new();
    GzDecoder::new(coded.body.as_slice()).read_to_end(&mut first).unwrap();
    assert_eq!(first, plain[..plain.len().div_ceil(3)]);
    let mut all = Vec::new();
    MultiGzDecoder::new(coded.body.as_slice()).read_to_end(&mut all).unwrap();
    assert_eq!(all, plain);
}

#[tokio::test]
async fn error_can_be_compressed_behind_a_byte_order_mark() {
    let (microsoft, client, _) = plain_blob().await;
    for kind in [error(403, "AF429"), FaultKind::ByteOrderMark, coding("x-gzip", 2)] {
        microsoft.inject(Fault::new(Match::any(), kind));
    }
    let mut decoded = Vec::new();
    MultiGzDecoder::new(client.get("subscriptions/list").await.body.as_slice()).read_to_end(&mut decoded).unwrap();
    assert!(decoded.starts_with(b"\xef\xbb\xbf{\"error\":{\"code\":\"AF429\""));
}

/// Content type and body of an error in this form.
async fn error_in_form(form: ErrorForm) -> (String, String) {
    let (microsoft, client, _) = plain_blob().await;
    microsoft.inject(Fault::new(Match::any(), FaultKind::ErrorBody(form)));
    // The fault waits for an error.
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    let response = client.get("audit/unknown").await;
    assert_eq!(response.status.as_u16(), 404);
    microsoft.assert_clean();
    (response.header("content-type").unwrap().to_owned(), String::from_utf8(response.body).unwrap())
}

#[tokio::test]
async fn error_can_be_quoted_with_apostrophes() {
    let (content_type, body) = error_in_form(ErrorForm::SingleQuoted).await;
    assert_eq!(content_type, "application/json; charset=utf-8");
    assert_eq!(body, "{'error':{'code':'AF20050','message':'The specified content (unknown) does not exist.'}}");
}

#[tokio::test]
async fn error_can_be_an_exception_in_plain_text() {
    let (content_type, body) = error_in_form(ErrorForm::Exception).await;
    assert_eq!(content_type, "text/plain; charset=utf-8");
    assert!(body.starts_with("System.Collections.Generic.KeyNotFoundException: The given key"), "{body}");
}

#[tokio::test]
async fn error_can_be_an_html_page() {
    let (content_type, body) = error_in_form(ErrorForm::Html).await;
    assert_eq!(content_type, "text/html; charset=us-ascii");
    assert!(body.starts_with("<!DOCTYPE html>"), "{body}");
}

#[tokio::test]
async fn error_can_have_no_body() {
    let (_, body) = error_in_form(ErrorForm::Empty).await;
    assert_eq!(body, "");
}

#[tokio::test]
async fn token_error_can_take_another_form() {
    let (microsoft, ..) = plain_blob().await;
    let on_token = || Match::operation(Operation::Token);
    microsoft.inject(Fault::new(on_token(), error(503, "AADSTS90033")));
    microsoft.inject(Fault::new(on_token(), FaultKind::ErrorBody(ErrorForm::Exception)));
    let response = token_response(&microsoft).await;
    assert_eq!(response.status.as_u16(), 503);
    assert!(response.body.starts_with(b"System.Collections"));
}
