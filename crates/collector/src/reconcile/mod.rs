//! Looking back: every window is listed again, with the very same bounds, and compared with the archive.

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
use crate::loss::LossRecord;
use crate::ports::{ArchiveIndex, Clock, DeadLetters, ManagementApi, Queue, State, Tenants, WindowLog};
use crate::scheduler::RunLimits;
use crate::tenant::Tenant;
use crate::window_record::RecheckSchedule;

/// The use case of the reconciler.
#[derive(Debug)]
pub struct Reconcile<T, M, S, Q, A, L, C> {
    /// Whose feeds are rechecked at.
    pub tenants: T,
    /// Where windows are listed again.
    pub management_api: M,
    /// What was found before.
    pub state: S,
    /// Where late and missing content goes.
    pub queue: Q,
    /// What arrived.
    pub archive: A,
    /// What failed too often.
    pub dead_letters: L,
    /// What time it is.
    pub clock: C,
    /// When to recheck, and how much at once.
    pub policy: ReconcilePolicy,
}

/// What does not change from run to run.
#[derive(Debug, Clone)]
pub struct ReconcilePolicy {
    /// When a window is rechecked at again.
    pub recheck_schedule: RecheckSchedule,
    /// How many windows at once.
    pub limits: RunLimits,
}

/// What waits for its turn. A feed goes to the end of the line after each window.
#[expect(clippy::large_enum_variant, reason = "there are as many as feeds, and most are the large one")]
enum Work {
    Open { place: usize, tenant: Rc<Tenant>, feed: FeedId },
    Window(FeedReconcile),
}

enum Done {
    Opened { place: usize, feed: Result<FeedReconcile, Failure> },
    Rechecked { feed: FeedReconcile, failure: Option<Failure> },
}

impl<T, M, S, Q, A, L, C> Reconcile<T, M, S, Q, A, L, C>
where
    T: Tenants,
    M: ManagementApi,
    S: State + WindowLog,
    Q: Queue,
    A: ArchiveIndex,
    L: DeadLetters,
    C: Clock,
{
    /// Looks at every window that is due until `deadline`; what was not reached is due at the next run.
    ///
    /// # Errors
    /// Only where the tenants cannot be listed. All else stands in the report, each feed failing alone.
    pub async fn run(&self, deadline: Timestamp) -> Result<ReconcileReport, Failure> {
        let mut report = ReconcileReport::default();
        let mut line = Vec::new();
        let mut seen = HashSet::new();
        for tenant in self.tenants.all().await? {
            // A bad secret, or a second one for a tenant, is the poller's to tell: it does so every five minutes.
            let Ok(tenant) = tenant.map(Rc::new) else { continue };
            if !seen.insert(tenant.id) {
                continue;
            }
            for content_type in tenant.content_types.iter().copied() {
                let feed = tenant.feed(content_type);
                line.push(Work::Open { place: report.feeds.len(), tenant: Rc::clone(&tenant), feed });
                report.feeds.push(FeedReconciliation::waiting(feed));
            }
        }
        report.dead_letters = self.redrive_dead_letters(deadline).await;
        let work = async |work| self.work(work).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, line, work, |done| report.take_in(done)).await;
        report.close();
        Ok(report)
    }

    /// Notes that the losses in `report` have been told. A loss that cannot be noted is told again.
    pub async fn mark_losses_reported(&self, report: &ReconcileReport) {
        for feed in &report.feeds {
            let id = FeedId { tenant_id: feed.tenant_id, content_type: feed.content_type };
            for loss in &feed.lost {
                let _ = self.state.mark_reported(id, loss).await;
            }
        }
    }

    async fn work(&self, work: Work) -> Done {
        match work {
            Work::Open { place, tenant, feed } => {
                let feed = self.open(place, tenant, feed).await;
                Done::Opened { place, feed }
            }
            Work::Window(mut feed) => {
                let failure = self.go_on(&mut feed).await.err();
                if failure.is_some() && feed.is_given_up() {
                    // What was found so far is reported all the same; what fails here too is made up for by the next run.
                    let _ = self.store_reports(&mut feed).await;
                }
                Done::Rechecked { feed, failure }
            }
        }
    }

    async fn open(&self, place: usize, tenant: Rc<Tenant>, feed: FeedId) -> Result<FeedReconcile, Failure> {
        let now = self.clock.now();
        let progress = self.state.progress(feed).await?;
        let losses = self.state.losses(feed).await?;
        let since = first_day(progress, &losses, now);
        let windows = self.state.windows(feed, since).await?;
        let mut history = History { progress, since, windows, losses };
        let recheck_schedule = &self.policy.recheck_schedule;
        let noticed = history.not_rechecked(recheck_schedule, now);
        for loss in &noticed {
            self.state.record_loss(feed, loss).await?;
            history.losses.push(LossRecord { loss: loss.clone(), noticed_at: now, reported: false });
        }
        // At the beginning, whatever ends this run before its time: what is done with is not read again.
        history.progress.done_until = history.done_until(recheck_schedule, now).or(progress.done_until);
        if history.progress != progress {
            self.state.save_progress(feed, history.progress).await?;
        }
        let mut feed = FeedReconcile::new(place, tenant, feed, history, now, recheck_schedule);
        feed.found.lost.extend(noticed);
        Ok(feed)
    }
}
