//! What every request quota promises.

use collector::feed::TenantId;
use collector::ports::RateLimiter;
use jiff::SignedDuration;

use crate::clock::ManualClock;

/// A minute's worth of requests is spread over the minute, a refusal slows everyone down, and time heals.
///
/// `quota` must be of 600 requests per minute with 2 seconds ahead, at `clock`.
pub async fn spreads_requests_over_the_minute(
    rate_limiter: &impl RateLimiter,
    tenant_id: TenantId,
    clock: &ManualClock,
) {
    let in_one_minute = async || {
        let mut booked = 0;
        for _ in 0..60 {
            while rate_limiter.try_acquire(tenant_id, 10).await.unwrap() {
                booked += 10;
            }
            clock.advance(SignedDuration::from_secs(1));
        }
        booked
    };
    assert!(rate_limiter.try_acquire(tenant_id, 10).await.unwrap());
    assert!(rate_limiter.try_acquire(tenant_id, 10).await.unwrap());
    assert!(rate_limiter.try_acquire(tenant_id, 10).await.unwrap(), "two seconds ahead, and what was begun");
    assert!(!rate_limiter.try_acquire(tenant_id, 10).await.unwrap(), "booked out");
    let other = TenantId(uuid::Uuid::from_u128(tenant_id.0.as_u128() ^ 1));
    assert!(rate_limiter.try_acquire(other, 10).await.unwrap(), "a quiet tenant flows beside it");

    clock.advance(SignedDuration::from_mins(10));
    let booked = in_one_minute().await;
    assert!((600..=630).contains(&booked), "{booked} requests in a minute of 600");

    rate_limiter.on_throttled(tenant_id).await.unwrap();
    rate_limiter.on_throttled(tenant_id).await.unwrap();
    let booked = in_one_minute().await;
    assert!((480..=530).contains(&booked), "{booked} requests after a swarm of refusals took a fifth");
    clock.advance(SignedDuration::from_mins(10));
    let booked = in_one_minute().await;
    assert!((600..=630).contains(&booked), "{booked} requests when the rate was regained");
}
