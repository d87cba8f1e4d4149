//! Calls of the rate limiter that hold nothing up: without its answer, the cost is a refusal at most.

use jiff::SignedDuration;

use crate::feed::TenantId;
use crate::ports::{Clock, RateLimiter};
use crate::rate_limit::RateLimitPolicy;
use crate::time_limit::within;

/// Counts `requests` requests that wait for nothing.
pub(crate) async fn charge(rate_limiter: &impl RateLimiter, clock: &impl Clock, tenant_id: TenantId, requests: usize) {
    if let requests @ 1.. = requests.try_into().unwrap_or(u32::MAX) {
        // Boxed: it is large, and most of the time there is none.
        let charged = Box::pin(rate_limiter.charge(tenant_id, requests));
        let _ = within(clock, RateLimitPolicy::TIMEOUT, charged).await;
    }
}

/// Microsoft throttled a request of the tenant, and asked to wait for `retry_after`.
pub(crate) async fn slow_down(
    rate_limiter: &impl RateLimiter,
    clock: &impl Clock,
    tenant_id: TenantId,
    retry_after: Option<SignedDuration>,
) {
    // Boxed, as above.
    let slowed_down = Box::pin(rate_limiter.on_throttled(tenant_id, retry_after));
    let _ = within(clock, RateLimitPolicy::TIMEOUT, slowed_down).await;
}
