//! The use cases of poller and reconciler over the real client and AWS in memory, in real time that can be moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use collector::content::archive_key;
use collector::cursor::Cursor;
use collector::feed::{ContentType, FeedId};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy, PollReport};
use collector::ports::{Archive, ArchiveObject, Clock, ObjectMetadata};
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{Reconcile, ReconcilePolicy, ReconcileReport};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use collector::tenant::Tenant;
use jiff::{SignedDuration, Timestamp};
use management_api::{Client, ClientSettings};
use management_api_simulator::Tenant as SimulatedTenant;
use testkit::{
    FixedJitter, InMemory, ManualClock, MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter, MemoryState,
    MemoryTenants, WithManagementApi,
};

/// The machine's clock, some seconds ahead.
#[derive(Debug, Clone, Default)]
pub struct OffsetClock(Arc<AtomicI64>);

impl OffsetClock {
    pub fn set_offset(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // For an instant in the past the conversion fails: there is nothing to wait for.
        let wait = Duration::try_from(instant.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}

type RealClient = Client<OffsetClock, FixedJitter>;
type BenchmarkPorts = WithManagementApi<InMemory<OffsetClock, FixedJitter>, RealClient>;

/// A stack: what the functions share, and one warm process of each.
pub struct Collector {
    pub clock: OffsetClock,
    /// The time of AWS. It stands still while a function runs.
    aws_clock: ManualClock,
    tenants: MemoryTenants,
    client: RealClient,
    state: MemoryState,
    queue: MemoryQueue,
    archive: MemoryArchive,
    leases: [MemoryLeases; 2],
    rate_limiter: MemoryRateLimiter<OffsetClock>,
    limits: RunLimits,
    ages: Vec<SignedDuration>,
}

impl Collector {
    /// Of the simulator's first `tenants` tenants, at `url`.
    ///
    /// # Panics
    /// If the client cannot be built.
    #[must_use]
    pub fn new(url: &str, tenants: u32, limits: RunLimits, ages: &[SignedDuration]) -> Self {
        let clock = OffsetClock::default();
        let aws_clock = ManualClock::at(clock.now());
        let root = url.parse().ok();
        let settings = ClientSettings::with_roots(root.clone(), root);
        let tenant = |number| {
            let json = SimulatedTenant::example(number).credentials_json();
            Tenant::parse(&format!("m365/tenant-{number:06}"), &json).unwrap()
        };
        Self {
            tenants: MemoryTenants::of((1..=tenants).map(tenant)),
            client: Client::new(settings, clock.clone(), FixedJitter(0.5)).unwrap(),
            state: MemoryState::by(&aws_clock),
            queue: MemoryQueue::new(&aws_clock),
            archive: MemoryArchive::default(),
            leases: [MemoryLeases::new(&aws_clock), MemoryLeases::new(&aws_clock)],
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(2_000), &aws_clock).by(clock.clone()),
            limits,
            ages: ages.to_vec(),
            aws_clock,
            clock,
        }
    }

    /// Every feed of a tenant was polled until `instant`, and nothing before it is known.
    pub fn listed_until(&self, tenants: u32, instant: Timestamp) {
        for number in 1..=tenants {
            let tenant_id = collector::feed::TenantId(SimulatedTenant::example(number).id);
            for content_type in ContentType::ALL {
                self.state.set_cursor(FeedId { tenant_id, content_type }, Cursor::at(instant));
            }
        }
    }

    /// # Panics
    /// If the tenants cannot be listed.
    pub async fn poll(&self, deadline: SignedDuration) -> PollReport {
        let now = self.start();
        let poll = Poll::<BenchmarkPorts> {
            leases: self.leases[0].clone(),
            tenants: self.tenants.clone(),
            management_api: self.client.clone(),
            cursors: self.state.clone(),
            losses: self.state.clone(),
            queue: self.queue.clone(),
            rate_limiter: self.rate_limiter.clone(),
            clock: self.clock.clone(),
            policy: PollPolicy { plan: PlanPolicy::with_backfill_hours(1), limits: self.limits },
        };
        poll.run(Shard::WHOLE, now + deadline).await.unwrap()
    }

    /// # Panics
    /// If the tenants cannot be listed.
    pub async fn reconcile(&self, shard: Shard, deadline: SignedDuration) -> ReconcileReport {
        let now = self.start();
        let reconcile = Reconcile::<BenchmarkPorts> {
            leases: self.leases[1].clone(),
            tenants: self.tenants.clone(),
            management_api: self.client.clone(),
            windows: self.state.clone(),
            open_contents: self.state.clone(),
            losses: self.state.clone(),
            queue: self.queue.clone(),
            archive: self.archive.clone(),
            dead_letters: None,
            rate_limiter: self.rate_limiter.clone(),
            clock: self.clock.clone(),
            policy: ReconcilePolicy { ages: self.ages.clone(), limits: self.limits },
        };
        reconcile.run(shard, now + deadline).await.unwrap()
    }

    fn start(&self) -> Timestamp {
        self.aws_clock.set(self.clock.now());
        self.clock.now()
    }

    /// Every message is delivered, and its content archived.
    ///
    /// # Panics
    /// If memory refuses an object.
    pub async fn archive_all(&self) {
        for message in self.queue.drain() {
            let key = archive_key(message.feed(), &message.content_id, message.content_created);
            let object = self.archive.begin().await.unwrap();
            object.store(&key, &ObjectMetadata::of(&message, 1)).await.unwrap();
        }
    }

    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}
