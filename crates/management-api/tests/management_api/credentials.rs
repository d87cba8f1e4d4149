//! Entra refuses: what is wrong, and what the person who reads it must do.

use collector::failure::FailureKind::{self, CredentialsRejected, Tenant as BadTenant, Throttled, Transient};
use collector::tenant::{Cloud, Secret as ClientSecret};
use management_api_simulator::{
    Cloud as SimulatedCloud, Config, Fault, FaultKind, Match, Operation, Secret, Simulator, Tenant, Uuid,
};

use crate::client_fixture::Collector;
use crate::{NOON, assert_says, noon, noon_of, refused};

/// No token, for this reason; nothing was asked of the API, and the code and `advice` are in the message.
async fn assert_refused(microsoft: &Simulator, collector: &Collector, kind: FailureKind, code: &str, advice: &[&str]) {
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, kind, "{failure}");
    assert_says(&failure.message, &[code]);
    assert_says(&failure.message, advice);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 0);
}

#[tokio::test]
async fn a_wrong_secret() {
    let (microsoft, mut collector) = noon().await;
    collector.tenant.client_secret = ClientSecret::new("simulated-client-secret-of-yesterday");
    let advice = ["client_secret is wrong", "*value*, not its id"];
    assert_refused(&microsoft, &collector, CredentialsRejected, "AADSTS7000215", &advice).await;
}

#[tokio::test]
async fn an_expired_secret() {
    let mut tenant = Tenant::example(1).subscribed();
    tenant.secrets[0] = tenant.secrets[0].clone().expiring(NOON.parse().unwrap());
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    let advice = ["client_secret has expired", "create a new one in Entra"];
    assert_refused(&microsoft, &collector, CredentialsRejected, "AADSTS7000222", &advice).await;
}

#[tokio::test]
async fn a_secret_that_was_put_right_is_used_at_once() {
    let (microsoft, mut collector) = noon().await;
    microsoft.add_secret(collector.tenant.id.0, Secret::new("right"));
    collector.tenant.client_secret = ClientSecret::new("wrong");
    refused(collector.list().await);
    collector.tenant.client_secret = ClientSecret::new("right");
    collector.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn an_unknown_application() {
    let (microsoft, mut collector) = noon().await;
    collector.tenant.client_id = Uuid::nil().to_string();
    let advice = ["client_id is no application of this tenant"];
    assert_refused(&microsoft, &collector, CredentialsRejected, "AADSTS700016", &advice).await;
}

#[tokio::test]
async fn an_unknown_tenant() {
    let (microsoft, mut collector) = noon().await;
    collector.tenant.id.0 = Uuid::nil();
    let advice = ["no such tenant in this cloud", "check tenant_id and cloud"];
    assert_refused(&microsoft, &collector, BadTenant, "AADSTS90002", &advice).await;
}

#[tokio::test]
async fn a_government_tenant_without_its_cloud() {
    let tenant = Tenant::example(1).in_cloud(SimulatedCloud::GccHigh);
    let (microsoft, mut collector) = noon_of(&tenant, Config::default()).await;
    collector.tenant.cloud = Cloud::Enterprise;
    let advice = ["the scope is not this cloud's", "check cloud", "token_scope"];
    assert_refused(&microsoft, &collector, BadTenant, "AADSTS901002", &advice).await;
}

#[tokio::test]
async fn a_scope_that_is_none() {
    let (microsoft, mut collector) = noon().await;
    collector.tenant.token_scope = Some("https://manage.office.com".to_owned());
    let advice = ["the scope is not this cloud's", "token_scope"];
    assert_refused(&microsoft, &collector, BadTenant, "AADSTS70011", &advice).await;
}

#[tokio::test]
async fn every_code_has_its_kind() {
    let (microsoft, collector) = noon().await;
    let check_all = "check tenant_id, client_id and client_secret";
    for (status, code, kind, advice) in [
        (401, "AADSTS7000215", CredentialsRejected, "client_secret is wrong"),
        (401, "AADSTS7000222", CredentialsRejected, "client_secret has expired"),
        (400, "AADSTS700016", CredentialsRejected, "client_id is no application of this tenant"),
        (401, "AADSTS700027", CredentialsRejected, check_all),
        (401, "AADSTS7000112", CredentialsRejected, check_all),
        (400, "AADSTS90002", BadTenant, "check tenant_id and cloud"),
        (400, "AADSTS901002", BadTenant, "check cloud"),
        (400, "AADSTS70011", BadTenant, "token_scope"),
        (400, "AADSTS90033", Transient, "tried again"),
        (503, "AADSTS90033", Transient, "tried again"),
        (500, "AADSTS50000", Transient, "tried again"),
        (408, "AADSTS50000", Transient, "tried again"),
        (429, "AADSTS50196", Throttled, "tried again later"),
        (429, "AADSTS90055", Throttled, "tried again later"),
        (400, "AADSTS90055", Throttled, "tried again later"),
    ] {
        let what = FaultKind::Error { status, code: code.to_owned() };
        microsoft.inject(Fault::new(Match::operation(Operation::Token), what).always());
        let failure = refused(collector.list().await);
        assert_eq!(failure.kind, kind, "{status} {code}");
        assert_says(&failure.message, &[code, advice]);
        microsoft.clear_faults();
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::Token), FaultKind::Unauthorized));
    refused(collector.list().await);
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
    assert_eq!(collector.clock.pauses(), []);
}
