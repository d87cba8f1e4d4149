//! Entra rejects the credentials: the kind of failure, and the advice in its message.

use collector::failure::FailureKind::{self, CredentialsRejected, Tenant as BadTenant, Throttled, Transient};
use collector::tenant::{Cloud, Secret as ClientSecret};
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::{
    Cloud as SimulatedCloud, Config, Fault, FaultKind, Match, Operation, Secret, Simulator, Tenant, Uuid,
};

use crate::client_fixture::ClientFixture;
use crate::{NOON, assert_contains, expect_failure, start_simulator, start_simulator_for};

/// Asserts that Entra issues no token and that the API is not called; the message must contain the code and `advice`.
async fn assert_rejected(
    microsoft: &Simulator,
    fixture: &ClientFixture,
    kind: FailureKind,
    code: &str,
    advice: &[&str],
) {
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, kind, "{failure}");
    assert_contains(&failure.message, &[code]);
    assert_contains(&failure.message, advice);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 0);
}

#[tokio::test]
async fn a_wrong_client_secret_is_rejected() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.client_secret = ClientSecret::new("simulated-client-secret-of-yesterday");
    let advice = ["client_secret is wrong", "*value*, not its id"];
    assert_rejected(&microsoft, &fixture, CredentialsRejected, "AADSTS7000215", &advice).await;
}

#[tokio::test]
async fn an_expired_client_secret_is_rejected() {
    let mut tenant = Tenant::example(1).subscribed();
    tenant.secrets[0] = tenant.secrets[0].clone().expiring(NOON.parse().unwrap());
    let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
    let advice = ["client_secret has expired", "create a new one in Entra"];
    assert_rejected(&microsoft, &fixture, CredentialsRejected, "AADSTS7000222", &advice).await;
}

#[tokio::test]
async fn a_corrected_secret_is_used_at_once() {
    let (microsoft, mut fixture) = start_simulator().await;
    microsoft.add_secret(fixture.tenant.id.0, Secret::new("valid"));
    fixture.tenant.client_secret = ClientSecret::new("invalid");
    expect_failure(fixture.list().await);
    fixture.tenant.client_secret = ClientSecret::new("valid");
    fixture.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn an_unknown_application_is_rejected() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.client_id = Uuid::nil().to_string();
    let advice = ["client_id is not an application of this tenant"];
    assert_rejected(&microsoft, &fixture, CredentialsRejected, "AADSTS700016", &advice).await;
}

#[tokio::test]
async fn an_unknown_tenant_is_rejected() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.id.0 = Uuid::nil();
    let advice = ["no such tenant in this cloud", "check tenant_id and cloud"];
    assert_rejected(&microsoft, &fixture, BadTenant, "AADSTS90002", &advice).await;
}

#[tokio::test]
async fn a_tenant_in_the_wrong_cloud_is_rejected() {
    let tenant = Tenant::example(1).in_cloud(SimulatedCloud::GccHigh);
    let (microsoft, mut fixture) = start_simulator_for(&tenant, Config::default()).await;
    fixture.tenant.cloud = Cloud::Enterprise;
    let advice = ["the token scope does not belong to this cloud", "check cloud", "token_scope"];
    assert_rejected(&microsoft, &fixture, BadTenant, "AADSTS901002", &advice).await;
}

#[tokio::test]
async fn an_invalid_scope_is_rejected() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.token_scope = Some("https://manage.office.com".to_owned());
    let advice = ["the token scope does not belong to this cloud", "token_scope"];
    assert_rejected(&microsoft, &fixture, BadTenant, "AADSTS70011", &advice).await;
}

#[tokio::test]
async fn each_entra_code_has_its_kind() {
    let (microsoft, fixture) = start_simulator().await;
    let check_all = "check tenant_id, client_id and client_secret";
    for (status, code, kind, advice) in [
        (401, "AADSTS7000215", CredentialsRejected, "client_secret is wrong"),
        (401, "AADSTS7000222", CredentialsRejected, "client_secret has expired"),
        (400, "AADSTS700016", CredentialsRejected, "client_id is not an application of this tenant"),
        (401, "AADSTS700027", CredentialsRejected, check_all),
        (401, "AADSTS7000112", CredentialsRejected, check_all),
        (400, "AADSTS90002", BadTenant, "check tenant_id and cloud"),
        (400, "AADSTS901002", BadTenant, "check cloud"),
        (400, "AADSTS70011", BadTenant, "token_scope"),
        (400, "AADSTS90033", Transient, "will be retried"),
        (503, "AADSTS90033", Transient, "will be retried"),
        (500, "AADSTS50000", Transient, "will be retried"),
        (408, "AADSTS50000", Transient, "will be retried"),
        (429, "AADSTS50196", Throttled, "will be retried later"),
        (429, "AADSTS90055", Throttled, "will be retried later"),
        (400, "AADSTS90055", Throttled, "will be retried later"),
    ] {
        let fault = FaultKind::Error { status, code: code.to_owned() };
        microsoft.inject(Fault::new(Match::operation(Operation::Token), fault).always());
        let failure = expect_failure(fixture.list().await);
        // Rejected credentials are tried again after a minute.
        fixture.clock.set(collector::ports::Clock::now(&fixture.clock) + SignedDuration::from_mins(1));
        assert_eq!(failure.kind, kind, "{status} {code}");
        assert_contains(&failure.message, &[code, advice]);
        microsoft.clear_faults();
    }
}

#[tokio::test]
async fn rejected_credentials_are_not_retried() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.inject(Fault::new(Match::operation(Operation::Token), FaultKind::Unauthorized));
    expect_failure(fixture.list().await);
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    assert_eq!(fixture.clock.pauses(), []);
}

#[tokio::test]
async fn rejected_credentials_are_not_tried_again_for_a_minute() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.client_secret = ClientSecret::new("simulated-client-secret-of-yesterday");
    let first = expect_failure(fixture.list().await);
    fixture.clock.set(NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(59));
    assert_eq!(expect_failure(fixture.list().await), first);
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    fixture.clock.set(NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(60));
    expect_failure(fixture.list().await);
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}
