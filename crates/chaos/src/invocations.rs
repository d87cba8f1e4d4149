//! Invocations of the three functions, which wire the use cases as the real functions do.

use std::rc::Rc;

use collector::feed::FeedId;
use collector::fetch::{Admission, Fetch, FetchOutcome};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy, PollReport, Shard};
use collector::ports::Clock;
use collector::reconcile::{Reconcile, ReconcilePolicy};
use collector::scheduler::RunLimits;
use collector::window_record::RecheckSchedule;
use futures::stream::{self, StreamExt};
use jiff::SignedDuration;

use crate::deployment::Deployment;
use crate::faulty_management_api::SeededJitter;
use crate::queue::QueuedMessage;

/// The ages at which windows are rechecked.
pub(crate) const RECHECK_AGES_MINUTES: [i64; 7] = [15, 60, 180, 720, 1_440, 4_320, 8_640];

impl Deployment {
    /// `None` if the poller is killed or fails.
    pub(crate) async fn poll(&self) -> Option<PollReport> {
        let process = self.start_process(&self.poller);
        self.polls.set(self.polls.get() + 1);
        let poll = Poll {
            tenants: process.port(&self.tenants),
            management_api: process.port(&process.client),
            state: process.port(&self.table),
            queue: process.port(&self.queues),
            clock: process.clock.clone(),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(self.profile.backfill_hours),
                limits: RunLimits { concurrency: self.profile.concurrency, stop_before: SignedDuration::from_secs(15) },
            },
        };
        let deadline = process.clock.now() + SignedDuration::from_mins(4);
        let work = async {
            let report = poll.run(Shard::WHOLE, deadline).await.ok()?;
            poll.mark_losses_reported(&report).await;
            Some(report)
        };
        self.run_process(&self.poller, &process, work).await?
    }

    pub(crate) async fn reconcile(&self) {
        let process = self.start_process(&self.reconciler);
        self.reconciler_runs.set(self.reconciler_runs.get() + 1);
        let ages = RECHECK_AGES_MINUTES.map(SignedDuration::from_mins).to_vec();
        let reconcile = Reconcile {
            tenants: process.port(&self.tenants),
            management_api: process.port(&process.client),
            state: process.port(&self.table),
            queue: process.port(&self.queues),
            archive: process.port(&self.bucket),
            dead_letters: process.port(&self.queues),
            clock: process.clock.clone(),
            policy: ReconcilePolicy {
                recheck_schedule: RecheckSchedule { ages },
                limits: RunLimits { concurrency: self.profile.concurrency, stop_before: SignedDuration::from_secs(15) },
            },
        };
        let started_at = self.time.now();
        let deadline = process.clock.now() + SignedDuration::from_mins(9);
        let work = async {
            let report = reconcile.run(deadline).await.ok()?;
            reconcile.mark_losses_reported(&report).await;
            Some(report)
        };
        let Some(Some(report)) = self.run_process(&self.reconciler, &process, work).await else { return };
        let completed = report.feeds.iter().filter(|feed| feed.error.is_none() && !feed.more_to_do);
        let feeds =
            completed.map(|feed| FeedId { tenant_id: feed.tenant_id, content_type: feed.content_type }).collect();
        self.completed_reconciles.borrow_mut().push((started_at, feeds));
    }

    /// Delivers at most `limit` batches, each to its own fetcher. The messages of a fetcher that is killed become visible
    /// again after the visibility timeout.
    pub(crate) async fn fetch_batches(&self, limit: usize) {
        for _ in 0..limit {
            let batch = self.queues.receive();
            if batch.is_empty() {
                return;
            }
            let process = self.start_process(&self.fetcher);
            let fetch = Fetch {
                tenants: process.port(&self.tenants),
                management_api: process.port(&process.client),
                state: process.port(&self.table),
                queue: process.port(&self.queues),
                archive: process.port(&self.bucket),
                rate_limiter: process.port(&self.rate_limiter),
                jitter: SeededJitter(Rc::clone(&self.faults)),
            };
            let fetch_one = async |(message, admission): (QueuedMessage, Admission)| {
                self.deliveries.set(self.deliveries.get() + 1);
                let outcome = fetch.run(&message.body, message.receives, admission).await;
                fetch.mark_losses_reported(&outcome).await;
                if let FetchOutcome::Failed { retry_in, .. } = outcome {
                    self.queues.change_visibility(&message, retry_in);
                    return None;
                }
                Some(message)
            };
            let work = async {
                let bodies: Vec<&str> = batch.iter().map(|message| message.body.as_str()).collect();
                let admissions = fetch.admit(&bodies).await;
                let admitted = stream::iter(batch.iter().cloned().zip(admissions));
                admitted.map(fetch_one).buffered(self.profile.concurrency).collect::<Vec<_>>().await
            };
            self.time.advance(SignedDuration::from_secs(1));
            let succeeded = self.run_process(&self.fetcher, &process, work).await.unwrap_or_default();
            // As the event source mapping does: after the whole batch, every message that is not among its failures.
            for message in succeeded.into_iter().flatten() {
                self.queues.delete(&message);
            }
        }
    }
}
