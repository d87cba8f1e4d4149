//! The use cases, wired as the functions wire them, but in this process: to be killed, doubled and put out of time.

use aws_adapters::{DynamoDbState, S3Archive, SecretsManagerTenants, SqsQueue};
use aws_sdk_sqs::types::Message;
use collector::fetch::{Admission, Fetch, FetchOutcome};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy, PollReport, Shard};
use collector::ports::{Clock, Queue};
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{Reconcile, ReconcilePolicy, ReconcileReport};
use collector::scheduler::RunLimits;
use collector::window_record::RecheckSchedule;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::SignedDuration;
use management_api::{Client, ClientSettings, RootOverrides};
use management_api_simulator::Simulator;
use testkit::{CrashPoint, FixedJitter, ManualClock, MemoryRateLimiter};

use crate::resources::Resources;

type Reconciler = Reconcile<
    SecretsManagerTenants<ManualClock>,
    Client<ManualClock, FixedJitter>,
    DynamoDbState<ManualClock>,
    SqsQueue,
    S3Archive,
    SqsQueue,
    ManualClock,
>;

/// A collector whose clock is the simulator's.
#[derive(Debug, Clone)]
pub struct Collector {
    /// Where it keeps things.
    pub resources: Resources,
    /// Whom it asks.
    pub microsoft: Simulator,
    /// What time it is for it.
    pub clock: ManualClock,
    /// How far back it starts, in hours.
    pub backfill_hours: u8,
}

impl Collector {
    /// A collector with resources of its own, at the simulator's time.
    pub async fn new(microsoft: &Simulator) -> Self {
        let clock = ManualClock::at(microsoft.now());
        Self { resources: Resources::create().await, microsoft: microsoft.clone(), clock, backfill_hours: 168 }
    }

    /// Puts both clocks on.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.microsoft.set_now(self.clock.now());
    }

    fn client(&self) -> Client<ManualClock, FixedJitter> {
        let url = self.microsoft.url().parse().ok();
        let overrides = RootOverrides { management_api: url.clone(), token_authority: url };
        let settings = ClientSettings { overrides, ..ClientSettings::default() };
        Client::new(settings, self.clock.clone(), FixedJitter(0.0)).unwrap()
    }

    fn tenants(&self) -> SecretsManagerTenants<ManualClock> {
        let secrets = self.resources.sdk.secrets_manager();
        SecretsManagerTenants::new(secrets, &self.resources.secret_prefix, self.clock.clone())
    }

    fn state(&self) -> DynamoDbState<ManualClock> {
        DynamoDbState::new(self.resources.sdk.dynamodb(), &self.resources.table, self.clock.clone())
    }

    fn queue(&self) -> SqsQueue {
        SqsQueue::new(self.resources.sdk.sqs(), &self.resources.queue_url)
    }

    fn archive(&self) -> S3Archive {
        S3Archive::new(self.resources.sdk.s3(), &self.resources.bucket, "m365")
    }

    /// One poll.
    pub async fn poll(&self) -> PollReport {
        self.poll_on(&CrashPoint::default()).await.unwrap()
    }

    /// One poll that dies when `crash_point` goes; `None` if it did.
    pub async fn poll_on(&self, crash_point: &CrashPoint) -> Option<PollReport> {
        crash_point.run(self.poll_with(crash_point, crash_point.feed(self.queue()))).await
    }

    /// One poll into another queue than its own.
    pub async fn poll_into(&self, queue: impl Queue) -> PollReport {
        self.poll_with(&CrashPoint::default(), queue).await
    }

    async fn poll_with(&self, crash_point: &CrashPoint, queue: impl Queue) -> PollReport {
        let poll = Poll {
            tenants: self.tenants(),
            management_api: crash_point.feed(self.client()),
            state: crash_point.feed(self.state()),
            queue,
            clock: self.clock.clone(),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(self.backfill_hours),
                limits: RunLimits { concurrency: 4, stop_before: SignedDuration::from_secs(15) },
            },
        };
        let deadline = self.clock.now() + SignedDuration::from_mins(4);
        poll.run(Shard::WHOLE, deadline).await.unwrap()
    }

    /// One look back at windows of `ages` minutes, whose report is lost.
    pub async fn reconcile(&self, ages: &[i64]) -> ReconcileReport {
        self.reconciler(ages).run(self.clock.now() + SignedDuration::from_mins(4)).await.unwrap()
    }

    /// One look back at windows of `ages` minutes, whose report is told.
    pub async fn reconcile_and_tell(&self, ages: &[i64]) -> ReconcileReport {
        let report = self.reconcile(ages).await;
        self.reconciler(ages).mark_losses_reported(&report).await;
        report
    }

    fn reconciler(&self, ages: &[i64]) -> Reconciler {
        let dead_letters = SqsQueue::new(self.resources.sdk.sqs(), &self.resources.dead_letter_queue_url);
        Reconcile {
            tenants: self.tenants(),
            management_api: self.client(),
            state: self.state(),
            queue: self.queue(),
            archive: self.archive(),
            dead_letters,
            clock: self.clock.clone(),
            policy: ReconcilePolicy {
                recheck_schedule: RecheckSchedule {
                    ages: ages.iter().copied().map(SignedDuration::from_mins).collect(),
                },
                limits: RunLimits { concurrency: 4, stop_before: SignedDuration::from_secs(15) },
            },
        }
    }

    /// Fetches what is in the queue, each message `deliveries` times, until the queue is empty. What fails stays.
    pub async fn fetch_all(&self, deliveries: usize) -> Vec<FetchOutcome> {
        let fetch = Fetch {
            tenants: self.tenants(),
            management_api: self.client(),
            state: self.state(),
            queue: self.queue(),
            archive: self.archive(),
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(1_000_000), &self.clock),
            jitter: FixedJitter(0.5),
        };
        let mut outcomes = Vec::new();
        loop {
            let batch = self.receive().await;
            if batch.is_empty() {
                return outcomes;
            }
            let deliver = async |message: &Message| {
                let mut outcome = fetch.run(message.body().unwrap(), 1, Admission::Now).await;
                for _ in 1..deliveries {
                    outcome = fetch.run(message.body().unwrap(), 2, Admission::Now).await;
                }
                if !matches!(outcome, FetchOutcome::Failed { .. }) {
                    self.delete(message).await;
                }
                outcome
            };
            let delivered: FuturesUnordered<_> = batch.iter().map(deliver).collect();
            outcomes.extend(delivered.collect::<Vec<_>>().await);
        }
    }

    async fn receive(&self) -> Vec<Message> {
        let request = self.resources.sdk.sqs().receive_message().queue_url(&self.resources.queue_url);
        let answer = request.max_number_of_messages(10).visibility_timeout(300).send().await.unwrap();
        answer.messages.unwrap_or_default()
    }

    async fn delete(&self, message: &Message) {
        let request = self.resources.sdk.sqs().delete_message().queue_url(&self.resources.queue_url);
        request.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
    }
}
