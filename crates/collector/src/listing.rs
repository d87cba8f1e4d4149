//! A listing, as poller and reconciler ask for it.

use futures::future::join;
use futures::stream::{self, Stream, StreamExt};

use crate::failure::{Failure, FailureKind};
use crate::feed::{ContentType, TenantId};
use crate::ports::{Clock, ContentPage, ManagementApi, RateLimiter};
use crate::rate_limit::RateLimitPolicy;
use crate::tenant::Tenant;
use crate::time_limit::until;
use crate::window::Window;

/// Counts `requests` requests that wait for nothing. Without an answer of the limiter, the cost is a refusal at most.
pub(crate) async fn charge(rate_limiter: &impl RateLimiter, clock: &impl Clock, tenant_id: TenantId, requests: usize) {
    if let requests @ 1.. = requests.try_into().unwrap_or(u32::MAX) {
        // Boxed: it is large, and most of the time there is none.
        let charged = Box::pin(rate_limiter.charge(tenant_id, requests));
        let _ = until(clock, clock.now() + RateLimitPolicy::TIMEOUT, charged).await;
    }
}

/// The pages of what was published in `window`. The caller charges the first one, with those of the other listings of its turn: a
/// quiet tenant has no further ones. The others are charged while the next one is on its way.
pub(crate) fn list_and_charge<'a>(
    (management_api, rate_limiter, clock): (&'a impl ManagementApi, &'a impl RateLimiter, &'a impl Clock),
    tenant: &'a Tenant,
    content_type: ContentType,
    window: Window,
) -> impl Stream<Item = Result<ContentPage, Failure>> + 'a {
    let pages = Box::pin(management_api.list(tenant, content_type, window));
    stream::unfold((pages, 0), move |(mut pages, seen)| async move {
        let charge = charge(rate_limiter, clock, tenant.id, usize::from(seen > 1));
        let (page, ()) = join(pages.next(), charge).await;
        if let Some(Err(failure)) = &page
            && failure.kind == FailureKind::Throttled
        {
            let slow_down = Box::pin(rate_limiter.on_throttled(tenant.id, failure.retry_after));
            let _ = until(clock, clock.now() + RateLimitPolicy::TIMEOUT, slow_down).await;
        }
        Some((page?, (pages, seen + 1)))
    })
}
