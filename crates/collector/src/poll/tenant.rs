//! One turn of one tenant: its feeds are opened, each lists a window, and they are closed.

use std::sync::Arc;

use futures::future::join_all;

use super::feed::FeedPoll;
use super::subscription::is_list_due;
use super::{FeedReport, Poll};
use crate::failure::{Failure, FailureKind};
use crate::feed::FeedId;
use crate::feed_state::FeedState;
use crate::patience::Patience;
use crate::ports::{Cursors, Freshness, ManagementApi, Ports, Tenants};
use crate::tenant::Tenant;

/// Feeds of one tenant that take their turns together, and their rows of the report.
pub(super) struct TenantPoll<'report> {
    pub(super) tenant: Arc<Tenant>,
    /// Where the tenant stands in the order of this run.
    pub(super) position: usize,
    /// They failed in the run before.
    pub(super) is_failing: bool,
    /// The states of the feeds, if they were read with those of other tenants.
    pub(super) states: Option<Vec<Result<FeedState, Failure>>>,
    /// The tenant's row for the list of subscriptions, for the first turn of the first of its tasks.
    pub(super) subscriptions_error: Option<&'report mut Option<Failure>>,
    pub(super) feeds: Vec<&'report mut FeedReport>,
}

impl TenantPoll<'_> {
    pub(super) fn ids(&self) -> impl Iterator<Item = FeedId> {
        self.feeds.iter().map(|feed| self.tenant.feed(feed.content_type))
    }
}

impl<P: Ports> Poll<P> {
    /// Lists the next window of each feed that has one. What is left are the feeds that have more to do.
    pub(super) async fn poll_tenant(&self, task: &mut TenantPoll<'_>) {
        let states = match task.states.take() {
            Some(states) => states,
            None => {
                let ids: Vec<FeedId> = task.ids().collect();
                let failed = |failure: Failure| ids.iter().map(|_| Err(failure.clone())).collect();
                self.cursors.feeds(&ids).await.unwrap_or_else(failed)
            }
        };
        let mut opened = Vec::new();
        for (row, state) in task.feeds.iter_mut().zip(states) {
            row.more_to_do = state.is_ok();
            match state {
                Ok(state) => opened.push(state),
                Err(failure) => row.error = Some(failure),
            }
        }
        task.feeds.retain(|row| row.more_to_do);
        let patience = Patience::with(task.is_failing);
        let mut missing = Vec::new();
        if let Some(error) = task.subscriptions_error.take()
            && is_list_due(&opened, self.now())
        {
            match patience.wait_for(&self.clock, self.management_api.enabled_subscriptions(&task.tenant)).await {
                Ok(enabled) => {
                    missing = task.feeds.iter().map(|row| row.content_type).collect();
                    missing.retain(|content_type| !enabled.contains(content_type));
                }
                Err(failure) if failure.kind == FailureKind::Unanswered => {
                    // Its feeds would wait as long, each.
                    for row in task.feeds.drain(..) {
                        row.more_to_do = false;
                        row.error = Some(failure.clone());
                    }
                }
                Err(failure) => *error = Some(failure),
            }
        }
        let now = self.microsoft_now();
        let turns = std::mem::take(&mut task.feeds).into_iter().zip(opened).map(async |(row, state)| {
            let is_missing = missing.contains(&row.content_type);
            let tenant = Arc::clone(&task.tenant);
            let mut feed = FeedPoll::plan(tenant, state, is_missing, patience, now, &self.policy.plan, row);
            if feed.report.more_to_do {
                // Boxed: five feeds at once, each with a request in the middle, are large.
                Box::pin(self.poll_feed(&mut feed)).await;
            }
            feed.report
        });
        task.feeds = join_all(turns).await;
        let is_rejected = |error: &Failure| error.kind == FailureKind::CredentialsRejected;
        if task.feeds.iter().any(|row| row.error.as_ref().is_some_and(is_rejected)) {
            // The list of secrets may lag behind a rotation. Read now, the new version is used by the next poll.
            let _ = self.tenants.one(&task.tenant.secret_id, Freshness::Fresh).await;
        }
        task.feeds.retain(|row| row.more_to_do);
    }
}
