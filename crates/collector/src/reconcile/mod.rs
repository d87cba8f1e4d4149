//! Reconciliation: every window is listed again, with the very same bounds, and compared with the archive.

mod completeness;
mod dead_letters;
mod feed;
mod recheck;
mod report;

use std::collections::HashSet;
use std::rc::Rc;

use jiff::Timestamp;

pub use self::completeness::DayReport;
pub use self::report::{DeadLetterReport, FeedReconciliation, LateContent, ReconcileReport};

use self::feed::{FeedReconcile, History, first_day};
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::{Loss, LossRecord};
use crate::ports::{Clock, Losses, Ports, Tenants, Windows};
use crate::scheduler::RunLimits;
use crate::tenant::Tenant;
use crate::window_record::RecheckSchedule;

/// The use case of the reconciler.
pub struct Reconcile<P: Ports> {
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub windows: P::Windows,
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
    pub recheck_schedule: RecheckSchedule,
    pub limits: RunLimits,
}

/// A task of the scheduler. It writes what it found into its own row of the report.
#[expect(clippy::large_enum_variant, reason = "there are as many as feeds, and most are the large one")]
enum Task<'report> {
    Open { tenant: Rc<Tenant>, report: &'report mut FeedReconciliation },
    Recheck(FeedReconcile<'report>),
}

impl<P: Ports> Reconcile<P> {
    /// Rechecks every window that is due until `deadline`; what was not reached is due in the next run.
    ///
    /// # Errors
    /// Only if the tenants cannot be listed. Any other failure is in the report, and stops its feed alone.
    pub async fn run(&self, deadline: Timestamp) -> Result<ReconcileReport, Failure> {
        let mut report = ReconcileReport::default();
        let mut tenants = Vec::new();
        let mut seen = HashSet::new();
        for tenant in self.tenants.all().await? {
            // The poller reports invalid and duplicate secrets, every five minutes.
            let Ok(tenant) = tenant.map(Rc::new) else { continue };
            if !seen.insert(tenant.id) {
                continue;
            }
            for content_type in tenant.content_types.iter().copied() {
                report.feeds.push(FeedReconciliation::waiting(tenant.feed(content_type)));
                tenants.push(Rc::clone(&tenant));
            }
        }
        report.dead_letters = self.redrive_dead_letters(deadline).await;
        let tasks = report.feeds.iter_mut().zip(tenants).map(|(report, tenant)| Task::Open { tenant, report });
        let turn = async |task| self.turn(task).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tasks, turn).await;
        report.close();
        Ok(report)
    }

    /// Marks the losses in `report`, which the caller has logged, as reported. A loss that cannot be marked is reported
    /// again.
    pub async fn mark_losses_reported(&self, report: &ReconcileReport) {
        for feed in &report.feeds {
            for loss in &feed.lost {
                let _ = self.losses.mark_reported(feed.id(), loss).await;
            }
        }
    }

    async fn turn<'report>(&self, task: Task<'report>) -> Vec<Task<'report>> {
        let feed = match task {
            Task::Open { tenant, report } => self.open(tenant, report).await,
            Task::Recheck(mut feed) => {
                self.recheck_next(&mut feed).await;
                Some(feed)
            }
        };
        feed.into_iter().filter(|feed| feed.report.more_to_do).map(Task::Recheck).collect()
    }

    async fn open<'report>(
        &self,
        tenant: Rc<Tenant>,
        report: &'report mut FeedReconciliation,
    ) -> Option<FeedReconcile<'report>> {
        match self.history(report.id()).await {
            Ok((history, newly_lost)) => {
                let schedule = &self.policy.recheck_schedule;
                Some(FeedReconcile::new(tenant, history, newly_lost, self.clock.now(), schedule, report))
            }
            Err(failure) => {
                report.more_to_do = false;
                report.error = Some(failure);
                None
            }
        }
    }

    /// Reads what is stored about a feed, and records as lost the windows that were not rechecked in time.
    async fn history(&self, feed: FeedId) -> Result<(History, Vec<Loss>), Failure> {
        let now = self.clock.now();
        let progress = self.windows.progress(feed).await?;
        let losses = self.losses.losses(feed).await?;
        let since = first_day(progress, &losses, now);
        let windows = self.windows.windows(feed, since).await?;
        let mut history = History { progress, since, windows, losses };
        let schedule = &self.policy.recheck_schedule;
        let newly_lost = history.not_rechecked(schedule, now);
        for loss in &newly_lost {
            self.losses.record_loss(feed, loss).await?;
            history.losses.push(LossRecord { loss: loss.clone(), noticed_at: now, reported: false });
        }
        // Saved before any recheck, so that it holds even if this run is cut short.
        history.progress.done_until = history.done_until(schedule, now).or(progress.done_until);
        if history.progress != progress {
            self.windows.save_progress(feed, history.progress).await?;
        }
        Ok((history, newly_lost))
    }
}
