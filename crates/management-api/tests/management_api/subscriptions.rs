//! Subscriptions: listing the enabled ones, and starting one.

use collector::failure::FailureKind::{Permission, SubscriptionDisabled, Throttled, Transient};
use collector::feed::ContentType;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Role, Tenant};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_contains, expect_failure, start_simulator, start_simulator_for};

#[tokio::test]
async fn returns_only_enabled_subscriptions() {
    let tenant = Tenant::example(1).subscribed_to(&[EXCHANGE, "Audit.General", "DLP.All"]);
    let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    microsoft.stop_subscription(tenant.id, "Audit.General");
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange, ContentType::Dlp]);
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_new_tenant_has_no_subscriptions() {
    let (_microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    assert_eq!(fixture.subscriptions().await.unwrap(), []);
}

#[tokio::test]
async fn ignores_webhooks_and_unknown_content_types() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(
        200,
        r#"[{"contentType":"Audit.Quantum","status":"enabled","webhook":null},
            {"contentType":"Audit.Exchange","status":"enabled","webhook":{"status":"expired","address":"https://a.example"}}]"#,
    ));
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange]);
}

#[tokio::test]
async fn names_and_states_match_in_any_case() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(
        200,
        r#"[{"ContentType":"audit.exchange","Status":"Enabled"},{"contentType":"DLP.ALL","status":"DISABLED"}]"#,
    ));
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange]);
}

#[tokio::test]
async fn a_broken_subscription_row_costs_only_itself() {
    let (server, fixture) = ScriptedServer::start().await;
    let rows =
        r#"null,7,"x",[],{},{"status":"enabled"},{"contentType":7},{"contentType":"Audit.General","status":NaN}"#;
    server.respond(response(200, format!(r#"[{rows},{{"contentType":"Audit.Exchange","status":"enabled"}}]"#)));
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange]);
}

#[tokio::test]
async fn a_subscription_without_status_is_left_to_the_listing() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, r#"[{"contentType":"Audit.Exchange"},{"contentType":"DLP.All","status":null}]"#));
    assert_eq!(fixture.subscriptions().await.unwrap(), [ContentType::Exchange, ContentType::Dlp]);
}

#[tokio::test]
async fn starts_a_subscription() {
    let (microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    fixture.start().await.unwrap();
    assert_eq!(microsoft.subscription(fixture.tenant.id.0, EXCHANGE), Some(true));
    assert_eq!(microsoft.subscription(fixture.tenant.id.0, "Audit.General"), None);
    microsoft.assert_clean();
}

#[tokio::test]
async fn starting_an_enabled_subscription_succeeds() {
    let (microsoft, fixture) = start_simulator().await;
    assert_eq!(fixture.start().await, Ok(()));
    assert_eq!(microsoft.seen_calls().last().unwrap().status, 400, "AF20024");
}

#[tokio::test]
async fn starts_with_an_explicitly_empty_body() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, "{}"));
    fixture.start().await.unwrap();
    let request = &server.requests()[0];
    assert!(request.line.starts_with("POST "), "{}", request.line);
    assert_contains(&request.line, &["/activity/feed/subscriptions/start?contentType=Audit.Exchange&"]);
    assert_eq!(request.header("content-length"), ["0"]);
    assert_eq!(request.body, "");
}

#[tokio::test]
async fn succeeds_if_the_first_response_is_lost() {
    let (microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), FaultKind::Drop));
    fixture.start().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::StartSubscription), 2);
    microsoft.assert_clean();
}

#[tokio::test]
async fn an_error_with_a_success_status_is_a_failure() {
    let (microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    let fault = FaultKind::ErrorInside200 { code: "AF50000".to_owned() };
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), fault).times(3));
    let failure = expect_failure(fixture.start().await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&failure.message, &["starting the subscription failed", "AF50000"]);
    assert_eq!(microsoft.subscription(fixture.tenant.id.0, EXCHANGE), None);
}

#[tokio::test]
async fn a_start_within_the_cool_down_is_throttled() {
    let (microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    fixture.start().await.unwrap();
    microsoft.stop_subscription(fixture.tenant.id.0, EXCHANGE);
    assert_eq!(expect_failure(fixture.start().await).kind, Throttled);
}

#[tokio::test]
async fn a_start_without_permission_names_the_permission() {
    let tenant = Tenant::example(1).with_roles([Role::ReadDlp]);
    let (_microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    let failure = expect_failure(fixture.start().await);
    assert_eq!(failure.kind, Permission);
    assert_contains(&failure.message, &["starting the subscription failed", "AF10001", "ActivityFeed.Read"]);
}

#[tokio::test]
async fn listing_without_a_subscription_says_why() {
    let (microsoft, fixture) = start_simulator_for(&Tenant::example(1), Config::default()).await;
    let never = expect_failure(fixture.list().await);
    microsoft.start_subscription(fixture.tenant.id.0, EXCHANGE);
    microsoft.stop_subscription(fixture.tenant.id.0, EXCHANGE);
    let stopped = expect_failure(fixture.list().await);
    assert_eq!([never.kind, stopped.kind], [SubscriptionDisabled; 2]);
    assert_contains(&never.message, &["AF20022", "the poller starts the subscription"]);
    assert_contains(&stopped.message, &["AF20023", "the poller starts the subscription"]);
}
