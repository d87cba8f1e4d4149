//! Invocations of the three functions, which wire the use cases as the real functions do.

use std::rc::Rc;

use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy, PollReport};
use collector::ports::Clock;
use collector::reconcile::{Reconcile, ReconcilePolicy};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use jiff::SignedDuration;
use testkit::{Action, PortCall, Received, WithInterceptor};

use crate::deployment::Deployment;
use crate::ports::{CampaignPorts, SeededJitter};

type FaultyPorts<'a> = WithInterceptor<'a, CampaignPorts>;

impl Deployment {
    fn faults(&self) -> impl Fn(PortCall<'_>) -> Action {
        |call| self.faults.action(&self.time, call)
    }

    fn limits(&self) -> RunLimits {
        RunLimits { concurrency: self.profile.concurrency, stop_before: SignedDuration::from_secs(15) }
    }

    /// `None` if the poller is killed or fails.
    pub(crate) async fn poll(&self) -> Option<PollReport> {
        let process = self.start_process(&self.poller);
        self.polls.set(self.polls.get() + 1);
        let faults = self.faults();
        let interceptor = process.interceptor(&faults);
        let poll = Poll::<FaultyPorts<'_>> {
            leases: interceptor.wrap(self.poller_leases.clone()),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(process.client.clone()),
            cursors: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.by(process.clock.clone())),
            clock: process.clock.clone(),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(self.profile.backfill_hours),
                limits: self.limits(),
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
        let ages = self.recheck_ages_minutes.borrow().iter().copied().map(SignedDuration::from_mins).collect();
        let faults = self.faults();
        let interceptor = process.interceptor(&faults);
        let reconcile = Reconcile::<FaultyPorts<'_>> {
            leases: interceptor.wrap(self.reconciler_leases.clone()),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(process.client.clone()),
            windows: interceptor.wrap(self.state.clone()),
            open_contents: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            archive: interceptor.wrap(self.archive.clone()),
            dead_letters: interceptor.wrap(self.dead_letters.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.by(process.clock.clone())),
            clock: process.clock.clone(),
            policy: ReconcilePolicy { ages, limits: self.limits() },
        };
        let started_at = self.time.now();
        let deadline = process.clock.now() + SignedDuration::from_mins(9);
        let work = async {
            let report = reconcile.run(Shard::WHOLE, deadline).await.ok()?;
            reconcile.mark_losses_reported(&report).await;
            Some(report)
        };
        let Some(Some(report)) = self.run_process(&self.reconciler, &process, work).await else { return };
        let completed = report.feeds.iter().filter(|feed| feed.error.is_none() && !feed.more_to_do);
        let feeds = completed.map(|feed| feed.id()).collect();
        self.completed_reconciles.borrow_mut().push((started_at, feeds));
    }

    /// Delivers at most `limit` batches, each to its own fetcher. The messages of a fetcher that is killed become visible
    /// again after the visibility timeout.
    pub(crate) async fn fetch_batches(&self, limit: usize) {
        for _ in 0..limit {
            let messages = self.queue.receive_batch();
            if messages.is_empty() {
                return;
            }
            let process = self.start_process(&self.fetcher);
            self.deliveries.set(self.deliveries.get() + messages.len() as u64);
            let faults = self.faults();
            let interceptor = process.interceptor(&faults);
            let fetch = Fetch::<FaultyPorts<'_>> {
                tenants: interceptor.wrap(self.tenants.clone()),
                management_api: interceptor.wrap(process.client.clone()),
                losses: interceptor.wrap(self.state.clone()),
                queue: interceptor.wrap(self.queue.clone()),
                archive: interceptor.wrap(self.archive.clone()),
                rate_limiter: interceptor.wrap(self.rate_limiter.by(process.clock.clone())),
                clock: process.clock.clone(),
                jitter: SeededJitter(Rc::clone(&self.faults)),
            };
            self.time.advance(SignedDuration::from_secs(1));
            let batch: Vec<Delivery<'_>> = messages.iter().map(Received::delivery).collect();
            let deadline = process.clock.now() + SignedDuration::from_mins(14);
            let work = fetch.run_batch(&batch, deadline, |_, _| ());
            let outcomes = self.run_process(&self.fetcher, &process, work).await.unwrap_or_default();
            // As the event source mapping does: after the whole batch, every message that is not among its failures.
            for (message, outcome) in messages.iter().zip(outcomes) {
                if !matches!(outcome, FetchOutcome::Failed { .. }) {
                    self.queue.delete(&message.receipt);
                }
            }
        }
    }
}
