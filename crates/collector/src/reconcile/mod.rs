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
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use futures::StreamExt;
use futures::stream;
use jiff::{SignedDuration, Timestamp};

pub use self::completeness::DayReport;
pub use self::report::{DeadLetterReport, FeedReconciliation, LOSSES_IN_REPORT, LateContent, ReconcileReport};

use self::archived_hours::ArchivedHours;
use self::feed::FeedReconcile;
use crate::content::ContentDigest;
use crate::failure::Failure;
use crate::feed::{FeedId, TenantId};
use crate::ports::{Clock, Losses, Ports, Tenants};
use crate::scheduler::RunLimits;
use crate::tenant::Tenant;

/// The use case of the reconciler.
pub struct Reconcile<P: Ports> {
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub windows: P::Windows,
    pub open_contents: P::OpenContents,
    pub losses: P::Losses,
    pub queue: P::Queue,
    pub archive: P::ArchiveIndex,
    pub dead_letters: P::DeadLetters,
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
    tenant: Rc<Tenant>,
    report: &'report mut FeedReconciliation,
}

impl<'report> Task<'report> {
    fn of(tenants: &HashMap<TenantId, Rc<Tenant>>, report: &'report mut FeedReconciliation) -> Self {
        Self { tenant: Rc::clone(&tenants[&report.tenant_id]), report }
    }
}

impl<P: Ports> Reconcile<P> {
    /// Rechecks every window that is due until `deadline`, queues what is due of the contents without an object, and takes up
    /// dead letters. What was not reached is due in the next run.
    ///
    /// # Errors
    /// Only if the tenants cannot be listed. Any other failure is in the report, and stops its feed alone.
    pub async fn run(&self, deadline: Timestamp) -> Result<ReconcileReport, Failure> {
        const LOSSES_PER_RUN: usize = 10_000;
        let run = Run {
            stop_at: deadline - self.policy.limits.stop_before,
            hours: ArchivedHours::default(),
            listed: RefCell::default(),
            late: RefCell::default(),
            fewest_waiting: Cell::default(),
            reported: RefCell::default(),
            losses_left: Cell::new(LOSSES_PER_RUN),
        };
        let mut report = ReconcileReport::default();
        let mut tenants = HashMap::new();
        for tenant in self.tenants.all().await? {
            // The poller reports invalid and duplicate secrets, every five minutes.
            let Ok(tenant) = tenant.map(Rc::new) else { continue };
            if tenants.contains_key(&tenant.id) {
                continue;
            }
            report.feeds.extend(tenant.content_types.iter().map(|of| FeedReconciliation::waiting(tenant.feed(*of))));
            tenants.insert(tenant.id, tenant);
        }
        let tasks = report.feeds.iter_mut().map(|report| Task::of(&tenants, report));
        self.give_turns(&run, deadline, tasks).await;
        let reopened = self.reopen_dead_letters(&run, &mut report).await;
        let feeds = report.feeds.iter_mut().filter(|feed| reopened.contains(&feed.id()));
        self.give_turns(&run, deadline, feeds.map(|report| Task::of(&tenants, report))).await;
        report.close();
        Ok(report)
    }

    /// Marks the losses in `report`, which the caller has logged, as reported. A loss that cannot be marked is reported
    /// again.
    pub async fn mark_losses_reported(&self, report: &ReconcileReport) {
        const CONCURRENCY: usize = 16;
        let losses = report.feeds.iter().flat_map(|feed| feed.lost.iter().map(|loss| (feed.id(), loss)));
        let mark = async |(feed, loss)| drop(self.losses.mark_reported(feed, loss).await);
        stream::iter(losses).for_each_concurrent(CONCURRENCY, mark).await;
    }

    async fn give_turns<'report>(&self, run: &Run, deadline: Timestamp, tasks: impl Iterator<Item = Task<'report>>) {
        let turn = async |task| self.turn(run, task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
    }

    /// One turn of a feed, which is open only as long as this takes. If it was cut short, another turn follows.
    async fn turn<'report>(&self, run: &Run, task: Task<'report>) -> Vec<Task<'report>> {
        let Task { tenant, report } = task;
        // As long as this turn lasts: the deadline may drop it.
        report.more_to_do = true;
        let mut feed = FeedReconcile::new(Rc::clone(&tenant), report);
        if let Err(failure) = self.reconcile(run, &mut feed).await {
            feed.note_failure(failure);
        }
        let FeedReconcile { more_to_do, lost_race, report, .. } = feed;
        report.more_to_do = more_to_do || lost_race;
        if more_to_do && !lost_race && self.is_in_time(run) { vec![Task { tenant, report }] } else { Vec::new() }
    }

    fn is_in_time(&self, run: &Run) -> bool {
        self.clock.now() < run.stop_at
    }
}
