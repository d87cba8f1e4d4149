//! Authentication and authorization, and the format of refusals.

use management_api_simulator::{Role, Tenant, Uuid};
use reqwest::Method;

use crate::{EXCHANGE, client::Client, simulator_at_noon};

#[tokio::test]
async fn rejects_requests_without_a_valid_token() {
    let (microsoft, _) = simulator_at_noon().await;
    let mut client = Client::for_tenant(&microsoft, 1).await;
    client.token = "simulated-access-token-of-nobody".to_owned();
    for operation in ["subscriptions/list", "subscriptions/content", "audit/x"] {
        assert_eq!(client.get(operation).await.status, 401);
    }
    let url = client.feed(&format!("subscriptions/list?PublisherIdentifier={}", client.tenant));
    assert_eq!(client.http.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn url_must_name_the_tenant_of_the_token() {
    let (microsoft, _) = simulator_at_noon().await;
    let fabrikam = microsoft.add_tenant(Tenant::example(2).subscribed());
    let mut client = Client::for_tenant(&microsoft, 1).await;
    client.tenant = fabrikam;
    assert_eq!(client.get("subscriptions/list").await.error(), (400, "AF20010".to_owned()));
    client.tenant = Uuid::nil();
    assert_eq!(client.get("subscriptions/list").await.error(), (400, "AF20010".to_owned()));
    let url = format!("{}/api/v1.0/contoso.example/activity/feed/subscriptions/list", client.url);
    assert_eq!(client.send(Method::GET, &url).await.error(), (400, "AF20013".to_owned()));
}

#[tokio::test]
async fn dlp_requires_the_dlp_permission() {
    let (microsoft, _) = simulator_at_noon().await;
    microsoft.add_tenant(Tenant::example(2).subscribed().with_roles([Role::Read]));
    let client = Client::for_tenant(&microsoft, 2).await;
    assert_eq!(client.page(EXCHANGE, "10:00", "11:00").await.status, 200);
    let refused = client.page("DLP.All", "10:00", "11:00").await;
    assert_eq!(refused.error(), (401, "AF10001".to_owned()));
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("ActivityFeed.ReadDlp"));
}

#[tokio::test]
async fn token_keeps_the_permissions_of_its_issue() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let mut client = Client::for_tenant(&microsoft, 1).await;
    microsoft.set_roles(contoso, []);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    client.renew_token().await;
    assert_eq!(client.get("subscriptions/list").await.error(), (401, "AF10001".to_owned()));
    microsoft.set_roles(contoso, [Role::Read]);
    client.renew_token().await;
    assert_eq!(client.get("subscriptions/list").await.status, 200);
}

#[tokio::test]
async fn tenant_does_not_exist_while_auditing_is_off() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    microsoft.set_auditing(contoso, false);
    let refused = client.start(EXCHANGE).await;
    assert_eq!(refused.error(), (400, "AF20012".to_owned()));
    let message = format!("Tenant {contoso} does not exist.");
    assert_eq!(refused.json()["error"]["message"], message);
    microsoft.set_auditing(contoso, true);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
}
