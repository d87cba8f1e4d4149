//! One poll: every feed of every tenant, window by window, from Microsoft's listing into the queue.

mod feed;
mod report;
mod shard;
mod subscription;

use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;

pub use self::report::{FeedReport, PollReport, TenantReport};
pub use self::shard::{InvalidShard, Shard};

use self::feed::{FeedPoll, Step};
use crate::failure::{Failure, FailureKind};
use crate::feed::FeedId;
use crate::plan::PlanPolicy;
use crate::ports::{Clock, ManagementApi, Queue, State, Tenants};
use crate::scheduler::RunLimits;
use crate::tenant::{InvalidSecret, Tenant};

/// The use case of the poller.
#[derive(Debug)]
pub struct Poll<T, M, S, Q, C> {
    /// Who is polled.
    pub tenants: T,
    /// Where content is listed.
    pub management_api: M,
    /// What was asked before.
    pub state: S,
    /// Where content goes to be fetched.
    pub queue: Q,
    /// What time it is.
    pub clock: C,
    /// How much and how far.
    pub policy: PollPolicy,
}

/// What does not change from poll to poll.
#[derive(Debug, Clone, Copy)]
pub struct PollPolicy {
    /// Which windows.
    pub plan: PlanPolicy,
    /// How many tenants and windows at once.
    pub limits: RunLimits,
}

/// What waits for its turn. A feed goes to the end of the line after each window, so that one tenant's backfill never
/// holds up what the others published a minute ago.
enum Work {
    Open { tenant: usize, secret: Rc<Tenant> },
    Window(FeedPoll),
}

#[expect(clippy::large_enum_variant, reason = "there are as many as feeds, and most are the large one")]
enum Done {
    Opened { tenant: usize, feeds: Result<Vec<FeedOpened>, Failure> },
    Listed { run: FeedPoll, step: Step },
}

/// A feed at the start of a poll: how it stands, and how it goes on.
struct FeedOpened {
    report: FeedReport,
    run: Option<FeedPoll>,
}

impl<T: Tenants, M: ManagementApi, S: State, Q: Queue, C: Clock> Poll<T, M, S, Q, C> {
    /// Polls the tenants of `shard` until all is listed or `deadline` comes; what is then under way is finished by the
    /// next poll.
    ///
    /// # Errors
    /// Only where the tenants cannot be listed. All else stands in the report, each tenant and feed failing alone.
    pub async fn run(&self, shard: Shard, deadline: Timestamp) -> Result<PollReport, Failure> {
        let (mut report, tenants) = select_tenants(self.tenants.all().await?, shard);
        let work = async |work| self.work(work).await;
        self.policy.limits.run_round_robin(&self.clock, deadline, tenants, work, |done| report.take_in(done)).await;
        report.close(self.clock.now());
        Ok(report)
    }

    /// Notes that the losses in `report` have been told. A loss that cannot be noted is told again, by the reconciler.
    pub async fn mark_losses_reported(&self, report: &PollReport) {
        for (tenant, feed) in report.feeds() {
            let Some(tenant_id) = tenant.tenant_id else { continue };
            for loss in &feed.lost {
                let _ = self.state.mark_reported(FeedId { tenant_id, content_type: feed.content_type }, loss).await;
            }
        }
    }

    async fn work(&self, work: Work) -> Done {
        match work {
            Work::Open { tenant, secret } => Done::Opened { tenant, feeds: self.open(tenant, &secret).await },
            Work::Window(mut run) => {
                let mut step = Step::default();
                step.failure = self.list_next_window(&mut run, &mut step).await.err();
                Done::Listed { run, step }
            }
        }
    }

    /// Asks for a tenant's subscriptions and cursors, once for all of its feeds.
    async fn open(&self, tenant: usize, secret: &Rc<Tenant>) -> Result<Vec<FeedOpened>, Failure> {
        let enabled = self.management_api.enabled_subscriptions(secret).await?;
        let states = self.state.feeds(secret.id, &secret.content_types).await?;
        let mut feeds = Vec::new();
        for (content_type, state) in secret.content_types.iter().copied().zip(states) {
            let mut report = FeedReport::new(content_type, state.cursor);
            let is_enabled = enabled.contains(&content_type);
            let run = match self.ensure_subscription(secret, content_type, &state, is_enabled, &mut report).await {
                Ok(()) => Some(FeedPoll::plan(
                    (tenant, feeds.len()),
                    Rc::clone(secret),
                    content_type,
                    state.cursor,
                    self.clock.now(),
                    &self.policy.plan,
                )),
                Err(failure) => {
                    report.error = Some(failure);
                    None
                }
            };
            feeds.push(FeedOpened { report, run });
        }
        Ok(feeds)
    }
}

/// The tenants of this shard, each with its place in the report. Two secrets for one tenant would move one cursor with
/// different settings: the first by name is polled, the others are told so.
fn select_tenants(secrets: Vec<Result<Tenant, InvalidSecret>>, shard: Shard) -> (PollReport, Vec<Work>) {
    let mut report = PollReport::default();
    let mut waiting = Vec::new();
    let mut polled_by: HashMap<_, String> = HashMap::new();
    for secret in secrets {
        match secret {
            Err(bad) if shard.holds(bad.secret_id.as_bytes()) => {
                let failure = Failure::new(FailureKind::InvalidSecret, bad.to_string());
                report.tenants.push(TenantReport::failed(bad.secret_id, None, failure));
            }
            Ok(tenant) if shard.holds(tenant.id.0.as_bytes()) => {
                if let Some(first) = polled_by.get(&tenant.id) {
                    let problem = format!(
                        "secret {} names the tenant that secret {first} names already; delete one of them",
                        tenant.secret_id
                    );
                    let failure = Failure::new(FailureKind::InvalidSecret, problem);
                    report.tenants.push(TenantReport::failed(tenant.secret_id, Some(tenant.id), failure));
                    continue;
                }
                polled_by.insert(tenant.id, tenant.secret_id.clone());
                waiting.push(Work::Open { tenant: report.tenants.len(), secret: Rc::new(tenant.clone()) });
                report.tenants.push(TenantReport::waiting(tenant.secret_id, tenant.id));
            }
            Ok(_) | Err(_) => {}
        }
    }
    (report, waiting)
}
