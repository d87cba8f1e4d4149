//! Tokens: requested once, renewed in time, replaced when rejected.

use std::time::Duration;

use collector::failure::FailureKind;
use collector::feed::ContentType;
use futures::future::join_all;
use jiff::SignedDuration;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Simulator};

use crate::client_fixture::ClientFixture;
use crate::scripted_server::{ScriptedServer, response};
use crate::{NOON, assert_contains, expect_failure, publish, start_simulator, start_simulator_with};

/// Lists this many seconds after noon.
async fn list_after(microsoft: &Simulator, fixture: &ClientFixture, seconds: i64) {
    let now = NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
    microsoft.set_now(now);
    fixture.clock.set(now);
    fixture.list().await.unwrap();
}

#[tokio::test]
async fn one_token_serves_all_requests() {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    fixture.subscriptions().await.unwrap();
    let contents = fixture.contents().await;
    fixture.read(&contents[0].uri).await.unwrap();
    fixture.start().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    microsoft.assert_clean();
}

#[tokio::test]
async fn concurrent_requests_share_one_token() {
    let (microsoft, fixture) = start_simulator().await;
    let listings = join_all(ContentType::ALL.map(|content_type| fixture.list_of(content_type))).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn renews_a_token_five_minutes_before_expiry() {
    let (microsoft, fixture) = start_simulator().await;
    list_after(&microsoft, &fixture, 0).await;
    list_after(&microsoft, &fixture, 3_599 - 301).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    list_after(&microsoft, &fixture, 3_599 - 300).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn renews_a_short_lived_token_at_half_time() {
    let (microsoft, fixture) =
        start_simulator_with(Config { token_lifetime: Duration::from_mins(1), ..Config::default() }).await;
    list_after(&microsoft, &fixture, 0).await;
    list_after(&microsoft, &fixture, 29).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    list_after(&microsoft, &fixture, 30).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn replaces_a_revoked_token() {
    let (microsoft, fixture) = start_simulator().await;
    fixture.list().await.unwrap();
    microsoft.revoke_tokens(fixture.tenant.id.0);
    fixture.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3, "one for the first listing, two for the second");
}

#[tokio::test]
async fn concurrent_rejections_replace_the_token_once() {
    let (microsoft, fixture) = start_simulator().await;
    fixture.list().await.unwrap();
    microsoft.revoke_tokens(fixture.tenant.id.0);
    let listings = join_all(ContentType::ALL.map(|content_type| fixture.list_of(content_type))).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_rejected_fresh_token_lacks_a_permission() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unauthorized).always());
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, FailureKind::Permission);
    assert_contains(&failure.message, &["401", "*application* permissions", "ActivityFeed.Read", "admin consent"]);
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 2);
}

#[tokio::test]
async fn sends_the_client_credentials_request() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    let request = &server.token_requests()[0];
    assert_eq!(request.line, format!("POST /{}/oauth2/v2.0/token", fixture.tenant.id));
    assert_eq!(
        request.body,
        format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fmanage.office.com%2F.default",
            fixture.tenant.client_id,
            fixture.tenant.client_secret.reveal(),
        )
    );
}

#[tokio::test]
async fn accepts_a_lifetime_as_a_string() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_to_token_requests(response(200, r#"{"access_token":"t","expires_in":"3599"}"#));
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    fixture.list().await.unwrap();
    assert_eq!(server.token_requests().len(), 1);
}

#[tokio::test]
async fn accepts_extreme_lifetimes() {
    for (lifetime, tokens) in [(i64::MAX, 1), (i64::MIN, 2)] {
        let (server, fixture) = ScriptedServer::start().await;
        server.respond_to_token_requests(response(200, format!(r#"{{"access_token":"t","expires_in":{lifetime}}}"#)));
        server.respond(response(200, "[]"));
        fixture.list().await.unwrap();
        fixture.list().await.unwrap();
        assert_eq!(server.token_requests().len(), tokens, "{lifetime}");
    }
}
