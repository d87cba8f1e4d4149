//! A listing, as poller and reconciler ask for it.

use futures::future::{LocalBoxFuture, OptionFuture, join};
use futures::stream::{self, Stream, StreamExt};

use crate::failure::{Failure, FailureKind};
use crate::feed::ContentType;
use crate::ports::{Clock, ContentPage, ManagementApi, RateLimiter};
use crate::rate_limit::RateLimitPolicy;
use crate::tenant::Tenant;
use crate::time_limit::until;
use crate::window::Window;

type BoxedCall<'a> = LocalBoxFuture<'a, Result<(), Failure>>;

/// The pages of what was published in `window`. Each is booked with the tenant's rate limiter while the next one is on its
/// way: it counts, and waits for nothing.
pub(crate) fn list_and_book<'a>(
    (management_api, rate_limiter, clock): (&'a impl ManagementApi, &'a impl RateLimiter, &'a impl Clock),
    tenant: &'a Tenant,
    content_type: ContentType,
    window: Window,
) -> impl Stream<Item = Result<ContentPage, Failure>> + 'a {
    let pages = Box::pin(management_api.list(tenant, content_type, window));
    // Boxed: both are large, and most of the time there is neither.
    let within_limit = move |call: BoxedCall<'a>| until(clock, clock.now() + RateLimitPolicy::TIMEOUT, call);
    stream::unfold((pages, 0), move |(mut pages, unbooked)| async move {
        let book =
            OptionFuture::from((unbooked > 0).then(|| within_limit(Box::pin(rate_limiter.book(tenant.id, unbooked)))));
        // Without an answer of the limiter, the cost is a refusal at most.
        let (page, _) = join(pages.next(), book).await;
        if let Some(Err(failure)) = &page
            && failure.kind == FailureKind::Throttled
        {
            within_limit(Box::pin(rate_limiter.on_throttled(tenant.id, failure.retry_after))).await;
        }
        Some((page?, (pages, 1)))
    })
}
