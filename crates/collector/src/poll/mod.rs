//! One poll: every feed of every tenant, window by window, from Microsoft's listing into the queue.

mod feed;
mod report;
mod select;
mod subscription;
mod tenant;
mod unlistable;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::report::{FeedReport, PollReport, TenantReport, UnlistedWindow};

use self::select::select_tenants;
use self::tenant::TenantPoll;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::lease::Handover;
use crate::leased_run::{LeasedRun, with_lease};
use crate::loss_reporting::mark_reported;
use crate::plan::PlanPolicy;
use crate::ports::{Cursors, ManagementApi, Ports, Tenants};
use crate::rotation::Orders;
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

impl<P: Ports> Poll<P> {
    /// Polls the tenants of `shard` until everything is listed or `deadline` comes. What is then in flight is dropped,
    /// like in a crash, and finished by the next poll. While another run has the lease of the shard, nothing is done.
    ///
    /// # Errors
    /// Only where the lease cannot be acquired, or the tenants cannot be listed. Any other failure is in the report, and stops
    /// its tenant or feed alone.
    pub async fn run(&self, shard: Shard, deadline: Timestamp) -> Result<PollReport, Failure> {
        let poll = async |handover: &mut Handover| self.poll(shard, handover, deadline).await;
        match with_lease(&self.leases, &self.clock, shard, deadline, poll).await? {
            LeasedRun::Ran { report, overdue_shards, lease_error } => {
                Ok(PollReport { overdue_shards, lease_error, ..report })
            }
            LeasedRun::HeldUntil(until) => Ok(PollReport { other_run_until: Some(until), ..PollReport::default() }),
        }
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

    async fn poll(&self, shard: Shard, handover: &mut Handover, deadline: Timestamp) -> Result<PollReport, Failure> {
        let (mut report, tenants) = select_tenants(self.tenants.all().await?, shard);
        let orders = Orders::of(handover, report.tenants.iter().map(|tenant| tenant.secret_id.as_str()));
        let tasks = tasks(&mut report, tenants, &handover.failed, &orders);
        let turn = async |task| self.turn(&orders, task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
        report.close(self.microsoft_now(), self.management_api.clock_offset(), &handover.failed);
        handover.failed = report.failed().take(Handover::MOST_FAILED).collect();
        orders.hand_over(handover, |index| report.tenants[index].secret_id.as_str());
        Ok(report)
    }

    async fn turn<'report>(&self, orders: &Orders, task: Task<'report>) -> Vec<Waiting<Task<'report>>> {
        let mut tenant = match task {
            Task::Open(tenants) => return self.open(tenants).await,
            Task::Tenant(tenant) => tenant,
        };
        if !std::mem::replace(&mut tenant.had_a_turn, true) {
            // Before the turn: the deadline may drop it, and it must not be the first again in the next run.
            orders.begin(tenant.position, tenant.is_failing);
        }
        Box::pin(self.poll_tenant(&mut tenant)).await;
        // What is left of feeds that failed before works again.
        tenant.is_failing = false;
        if tenant.feeds.is_empty() { Vec::new() } else { vec![Waiting::Back(Task::Tenant(tenant))] }
    }

    /// Reads the states of several tenants at once. Their turns come before those of tenants that are not open yet. If that
    /// fails, each reads its own.
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
    failed_before: &BTreeSet<FeedId>,
    orders: &Orders,
) -> Vec<Waiting<Task<'report>>> {
    /// Two rows for each of five feeds: as many keys as DynamoDB reads at once.
    const OPENED_AT_ONCE: usize = 10;
    let (mut usual, mut failing) = (Vec::new(), Vec::new());
    for (index, (row, tenant)) in report.tenants.iter_mut().zip(tenants).enumerate() {
        let Some(tenant) = tenant else { continue };
        let has_failed = |row: &&mut FeedReport| failed_before.contains(&tenant.feed(row.content_type));
        let (failed, others): (Vec<_>, Vec<_>) = row.content_types.iter_mut().partition(has_failed);
        let mut subscriptions_error = Some(&mut row.subscriptions_error);
        for (feeds, is_failing, tasks) in [(others, false, &mut usual), (failed, true, &mut failing)] {
            if !feeds.is_empty() {
                let position = orders.position(index, is_failing);
                orders.expect(position, is_failing);
                tasks.push(TenantPoll {
                    tenant: Arc::clone(&tenant),
                    position,
                    is_failing,
                    had_a_turn: false,
                    states: None,
                    subscriptions_error: subscriptions_error.take(),
                    feeds,
                });
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
