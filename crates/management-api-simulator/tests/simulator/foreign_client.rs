//! What another collector than one's own relies on: the older token endpoint, and calls without `PublisherIdentifier`.

use management_api_simulator::{Config, Simulator, Tenant, Throttle};
use serde_json::{Value, json};

use crate::{
    EXCHANGE,
    client::{Response, read},
    records, simulator_at_noon_with, today,
};

async fn lenient() -> Simulator {
    let (microsoft, contoso) = simulator_at_noon_with(Config { strict: false, ..Config::default() }).await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    microsoft
}

/// Requests a token of version 1 with these changes to the form: a field with an empty value is left out.
async fn v1_token(microsoft: &Simulator, changes: &[(&str, &str)]) -> Response {
    let tenant = Tenant::example(1);
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", tenant.client_id.as_str()),
        ("client_secret", tenant.secrets[0].value.as_str()),
        ("resource", "https://manage.office.com"),
    ];
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let url = format!("{}/{}/oauth2/token", microsoft.url(), tenant.id);
    read(reqwest::Client::new().post(url).form(&form).send().await.unwrap()).await.unwrap()
}

async fn access_token(microsoft: &Simulator) -> String {
    v1_token(microsoft, &[]).await.json()["access_token"].as_str().unwrap().to_owned()
}

async fn get(microsoft: &Simulator, token: &str, number: u32, operation: &str) -> Response {
    let url = format!("{}/api/v1.0/{}/activity/feed/{operation}", microsoft.url(), Tenant::example(number).id);
    read(reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn foreign_collector_gets_token_listing_and_blob() {
    let microsoft = lenient().await;
    let token = access_token(&microsoft).await;
    let window = "contentType=Audit.Exchange&startTime=2026-11-22T10:00&endTime=2026-11-22T11:00";
    let listing = get(&microsoft, &token, 1, &format!("subscriptions/content?{window}")).await;
    let blob = get(&microsoft, &token, 1, &format!("audit/{}", listing.content_ids()[0])).await;
    assert_eq!(blob.record_ids(), ["a"]);
    microsoft.assert_clean();
}

#[tokio::test]
async fn v1_token_response_has_numbers_as_strings() {
    let microsoft = lenient().await;
    let mut granted = v1_token(&microsoft, &[]).await.json();
    granted["access_token"] = Value::Null;
    assert_eq!(
        granted,
        json!({
            "token_type": "Bearer",
            "expires_in": "3599",
            "ext_expires_in": "3599",
            "not_before": "1795348800",
            "expires_on": "1795352399",
            "resource": "https://manage.office.com",
            "access_token": null,
        })
    );
}

#[tokio::test]
async fn v1_token_requires_resource_of_the_api() {
    let microsoft = lenient().await;
    let table =
        [("https://manage.office.com/", None), ("https://graph.microsoft.com", Some(500_011)), ("", Some(900_144))];
    for (resource, refused) in table {
        let response = v1_token(&microsoft, &[("resource", resource)]).await;
        assert_eq!(response.json()["error_codes"][0].as_u64(), refused, "{resource:?}");
    }
}

#[tokio::test]
async fn both_token_versions_accept_basic_authentication() {
    let microsoft = lenient().await;
    let tenant = Tenant::example(1);
    let basic = |secret: String| (tenant.client_id.clone(), secret);
    let secret = tenant.secrets[0].value.clone();
    for (version, audience, (id, secret), status) in [
        ("", ("resource", "https://manage.office.com"), basic(secret.clone()), 200),
        ("v2.0/", ("scope", "https://manage.office.com/.default"), basic(secret.replace('-', "%2D")), 200),
        ("v2.0/", ("scope", "https://manage.office.com/.default"), basic("wrong".to_owned()), 401),
    ] {
        let url = format!("{}/{}/oauth2/{version}token", microsoft.url(), tenant.id);
        let form = [("grant_type", "client_credentials"), audience];
        let request = reqwest::Client::new().post(url).basic_auth(id, Some(secret)).form(&form);
        assert_eq!(request.send().await.unwrap().status(), status, "{version}");
    }
}

#[tokio::test]
async fn calls_without_publisher_share_one_quota() {
    let microsoft = lenient().await;
    let fabrikam = Tenant::example(2);
    microsoft.add_tenant(fabrikam.clone().subscribed());
    microsoft.configure(|config| config.throttle = Throttle { requests_per_minute: Some(2), ..Throttle::default() });
    let form = crate::client::token_form(&fabrikam);
    let other = crate::client::request_token(&microsoft.url(), &fabrikam.id.to_string(), &form).await.json();
    let other = other["access_token"].as_str().unwrap();
    let token = access_token(&microsoft).await;
    let mut statuses = Vec::new();
    for (number, token) in [(1, token.as_str()), (2, other), (2, other), (1, token.as_str())] {
        statuses.push(get(&microsoft, token, number, "subscriptions/list").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 403, 403]);
    let own = format!("subscriptions/list?PublisherIdentifier={}", fabrikam.id);
    assert_eq!(get(&microsoft, other, 2, &own).await.status, 200);
}

#[tokio::test]
async fn strict_simulator_serves_and_records_what_microsoft_tolerates() {
    let microsoft = lenient().await;
    microsoft.configure(|config| config.strict = true);
    let token = access_token(&microsoft).await;
    assert_eq!(get(&microsoft, &token, 1, "subscriptions/list").await.status, 200);
    let violations = microsoft.take_violations();
    assert_eq!(violations.len(), 1);
    assert!(violations[0].starts_with("missing PublisherIdentifier: GET "), "{violations:?}");
}

#[tokio::test]
async fn lenient_simulator_still_records_unknown_requests() {
    let microsoft = lenient().await;
    let token = access_token(&microsoft).await;
    assert_eq!(get(&microsoft, &token, 1, "subscriptions/notifications").await.status, 404);
    assert_eq!(microsoft.take_violations().len(), 1);
}
