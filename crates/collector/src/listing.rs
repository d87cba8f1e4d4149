//! A listing, as poller and reconciler ask for it.

use futures::future::join;
use futures::stream::{self, Stream, StreamExt};

use crate::failure::{Failure, FailureKind};
use crate::feed::ContentType;
use crate::limiter_calls::{charge, slow_down};
use crate::ports::{Clock, ContentPage, ManagementApi, RateLimiter};
use crate::tenant::Tenant;
use crate::window::Window;

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
            slow_down(rate_limiter, clock, tenant.id, failure.retry_after).await;
        }
        Some((page?, (pages, seen + 1)))
    })
}
