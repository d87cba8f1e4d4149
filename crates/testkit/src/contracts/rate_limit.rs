//! The contract of `RateLimiter`.

use collector::feed::TenantId;
use collector::ports::RateLimiter;
use jiff::SignedDuration;

use crate::clock::ManualClock;

/// Requests are spread over the minute; a refusal by Microsoft reduces the rate, which recovers with time.
///
/// `rate_limiter` must allow 600 requests per minute, with a burst of 2 seconds, at `clock`.
pub async fn spreads_requests_over_the_minute(
    rate_limiter: &impl RateLimiter,
    tenant_id: TenantId,
    clock: &ManualClock,
) {
    let acquire_for_a_minute = async || {
        let mut acquired = 0;
        for _ in 0..60 {
            while rate_limiter.try_acquire(tenant_id, 10).await.unwrap() {
                acquired += 10;
            }
            clock.advance(SignedDuration::from_secs(1));
        }
        acquired
    };
    assert!(rate_limiter.try_acquire(tenant_id, 10).await.unwrap());
    assert!(rate_limiter.try_acquire(tenant_id, 10).await.unwrap());
    assert!(
        rate_limiter.try_acquire(tenant_id, 10).await.unwrap(),
        "the burst of two seconds is used up, but not exceeded"
    );
    assert!(!rate_limiter.try_acquire(tenant_id, 10).await.unwrap(), "the burst is exceeded");
    let other = TenantId(uuid::Uuid::from_u128(tenant_id.0.as_u128() ^ 1));
    assert!(rate_limiter.try_acquire(other, 10).await.unwrap(), "each tenant has a rate of its own");

    clock.advance(SignedDuration::from_mins(10));
    let acquired = acquire_for_a_minute().await;
    assert!((600..=630).contains(&acquired), "{acquired} requests in a minute that allows 600");

    rate_limiter.on_throttled(tenant_id).await.unwrap();
    rate_limiter.on_throttled(tenant_id).await.unwrap();
    let acquired = acquire_for_a_minute().await;
    assert!(
        (480..=530).contains(&acquired),
        "{acquired} requests in a minute after two refusals, which together cost a fifth of the rate"
    );
    clock.advance(SignedDuration::from_mins(10));
    let acquired = acquire_for_a_minute().await;
    assert!((600..=630).contains(&acquired), "{acquired} requests in a minute after the rate has recovered");
}
