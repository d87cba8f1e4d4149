//! One poll: every feed of every tenant, window by window, from Microsoft's listing into the queue.

mod feed;
mod report;
mod select;
mod subscription;
mod tenant;
mod unlistable;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::report::{FeedReport, PollReport, TenantReport, UnlistedWindow};

use self::select::select_tenants;
use self::tenant::TenantPoll;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::lease::{Handover, Lease, Rotation};
use crate::loss_reporting::mark_reported;
use crate::overdue_shards::overdue_shards;
use crate::plan::PlanPolicy;
use crate::ports::{Acquisition, Cursors, Leases, ManagementApi, Ports, Tenants};
use crate::scheduler::{RunLimits, Waiting};
use crate::shard::Shard;
use crate::tenant::Tenant;

/// The use case of the poller.
pub struct Poll<P: Ports> {
    pub leases: P::Leases,
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub cursors: P::Cursors,
    pub losses: P::Losses,
    pub queue: P::Queue,
    pub rate_limiter: P::RateLimiter,
    pub clock: P::Clock,
    pub policy: PollPolicy,
}

/// What does not change from poll to poll.
#[derive(Debug, Clone, Copy)]
pub struct PollPolicy {
    pub plan: PlanPolicy,
    pub limits: RunLimits,
}

/// What takes turns in a poll. Each task writes what it did into its own rows of the report.
enum Task<'report> {
    /// Tenants whose states are read at once.
    Open(Vec<TenantPoll<'report>>),
    Tenant(TenantPoll<'report>),
}

/// The orders in which the tenants have their turns.
struct Orders {
    usual: Rotation,
    /// Of the feeds that failed in the run before.
    failing: Rotation,
}

impl<P: Ports> Poll<P> {
    /// Polls the tenants of `shard` until everything is listed or `deadline` comes. What is then in flight is dropped,
    /// like in a crash, and finished by the next poll. While another run has the lease of the shard, nothing is done.
    ///
    /// # Errors
    /// Only where the lease cannot be acquired, or the tenants cannot be listed. Any other failure is in the report, and stops
    /// its tenant or feed alone.
    pub async fn run(&self, shard: Shard, deadline: Timestamp) -> Result<PollReport, Failure> {
        let lease = match self.leases.acquire(shard, deadline).await? {
            Acquisition::Acquired(lease) => lease,
            Acquisition::HeldUntil(until) => {
                return Ok(PollReport { other_run_until: Some(until), ..PollReport::default() });
            }
        };
        let mut handover = lease.handover.clone();
        let report = self.poll(shard, &lease, &mut handover, deadline).await;
        // A lease that cannot be released ends at the deadline.
        let _ = self.leases.release(shard, &lease, &handover).await;
        report
    }

    /// Marks the losses in `report`, which the caller has logged, as reported. A loss that cannot be marked is reported
    /// again by the reconciler.
    pub async fn mark_losses_reported(&self, report: &PollReport) {
        let lost = report.feeds().filter_map(|(tenant, feed)| {
            let id = FeedId { tenant_id: tenant.tenant_id?, content_type: feed.content_type };
            Some(feed.lost.iter().map(move |loss| (id, loss)))
        });
        mark_reported(&self.losses, lost.flatten()).await;
    }

    async fn poll(
        &self,
        shard: Shard,
        lease: &Lease,
        handover: &mut Handover,
        deadline: Timestamp,
    ) -> Result<PollReport, Failure> {
        let (mut report, tenants) = select_tenants(self.tenants.all().await?, shard);
        let secret_ids = || report.tenants.iter().map(|tenant| tenant.secret_id.as_str());
        let orders = Orders {
            usual: Rotation::after(handover.last_served.as_deref(), secret_ids()),
            failing: Rotation::after(handover.last_failing_served.as_deref(), secret_ids()),
        };
        let tasks = tasks(&mut report, tenants, handover, &orders);
        let turn = async |task| self.turn(&orders, task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
        report.close(self.microsoft_now(), self.management_api.clock_offset());
        // Which shards stay away is of no use to this one, so that it does not fail for it.
        report.overdue_shards = overdue_shards(&self.leases, shard, lease, self.now()).await.unwrap_or_default();
        handover.failed = report.failed(&lease.handover.failed).collect();
        let secret_id = |served: Option<usize>| served.map(|index| report.tenants[index].secret_id.clone());
        handover.last_served = secret_id(orders.usual.last_served()).or(handover.last_served.take());
        handover.last_failing_served = secret_id(orders.failing.last_served()).or(handover.last_failing_served.take());
        Ok(report)
    }

    async fn turn<'report>(&self, orders: &Orders, task: Task<'report>) -> Vec<Waiting<Task<'report>>> {
        let mut tenant = match task {
            Task::Open(tenants) => return self.open(tenants).await,
            Task::Tenant(tenant) => tenant,
        };
        let order = if tenant.is_failing { &orders.failing } else { &orders.usual };
        // Before the turn: the deadline may drop it, and it must not be the first again in the next run.
        order.note_served(tenant.position);
        Box::pin(self.poll_tenant(&mut tenant)).await;
        // What is left of feeds that failed before works again.
        tenant.is_failing = false;
        if tenant.feeds.is_empty() { Vec::new() } else { vec![Waiting::Back(Task::Tenant(tenant))] }
    }

    /// Reads the states of several tenants at once. Their turns come next, so that few are open at a time. If that fails, each
    /// reads its own.
    async fn open<'report>(&self, mut tenants: Vec<TenantPoll<'report>>) -> Vec<Waiting<Task<'report>>> {
        let ids: Vec<FeedId> = tenants.iter().flat_map(TenantPoll::ids).collect();
        if let Ok(states) = self.cursors.feeds(&ids).await {
            let mut states = states.into_iter();
            for tenant in &mut tenants {
                tenant.states = Some(states.by_ref().take(tenant.feeds.len()).collect());
            }
        }
        tenants.into_iter().map(|tenant| Waiting::Front(Task::Tenant(tenant))).collect()
    }
}

/// The tasks of a run: the feeds of each tenant, those apart that failed in the run before.
fn tasks<'report>(
    report: &'report mut PollReport,
    tenants: Vec<Option<Arc<Tenant>>>,
    handover: &Handover,
    orders: &Orders,
) -> Vec<Waiting<Task<'report>>> {
    /// Two rows for each of five feeds: as many keys as DynamoDB reads at once.
    const OPENED_AT_ONCE: usize = 10;
    let (mut usual, mut failing) = (Vec::new(), Vec::new());
    for (index, (row, tenant)) in report.tenants.iter_mut().zip(tenants).enumerate() {
        let Some(tenant) = tenant else { continue };
        let has_failed = |row: &&mut FeedReport| handover.failed.contains(&tenant.feed(row.content_type));
        let (failed, others): (Vec<_>, Vec<_>) = row.content_types.iter_mut().partition(has_failed);
        let mut subscriptions_error = Some(&mut row.subscriptions_error);
        for (feeds, is_failing, tasks, order) in
            [(others, false, &mut usual, &orders.usual), (failed, true, &mut failing, &orders.failing)]
        {
            if !feeds.is_empty() {
                let (tenant, position) = (Arc::clone(&tenant), order.position(index));
                let subscriptions_error = subscriptions_error.take();
                tasks.push(TenantPoll { tenant, position, is_failing, states: None, subscriptions_error, feeds });
            }
        }
    }
    usual.sort_by_key(|tenant| tenant.position);
    failing.sort_by_key(|tenant| tenant.position);
    let mut tasks: Vec<Waiting<Task<'report>>> = Vec::new();
    let mut usual = usual.into_iter().peekable();
    while usual.peek().is_some() {
        tasks.push(Waiting::Back(Task::Open(usual.by_ref().take(OPENED_AT_ONCE).collect())));
    }
    tasks.extend(failing.into_iter().map(|tenant| Waiting::Failing(Task::Tenant(tenant))));
    tasks
}
