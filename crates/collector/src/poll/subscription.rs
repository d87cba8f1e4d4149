//! Keeps subscriptions enabled, and reports what was missed while one was disabled.

use jiff::SignedDuration;

use super::{FeedReport, Poll};
use crate::failure::Failure;
use crate::feed::ContentType;
use crate::loss::{Loss, LossReason};
use crate::ports::{Cursors, FeedState, Losses, ManagementApi, Ports};
use crate::tenant::Tenant;

/// Microsoft asks for this long between two starts of one subscription.
const COOL_DOWN: SignedDuration = SignedDuration::from_mins(15);

impl<P: Ports> Poll<P> {
    /// Starts the subscription of a feed that has none. For a feed that was polled before, what was published since then
    /// is lost. That loss is recorded before the start: after a crash in between nothing would point to it.
    pub(super) async fn ensure_subscription(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        state: &FeedState,
        is_enabled: bool,
        report: &mut FeedReport,
    ) -> Result<(), Failure> {
        let now = self.now();
        let just_started = state.subscription_started_at.is_some_and(|at| now.duration_since(at) < COOL_DOWN);
        if is_enabled || just_started {
            return Ok(());
        }
        let feed = tenant.feed(content_type);
        if let Some(cursor) = state.cursor {
            let reason = LossReason::SubscriptionDisabled;
            let gap = Loss { from: cursor.listed_until, to: now, reason, content: None };
            self.losses.record_loss(feed, &gap).await?;
            report.lost.push(gap);
        }
        self.cursors.remember_subscription_start(feed, Some(now)).await?;
        if let Err(failure) = self.management_api.start_subscription(tenant, content_type).await {
            self.cursors.remember_subscription_start(feed, None).await?;
            return Err(failure);
        }
        report.subscription_started = true;
        Ok(())
    }
}
