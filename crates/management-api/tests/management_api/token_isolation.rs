//! Whose token it is: that of one tenant, one set of credentials, one cloud and one scope.

use collector::tenant::{Cloud, Secret as ClientSecret};
use management_api_simulator::{Cloud as SimulatedCloud, Config, Operation, Secret, TOKEN_PREFIX, Tenant};

use crate::client_fixture::Collector;
use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, noon, noon_of};

#[tokio::test]
async fn a_rotated_secret_gets_a_token_of_its_own() {
    let (microsoft, mut collector) = noon().await;
    collector.list().await.unwrap();
    microsoft.add_secret(collector.tenant.id.0, Secret::new("rotated"));
    collector.tenant.client_secret = ClientSecret::new("rotated");
    collector.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_corrected_application_gets_a_token_of_its_own() {
    let (script, mut collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    collector.tenant.client_id = "another-application".to_owned();
    collector.list().await.unwrap();
    assert!(script.heard_for_tokens()[1].body.contains("client_id=another-application&"));
}

#[tokio::test]
async fn a_corrected_scope_gets_a_token_of_its_own() {
    let tenant = Tenant::example(1).subscribed().in_cloud(SimulatedCloud::Gcc);
    let (microsoft, mut collector) = noon_of(&tenant, Config::default()).await;
    collector.list().await.unwrap();
    collector.tenant.token_scope = Some("https://manage-gcc.office.com/.default".to_owned());
    collector.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 2);
}

#[tokio::test]
async fn a_token_of_one_cloud_never_goes_to_another() {
    let (script, mut collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    script.grant(response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}of-gcc-high","expires_in":3599}}"#)));
    collector.tenant.cloud = Cloud::GccHigh;
    collector.list().await.unwrap();
    assert_eq!(script.heard()[1].header("authorization"), [format!("Bearer {TOKEN_PREFIX}of-gcc-high")]);
}

#[tokio::test]
async fn each_tenant_has_a_token_of_its_own() {
    let (microsoft, mut collector) = noon().await;
    let contoso = collector.tenant.clone();
    let fabrikam = Tenant::example(2).subscribed_to(&[EXCHANGE]);
    microsoft.add_tenant(fabrikam.clone());
    let fabrikam = Collector::of(&fabrikam, &microsoft.url()).tenant;
    for tenant in [&contoso, &fabrikam, &contoso, &fabrikam] {
        collector.tenant = tenant.clone();
        collector.list().await.unwrap();
    }
    assert_eq!(microsoft.calls().of_tenant(contoso.id.0, Operation::Token), 1);
    assert_eq!(microsoft.calls().of_tenant(fabrikam.id.0, Operation::Token), 1);
}
