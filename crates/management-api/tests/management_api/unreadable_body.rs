//! Bodies that cannot be understood appear in the message; codes in them are understood.

use collector::failure::FailureKind::{Permission, SubscriptionDisabled, Throttled, Transient, WindowOutOfRange};
use jiff::SignedDuration;

use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{TOKEN_PREFIX, assert_contains, assert_shows_no_credentials, expect_failure};

#[tokio::test]
async fn appears_in_the_message() {
    let (server, fixture) = ScriptedServer::start().await;
    let trace = "System.Collections.Generic.KeyNotFoundException: The key\r\n   at A.B()";
    server.respond(response(500, trace).with("Content-Type", "text/plain"));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    let shown = "System.Collections.Generic.KeyNotFoundException: The key at A.B()";
    assert_eq!(failure.message, format!("listing content failed: HTTP 500 (text/plain): {shown}"));
}

#[tokio::test]
async fn is_cut_after_200_characters() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(500, "ü".repeat(1_000)));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.message, format!("listing content failed: HTTP 500: {}…", "ü".repeat(200)));
}

#[tokio::test]
async fn never_shows_the_credentials_of_the_request() {
    let (server, fixture) = ScriptedServer::start().await;
    let token = format!("{TOKEN_PREFIX}scripted");
    for body in [format!("you sent {token}"), format!(r#"{{"error":{{"code":"{token}","message":"{token}"}}}}"#)] {
        server.respond_only(response(400, body));
        assert_contains(&expect_failure(fixture.list().await).message, &["REDACTED"]);
    }
    let secret = fixture.tenant.client_secret.reveal();
    server.respond_to_token_requests(response(400, format!("you sent {secret}")));
    let failure = expect_failure(
        crate::client_fixture::ClientFixture::of(&management_api_simulator::Tenant::example(1), server.url())
            .list()
            .await,
    );
    assert_contains(&failure.message, &["you sent REDACTED"]);
    assert_shows_no_credentials(&failure.message);
}

#[tokio::test]
async fn a_code_in_it_decides() {
    let (server, fixture) = ScriptedServer::start().await;
    for (status, body, kind) in [
        (403, "{'error':{'code':'AF429','message':'Too many requests.'}}", Throttled),
        (500, "<html><pre>DataServiceException: AF20023 disabled</pre></html>", SubscriptionDisabled),
        (400, r#"{"Message":"AF20055: out of range"}"#, WindowOutOfRange),
        (400, r#"{"odata.error":{"code":"AF10001","message":{"lang":"en","value":"No."}}}"#, Permission),
        (403, r#"{"ERROR":{"Code":"af429","MESSAGE":"No."}}"#, Throttled),
    ] {
        server.respond_only(response(status, body));
        assert_eq!(expect_failure(fixture.list().await).kind, kind, "{body}");
    }
}

fn throttled_start() -> ScriptedResponse {
    let message = "Too many requests. Please retry again after 14m 56s";
    response(403, format!(r#"{{"error":{{"code":"AF429","message":"{message}"}}}}"#))
}

#[tokio::test]
async fn a_throttled_start_says_how_long_to_wait() {
    let (server, fixture) = ScriptedServer::start().await;
    for (response, seconds) in [
        (throttled_start(), 896),
        (throttled_start().with("Retry-After", "900"), 900),
        (throttled_start().with("Retry-After", "Sun, 22 Nov 2026 12:16:00 GMT"), 960),
    ] {
        server.respond_only(response);
        let failure = expect_failure(fixture.start().await);
        assert_eq!(failure.kind, Throttled);
        assert_eq!(failure.retry_after, Some(SignedDuration::from_secs(seconds)));
    }
}

#[tokio::test]
async fn a_throttled_start_does_not_name_the_quota() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(throttled_start());
    assert_eq!(
        expect_failure(fixture.start().await).message,
        "starting the subscription failed: AF429 (HTTP 403): Too many requests. Please retry again after 14m 56s; \
         Microsoft limits how often a subscription may be started; it will be started later"
    );
}
