//! Permissions and tenants: one denied content type stops no other, and the message says what to do.

use collector::failure::FailureKind::{Permission, Tenant as BadTenant};
use collector::feed::ContentType;
use jiff::SignedDuration;
use management_api_simulator::{Config, Operation, Role, Simulator, Tenant};

use crate::client_fixture::Collector;
use crate::scripted_server::{ScriptedServer, response};
use crate::{NOON, assert_says, noon, noon_of, refused};

#[tokio::test]
async fn a_denied_content_type_stops_no_other() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    let failure = refused(collector.list_of(ContentType::Dlp).await);
    assert_eq!(failure.kind, Permission);
    assert_says(&failure.message, &["AF10001", "ActivityFeed.ReadDlp", "admin consent"]);
    collector.list_of(ContentType::Exchange).await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 1, "a fresh token would not have it either");
    microsoft.assert_clean();
}

/// Lists what is denied, and counts the tokens that were asked for until then.
async fn tokens_after_listing_dlp(microsoft: &Simulator, collector: &Collector, minutes: i64) -> (bool, u64) {
    let now = NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_mins(minutes);
    microsoft.set_now(now);
    collector.clock.set(now);
    let listed = collector.list_of(ContentType::Dlp).await.is_ok();
    (listed, microsoft.calls().of(Operation::Token))
}

#[tokio::test]
async fn a_permission_that_was_granted_is_seen_within_ten_minutes() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    assert_eq!(tokens_after_listing_dlp(&microsoft, &collector, 0).await, (false, 1));
    microsoft.set_roles(tenant.id, [Role::Read, Role::ReadDlp]);
    assert_eq!(tokens_after_listing_dlp(&microsoft, &collector, 5).await, (false, 1), "the roles are in the token");
    assert_eq!(tokens_after_listing_dlp(&microsoft, &collector, 10).await, (true, 2));
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_permission_that_is_never_granted_costs_a_token_every_ten_minutes() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    for (minutes, tokens) in [(0, 1), (5, 1), (10, 2), (15, 2), (19, 2), (20, 3)] {
        let seen = tokens_after_listing_dlp(&microsoft, &collector, minutes).await;
        assert_eq!(seen, (false, tokens), "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_refusal_without_a_code_gets_a_new_token_after_ten_minutes_too() {
    let (script, collector) = ScriptedServer::start().await;
    script.say_only(response(403, ""));
    let mut calls = Vec::new();
    for _ in 0..2 {
        assert_eq!(refused(collector.list().await).kind, Permission);
        calls.push(script.heard().len());
        collector.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_mins(10));
    }
    assert_eq!(calls, [1, 3], "the second time with the old token and with a new one");
}

#[tokio::test]
async fn a_tenant_without_auditing_is_told_to_turn_it_on() {
    let (microsoft, collector) = noon().await;
    microsoft.set_auditing(collector.tenant.id.0, false);
    for failure in [refused(collector.subscriptions().await), refused(collector.list().await)] {
        assert_eq!(failure.kind, BadTenant);
        assert_says(&failure.message, &["does not exist", "tenant_id", "licence", "unified auditing is on"]);
    }
}
