//! The token endpoint: issued tokens and errors.

use std::time::Duration;

use management_api_simulator::{Cloud, Config, Secret, TOKEN_PREFIX, Tenant};
use reqwest::Method;

use crate::{
    at,
    client::{Client, request_token, token_form},
    minutes, simulator_at_noon, simulator_at_noon_with,
};

#[tokio::test]
async fn issues_a_token_for_id_secret_and_scope() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let form = token_form(&Tenant::example(1));
    let response = request_token(&microsoft.url(), &contoso.to_string(), &form).await;
    assert_eq!(response.status, 200);
    let granted = response.json();
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["expires_in"], 3_599);
    assert!(granted["access_token"].as_str().unwrap().starts_with(TOKEN_PREFIX));
    microsoft.assert_clean();
}

/// Status, OAuth error and AADSTS number for a form with one field changed, or omitted if `value` is empty.
async fn refusal(changed: &str, value: &str) -> (u16, String, u64) {
    let (microsoft, contoso) = simulator_at_noon().await;
    let mut form = token_form(&Tenant::example(1));
    form.retain(|(name, _)| *name != changed);
    if !value.is_empty() {
        form.push((Box::leak(changed.to_owned().into_boxed_str()), value.to_owned()));
    }
    let response = request_token(&microsoft.url(), &contoso.to_string(), &form).await;
    let error = response.json();
    let number = error["error_codes"][0].as_u64().unwrap();
    let description = error["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{number}: ")), "{description}");
    (response.status.as_u16(), error["error"].as_str().unwrap().to_owned(), number)
}

#[tokio::test]
async fn each_token_error_has_its_aadsts_number() {
    let table = [
        ("client_secret", "wrong", (401, "invalid_client", 7_000_215)),
        ("client_secret", "", (401, "invalid_client", 7_000_218)),
        ("client_id", "nobody", (400, "unauthorized_client", 700_016)),
        ("scope", "https://manage.office.com", (400, "invalid_scope", 70_011)),
        ("scope", "https://graph.example/.default", (400, "invalid_scope", 70_011)),
        ("scope", "https://manage.office365.us/.default", (400, "invalid_scope", 70_011)),
        ("scope", "", (400, "invalid_request", 900_144)),
        ("grant_type", "password", (400, "unsupported_grant_type", 70_003)),
        ("grant_type", "", (400, "invalid_request", 900_144)),
    ];
    for (changed, value, (status, error, number)) in table {
        let refusal_found = refusal(changed, value).await;
        assert_eq!(refusal_found, (status, error.to_owned(), number), "{changed}={value}");
    }
}

#[tokio::test]
async fn unknown_tenant_is_90002() {
    let (microsoft, _) = simulator_at_noon().await;
    let form = token_form(&Tenant::example(1));
    for unknown in ["00000002-0000-4000-8000-000000000000", "contoso.example"] {
        let response = request_token(&microsoft.url(), unknown, &form).await;
        assert_eq!(response.status, 400);
        assert_eq!(response.json()["error_codes"][0], 90_002);
    }
}

#[tokio::test]
async fn rejects_certificates() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let mut form = token_form(&Tenant::example(1));
    form.retain(|(name, _)| *name != "client_secret");
    form.push(("client_assertion", "header.claims.signature".to_owned()));
    let response = request_token(&microsoft.url(), &contoso.to_string(), &form).await;
    assert_eq!(response.status.as_u16(), 401);
    assert_eq!(response.json()["error_codes"][0], 700_027);
}

#[tokio::test]
async fn government_cloud_requires_its_own_scope() {
    let (microsoft, _) = simulator_at_noon().await;
    let tenant = Tenant::example(2).in_cloud(Cloud::GccHigh);
    let id = microsoft.add_tenant(tenant.clone()).to_string();
    let mut form = token_form(&tenant);
    let worldwide = request_token(&microsoft.url(), &id, &form).await;
    assert_eq!(worldwide.json()["error_codes"][0], 901_002);

    form[3].1 = "https://manage.office365.us/.default".to_owned();
    assert_eq!(request_token(&microsoft.url(), &id, &form).await.status, 200);
}

#[tokio::test]
async fn secrets_overlap_during_rotation() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let mut tenant = Tenant::example(1);
    let old = tenant.secrets[0].value.clone();
    microsoft.add_secret(contoso, Secret::new("new").expiring(at("2026-11-22T13:00:00Z")));
    let id = contoso.to_string();
    let url = microsoft.url();
    assert_eq!(request_token(&url, &id, &token_form(&tenant)).await.status, 200);
    microsoft.remove_secret(contoso, &old);
    let removed = request_token(&url, &id, &token_form(&tenant)).await;
    assert_eq!(removed.json()["error_codes"][0], 7_000_215);

    tenant.secrets[0].value = "new".to_owned();
    assert_eq!(request_token(&url, &id, &token_form(&tenant)).await.status, 200);
    microsoft.advance(minutes(60));
    let expired = request_token(&url, &id, &token_form(&tenant)).await;
    assert_eq!(expired.status.as_u16(), 401);
    assert_eq!(expired.json()["error_codes"][0], 7_000_222);
}

#[tokio::test]
async fn token_ends_by_expiry_or_revocation() {
    let config = Config { token_lifetime: Duration::from_secs(60), ..Config::default() };
    let (microsoft, contoso) = simulator_at_noon_with(config).await;
    let mut client = Client::for_tenant(&microsoft, 1).await;
    microsoft.advance(Duration::from_secs(59));
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    microsoft.advance(Duration::from_secs(1));
    assert_eq!(client.get("subscriptions/list").await.status, 401);

    client.renew_token().await;
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    microsoft.revoke_tokens(contoso);
    let revoked = client.send(Method::GET, &client.feed("subscriptions/list")).await;
    assert_eq!(revoked.status, 401);
    assert_eq!(
        String::from_utf8(revoked.body).unwrap(),
        r#"{"Message":"Authorization has been denied for this request."}"#
    );
}
