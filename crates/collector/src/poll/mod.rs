//! One poll: every feed of every tenant, window by window, from Microsoft's listing into the queue.

mod feed;
mod report;
mod select;
mod shard;
mod subscription;

use std::rc::Rc;

use jiff::Timestamp;

pub use self::report::{FeedReport, PollReport, TenantReport};
pub use self::shard::{InvalidShard, Shard};

use self::feed::FeedPoll;
use self::select::select_tenants;
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
        report.close(self.now());
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

    /// Asks for a tenant's subscriptions and cursors, once for all of its feeds, and plans what each has left to list.
    async fn open<'report>(&self, tenant: Rc<Tenant>, report: &'report mut TenantReport) -> Vec<FeedPoll<'report>> {
        let asked = async {
            let enabled = self.management_api.enabled_subscriptions(&tenant).await?;
            Ok((enabled, self.cursors.feeds(tenant.id, &tenant.content_types).await?))
        };
        let (enabled, states) = match asked.await {
            Ok(answers) => answers,
            Err(failure) => {
                report.more_to_do = false;
                report.error = Some(failure);
                return Vec::new();
            }
        };
        let rows = &mut report.content_types;
        let mut plans = Vec::new();
        for (content_type, state) in tenant.content_types.iter().copied().zip(states) {
            let is_enabled = enabled.contains(&content_type);
            let row = rows.push_mut(FeedReport::new(content_type, state.cursor));
            row.error = self.ensure_subscription(&tenant, content_type, &state, is_enabled, row).await.err();
            plans.push((state.cursor, self.now()));
        }
        report.more_to_do = false;
        let feeds = rows
            .iter_mut()
            .zip(plans)
            .filter(|(row, _)| row.error.is_none())
            .map(|(row, (cursor, now))| FeedPoll::plan(Rc::clone(&tenant), cursor, now, &self.policy.plan, row));
        feeds.filter(|feed| feed.report.more_to_do).collect()
    }
}
