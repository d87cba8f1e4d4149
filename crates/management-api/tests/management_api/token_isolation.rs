//! A token is used only for the tenant, credentials, cloud and scope for which it was issued.

use collector::tenant::{Cloud, Secret as ClientSecret};
use management_api_simulator::{Cloud as SimulatedCloud, Config, Operation, Secret, TOKEN_PREFIX, Tenant};

use crate::client_fixture::ClientFixture;
use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, start_simulator, start_simulator_for};

#[tokio::test]
async fn a_rotated_secret_gets_its_own_token() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.list().await.unwrap();
    microsoft.add_secret(fixture.tenant.id.0, Secret::new("rotated"));
    fixture.tenant.client_secret = ClientSecret::new("rotated");
    fixture.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_corrected_client_id_gets_its_own_token() {
    let (server, mut fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    fixture.tenant.client_id = "another-application".to_owned();
    fixture.list().await.unwrap();
    assert!(server.token_requests()[1].body.contains("client_id=another-application&"));
}

#[tokio::test]
async fn a_corrected_scope_gets_its_own_token() {
    let tenant = Tenant::example(1).subscribed().in_cloud(SimulatedCloud::Gcc);
    let (microsoft, mut fixture) = start_simulator_for(&tenant, Config::default()).await;
    fixture.list().await.unwrap();
    fixture.tenant.token_scope = Some("https://manage-gcc.office.com/.default".to_owned());
    fixture.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_token_never_goes_to_another_cloud() {
    let (server, mut fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    server.respond_to_token_requests(response(
        200,
        format!(r#"{{"access_token":"{TOKEN_PREFIX}of-gcc-high","expires_in":3599}}"#),
    ));
    fixture.tenant.cloud = Cloud::GccHigh;
    fixture.list().await.unwrap();
    assert_eq!(server.requests()[1].header("authorization"), [format!("Bearer {TOKEN_PREFIX}of-gcc-high")]);
}

#[tokio::test]
async fn each_tenant_has_its_own_token() {
    let (microsoft, mut fixture) = start_simulator().await;
    let contoso = fixture.tenant.clone();
    let fabrikam = Tenant::example(2).subscribed_to(&[EXCHANGE]);
    microsoft.add_tenant(fabrikam.clone());
    let fabrikam = ClientFixture::of(&fabrikam, &microsoft.url()).tenant;
    for tenant in [&contoso, &fabrikam, &contoso, &fabrikam] {
        fixture.tenant = tenant.clone();
        fixture.list().await.unwrap();
    }
    assert_eq!(microsoft.calls().of_tenant(contoso.id.0, Operation::Token), 1);
    assert_eq!(microsoft.calls().of_tenant(fabrikam.id.0, Operation::Token), 1);
}
