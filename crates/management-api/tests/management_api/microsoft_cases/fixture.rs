//! The whole collector over the real client: the use cases, the simulator over HTTP, and AWS in memory.

use collector::feed::{ContentType, FeedId, TenantId};
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::loss::Loss;
use collector::open_content::OpenContent;
use collector::plan::PlanPolicy;
use collector::poll::{FeedReport, Poll, PollPolicy, PollReport};
use collector::ports::Clock as _;
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{FeedReconciliation, Reconcile, ReconcilePolicy};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use collector::tenant::Tenant;
use jiff::SignedDuration;
use management_api::{Client, ClientSettings};
use management_api_simulator::{Aggregation, Clock, Config, Simulator, Tenant as SimulatedTenant, Uuid};
use testkit::{
    ArchivedRecords, FixedJitter, InMemory, ManualClock, MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter,
    MemoryState, MemoryTenants, Received, WithManagementApi,
};

use crate::auto_advancing_clock::AutoAdvancingClock;
use crate::{EXCHANGE, NOON, today};

type CasePorts = WithManagementApi<InMemory, Client<AutoAdvancingClock, FixedJitter>>;

/// A collector of one Exchange feed.
pub(super) struct Case {
    pub(super) microsoft: Simulator,
    pub(super) tenant: Uuid,
    pub(super) state: MemoryState,
    pub(super) archive: MemoryArchive,
    pub(super) queue: MemoryQueue,
    pub(super) dead_letters: MemoryQueue,
    pub(super) clock: ManualClock,
    client: Client<AutoAdvancingClock, FixedJitter>,
    /// Follows `clock`, but passes over the pauses between attempts at once.
    client_clock: AutoAdvancingClock,
    tenants: MemoryTenants,
}

const LIMITS: RunLimits = RunLimits { concurrency: 2, stop_before: SignedDuration::ZERO };

impl Case {
    /// Noon, with the subscription enabled.
    pub(super) async fn subscribed() -> Self {
        Self::of(SimulatedTenant::example(1).subscribed(), Config::default()).await
    }

    pub(super) async fn of(tenant: SimulatedTenant, config: Config) -> Self {
        let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
        let noon = NOON.parse().unwrap();
        let config = Config { clock: Clock::Manual(noon), aggregation, page_size: 2, ..config };
        let microsoft = Simulator::start(config).await.unwrap();
        let mut credentials = Tenant::parse("m365/contoso", &tenant.credentials_json()).unwrap();
        credentials.content_types = vec![ContentType::Exchange];
        let clock = ManualClock::at(noon);
        let url = microsoft.url().parse().ok();
        let client_clock = AutoAdvancingClock::at(noon);
        let settings = ClientSettings::with_roots(url.clone(), url);
        let client = Client::new(settings, client_clock.clone(), FixedJitter(0.0)).unwrap();
        let dead_letters = MemoryQueue::new(&clock);
        Self {
            tenant: microsoft.add_tenant(tenant),
            microsoft,
            state: MemoryState::by(&clock),
            archive: MemoryArchive::default(),
            queue: MemoryQueue::new(&clock).with_dead_letters(&dead_letters),
            dead_letters,
            client,
            client_clock,
            tenants: MemoryTenants::of([credentials]),
            clock,
        }
    }

    /// Publishes one record at this time of day, as a content of its own.
    pub(super) fn publish(&self, time: &str) {
        self.publish_records(time, &[&format!(r#"{{"Id":"{time}"}}"#)]);
    }

    pub(super) fn publish_records(&self, time: &str, records: &[&str]) {
        let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
        self.microsoft.publish(self.tenant, EXCHANGE, today(time), records);
    }

    /// Advances both clocks.
    pub(super) fn advance_minutes(&self, minutes: i64) {
        self.advance_collector(minutes);
        self.microsoft.set_now(self.microsoft.now() + SignedDuration::from_mins(minutes));
    }

    /// Advances the collector's clock alone.
    pub(super) fn advance_collector(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
        self.client_clock.set(self.clock.now());
    }

    pub(super) fn feed(&self) -> FeedId {
        FeedId { tenant_id: TenantId(self.tenant), content_type: ContentType::Exchange }
    }

    fn rate_limiter(&self) -> MemoryRateLimiter {
        MemoryRateLimiter::new(RateLimitPolicy::under(1_000_000), &self.clock)
    }

    pub(super) async fn poll_report(&self) -> PollReport {
        let poll = Poll::<CasePorts> {
            leases: MemoryLeases::of_all(&self.clock),
            tenants: self.tenants.clone(),
            management_api: self.client.clone(),
            cursors: self.state.clone(),
            losses: self.state.clone(),
            queue: self.queue.clone(),
            rate_limiter: self.rate_limiter(),
            clock: self.clock.clone(),
            policy: PollPolicy { plan: PlanPolicy::with_backfill_hours(2), limits: LIMITS },
        };
        poll.run(Shard::WHOLE, self.clock.now() + SignedDuration::from_mins(4)).await.unwrap()
    }

    pub(super) async fn poll(&self) -> FeedReport {
        self.poll_report().await.tenants.remove(0).content_types.remove(0)
    }

    /// Delivers one batch, as the event source mapping does.
    pub(super) async fn fetch(&self) -> Vec<FetchOutcome> {
        let fetch = Fetch::<CasePorts> {
            tenants: self.tenants.clone(),
            management_api: self.client.clone(),
            losses: self.state.clone(),
            queue: self.queue.clone(),
            archive: self.archive.clone(),
            rate_limiter: self.rate_limiter(),
            clock: self.clock.clone(),
            jitter: FixedJitter(0.5),
        };
        let messages = self.queue.receive_batch();
        let batch: Vec<Delivery<'_>> = messages.iter().map(Received::delivery).collect();
        let deadline = self.clock.now() + SignedDuration::from_mins(4);
        let outcomes = fetch.run_batch(&batch, deadline, |_, _| ()).await;
        for (message, outcome) in messages.iter().zip(&outcomes) {
            if !matches!(outcome, FetchOutcome::Failed { .. }) {
                self.queue.delete(&message.receipt);
            }
        }
        outcomes
    }

    /// Delivers every message of the queue until none is left or all have become dead letters.
    pub(super) async fn fetch_until_done(&self) -> Vec<FetchOutcome> {
        let mut outcomes = Vec::new();
        while !self.queue.is_empty() {
            outcomes.extend(self.fetch().await);
            self.advance_minutes(61);
        }
        outcomes
    }

    /// Reconciles every window now, whatever its age.
    pub(super) async fn reconcile(&self) -> FeedReconciliation {
        let reconcile = Reconcile::<CasePorts> {
            leases: MemoryLeases::of_all(&self.clock),
            tenants: self.tenants.clone(),
            management_api: self.client.clone(),
            windows: self.state.clone(),
            open_contents: self.state.clone(),
            losses: self.state.clone(),
            queue: self.queue.clone(),
            archive: self.archive.clone(),
            dead_letters: Some(self.dead_letters.clone()),
            rate_limiter: self.rate_limiter(),
            clock: self.clock.clone(),
            policy: ReconcilePolicy { ages: vec![SignedDuration::ZERO], limits: LIMITS },
        };
        let report = reconcile.run(Shard::WHOLE, self.clock.now() + SignedDuration::from_mins(4)).await.unwrap();
        report.feeds.into_iter().next().unwrap()
    }

    /// The contents that are listed, without an object, and not lost.
    pub(super) fn open_contents(&self) -> Vec<OpenContent> {
        let feed = FeedId { tenant_id: TenantId(self.tenant), content_type: ContentType::Exchange };
        self.state.open(feed)
    }

    pub(super) fn losses(&self) -> Vec<Loss> {
        self.state.losses()
    }

    /// How many records are archived, apart from those of malformed bodies.
    pub(super) fn archived_records(&self) -> u64 {
        let mut archived = ArchivedRecords::default();
        let objects = self.archive.objects();
        objects.iter().filter(|(key, _)| !key.starts_with("malformed/")).for_each(|(_, object)| {
            archived.add(&object.bytes).unwrap();
        });
        archived.left()
    }
}
