//! With which secret content is fetched.

use std::cell::Cell;

use audit_feed::failure::{Failure, FailureKind};
use audit_feed::fetch::FetchOutcome;
use audit_feed::tenant::{Secret, Tenant};
use testkit::{TENANT, tenant};

use crate::desk::{Desk, body, failed, message_for_a};
use crate::script::{Act, Event};
use crate::story::{EXCHANGE, OTHER};

#[test]
fn a_secret_of_another_tenant_is_not_used() {
    let desk = Desk::with_two_records();
    let mut other = tenant(OTHER, &[EXCHANGE]);
    other.secret_id = message_for_a().secret_id;
    desk.tenants.put(other);
    let (kind, message, _) = failed(desk.fetch());
    assert_eq!(kind, FailureKind::BadMessage);
    assert!(message.ends_with("belongs to another tenant than the message"), "{message}");
    assert_eq!(desk.api.calls(), [], "no token goes out");
}

#[test]
fn an_unknown_secret_fails() {
    let desk = Desk::with_two_records();
    let mut message = message_for_a();
    message.secret_id = "m365/nobody".to_owned();
    let (kind, message, _) = failed(desk.deliver(&body(&message), 1, |_| Act::Proceed));
    assert_eq!(kind, FailureKind::BadSecret);
    assert!(message.ends_with("there is no secret m365/nobody"), "{message}");
}

/// The tenant after its secret was rotated.
fn rotated() -> Tenant {
    Tenant { client_secret: Secret::new("the-second-secret"), ..tenant(TENANT, &[EXCHANGE]) }
}

/// Microsoft takes the second secret alone; refuses another with a failure of `kind`.
fn takes_the_second_secret(kind: FailureKind) -> impl Fn(Event<'_>) -> Act {
    move |event| match event {
        Event::Open(tenant) if tenant.client_secret.reveal() != "the-second-secret" => {
            Act::Fail(Failure::new(kind, "refused"))
        }
        _ => Act::Proceed,
    }
}

#[test]
fn a_refused_secret_that_was_rotated_is_read_again() {
    for kind in [FailureKind::Credentials, FailureKind::Permission] {
        let desk = Desk::with_two_records();
        desk.fetch();
        desk.tenants.put(rotated());
        let outcome = desk.fetch_with(takes_the_second_secret(kind));
        assert!(matches!(outcome, FetchOutcome::Archived(archived) if archived.records == 2), "{kind:?}: {outcome:?}");
    }
}

#[test]
fn a_refused_secret_that_was_not_rotated_is_not_tried_twice() {
    let desk = Desk::with_two_records();
    let opened = Cell::new(0);
    let outcome = desk.fetch_with(|event| match event {
        Event::Open(_) => {
            opened.set(opened.get() + 1);
            Act::Fail(Failure::new(FailureKind::Credentials, "refused"))
        }
        _ => Act::Proceed,
    });
    assert_eq!((failed(outcome).0, opened.get()), (FailureKind::Credentials, 1));
}

#[test]
fn a_rotated_secret_that_is_refused_too_fails() {
    let desk = Desk::with_two_records();
    desk.fetch();
    desk.tenants.put(rotated());
    let outcome = desk.fetch_with(|event| match event {
        Event::Open(_) => Act::Fail(Failure::new(FailureKind::Credentials, "AADSTS7000215")),
        _ => Act::Proceed,
    });
    assert_eq!(failed(outcome).0, FailureKind::Credentials);
}

#[test]
fn a_refused_secret_that_was_replaced_by_a_bad_one_says_so() {
    let desk = Desk::with_two_records();
    desk.fetch();
    desk.tenants.put_bad(&message_for_a().secret_id, "client_id is missing");
    let (kind, message, _) = failed(desk.fetch_with(takes_the_second_secret(FailureKind::Credentials)));
    assert_eq!(kind, FailureKind::BadSecret);
    assert!(message.ends_with("is not a tenant: client_id is missing"), "{message}");
}
