//! Missing permissions and disabled auditing: they do not affect other content types, and the message says what to do.

use collector::failure::FailureKind::{Permission, Tenant as BadTenant};
use collector::feed::ContentType;
use jiff::SignedDuration;
use management_api_simulator::{Config, Operation, Role, Simulator, Tenant};

use crate::client_fixture::ClientFixture;
use crate::scripted_server::{ScriptedServer, response};
use crate::{NOON, assert_contains, expect_failure, start_simulator, start_simulator_for};

#[tokio::test]
async fn a_denied_content_type_does_not_affect_others() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    let failure = expect_failure(fixture.list_of(ContentType::Dlp).await);
    assert_eq!(failure.kind, Permission);
    assert_contains(&failure.message, &["AF10001", "ActivityFeed.ReadDlp", "admin consent"]);
    fixture.list_of(ContentType::Exchange).await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 1, "a fresh token would lack the permission as well");
    microsoft.assert_clean();
}

#[derive(Debug, PartialEq)]
struct DlpListing {
    succeeded: bool,
    /// How many tokens have been requested so far.
    tokens: u64,
}

/// Lists the DLP feed this many minutes after noon.
async fn list_dlp_after(microsoft: &Simulator, fixture: &ClientFixture, minutes: i64) -> DlpListing {
    let now = NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_mins(minutes);
    microsoft.set_now(now);
    fixture.clock.set(now);
    let succeeded = fixture.list_of(ContentType::Dlp).await.is_ok();
    DlpListing { succeeded, tokens: microsoft.calls().of(Operation::Token) }
}

#[tokio::test]
async fn a_granted_permission_works_within_ten_minutes() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    let before = list_dlp_after(&microsoft, &fixture, 0).await;
    assert_eq!(before, DlpListing { succeeded: false, tokens: 1 });
    microsoft.set_roles(tenant.id, [Role::Read, Role::ReadDlp]);
    let with_old_token = list_dlp_after(&microsoft, &fixture, 5).await;
    assert_eq!(with_old_token, DlpListing { succeeded: false, tokens: 1 }, "the roles are in the token");
    let with_new_token = list_dlp_after(&microsoft, &fixture, 10).await;
    assert_eq!(with_new_token, DlpListing { succeeded: true, tokens: 2 });
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_missing_permission_costs_few_tokens() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    for (minutes, tokens) in [(0, 1), (5, 1), (10, 2), (15, 2), (19, 2), (20, 3)] {
        let result = list_dlp_after(&microsoft, &fixture, minutes).await;
        assert_eq!(result, DlpListing { succeeded: false, tokens }, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_403_without_code_also_gets_a_new_token() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_only(response(403, ""));
    let mut requests = Vec::new();
    for _ in 0..2 {
        assert_eq!(expect_failure(fixture.list().await).kind, Permission);
        requests.push(server.requests().len());
        fixture.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_mins(10));
    }
    assert_eq!(requests, [1, 3], "the second listing tries the old token and a new one");
}

#[tokio::test]
async fn without_auditing_the_message_says_to_enable_it() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.set_auditing(fixture.tenant.id.0, false);
    for failure in [expect_failure(fixture.subscriptions().await), expect_failure(fixture.list().await)] {
        assert_eq!(failure.kind, BadTenant);
        assert_contains(&failure.message, &["does not exist", "tenant_id", "licence", "unified auditing is on"]);
    }
}
