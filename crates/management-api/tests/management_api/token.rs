//! Tokens: asked for once, renewed in time, replaced when refused.

use std::time::Duration;

use collector::failure::FailureKind;
use collector::feed::ContentType;
use futures::future::join_all;
use jiff::SignedDuration;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Simulator};

use crate::client_fixture::Collector;
use crate::scripted_server::{ScriptedServer, response};
use crate::{NOON, assert_says, noon, noon_with, publish, refused};

/// Lists when this many seconds have passed since noon.
async fn list_after(microsoft: &Simulator, collector: &Collector, seconds: i64) {
    let now = NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
    microsoft.set_now(now);
    collector.clock.set(now);
    collector.list().await.unwrap();
}

#[tokio::test]
async fn one_token_serves_all_calls() {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    collector.subscriptions().await.unwrap();
    let contents = collector.contents().await;
    collector.read(&contents[0].uri).await.unwrap();
    collector.start().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    microsoft.assert_clean();
}

#[tokio::test]
async fn calls_that_come_at_once_wait_for_one_token() {
    let (microsoft, collector) = noon().await;
    let listings = join_all(ContentType::ALL.map(|content_type| collector.list_of(content_type))).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_it_expires() {
    let (microsoft, collector) = noon().await;
    list_after(&microsoft, &collector, 0).await;
    list_after(&microsoft, &collector, 3_599 - 301).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    list_after(&microsoft, &collector, 3_599 - 300).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_token_of_a_minute_is_used_for_half_of_it() {
    let (microsoft, collector) =
        noon_with(Config { token_lifetime: Duration::from_mins(1), ..Config::default() }).await;
    list_after(&microsoft, &collector, 0).await;
    list_after(&microsoft, &collector, 29).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    list_after(&microsoft, &collector, 30).await;
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_and_the_call_succeeds() {
    let (microsoft, collector) = noon().await;
    collector.list().await.unwrap();
    microsoft.revoke_tokens(collector.tenant.id.0);
    collector.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3, "one in the first listing, two in the second");
}

#[tokio::test]
async fn calls_that_are_refused_at_once_replace_the_token_once() {
    let (microsoft, collector) = noon().await;
    collector.list().await.unwrap();
    microsoft.revoke_tokens(collector.tenant.id.0);
    let listings = join_all(ContentType::ALL.map(|content_type| collector.list_of(content_type))).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_as_well_lacks_a_permission() {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unauthorized).always());
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, FailureKind::Permission);
    assert_says(&failure.message, &["401", "*application* permissions", "ActivityFeed.Read", "admin consent"]);
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 2);
}

#[tokio::test]
async fn a_token_is_asked_for_as_entra_wants_it() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    let heard = script.heard_for_tokens();
    assert_eq!(heard[0].line, format!("POST /{}/oauth2/v2.0/token", collector.tenant.id));
    assert_eq!(
        heard[0].body,
        format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fmanage.office.com%2F.default",
            collector.tenant.client_id,
            collector.tenant.client_secret.reveal(),
        )
    );
}

#[tokio::test]
async fn a_lifetime_may_be_a_string() {
    let (script, collector) = ScriptedServer::start().await;
    script.grant(response(200, r#"{"access_token":"t","expires_in":"3599"}"#));
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    collector.list().await.unwrap();
    assert_eq!(script.heard_for_tokens().len(), 1);
}

#[tokio::test]
async fn a_lifetime_beyond_all_measure_is_no_trouble() {
    for (lifetime, tokens) in [(i64::MAX, 1), (i64::MIN, 2)] {
        let (script, collector) = ScriptedServer::start().await;
        script.grant(response(200, format!(r#"{{"access_token":"t","expires_in":{lifetime}}}"#)));
        script.say(response(200, "[]"));
        collector.list().await.unwrap();
        collector.list().await.unwrap();
        assert_eq!(script.heard_for_tokens().len(), tokens, "{lifetime}");
    }
}
