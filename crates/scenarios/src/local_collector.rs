//! Runs the use cases in this process, over the same ports as the functions, so that tests can crash them, run several
//! at once, and set the time.

use aws_sdk_sqs::types::Message;
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy, PollReport};
use collector::ports::{Clock, Queue};
use collector::reconcile::{Reconcile, ReconcilePolicy, ReconcileReport};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use composition::settings::{ArchiveLocation, Common};
use composition::{AwsPorts, Wiring};
use jiff::{SignedDuration, Timestamp};
use lambda_support::MetricsLog;
use management_api_simulator::Simulator;
use testkit::{CrashPoint, FixedJitter, Interceptor, ManualClock, WithInterceptor, WithQueue};

use crate::resources::Resources;

/// The functions' own ports, with a manual clock.
pub type LocalPorts = AwsPorts<ManualClock, FixedJitter>;

/// A collector with a manual clock; [`LocalCollector::advance`] sets the simulator's as well.
#[derive(Debug, Clone)]
pub struct LocalCollector {
    pub resources: Resources,
    pub microsoft: Simulator,
    pub clock: ManualClock,
    pub backfill_hours: u8,
}

const LIMITS: RunLimits = RunLimits { concurrency: 4, stop_before: SignedDuration::from_secs(15) };

impl LocalCollector {
    /// A collector with resources of its own, at the simulator's time.
    pub async fn new(microsoft: &Simulator) -> Self {
        let clock = ManualClock::at(microsoft.now());
        Self { resources: Resources::create().await, microsoft: microsoft.clone(), clock, backfill_hours: 168 }
    }

    /// Advances both clocks.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.microsoft.set_now(self.clock.now());
    }

    fn wiring(&self) -> Wiring<ManualClock, FixedJitter> {
        let url = self.microsoft.url().parse().ok();
        let common = Common {
            tenant_secret_prefix: self.resources.secret_prefix.clone(),
            state_table: self.resources.table.clone(),
            fetch_queue_url: self.resources.queue_url.clone(),
            requests_per_minute: 1_000_000,
            management_api: url.clone(),
            token_authority: url,
            metrics: MetricsLog::new(None),
            path_style: true,
        };
        Wiring::with(self.resources.sdk.clone(), common, self.clock.clone(), FixedJitter(0.0))
    }

    fn archive(&self) -> ArchiveLocation {
        ArchiveLocation { bucket: self.resources.bucket.clone(), prefix: "m365".to_owned() }
    }

    fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(4)
    }

    fn poll_policy(&self) -> PollPolicy {
        PollPolicy { plan: PlanPolicy::with_backfill_hours(self.backfill_hours), limits: LIMITS }
    }

    pub async fn poll(&self) -> PollReport {
        self.poll_until(&CrashPoint::default()).await.unwrap()
    }

    /// Polls in a process that crashes at `crash_point`; `None` if it did.
    pub async fn poll_until(&self, crash_point: &CrashPoint) -> Option<PollReport> {
        let (wiring, interceptor) = (self.wiring(), Interceptor::crash_at(crash_point));
        let poll = Poll::<WithInterceptor<'_, LocalPorts>> {
            leases: interceptor.wrap(wiring.leases("poller")),
            tenants: interceptor.wrap(wiring.tenants()),
            management_api: interceptor.wrap(wiring.management_api().unwrap()),
            cursors: interceptor.wrap(wiring.state()),
            losses: interceptor.wrap(wiring.state()),
            queue: interceptor.wrap(wiring.queue()),
            rate_limiter: interceptor.wrap(wiring.rate_limiter()),
            clock: self.clock.clone(),
            policy: self.poll_policy(),
        };
        Some(crash_point.run(poll.run(Shard::WHOLE, self.deadline())).await?.unwrap())
    }

    /// Polls into `queue` instead of the collector's own queue.
    pub async fn poll_into(&self, queue: impl Queue) -> PollReport {
        let wiring = self.wiring();
        let poll = Poll::<WithQueue<LocalPorts, _>> {
            leases: wiring.leases("poller"),
            tenants: wiring.tenants(),
            management_api: wiring.management_api().unwrap(),
            cursors: wiring.state(),
            losses: wiring.state(),
            queue,
            rate_limiter: wiring.rate_limiter(),
            clock: self.clock.clone(),
            policy: self.poll_policy(),
        };
        poll.run(Shard::WHOLE, self.deadline()).await.unwrap()
    }

    /// Reconciles with these recheck ages in minutes. Losses stay unreported, as if the process had crashed at the end.
    pub async fn reconcile(&self, ages: &[i64]) -> ReconcileReport {
        self.reconciler(ages).run(Shard::WHOLE, self.deadline()).await.unwrap()
    }

    /// Reconciles with these recheck ages in minutes, and marks the losses as reported.
    pub async fn reconcile_and_report(&self, ages: &[i64]) -> ReconcileReport {
        let report = self.reconcile(ages).await;
        self.reconciler(ages).mark_losses_reported(&report).await;
        report
    }

    fn reconciler(&self, ages: &[i64]) -> Reconcile<LocalPorts> {
        let wiring = self.wiring();
        let ages = ages.iter().copied().map(SignedDuration::from_mins).collect();
        Reconcile {
            leases: wiring.leases("reconciler"),
            tenants: wiring.tenants(),
            management_api: wiring.management_api().unwrap(),
            windows: wiring.state(),
            open_contents: wiring.state(),
            losses: wiring.state(),
            queue: wiring.queue(),
            archive: wiring.archive(&self.archive()),
            dead_letters: wiring.dead_letters(Some(&self.resources.dead_letter_queue_url)),
            rate_limiter: wiring.rate_limiter(),
            clock: self.clock.clone(),
            policy: ReconcilePolicy { ages, limits: LIMITS },
        }
    }

    /// Delivers every visible message `deliveries` times, until none is left. Messages that fail stay in the queue.
    pub async fn fetch_all(&self, deliveries: u32) -> Vec<FetchOutcome> {
        let wiring = self.wiring();
        let fetch = Fetch::<LocalPorts> {
            tenants: wiring.tenants(),
            management_api: wiring.management_api().unwrap(),
            losses: wiring.state(),
            queue: wiring.queue(),
            archive: wiring.archive(&self.archive()),
            rate_limiter: wiring.rate_limiter(),
            clock: self.clock.clone(),
            jitter: FixedJitter(0.5),
        };
        let mut outcomes = Vec::new();
        loop {
            let messages = self.receive().await;
            if messages.is_empty() {
                return outcomes;
            }
            let mut last = Vec::new();
            for receive_count in 1..=deliveries {
                let batch: Vec<Delivery<'_>> =
                    messages.iter().map(|message| delivery(message, receive_count)).collect();
                last = fetch.run_batch(&batch, self.deadline(), |_, _| ()).await;
            }
            for (message, outcome) in messages.iter().zip(&last) {
                if !matches!(outcome, FetchOutcome::Failed { .. }) {
                    self.delete(message).await;
                }
            }
            outcomes.extend(last);
        }
    }

    async fn receive(&self) -> Vec<Message> {
        let request = self.resources.sdk.sqs().receive_message().queue_url(&self.resources.queue_url);
        let response = request.max_number_of_messages(10).visibility_timeout(300).send().await.unwrap();
        response.messages.unwrap_or_default()
    }

    async fn delete(&self, message: &Message) {
        let request = self.resources.sdk.sqs().delete_message().queue_url(&self.resources.queue_url);
        request.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
    }
}

/// Without a receipt: a message that fails then stays invisible for its whole visibility timeout, and the loop ends.
fn delivery(message: &Message, receive_count: u32) -> Delivery<'_> {
    Delivery { id: message.message_id(), body: message.body().unwrap(), receive_count, ..Delivery::default() }
}
