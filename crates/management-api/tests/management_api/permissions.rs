//! Permissions and tenants: one denied content type stops no other, and the message says what to do.

use audit_feed::failure::FailureKind::{Permission, Tenant as BadTenant};
use audit_feed::feed::ContentType;
use management_api_simulator::{Config, Operation, Role, Tenant};

use crate::{assert_says, noon, noon_of, refused};

#[tokio::test]
async fn a_denied_content_type_stops_no_other() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    let failure = refused(collector.list_of(ContentType::Dlp).await);
    assert_eq!(failure.kind, Permission);
    assert_says(&failure.message, &["AF10001", "ActivityFeed.ReadDlp", "admin consent"]);
    collector.list_of(ContentType::Exchange).await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::Token), 1, "a fresh token would not have it either");
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_permission_that_was_granted_comes_with_the_next_token() {
    let tenant = Tenant::example(1).subscribed().with_roles([Role::Read]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    refused(collector.list_of(ContentType::Dlp).await);
    microsoft.set_roles(tenant.id, [Role::Read, Role::ReadDlp]);
    microsoft.revoke_tokens(tenant.id);
    collector.list_of(ContentType::Dlp).await.unwrap();
}

#[tokio::test]
async fn a_tenant_without_auditing_is_told_to_turn_it_on() {
    let (microsoft, collector) = noon().await;
    microsoft.set_auditing(collector.tenant.id.0, false);
    for failure in [refused(collector.subscriptions().await), refused(collector.list().await)] {
        assert_eq!(failure.kind, BadTenant);
        assert_says(&failure.message, &["does not exist", "tenant_id", "licence", "unified auditing is on"]);
    }
}
