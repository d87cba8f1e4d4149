//! A listing, as poller and reconciler ask for it.

use futures::future::join;
use futures::stream::{self, Stream, StreamExt};

use crate::failure::{Failure, FailureKind};
use crate::feed::ContentType;
use crate::ports::{Clock, ContentPage, ManagementApi, RateLimiter};
use crate::rate_limit::RateLimitPolicy;
use crate::tenant::Tenant;
use crate::time_limit::until;
use crate::window::Window;

/// The pages of what was published in `window`. Each is booked with the tenant's rate limiter while the next one is on its
/// way: it counts, and waits for nothing.
pub(crate) fn list_and_book<'a>(
    (management_api, rate_limiter, clock): (&'a impl ManagementApi, &'a impl RateLimiter, &'a impl Clock),
    tenant: &'a Tenant,
    content_type: ContentType,
    window: Window,
) -> impl Stream<Item = Result<ContentPage, Failure>> + 'a {
    let pages = Box::pin(management_api.list(tenant, content_type, window));
    stream::unfold((pages, 0), async move |(mut pages, unbooked)| {
        let book = async {
            if unbooked > 0 {
                // Without an answer, the cost is a refusal at most.
                let _ =
                    until(clock, clock.now() + RateLimitPolicy::TIMEOUT, rate_limiter.book(tenant.id, unbooked)).await;
            }
        };
        let (page, ()) = join(pages.next(), book).await;
        if let Some(Err(failure)) = &page
            && failure.kind == FailureKind::Throttled
        {
            let slow_down = rate_limiter.on_throttled(tenant.id, failure.retry_after);
            let _ = until(clock, clock.now() + RateLimitPolicy::TIMEOUT, slow_down).await;
        }
        Some((page?, (pages, 1)))
    })
}
