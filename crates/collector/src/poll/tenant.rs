//! One turn of one tenant: its feeds are opened, each lists a window, and they are closed.

use std::sync::Arc;

use futures::future::{join, join_all};

use super::feed::FeedPoll;
use super::subscription::is_list_due;
use super::{FeedReport, Poll};
use crate::failure::{Failure, FailureKind};
use crate::feed::{ContentType, FeedId};
use crate::feed_state::FeedState;
use crate::limiter_calls::charge;
use crate::patience::Patience;
use crate::ports::{Cursors, Freshness, ManagementApi, Ports, Tenants};
use crate::tenant::Tenant;
use crate::time_limit::until;

/// Feeds of one tenant that take their turns together, and their rows of the report.
pub(super) struct TenantPoll<'report> {
    pub(super) tenant: Arc<Tenant>,
    /// Where the tenant stands in the order of this run.
    pub(super) position: usize,
    /// They failed in the run before.
    pub(super) is_failing: bool,
    pub(super) had_a_turn: bool,
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
    /// Lists the next window of each feed that has one, all at the same time. What is left are the feeds that have more to do.
    pub(super) async fn poll_tenant(&self, task: &mut TenantPoll<'_>) {
        let states = self.read_states(task).await;
        let missing = self.missing_subscriptions(task, &states).await;
        let (now, patience) = (self.microsoft_now(), Patience::with(task.is_failing));
        let turn_ends = self.now() + patience.turn;
        let turns = std::mem::take(&mut task.feeds).into_iter().zip(states).map(async |(row, state)| {
            let is_missing = missing.contains(&row.content_type);
            let tenant = Arc::clone(&task.tenant);
            let mut feed = FeedPoll::plan(tenant, state, is_missing, patience, now, &self.policy.plan, row);
            while feed.report.more_to_do {
                // Boxed: five feeds at once, each with a request in the middle, are large.
                if until(&self.clock, turn_ends, Box::pin(self.poll_feed(&mut feed))).await.is_none() {
                    // Like in a crash: what is on record says how far it got.
                    feed.report.more_to_do = false;
                    feed.report.error = Some(patience.exceeded());
                }
                // A probe of this turn has shown that halves are worth trying; the next turn would not know.
                if !feed.is_half_of_failing {
                    break;
                }
            }
            feed.report
        });
        let first_pages = charge(&self.rate_limiter, &self.clock, task.tenant.id, turns.len());
        (task.feeds, ()) = join(join_all(turns), first_pages).await;
        self.read_rejected_secret(task).await;
        task.feeds.retain(|row| row.more_to_do);
    }

    /// The states of the task's feeds, in their order. A feed whose state cannot be read has failed, and is no longer among
    /// them.
    async fn read_states(&self, task: &mut TenantPoll<'_>) -> Vec<FeedState> {
        let states = match task.states.take() {
            Some(states) => states,
            None => {
                let ids: Vec<FeedId> = task.ids().collect();
                let failed = |failure: Failure| ids.iter().map(|_| Err(failure.clone())).collect();
                self.cursors.feeds(&ids).await.unwrap_or_else(failed)
            }
        };
        let mut read = Vec::new();
        for (row, state) in task.feeds.iter_mut().zip(states) {
            row.more_to_do = state.is_ok();
            match state {
                Ok(state) => read.push(state),
                Err(failure) => row.error = Some(failure),
            }
        }
        task.feeds.retain(|row| row.more_to_do);
        read
    }

    /// The task's content types that the list of subscriptions lacks, in the first poll of an hour. If Microsoft does not
    /// answer, no feed is left, because each would wait as long; but feeds that failed before are tried all the same: the list
    /// may be what hangs.
    async fn missing_subscriptions(&self, task: &mut TenantPoll<'_>, states: &[FeedState]) -> Vec<ContentType> {
        let Some(error) = task.subscriptions_error.take().filter(|_| is_list_due(states, self.now())) else {
            return Vec::new();
        };
        let list = self.management_api.enabled_subscriptions(&task.tenant);
        match Patience::with(false).wait_for(&self.clock, list).await {
            Ok(enabled) => {
                let content_types = task.feeds.iter().map(|row| row.content_type);
                return content_types.filter(|content_type| !enabled.contains(content_type)).collect();
            }
            Err(failure) if failure.kind == FailureKind::Unanswered && !task.is_failing => {
                for row in task.feeds.drain(..) {
                    row.more_to_do = false;
                    row.error = Some(failure.clone());
                }
            }
            Err(failure) => *error = Some(failure),
        }
        Vec::new()
    }

    /// The list of secrets may lag behind a rotation. Read now, the new version is used by the next poll.
    async fn read_rejected_secret(&self, task: &TenantPoll<'_>) {
        let is_rejected = |error: &Failure| error.kind == FailureKind::CredentialsRejected;
        if task.feeds.iter().any(|row| row.error.as_ref().is_some_and(is_rejected)) {
            let _ = self.tenants.one(&task.tenant.secret_id, Freshness::Fresh).await;
        }
    }
}
