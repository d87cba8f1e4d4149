//! Tenants fail alone, and a poll fails only if all of them do.

use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::poll::{Poll, Shard};
use collector::ports::{Freshness, Tenants};
use collector::tenant::{InvalidSecret, Tenant};
use futures::executor::block_on;
use testkit::{Call, TENANT, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture};
use crate::scripted_ports::{Act, Event};

fn passing() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

#[test]
fn a_tenant_that_cannot_be_asked_stops_no_other() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    let refused = Failure::new(FailureKind::CredentialsRejected, "the secret has expired");
    fixture.api.fail(Call::Subscriptions(TENANT), refused.clone());
    let report = fixture.poll();
    assert_eq!((&report.tenants[0].error, report.tenants[0].content_types.len()), (&Some(refused), 0));
    assert_eq!(report.tenants[1].content_types[0].error, None);
    assert!(!report.is_failure() && !report.more_to_do);
}

#[test]
fn a_bad_secret_stops_its_tenant_alone_and_is_told() {
    let fixture = PollFixture::exchange();
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    let report = fixture.poll();
    let problem = "secret m365/fabrikam is not a tenant: client_id is missing";
    assert_eq!(report.tenants[1].error, Some(Failure::new(FailureKind::InvalidSecret, problem)));
    assert_eq!(report.tenants[0].content_types[0].error, None);
    assert!(!report.is_failure());
}

#[test]
fn of_two_secrets_for_one_tenant_the_first_by_name_is_used() {
    let fixture = PollFixture::exchange();
    let mut double = tenant(TENANT, &ContentType::ALL);
    double.secret_id = "m365/zzz".to_owned();
    fixture.tenants.put(double);
    let report = fixture.poll();
    let problem = "secret m365/zzz names the tenant that secret m365/11111111-2222-3333-4444-555555555555 names \
                   already; delete one of them";
    assert_eq!(report.tenants[1].error, Some(Failure::new(FailureKind::InvalidSecret, problem)));
    assert_eq!(fixture.listings().len(), 2, "the two windows of the first secret's only type");
}

#[test]
fn a_poll_fails_if_no_tenant_could_be_polled() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE])]);
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    fixture.api.fail(Call::Subscriptions(TENANT), passing());
    assert!(fixture.poll().is_failure());
}

#[test]
fn a_poll_fails_if_every_feed_fails() {
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let report = fixture.poll_with(|event| match event {
        Event::List(..) => Act::Fail(passing()),
        _ => Act::Proceed,
    });
    assert!(report.is_failure());
}

/// The secrets cannot even be listed.
struct Unreadable;

impl Tenants for Unreadable {
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        Err(Failure::new(FailureKind::AwsService, "AccessDenied"))
    }

    async fn one(&self, _: &str, _: Freshness) -> Result<Tenant, Failure> {
        unreachable!("a poll reads all secrets")
    }
}

#[test]
fn a_poll_fails_if_the_secrets_cannot_be_listed() {
    let fixture = PollFixture::exchange();
    let poller = Poll {
        tenants: Unreadable,
        management_api: fixture.api.clone(),
        state: fixture.state.clone(),
        queue: fixture.queue.clone(),
        clock: fixture.clock.clone(),
        policy: fixture.policy,
    };
    let failure = block_on(poller.run(Shard::WHOLE, fixture.deadline())).unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::AwsService, "AccessDenied"));
}
