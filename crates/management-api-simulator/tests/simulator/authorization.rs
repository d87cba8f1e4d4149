//! Who may call the API, and how a refusal looks.

use management_api_simulator::{Role, Tenant, Uuid};
use reqwest::Method;

use crate::{EXCHANGE, client::Client, noon};

#[tokio::test]
async fn without_a_good_token_everything_is_401() {
    let (microsoft, _) = noon().await;
    let mut client = Client::of(&microsoft, 1).await;
    client.token = "simulated-access-token-of-nobody".to_owned();
    for operation in ["subscriptions/list", "subscriptions/content", "audit/x"] {
        assert_eq!(client.get(operation).await.status, 401);
    }
    let url = client.feed(&format!("subscriptions/list?PublisherIdentifier={}", client.tenant));
    assert_eq!(client.http.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_url_must_name_the_tenant_of_the_token() {
    let (microsoft, _) = noon().await;
    let fabrikam = microsoft.add_tenant(Tenant::example(2).subscribed());
    let mut client = Client::of(&microsoft, 1).await;
    client.tenant = fabrikam;
    assert_eq!(client.get("subscriptions/list").await.error(), (400, "AF20010".to_owned()));
    client.tenant = Uuid::nil();
    assert_eq!(client.get("subscriptions/list").await.error(), (400, "AF20010".to_owned()));
    let url = format!("{}/api/v1.0/contoso.example/activity/feed/subscriptions/list", client.url);
    assert_eq!(client.call(Method::GET, &url).await.error(), (400, "AF20013".to_owned()));
}

#[tokio::test]
async fn dlp_needs_a_permission_of_its_own() {
    let (microsoft, _) = noon().await;
    microsoft.add_tenant(Tenant::example(2).subscribed().with_roles([Role::Read]));
    let client = Client::of(&microsoft, 2).await;
    assert_eq!(client.page(EXCHANGE, "10:00", "11:00").await.status, 200);
    let refused = client.page("DLP.All", "10:00", "11:00").await;
    assert_eq!(refused.error(), (401, "AF10001".to_owned()));
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("ActivityFeed.ReadDlp"));
}

#[tokio::test]
async fn permissions_are_those_of_the_instant_the_token_was_issued() {
    let (microsoft, contoso) = noon().await;
    let mut client = Client::of(&microsoft, 1).await;
    microsoft.set_roles(contoso, []);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
    client.renew_token().await;
    assert_eq!(client.get("subscriptions/list").await.error(), (401, "AF10001".to_owned()));
    microsoft.set_roles(contoso, [Role::Read]);
    client.renew_token().await;
    assert_eq!(client.get("subscriptions/list").await.status, 200);
}

#[tokio::test]
async fn with_auditing_off_the_tenant_does_not_exist() {
    let (microsoft, contoso) = noon().await;
    let client = Client::of(&microsoft, 1).await;
    microsoft.set_auditing(contoso, false);
    let refused = client.start(EXCHANGE).await;
    assert_eq!(refused.error(), (400, "AF20012".to_owned()));
    let message = format!("Tenant {contoso} does not exist.");
    assert_eq!(refused.json()["error"]["message"], message);
    microsoft.set_auditing(contoso, true);
    assert_eq!(client.get("subscriptions/list").await.status, 200);
}
