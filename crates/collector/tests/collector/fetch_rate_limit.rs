//! Many fetchers, one request rate_limiter for each tenant.

use collector::failure::{Failure, FailureKind};
use collector::feed::TenantId;
use collector::fetch::{Admission, Fetch, FetchOutcome};
use collector::ports::{Jitter, RateLimiter};
use collector::rate_limit::RateLimitPolicy;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Call, FixedJitter, ManualClock, MemoryRateLimiter, TENANT, at};
use uuid::Uuid;

use crate::fetch_fixture::{CREATED, FetchFixture, body, message_for_a};

const OTHER: TenantId = TenantId(Uuid::from_u128(2));

fn admit(fixture: &FetchFixture, rate_limiter: &MemoryRateLimiter, bodies: &[&str]) -> Vec<Admission> {
    block_on(fetch(fixture, rate_limiter, FixedJitter(0.0)).admit(bodies))
}

fn fetch<D: Jitter>(
    fixture: &FetchFixture,
    rate_limiter: &MemoryRateLimiter,
    jitter: D,
) -> Fetch<
    testkit::MemoryTenants,
    testkit::FakeManagementApi,
    testkit::MemoryState,
    testkit::MemoryQueue,
    testkit::MemoryArchive,
    MemoryRateLimiter,
    D,
> {
    Fetch {
        tenants: fixture.tenants.clone(),
        management_api: fixture.api.clone(),
        state: fixture.state.clone(),
        queue: fixture.queue.clone(),
        archive: fixture.archive.clone(),
        rate_limiter: rate_limiter.clone(),
        jitter,
    }
}

/// One request a second, and two seconds ahead.
fn slow_quota() -> (MemoryRateLimiter, ManualClock) {
    let clock = ManualClock::at(at(CREATED));
    let policy = RateLimitPolicy { requests_per_minute: 60.0, burst: SignedDuration::from_secs(2) };
    (MemoryRateLimiter::new(policy, &clock), clock)
}

#[test]
fn a_tenant_that_is_booked_out_waits_and_its_neighbour_does_not() {
    let (rate_limiter, _) = slow_quota();
    block_on(rate_limiter.try_acquire(TENANT, 3)).unwrap();
    let mut neighbour = message_for_a();
    neighbour.tenant_id = OTHER;
    let bodies = [body(&message_for_a()), body(&neighbour), "not one of ours".to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();

    let admissions = admit(&FetchFixture::with_two_records(), &rate_limiter, &bodies);

    assert_eq!(admissions, [Admission::Later, Admission::Now, Admission::Now]);
}

#[test]
fn a_message_that_is_admitted_later_is_put_off_without_a_request() {
    let fixture = FetchFixture::with_two_records();
    let (rate_limiter, _) = slow_quota();
    for (roll, seconds) in [(0.0, 1), (0.5, 30)] {
        let fetch = fetch(&fixture, &rate_limiter, FixedJitter(roll));
        let outcome = block_on(fetch.run(&body(&message_for_a()), 1, Admission::Later));
        let FetchOutcome::Postponed { failure, delay } = outcome else { panic!("{outcome:?}") };
        assert_eq!((failure.kind, delay.as_secs()), (FailureKind::RateLimited, seconds));
    }
    assert_eq!(fixture.api.calls(), []);
    assert_eq!(fixture.queue.drain(), [message_for_a(), message_for_a()]);
}

#[test]
fn a_refusal_slows_everyone_down_and_time_makes_it_good() {
    let fixture = FetchFixture::with_two_records();
    let clock = ManualClock::at(at(CREATED));
    let rate_limiter =
        MemoryRateLimiter::new(RateLimitPolicy { requests_per_minute: 600.0, ..RateLimitPolicy::under(600) }, &clock);
    fixture.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::Throttled, "AF429"));
    let booked_in_a_minute = || {
        let mut booked = 0;
        for _ in 0..600 {
            clock.advance(SignedDuration::from_millis(100));
            booked += u32::from(block_on(rate_limiter.try_acquire(TENANT, 1)).unwrap());
        }
        booked
    };
    assert_eq!(booked_in_a_minute(), 600);

    block_on(fetch(&fixture, &rate_limiter, FixedJitter(0.0)).run(&body(&message_for_a()), 1, Admission::Now));

    let slowed = booked_in_a_minute();
    assert!((480..=520).contains(&slowed), "{slowed}");
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(booked_in_a_minute(), 600);
}
