//! Looking back: every window is listed again, with the very same bounds, and compared with the archive.

mod completeness;
mod dead_letters;
mod feed_audit;
mod look;
mod report;

use std::collections::HashSet;
use std::rc::Rc;

use jiff::Timestamp;

pub use self::completeness::DayReport;
pub use self::report::{DeadLetterReport, FeedReconciliation, LateContent, ReconcileReport};

use self::feed_audit::{FeedAudit, History, first_day};
use crate::failure::Failure;
use crate::fair_line::Pace;
use crate::feed::FeedId;
use crate::loss::KeptLoss;
use crate::ports::{ArchiveIndex, Clock, DeadLetters, ManagementApi, Queue, State, Tenants, WindowLog};
use crate::tenant::Tenant;
use crate::window_record::LookingBack;

/// The use case of the reconciler.
#[derive(Debug)]
pub struct Reconcile<T, M, S, Q, A, L, C> {
    /// Whose feeds are looked at.
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
    /// When to look, and how much at once.
    pub policy: ReconcilePolicy,
}

/// What does not change from run to run.
#[derive(Debug, Clone)]
pub struct ReconcilePolicy {
    /// When a window is looked at again.
    pub looking_back: LookingBack,
    /// How many windows at once.
    pub pace: Pace,
}

/// What waits for its turn. A feed goes to the end of the line after each window.
#[expect(clippy::large_enum_variant, reason = "there are as many as feeds, and most are the large one")]
enum Work {
    Open { place: usize, tenant: Rc<Tenant>, feed: FeedId },
    Window(FeedAudit),
}

enum Done {
    Opened { place: usize, audit: Result<FeedAudit, Failure> },
    Looked { audit: FeedAudit, failure: Option<Failure> },
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
        report.dead_letters = self.revive_dead_letters(deadline).await;
        let work = async |work| self.work(work).await;
        self.policy.pace.work_off(&self.clock, deadline, line, work, |done| report.take_in(done)).await;
        report.close();
        Ok(report)
    }

    /// Notes that the losses in `report` have been told. A loss that cannot be noted is told again.
    pub async fn told(&self, report: &ReconcileReport) {
        for feed in &report.feeds {
            let id = FeedId { tenant_id: feed.tenant_id, content_type: feed.content_type };
            for loss in &feed.lost {
                let _ = self.state.mark_told(id, loss).await;
            }
        }
    }

    async fn work(&self, work: Work) -> Done {
        match work {
            Work::Open { place, tenant, feed } => {
                let audit = self.open(place, tenant, feed).await;
                Done::Opened { place, audit }
            }
            Work::Window(mut audit) => {
                let failure = self.go_on(&mut audit).await.err();
                if failure.is_some() && audit.is_given_up() {
                    // What was found so far is reported all the same; what fails here too is made up for by the next run.
                    let _ = self.store_reports(&mut audit).await;
                }
                Done::Looked { audit, failure }
            }
        }
    }

    async fn open(&self, place: usize, tenant: Rc<Tenant>, feed: FeedId) -> Result<FeedAudit, Failure> {
        let now = self.clock.now();
        let progress = self.state.progress(feed).await?;
        let losses = self.state.losses(feed).await?;
        let since = first_day(progress, &losses, now);
        let windows = self.state.windows(feed, since).await?;
        let mut history = History { progress, since, windows, losses };
        let looking_back = &self.policy.looking_back;
        let noticed = history.not_listed_again(looking_back, now);
        for loss in &noticed {
            self.state.keep_loss(feed, loss).await?;
            history.losses.push(KeptLoss { loss: loss.clone(), noticed_at: now, told: false });
        }
        // At the beginning, whatever ends this run before its time: what is done with is not read again.
        history.progress.done_until = history.done_until(looking_back, now).or(progress.done_until);
        if history.progress != progress {
            self.state.keep_progress(feed, history.progress).await?;
        }
        let mut audit = FeedAudit::new(place, tenant, feed, history, now, looking_back);
        audit.found.lost.extend(noticed);
        Ok(audit)
    }
}
