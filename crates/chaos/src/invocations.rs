//! One invocation of each function.

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

use crate::faulty_management_api::SeededJitter;
use crate::process::Collector;
use crate::queue::Letter;

/// When windows are looked at again.
pub(crate) const AGES_MINUTES: [i64; 7] = [15, 60, 180, 720, 1_440, 4_320, 8_640];

impl Collector {
    /// One poll, unless it is killed.
    pub(crate) async fn poll(&self) -> Option<PollReport> {
        let process = self.process(&self.poller);
        self.polls.set(self.polls.get() + 1);
        let poll = Poll {
            tenants: process.port(&self.tenants),
            management_api: process.port(&process.microsoft),
            state: process.port(&self.table),
            queue: process.port(&self.sqs),
            clock: process.clock.clone(),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(self.shape.backfill_hours),
                limits: RunLimits { concurrency: self.shape.concurrency, stop_before: SignedDuration::from_secs(15) },
            },
        };
        let deadline = process.clock.now() + SignedDuration::from_mins(4);
        let work = async {
            let report = poll.run(Shard::WHOLE, deadline).await.ok()?;
            poll.mark_losses_reported(&report).await;
            Some(report)
        };
        self.live(&self.poller, &process, work).await?
    }

    /// One look back, unless it is killed.
    pub(crate) async fn look_back(&self) {
        let process = self.process(&self.reconciler);
        self.runs.set(self.runs.get() + 1);
        let ages = AGES_MINUTES.map(SignedDuration::from_mins).to_vec();
        let reconcile = Reconcile {
            tenants: process.port(&self.tenants),
            management_api: process.port(&process.microsoft),
            state: process.port(&self.table),
            queue: process.port(&self.sqs),
            archive: process.port(&self.bucket),
            dead_letters: process.port(&self.sqs),
            clock: process.clock.clone(),
            policy: ReconcilePolicy {
                recheck_schedule: RecheckSchedule { ages },
                limits: RunLimits { concurrency: self.shape.concurrency, stop_before: SignedDuration::from_secs(15) },
            },
        };
        let began = self.time.now();
        let deadline = process.clock.now() + SignedDuration::from_mins(9);
        let work = async {
            let report = reconcile.run(deadline).await.ok()?;
            reconcile.mark_losses_reported(&report).await;
            Some(report)
        };
        let Some(Some(report)) = self.live(&self.reconciler, &process, work).await else { return };
        let done = report.feeds.iter().filter(|feed| feed.error.is_none() && !feed.more_to_do);
        let done = done.map(|feed| FeedId { tenant_id: feed.tenant_id, content_type: feed.content_type }).collect();
        self.looks.borrow_mut().push((began, done));
    }

    /// At most so many batches, each in a fetcher of its own; those that are killed let go of what they hold.
    pub(crate) async fn fetch(&self, most: usize) {
        for _ in 0..most {
            let batch = self.sqs.receive();
            if batch.is_empty() {
                return;
            }
            let process = self.process(&self.fetcher);
            let fetch = Fetch {
                tenants: process.port(&self.tenants),
                management_api: process.port(&process.microsoft),
                state: process.port(&self.table),
                queue: process.port(&self.sqs),
                archive: process.port(&self.bucket),
                rate_limiter: process.port(&self.rate_limiter),
                jitter: SeededJitter(Rc::clone(&self.faults)),
            };
            let one = async |(message, admission): (Letter, Admission)| {
                self.fetches.set(self.fetches.get() + 1);
                let outcome = fetch.run(&message.body, message.receives, admission).await;
                fetch.mark_losses_reported(&outcome).await;
                if let FetchOutcome::Failed { retry_in, .. } = outcome {
                    self.sqs.change_visibility(&message, retry_in);
                    return None;
                }
                Some(message)
            };
            let work = async {
                let bodies: Vec<&str> = batch.iter().map(|message| message.body.as_str()).collect();
                let admissions = fetch.admit(&bodies).await;
                let admitted = stream::iter(batch.iter().cloned().zip(admissions));
                admitted.map(one).buffered(self.shape.concurrency).collect::<Vec<_>>().await
            };
            // What the answer does not name as failed is deleted, after the whole batch.
            self.time.pass(SignedDuration::from_secs(1));
            for message in self.live(&self.fetcher, &process, work).await.into_iter().flatten().flatten() {
                self.sqs.delete(&message);
            }
        }
    }
}
