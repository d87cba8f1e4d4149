//! One poll: every feed of every tenant, window by window, from Microsoft's listing into the queue.

mod feed;
mod report;
mod select;
mod shard;
mod subscription;
mod unlistable;

use std::rc::Rc;

use jiff::Timestamp;

pub use self::report::{FeedReport, PollReport, TenantReport, UnlistedWindow};
pub use self::shard::{InvalidShard, Shard};

use self::feed::FeedPoll;
use self::select::select_tenants;
use self::subscription::is_list_due;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::plan::PlanPolicy;
use crate::ports::{Cursors, Losses, ManagementApi, Ports, Tenants};
use crate::scheduler::RunLimits;
use crate::tenant::Tenant;

/// The use case of the poller.
pub struct Poll<P: Ports> {
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub cursors: P::Cursors,
    pub losses: P::Losses,
    pub queue: P::Queue,
    pub clock: P::Clock,
    pub policy: PollPolicy,
}

/// What does not change from poll to poll.
#[derive(Debug, Clone, Copy)]
pub struct PollPolicy {
    pub plan: PlanPolicy,
    pub limits: RunLimits,
}

/// What takes turns in a poll. Each task writes what it did into its own row of the report.
#[expect(clippy::large_enum_variant, reason = "there are as many as feeds, and most are the large one")]
enum Task<'report> {
    Tenant { tenant: Rc<Tenant>, report: &'report mut TenantReport },
    Feed(FeedPoll<'report>),
}

impl<P: Ports> Poll<P> {
    /// Polls the tenants of `shard` until everything is listed or `deadline` comes. What is then in flight is dropped,
    /// like in a crash, and finished by the next poll.
    ///
    /// # Errors
    /// Only where the tenants cannot be listed. Any other failure is in the report, and stops its tenant or feed alone.
    pub async fn run(&self, shard: Shard, deadline: Timestamp) -> Result<PollReport, Failure> {
        let (mut report, tenants) = select_tenants(self.tenants.all().await?, shard);
        let rows = report.tenants.iter_mut().zip(tenants);
        let tasks = rows.filter_map(|(report, tenant)| Some(Task::Tenant { tenant: tenant?, report }));
        let turn = async |task| self.turn(task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
        report.close(self.microsoft_now(), self.management_api.clock_offset());
        Ok(report)
    }

    /// Marks the losses in `report`, which the caller has logged, as reported. A loss that cannot be marked is reported
    /// again by the reconciler.
    pub async fn mark_losses_reported(&self, report: &PollReport) {
        for (tenant, feed) in report.feeds() {
            let Some(tenant_id) = tenant.tenant_id else { continue };
            for loss in &feed.lost {
                let _ = self.losses.mark_reported(FeedId { tenant_id, content_type: feed.content_type }, loss).await;
            }
        }
    }

    async fn turn<'report>(&self, task: Task<'report>) -> Vec<Task<'report>> {
        match task {
            Task::Tenant { tenant, report } => self.open(tenant, report).await.into_iter().map(Task::Feed).collect(),
            Task::Feed(mut feed) => {
                self.poll_next_window(&mut feed).await;
                if feed.report.more_to_do { vec![Task::Feed(feed)] } else { Vec::new() }
            }
        }
    }

    /// Reads the states of a tenant's feeds, starts the subscriptions that are missing, and plans what each feed has left
    /// to list. A feed whose start fails is listed all the same: the listing decides.
    async fn open<'report>(&self, tenant: Rc<Tenant>, report: &'report mut TenantReport) -> Vec<FeedPoll<'report>> {
        let mut states = match self.cursors.feeds(tenant.id, &tenant.content_types).await {
            Ok(states) => states,
            Err(failure) => {
                report.more_to_do = false;
                report.error = Some(failure);
                return Vec::new();
            }
        };
        let mut missing = Vec::new();
        if is_list_due(&states, self.now()) {
            match self.management_api.enabled_subscriptions(&tenant).await {
                Ok(enabled) => {
                    missing = tenant.content_types.clone();
                    missing.retain(|content_type| !enabled.contains(content_type));
                }
                Err(failure) => report.subscriptions_error = Some(failure),
            }
        }
        let rows = &mut report.content_types;
        for (content_type, state) in tenant.content_types.iter().copied().zip(&mut states) {
            let row = rows.push_mut(FeedReport::new(content_type, state.cursor));
            if missing.contains(&content_type) && state.cursor.is_none_or(|cursor| cursor.never_listed) {
                let (feed, subscription) = (tenant.feed(content_type), &mut state.subscription);
                row.subscription_error = self.start_subscription(&tenant, feed, subscription, row).await.err();
            }
        }
        report.more_to_do = false;
        let now = self.microsoft_now();
        let feeds = rows.iter_mut().zip(states).map(|(row, state)| {
            let is_missing = missing.contains(&row.content_type);
            FeedPoll::plan(Rc::clone(&tenant), state, is_missing, now, &self.policy.plan, row)
        });
        feeds.filter(|feed| feed.report.more_to_do).collect()
    }
}
