//! All fetchers of a tenant share one rate limiter.

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

/// One request a second, with a burst of two seconds.
fn one_request_a_second() -> (MemoryRateLimiter, ManualClock) {
    let clock = ManualClock::at(at(CREATED));
    let policy = RateLimitPolicy { requests_per_minute: 60.0, burst: SignedDuration::from_secs(2) };
    (MemoryRateLimiter::new(policy, &clock), clock)
}

#[test]
fn rate_limits_each_tenant_separately() {
    let (rate_limiter, _) = one_request_a_second();
    block_on(rate_limiter.try_acquire(TENANT, 3)).unwrap();
    let mut other = message_for_a();
    other.tenant_id = OTHER;
    let bodies = [body(&message_for_a()), body(&other), "not one of ours".to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();

    let admissions = admit(&FetchFixture::with_two_records(), &rate_limiter, &bodies);

    assert_eq!(admissions, [Admission::Later, Admission::Now, Admission::Now]);
}

#[test]
fn postpones_a_rate_limited_message_without_a_request() {
    let fixture = FetchFixture::with_two_records();
    let (rate_limiter, _) = one_request_a_second();
    for (sample, seconds) in [(0.0, 1), (0.5, 30)] {
        let fetch = fetch(&fixture, &rate_limiter, FixedJitter(sample));
        let outcome = block_on(fetch.run(&body(&message_for_a()), 1, Admission::Later));
        let FetchOutcome::Postponed { failure, delay } = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!(delay.as_secs(), seconds);
    }
    assert_eq!(fixture.api.calls(), []);
    assert_eq!(fixture.queue.drain(), [message_for_a(), message_for_a()]);
}

#[test]
fn throttling_reduces_the_rate_temporarily() {
    let fixture = FetchFixture::with_two_records();
    let clock = ManualClock::at(at(CREATED));
    let rate_limiter =
        MemoryRateLimiter::new(RateLimitPolicy { requests_per_minute: 600.0, ..RateLimitPolicy::under(600) }, &clock);
    fixture.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::Throttled, "AF429"));
    let acquired_in_a_minute = || {
        let mut acquired = 0;
        for _ in 0..600 {
            clock.advance(SignedDuration::from_millis(100));
            acquired += u32::from(block_on(rate_limiter.try_acquire(TENANT, 1)).unwrap());
        }
        acquired
    };
    assert_eq!(acquired_in_a_minute(), 600);

    block_on(fetch(&fixture, &rate_limiter, FixedJitter(0.0)).run(&body(&message_for_a()), 1, Admission::Now));

    let reduced = acquired_in_a_minute();
    assert!((480..=520).contains(&reduced), "{reduced}");
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(acquired_in_a_minute(), 600);
}
