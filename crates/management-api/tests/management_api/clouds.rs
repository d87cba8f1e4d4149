//! The endpoints of each cloud, and the check of origins.

use collector::failure::FailureKind::InvalidMessage;
use collector::tenant::{Cloud, Tenant};
use management_api::{Endpoints, RootOverrides};
use management_api_simulator::{Cloud as SimulatedCloud, Config, Tenant as SimulatedTenant};

use crate::start_simulator_for;

fn tenant_in(cloud: Cloud) -> Tenant {
    Tenant { cloud, ..testkit::tenant(testkit::TENANT, &[]) }
}

fn enterprise_endpoints() -> Endpoints {
    Endpoints::of(&tenant_in(Cloud::Enterprise), &RootOverrides::default())
}

#[test]
fn each_cloud_has_its_own_endpoints() {
    let (worldwide, government) = ("https://login.microsoftonline.com", "https://login.microsoftonline.us");
    for (cloud, root, authority, scope) in [
        (Cloud::Enterprise, "https://manage.office.com", worldwide, "https://manage.office.com/.default"),
        (Cloud::Gcc, "https://manage-gcc.office.com", worldwide, "https://manage.office.com/.default"),
        (Cloud::GccHigh, "https://manage.office365.us", government, "https://manage.office365.us/.default"),
        (Cloud::Dod, "https://manage.protection.apps.mil", government, "https://manage.protection.apps.mil/.default"),
    ] {
        let endpoints = Endpoints::of(&tenant_in(cloud), &RootOverrides::default());
        let id = testkit::TENANT;
        let list = format!("{root}/api/v1.0/{id}/activity/feed/subscriptions/list");
        assert_eq!(endpoints.operation("subscriptions/list", ""), list);
        assert_eq!(endpoints.token, format!("{authority}/{id}/oauth2/v2.0/token"));
        assert_eq!(endpoints.scope, scope);
    }
}

#[test]
fn a_tenants_scope_overrides_the_clouds() {
    let token_scope = Some("https://manage-gcc.office.com/.default".to_owned());
    let endpoints = Endpoints::of(&Tenant { token_scope, ..tenant_in(Cloud::Gcc) }, &RootOverrides::default());
    assert_eq!(endpoints.scope, "https://manage-gcc.office.com/.default");
}

#[test]
fn overrides_replace_only_the_roots() {
    let id = testkit::TENANT;
    for (configured, root) in [
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("http://127.0.0.1:4010/", "http://127.0.0.1:4010"),
        ("http://127.0.0.1:4010/microsoft/", "http://127.0.0.1:4010/microsoft"),
    ] {
        let url = Some(configured.parse().unwrap());
        let overrides = RootOverrides { management_api: url.clone(), token_authority: url };
        let endpoints = Endpoints::of(&tenant_in(Cloud::GccHigh), &overrides);
        assert_eq!(endpoints.operation("a", "b=1"), format!("{root}/api/v1.0/{id}/activity/feed/a?b=1"));
        assert_eq!(endpoints.token, format!("{root}/{id}/oauth2/v2.0/token"));
        assert_eq!(endpoints.scope, "https://manage.office365.us/.default");
    }
}

#[test]
fn accepts_addresses_of_the_same_origin() {
    for address in [
        "https://manage.office.com/api/v1.0/x/activity/feed/audit/1$2",
        "https://manage.office.com:443/",
        "https://MANAGE.office.com/",
    ] {
        assert!(enterprise_endpoints().require_same_origin(address).is_ok(), "{address}");
    }
}

#[test]
fn rejects_lookalike_origins() {
    for address in [
        "http://manage.office.com/",
        "https://manage.office.com:444/",
        "https://manage.office.com.example/",
        "https://manage.office.com@elsewhere.example/",
        "https://manage-gcc.office.com/",
        "https://office.com/",
        "//manage.office.com/",
        "manage.office.com/api",
        "",
    ] {
        let failure = enterprise_endpoints().require_same_origin(address).unwrap_err();
        assert_eq!(failure.kind, InvalidMessage, "{address}");
    }
}

#[tokio::test]
async fn gets_a_token_in_every_cloud() {
    for cloud in [SimulatedCloud::Enterprise, SimulatedCloud::Gcc, SimulatedCloud::GccHigh, SimulatedCloud::Dod] {
        let tenant = SimulatedTenant::example(1).subscribed().in_cloud(cloud);
        let (microsoft, fixture) = start_simulator_for(&tenant, Config::default()).await;
        assert!(fixture.list().await.is_ok(), "{cloud:?}");
        microsoft.assert_clean();
    }
}
