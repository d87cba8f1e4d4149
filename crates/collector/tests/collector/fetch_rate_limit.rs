//! All fetchers of a tenant share one rate limiter.

use collector::failure::{Failure, FailureKind};
use collector::feed::TenantId;
use collector::fetch::FetchOutcome;
use collector::ports::RateLimiter;
use collector::rate_limit::RateLimitPolicy;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Action, Call, FixedJitter, MemoryRateLimiter, TENANT};
use uuid::Uuid;

use crate::fetch_fixture::{FetchFixture, body, message_for_a};

const OTHER: TenantId = TenantId(Uuid::from_u128(2));

/// One request a second, with a burst of two seconds.
fn one_request_a_second() -> FetchFixture {
    let fixture = FetchFixture::with_two_records();
    let policy = RateLimitPolicy { requests_per_minute: 60.0, burst: SignedDuration::from_secs(2) };
    FetchFixture { rate_limiter: MemoryRateLimiter::new(policy, &fixture.clock), ..fixture }
}

#[test]
fn rate_limits_each_tenant_separately() {
    let fixture = one_request_a_second();
    block_on(fixture.rate_limiter.try_acquire(TENANT, 3)).unwrap();
    let mut other = message_for_a();
    other.tenant_id = OTHER;
    let bodies = [body(&message_for_a()), body(&other), "not one of ours".to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();

    let outcomes = fixture.deliver_batch(&bodies, 1, |_| Action::Proceed);

    let kind = |outcome: &FetchOutcome| match outcome {
        FetchOutcome::Postponed { failure, .. } | FetchOutcome::Failed { failure, .. } => failure.kind,
        FetchOutcome::Archived(_) | FetchOutcome::Lost { .. } => panic!("{outcome:?}"),
    };
    // The other tenant's message was admitted: it fails for its secret, and only after that.
    let kinds: Vec<FailureKind> = outcomes.iter().map(kind).collect();
    assert_eq!(kinds, [FailureKind::RateLimited, FailureKind::InvalidMessage, FailureKind::InvalidMessage]);
}

#[test]
fn postpones_a_rate_limited_message_without_a_request() {
    let fixture = one_request_a_second();
    block_on(fixture.rate_limiter.try_acquire(TENANT, 3)).unwrap();
    for (sample, seconds) in [(0.0, 1), (0.5, 30)] {
        let fixture = FetchFixture {
            jitter: FixedJitter(sample),
            rate_limiter: fixture.rate_limiter.clone(),
            ..FetchFixture::with_two_records()
        };
        let outcome = fixture.fetch();
        let FetchOutcome::Postponed { failure, delay } = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!(delay.as_secs(), seconds);
        assert_eq!(fixture.api.calls(), []);
        assert_eq!(fixture.queue.drain(), [message_for_a()]);
    }
}

#[test]
fn throttling_reduces_the_rate_temporarily() {
    let fixture = FetchFixture::with_two_records();
    let policy = RateLimitPolicy { requests_per_minute: 600.0, ..RateLimitPolicy::under(600) };
    let fixture = FetchFixture { rate_limiter: MemoryRateLimiter::new(policy, &fixture.clock), ..fixture };
    fixture.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::Throttled, "AF429"));
    let acquired_in_a_minute = || {
        let mut acquired = 0;
        for _ in 0..600 {
            fixture.clock.advance(SignedDuration::from_millis(100));
            acquired += u32::from(block_on(fixture.rate_limiter.try_acquire(TENANT, 1)).unwrap());
        }
        acquired
    };
    assert_eq!(acquired_in_a_minute(), 600);

    fixture.fetch();

    let reduced = acquired_in_a_minute();
    assert!((480..=520).contains(&reduced), "{reduced}");
    fixture.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(acquired_in_a_minute(), 600);
}
