//! Reconciliation: windows are listed again at growing ages, and their contents are compared with the archive.

mod archived_hours;
mod completeness;
mod contents;
mod dead_letters;
mod feed;
mod open_contents;
mod recheck;
mod report;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures::future::join;

use jiff::{SignedDuration, Timestamp};

pub use self::completeness::DayReport;
pub use self::report::{DeadLetterReport, FeedReconciliation, LOSSES_IN_REPORT, LateContent, ReconcileReport};

use self::archived_hours::ArchivedHours;
use self::feed::FeedReconcile;
use crate::content::ContentDigest;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::lease::Handover;
use crate::leased_run::{LeasedRun, with_lease};
use crate::limiter_calls::charge;
use crate::loss_reporting::mark_reported;
use crate::patience::Patience;
use crate::ports::{Clock, Ports, Tenants};
use crate::rotation::Orders;
use crate::scheduler::{RunLimits, Waiting};
use crate::shard::Shard;
use crate::tenant::Tenant;
use crate::time_limit::until;

/// The use case of the reconciler.
pub struct Reconcile<P: Ports> {
    pub leases: P::Leases,
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub windows: P::Windows,
    pub open_contents: P::OpenContents,
    pub losses: P::Losses,
    pub queue: P::Queue,
    pub archive: P::ArchiveIndex,
    pub dead_letters: P::DeadLetters,
    pub rate_limiter: P::RateLimiter,
    pub clock: P::Clock,
    pub policy: ReconcilePolicy,
}

/// The settings of all runs.
#[derive(Debug, Clone)]
pub struct ReconcilePolicy {
    /// Ages since a window's first listing at which it is listed again.
    pub ages: Vec<SignedDuration>,
    pub limits: RunLimits,
}

/// What the feeds of one run share.
struct Run {
    /// No further call is begun after this instant.
    stop_at: Timestamp,
    hours: ArchivedHours,
    /// The feeds of which Microsoft listed a window in this run.
    listed: RefCell<HashSet<FeedId>>,
    /// What was listed late in this run, and queued.
    late: RefCell<HashSet<(FeedId, ContentDigest)>>,
    /// The fewest messages that waited in the queue, each time that this was asked.
    fewest_waiting: Cell<Option<u64>>,
    /// The feeds whose losses were read.
    reported: RefCell<HashSet<FeedId>>,
    /// How many more losses this run reports. The next run reports the others.
    losses_left: Cell<usize>,
}

/// A turn of a feed. It writes what it found into its own row of the report.
struct Task<'report> {
    tenant: Arc<Tenant>,
    /// Where the tenant stands in the order of this run.
    position: usize,
    /// It failed in the run before.
    is_failing: bool,
    had_a_turn: bool,
    report: &'report mut FeedReconciliation,
}

impl<'report> Task<'report> {
    fn waiting(self) -> Waiting<Self> {
        if self.is_failing { Waiting::Failing(self) } else { Waiting::Back(self) }
    }
}

impl<P: Ports> Reconcile<P> {
    /// Rechecks every window of the shard's tenants that is due until `deadline`, queues what is due of the contents without an
    /// object, and takes up dead letters. What was not reached is due in the next run. While another run has the lease of the
    /// shard, nothing is done.
    ///
    /// # Errors
    /// Only if the lease cannot be acquired, or the tenants cannot be listed. Any other failure is in the report, and stops its
    /// feed alone.
    pub async fn run(&self, shard: Shard, deadline: Timestamp) -> Result<ReconcileReport, Failure> {
        let reconcile = async |handover: &mut Handover| self.reconcile_shard(shard, handover, deadline).await;
        match with_lease(&self.leases, &self.clock, shard, deadline, reconcile).await? {
            LeasedRun::Ran { report, overdue_shards, lease_error } => {
                Ok(ReconcileReport { overdue_shards, lease_error, ..report })
            }
            LeasedRun::HeldUntil(until) => {
                Ok(ReconcileReport { other_run_until: Some(until), ..ReconcileReport::default() })
            }
        }
    }

    /// Dead letters are taken up beside the rechecks: a feed that hangs must not hold them up.
    async fn reconcile_shard(
        &self,
        shard: Shard,
        handover: &mut Handover,
        deadline: Timestamp,
    ) -> Result<ReconcileReport, Failure> {
        let run = self.start_run(deadline);
        let tenants = self.all_tenants().await?;
        let selected: Vec<&Arc<Tenant>> = tenants.iter().filter(|tenant| shard.holds(tenant.id.0.as_bytes())).collect();
        let orders = Orders::of(handover, selected.iter().map(|tenant| tenant.secret_id.as_str()));
        let feeds = selected.iter().flat_map(|tenant| tenant.content_types.iter().map(|of| tenant.feed(*of)));
        let mut report =
            ReconcileReport { feeds: feeds.map(FeedReconciliation::waiting).collect(), ..Default::default() };
        let known = tenants.iter().flat_map(|tenant| tenant.content_types.iter().map(|of| tenant.feed(*of))).collect();
        let turns = tasks(&mut report.feeds, &selected, &handover.failed, &orders);
        turns.iter().for_each(|task| orders.expect(task.position, task.is_failing));
        let turns = self.give_turns(&run, &orders, deadline, turns.into_iter().map(Task::waiting));
        let reopened = self.reopen_dead_letters(&run, &known, &mut report.dead_letters);
        let ((), reopened) = join(turns, until(&self.clock, deadline, reopened)).await;
        let reopened = reopened.unwrap_or_default();
        let again = tasks(&mut report.feeds, &selected, &handover.failed, &orders);
        let again = again.into_iter().filter(|task| reopened.contains(&task.report.id()));
        let again = again.map(|task| Task { had_a_turn: true, ..task }.waiting());
        self.give_turns(&run, &orders, deadline, again).await;
        report.close(&handover.failed);
        handover.failed = report.failed().take(Handover::MOST_FAILED).collect();
        orders.hand_over(handover, |index| selected[index].secret_id.as_str());
        Ok(report)
    }

    fn start_run(&self, deadline: Timestamp) -> Run {
        const LOSSES_PER_RUN: usize = 10_000;
        Run {
            stop_at: deadline - self.policy.limits.stop_before,
            hours: ArchivedHours::default(),
            listed: RefCell::default(),
            late: RefCell::default(),
            fewest_waiting: Cell::default(),
            reported: RefCell::default(),
            losses_left: Cell::new(LOSSES_PER_RUN),
        }
    }

    /// Those of all shards, each once. The poller reports invalid and duplicate secrets, every five minutes.
    async fn all_tenants(&self) -> Result<Vec<Arc<Tenant>>, Failure> {
        let mut seen = HashSet::new();
        let mut tenants: Vec<Arc<Tenant>> = self.tenants.all().await?.into_iter().flatten().collect();
        tenants.retain(|tenant| seen.insert(tenant.id));
        Ok(tenants)
    }

    /// Marks the losses in `report`, which the caller has logged, as reported. A loss that cannot be marked is reported
    /// again.
    pub async fn mark_losses_reported(&self, report: &ReconcileReport) {
        let lost = report.feeds.iter().flat_map(|feed| feed.lost.iter().map(|loss| (feed.id(), loss)));
        mark_reported(&self.losses, lost).await;
    }

    async fn give_turns<'report>(
        &self,
        run: &Run,
        orders: &Orders,
        deadline: Timestamp,
        tasks: impl IntoIterator<Item = Waiting<Task<'report>>>,
    ) {
        let turn = async |task| self.turn(run, orders, task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
    }

    /// One turn of a feed, which is open only as long as this takes. If it was cut short, another turn follows.
    async fn turn<'report>(&self, run: &Run, orders: &Orders, task: Task<'report>) -> Vec<Waiting<Task<'report>>> {
        let Task { tenant, position, is_failing, had_a_turn, report } = task;
        if !had_a_turn {
            // Before the turn: the deadline may drop it, and it must not be the first again in the next run.
            orders.begin(position, is_failing);
        }
        report.more_to_do = true;
        let mut feed = FeedReconcile::new(Arc::clone(&tenant), Patience::with(is_failing), self.clock.now(), report);
        if let Err(failure) = self.reconcile(run, &mut feed).await {
            feed.note_failure(failure);
        }
        charge(&self.rate_limiter, &self.clock, tenant.id, feed.listings).await;
        let FeedReconcile { more_to_do, lost_race, report, .. } = feed;
        report.more_to_do = more_to_do || lost_race;
        if !more_to_do || lost_race || !self.is_in_time(run) {
            return Vec::new();
        }
        vec![Task { tenant, position, is_failing, had_a_turn: true, report }.waiting()]
    }

    fn is_in_time(&self, run: &Run) -> bool {
        self.clock.now() < run.stop_at
    }
}

/// A task for each feed, in the order of the run.
fn tasks<'report>(
    feeds: &'report mut [FeedReconciliation],
    tenants: &[&Arc<Tenant>],
    failed_before: &BTreeSet<FeedId>,
    orders: &Orders,
) -> Vec<Task<'report>> {
    let owners = tenants.iter().enumerate();
    let owners = owners.flat_map(|(index, tenant)| tenant.content_types.iter().map(move |_| (index, *tenant)));
    let task = |(report, (index, tenant)): (&'report mut FeedReconciliation, (usize, &Arc<Tenant>))| {
        let is_failing = failed_before.contains(&report.id());
        let position = orders.position(index, is_failing);
        Task { tenant: Arc::clone(tenant), position, is_failing, had_a_turn: false, report }
    };
    let mut tasks: Vec<Task<'report>> = feeds.iter_mut().zip(owners).map(task).collect();
    tasks.sort_by_key(|task| task.position);
    tasks
}
