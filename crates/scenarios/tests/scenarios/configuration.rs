//! Invalid configuration stops the tenant or content type that it concerns, and no other.

use collector::failure::FailureKind;
use management_api_simulator::{Role, Tenant};

use crate::fixture::{ALL, Fixture};

#[tokio::test]
async fn invalid_secrets_stop_only_their_own_tenants() {
    let fixture = Fixture::of(&ALL).await;
    fixture.publish(5, 50, 3);
    let wrong = Tenant::example(2).subscribed();
    let secret = wrong.credentials_json().replace("simulated-client-secret-2", "mistyped-client-secret");
    fixture.microsoft.add_tenant(wrong);
    fixture.collector.resources.put_secret("fabrikam", &secret).await;
    let unknown = r#"{"tenant_id":"x","client_id":"c","client_secret":"hush-hush","client_secrets":[]}"#;
    fixture.collector.resources.put_secret("tailspin", unknown).await;

    let report = fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;

    assert!(!report.is_failure());
    let [good, wrong, unknown] = report.tenants.as_slice() else { panic!("{report:?}") };
    assert_eq!(good.errors().next(), None);
    let wrong = wrong.errors().next().unwrap();
    assert_eq!(wrong.kind, FailureKind::CredentialsRejected);
    assert!(wrong.message.contains("client_secret is wrong"), "{wrong}");
    let unknown = unknown.error.as_ref().unwrap();
    assert_eq!(unknown.kind, FailureKind::InvalidSecret);
    assert!(unknown.message.contains("unknown key client_secrets"), "{unknown}");
    assert!(unknown.message.contains("tenant_id must be a GUID"), "{unknown}");
    let answer = serde_json::to_string(&report).unwrap();
    assert!(!answer.contains("hush-hush") && !answer.contains("mistyped-client-secret"), "{answer}");
    assert_eq!(fixture.comparison().await.total().lost, 0);
}

#[tokio::test]
async fn denied_content_type_does_not_stop_the_others() {
    let fixture = Fixture::of(&["Audit.Exchange", "DLP.All"]).await;
    fixture.microsoft.set_roles(fixture.tenant, [Role::Read]);
    fixture.publish_one("2026-11-22T11:00:00Z", r#"{"Id":"1"}"#);

    let report = fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;

    let feeds: Vec<_> = report.feeds().map(|(_, feed)| feed).collect();
    assert_eq!(feeds[0].error, None);
    let denied = feeds[1].error.as_ref().unwrap();
    assert_eq!(denied.kind, FailureKind::Permission);
    assert!(denied.message.contains("ActivityFeed.ReadDlp") && denied.message.contains("admin consent"), "{denied}");
    assert_eq!(fixture.comparison().await.total().archived, 1);
}

#[tokio::test]
async fn next_poll_uses_a_rotated_secret() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.collector.poll().await;
    let old = "simulated-client-secret-1";
    let new = management_api_simulator::Secret { value: "rotated-client-secret".to_owned(), expires: None };
    fixture.microsoft.add_secret(fixture.tenant, new);
    fixture.microsoft.remove_secret(fixture.tenant, old);
    fixture.microsoft.revoke_tokens(fixture.tenant);
    fixture.advance_minutes(5);
    assert!(fixture.collector.poll().await.is_failure());

    let secret = Tenant::example(1).credentials_json().replace(old, "rotated-client-secret");
    fixture.collector.resources.put_secret("contoso", &secret).await;
    let report = fixture.collector.poll().await;
    assert!(report.tenants[0].errors().next().is_none(), "{report:?}");
}
