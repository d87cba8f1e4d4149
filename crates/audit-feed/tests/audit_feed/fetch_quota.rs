//! Many fetchers, one request quota for each tenant.

use audit_feed::failure::{Failure, FailureKind};
use audit_feed::feed::TenantId;
use audit_feed::fetch::{Admission, Fetch, FetchOutcome};
use audit_feed::ports::{Dice, RequestQuota};
use audit_feed::quota::QuotaPolicy;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, FixedDice, ManualClock, MemoryQuota, TENANT, at};
use uuid::Uuid;

use crate::desk::{CREATED, Desk, body, message_for_a};

const OTHER: TenantId = TenantId(Uuid::from_u128(2));

fn admit(desk: &Desk, quota: &MemoryQuota, bodies: &[&str]) -> Vec<Admission> {
    block_on(fetch(desk, quota, FixedDice(0.0)).admit(bodies))
}

fn fetch<D: Dice>(
    desk: &Desk,
    quota: &MemoryQuota,
    dice: D,
) -> Fetch<
    testkit::MemoryTenants,
    testkit::FakeManagementApi,
    testkit::MemoryState,
    testkit::MemoryQueue,
    testkit::MemoryArchive,
    MemoryQuota,
    D,
> {
    Fetch {
        tenants: desk.tenants.clone(),
        management_api: desk.api.clone(),
        state: desk.state.clone(),
        queue: desk.queue.clone(),
        archive: desk.archive.clone(),
        quota: quota.clone(),
        dice,
    }
}

/// One request a second, and two seconds ahead.
fn slow_quota() -> (MemoryQuota, ManualClock) {
    let clock = ManualClock::at(at(CREATED));
    let policy = QuotaPolicy { requests_per_minute: 60.0, ahead: SignedDuration::from_secs(2) };
    (MemoryQuota::new(policy, &clock), clock)
}

#[test]
fn a_tenant_that_is_booked_out_waits_and_its_neighbour_does_not() {
    let (quota, _) = slow_quota();
    block_on(quota.book(TENANT, 3)).unwrap();
    let mut neighbour = message_for_a();
    neighbour.tenant_id = OTHER;
    let bodies = [body(&message_for_a()), body(&neighbour), "not one of ours".to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();

    let admissions = admit(&Desk::with_two_records(), &quota, &bodies);

    assert_eq!(admissions, [Admission::Later, Admission::Now, Admission::Now]);
}

#[test]
fn a_message_that_is_admitted_later_is_put_off_without_a_request() {
    let desk = Desk::with_two_records();
    let (quota, _) = slow_quota();
    for (roll, seconds) in [(0.0, 1), (0.5, 30)] {
        let fetch = fetch(&desk, &quota, FixedDice(roll));
        let outcome = block_on(fetch.run(&body(&message_for_a()), 1, Admission::Later));
        let FetchOutcome::Postponed { failure, delay } = outcome else { panic!("{outcome:?}") };
        assert_eq!((failure.kind, delay.as_secs()), (FailureKind::BookedOut, seconds));
    }
    assert_eq!(desk.api.calls(), []);
    assert_eq!(desk.queue.drain(), [message_for_a(), message_for_a()]);
}

#[test]
fn a_refusal_slows_everyone_down_and_time_makes_it_good() {
    let desk = Desk::with_two_records();
    let clock = ManualClock::at(at(CREATED));
    let quota = MemoryQuota::new(QuotaPolicy { requests_per_minute: 600.0, ..QuotaPolicy::under(600) }, &clock);
    desk.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::Throttled, "AF429"));
    let booked_in_a_minute = || {
        let mut booked = 0;
        for _ in 0..600 {
            clock.advance(SignedDuration::from_millis(100));
            booked += u32::from(block_on(quota.book(TENANT, 1)).unwrap());
        }
        booked
    };
    assert_eq!(booked_in_a_minute(), 600);

    block_on(fetch(&desk, &quota, FixedDice(0.0)).run(&body(&message_for_a()), 1, Admission::Now));

    let slowed = booked_in_a_minute();
    assert!((480..=520).contains(&slowed), "{slowed}");
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(booked_in_a_minute(), 600);
}
