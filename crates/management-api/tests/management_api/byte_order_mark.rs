//! A UTF-8 byte order mark before any JSON is ignored.

use collector::failure::FailureKind::{ContentGone, CredentialsRejected, Throttled};
use collector::feed::ContentType;

use crate::expect_failure;
use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};

fn marked(status: u16, json: &str) -> ScriptedResponse {
    response(status, format!("\u{feff}{json}"))
}

#[tokio::test]
async fn is_ignored_before_a_listing() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(marked(200, r#"[{"contentId":"a"}]"#));
    assert_eq!(fixture.list().await.unwrap()[0].contents[0].id, "a");
}

#[tokio::test]
async fn is_ignored_before_a_list_of_subscriptions() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(marked(200, r#"[{"contentType":"Audit.Exchange","status":"enabled"}]"#));
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange]);
}

#[tokio::test]
async fn is_ignored_before_an_error() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(marked(403, r#"{"error":{"code":"AF429","message":"Too many."}}"#));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Throttled);
    assert!(failure.message.starts_with("listing content failed: AF429 (HTTP 403): Too many.;"), "{failure}");
}

#[tokio::test]
async fn is_ignored_when_a_subscription_is_started() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(marked(400, r#"{"error":{"code":"AF20024","message":"Already enabled."}}"#));
    assert_eq!(fixture.start().await, Ok(()));
}

#[tokio::test]
async fn is_ignored_before_an_error_in_place_of_a_blob() {
    let (server, fixture) = ScriptedServer::start().await;
    let expired = marked(200, r#"{"error":{"code":"AF20051","message":"Expired."}}"#);
    for response in [expired.clone(), expired.byte_by_byte(std::time::Duration::from_millis(1))] {
        server.respond_only(response);
        assert_eq!(expect_failure(fixture.read(&server.feed_url("audit/1")).await).kind, ContentGone);
    }
}

#[tokio::test]
async fn stays_in_a_blob_for_the_record_stream() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(marked(200, r#"[{"Id":1}]"#));
    let read = fixture.read(&server.feed_url("audit/1")).await.unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), "\u{feff}[{\"Id\":1}]");
}

#[tokio::test]
async fn is_ignored_before_a_token() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_to_token_requests(marked(200, r#"{"access_token":"marked","expires_in":3599}"#));
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    assert_eq!(server.requests()[0].header("authorization"), ["Bearer marked"]);
}

#[tokio::test]
async fn is_ignored_before_an_error_of_the_token_endpoint() {
    let (server, fixture) = ScriptedServer::start().await;
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: Expired."}"#;
    server.respond_to_token_requests(marked(401, body));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, CredentialsRejected);
    assert!(failure.message.contains("client_secret has expired"), "{failure}");
}
