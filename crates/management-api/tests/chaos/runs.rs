//! One invocation of each function.

use std::rc::Rc;

use audit_feed::fair_line::Pace;
use audit_feed::feed::FeedId;
use audit_feed::fetch::{Admission, Fetch, FetchOutcome};
use audit_feed::plan::PlanPolicy;
use audit_feed::poll::{Poll, PollPolicy, PollReport, Shard};
use audit_feed::ports::Clock;
use audit_feed::reconcile::{Reconcile, ReconcilePolicy};
use audit_feed::window_record::LookingBack;
use futures::stream::{self, StreamExt};
use jiff::SignedDuration;

use crate::collector::Collector;
use crate::frail_microsoft::SeededDice;
use crate::sqs::Letter;

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
                pace: Pace { concurrency: self.shape.concurrency, reserve: SignedDuration::from_secs(15) },
            },
        };
        let deadline = process.clock.now() + SignedDuration::from_mins(4);
        let work = async {
            let report = poll.run(Shard::WHOLE, deadline).await.ok()?;
            poll.told(&report).await;
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
                looking_back: LookingBack { ages },
                pace: Pace { concurrency: self.shape.concurrency, reserve: SignedDuration::from_secs(15) },
            },
        };
        let began = self.time.now();
        let deadline = process.clock.now() + SignedDuration::from_mins(9);
        let work = async {
            let report = reconcile.run(deadline).await.ok()?;
            reconcile.told(&report).await;
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
                quota: process.port(&self.quota),
                dice: SeededDice(Rc::clone(&self.faults)),
            };
            let one = async |(letter, admission): (Letter, Admission)| {
                self.fetches.set(self.fetches.get() + 1);
                let outcome = fetch.run(&letter.body, letter.receives, admission).await;
                fetch.told(&outcome).await;
                if let FetchOutcome::Failed { retry_in, .. } = outcome {
                    self.sqs.hide(&letter, retry_in);
                    return None;
                }
                Some(letter)
            };
            let work = async {
                let bodies: Vec<&str> = batch.iter().map(|letter| letter.body.as_str()).collect();
                let admissions = fetch.admit(&bodies).await;
                let admitted = stream::iter(batch.iter().cloned().zip(admissions));
                admitted.map(one).buffered(self.shape.concurrency).collect::<Vec<_>>().await
            };
            // What the answer does not name as failed is deleted, after the whole batch.
            self.time.pass(SignedDuration::from_secs(1));
            for letter in self.live(&self.fetcher, &process, work).await.into_iter().flatten().flatten() {
                self.sqs.delete(&letter);
            }
        }
    }
}
