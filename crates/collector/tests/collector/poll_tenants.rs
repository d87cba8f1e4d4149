//! A tenant fails alone, and a poll fails only if all tenants do.

use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::shard::Shard;
use futures::executor::block_on;
use testkit::{Action, Interceptor, PortCall, TENANT, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture};

fn http_503() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

#[test]
fn failing_tenant_does_not_affect_the_others() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let rejected = Failure::new(FailureKind::CredentialsRejected, "the secret has expired");
    let report = fixture.poll_with(|call| match call {
        PortCall::Subscriptions(TENANT) => Action::Fail(rejected.clone()),
        PortCall::List(feed, _) if feed.tenant_id == TENANT => Action::Fail(rejected.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(report.tenants[0].subscriptions_error, Some(rejected.clone()));
    let message = format!("window [2026-11-22T10:00:05Z, 2026-11-22T11:00:00Z): {rejected}");
    let expected = Failure::new(FailureKind::CredentialsRejected, message);
    assert_eq!(report.tenants[0].content_types[0].error, Some(expected));
    assert_eq!(report.tenants[1].content_types[0].error, None);
    assert!(!report.is_failure());
    assert!(!report.more_to_do);
}

#[test]
fn invalid_secret_fails_only_its_own_tenant() {
    let fixture = PollFixture::exchange();
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    let report = fixture.poll();
    let message = "secret m365/fabrikam is not a tenant: client_id is missing";
    assert_eq!(report.tenants[1].error, Some(Failure::new(FailureKind::InvalidSecret, message)));
    assert_eq!(report.tenants[0].content_types[0].error, None);
    assert!(!report.is_failure());
}

#[test]
fn uses_the_first_secret_of_a_duplicate_tenant() {
    let fixture = PollFixture::exchange();
    let mut duplicate = tenant(TENANT, &ContentType::ALL);
    duplicate.secret_id = "m365/zzz".to_owned();
    fixture.tenants.put(duplicate);
    let report = fixture.poll();
    let message = "secret m365/zzz describes the tenant that secret m365/11111111-2222-3333-4444-555555555555 describes \
                   already; delete one of them";
    assert_eq!(report.tenants[1].error, Some(Failure::new(FailureKind::InvalidSecret, message)));
    assert_eq!(fixture.listings().len(), 2, "the two windows of the only type in the first secret");
}

#[test]
fn poll_fails_if_no_tenant_was_polled() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE])]);
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    let down = Failure::new(FailureKind::AwsService, "the state is down");
    let report = fixture.poll_with(|call| match call {
        PortCall::Feeds(_) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(report.tenants[0].content_types[0].error, Some(down));
    assert!(report.is_failure());
}

#[test]
fn poll_fails_if_every_feed_fails() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let report = fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(http_503()),
        _ => Action::Proceed,
    });
    assert!(report.is_failure());
}

#[test]
fn poll_fails_if_secrets_cannot_be_listed() {
    let fixture = PollFixture::exchange();
    let denied = Failure::new(FailureKind::AwsService, "AccessDenied");
    let script = |call: PortCall<'_>| match call {
        PortCall::AllTenants => Action::Fail(denied.clone()),
        _ => Action::Proceed,
    };
    let poller = fixture.poller(&Interceptor::script(&script));
    let failure = block_on(poller.run(Shard::WHOLE, fixture.deadline())).unwrap_err();
    assert_eq!(failure, denied);
}
