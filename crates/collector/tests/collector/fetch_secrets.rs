//! Which secret is used to fetch content.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::fetch::FetchOutcome;
use collector::tenant::{Secret, Tenant};
use testkit::{Action, PortCall, TENANT, tenant};

use crate::fetch_fixture::{FetchFixture, body, failed, message_for_a};
use crate::poll_fixture::{EXCHANGE, OTHER};

#[test]
fn does_not_use_another_tenants_secret() {
    let fixture = FetchFixture::with_two_records();
    let mut other = tenant(OTHER, &[EXCHANGE]);
    other.secret_id = message_for_a().secret_id;
    fixture.tenants.put(other);
    let (kind, message, _) = failed(fixture.fetch());
    assert_eq!(kind, FailureKind::InvalidMessage);
    assert!(message.ends_with("belongs to another tenant than the message"), "{message}");
    assert_eq!(fixture.api.calls(), [], "no token is sent");
}

#[test]
fn unknown_secret_fails() {
    let fixture = FetchFixture::with_two_records();
    let mut message = message_for_a();
    message.secret_id = "m365/nobody".to_owned();
    let (kind, message, _) = failed(fixture.deliver(&body(&message), 1, |_| Action::Proceed));
    assert_eq!(kind, FailureKind::InvalidSecret);
    assert!(message.ends_with("there is no secret m365/nobody"), "{message}");
}

/// The tenant after its secret was rotated.
fn rotated() -> Tenant {
    Tenant { client_secret: Secret::new("the-second-secret"), ..tenant(TENANT, &[EXCHANGE]) }
}

/// Microsoft accepts only the second secret, and rejects any other with a failure of `kind`.
fn accept_only_the_second_secret(kind: FailureKind) -> impl Fn(PortCall<'_>) -> Action {
    move |call| match call {
        PortCall::Open(tenant) if tenant.client_secret.reveal() != "the-second-secret" => {
            Action::Fail(Failure::new(kind, "rejected"))
        }
        _ => Action::Proceed,
    }
}

#[test]
fn rereads_a_rotated_secret() {
    for kind in [FailureKind::CredentialsRejected, FailureKind::Permission] {
        let fixture = FetchFixture::with_two_records();
        fixture.fetch();
        fixture.tenants.put(rotated());
        let outcome = fixture.fetch_with(accept_only_the_second_secret(kind));
        assert!(matches!(outcome, FetchOutcome::Archived(archived) if archived.records == 2), "{kind:?}: {outcome:?}");
    }
}

#[test]
fn does_not_retry_an_unchanged_rejected_secret() {
    let fixture = FetchFixture::with_two_records();
    let opened = Cell::new(0);
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Open(_) => {
            opened.set(opened.get() + 1);
            Action::Fail(Failure::new(FailureKind::CredentialsRejected, "rejected"))
        }
        _ => Action::Proceed,
    });
    let (kind, ..) = failed(outcome);
    assert_eq!(kind, FailureKind::CredentialsRejected);
    assert_eq!(opened.get(), 1);
}

#[test]
fn fails_if_the_rotated_secret_is_rejected() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch();
    fixture.tenants.put(rotated());
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Open(_) => Action::Fail(Failure::new(FailureKind::CredentialsRejected, "AADSTS7000215")),
        _ => Action::Proceed,
    });
    let (kind, ..) = failed(outcome);
    assert_eq!(kind, FailureKind::CredentialsRejected);
}

#[test]
fn reports_an_invalid_rotated_secret() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch();
    fixture.tenants.put_bad(&message_for_a().secret_id, "client_id is missing");
    let (kind, message, _) =
        failed(fixture.fetch_with(accept_only_the_second_secret(FailureKind::CredentialsRejected)));
    assert_eq!(kind, FailureKind::InvalidSecret);
    assert!(message.ends_with("is not a tenant: client_id is missing"), "{message}");
}
