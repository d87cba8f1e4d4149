//! A collector in simulated time, over ports in memory that count what AWS and Microsoft would charge for.

mod microsoft;
mod queue;

use std::cell::RefCell;
use std::collections::BTreeMap;

use collector::content::archive_key;
use collector::feed::ContentType;
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy};
use collector::ports::{Archive, ArchiveObject, Clock, ObjectMetadata, Ports};
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{Reconcile, ReconcilePolicy};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use composition::settings::RECHECK_AGES;
use jiff::{SignedDuration, Timestamp};
use testkit::{
    Action, FixedJitter, Interceptor, ManualClock, MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter,
    MemoryState, MemoryTenants, PortCall, TENANT, WithInterceptor, tenant,
};

pub use self::microsoft::{Microsoft, Publishing};
use self::queue::WaitingMessages;

/// The ports of the model.
struct ModelPorts;

impl Ports for ModelPorts {
    type Tenants = MemoryTenants;
    type ManagementApi = Microsoft;
    type Cursors = MemoryState;
    type Windows = MemoryState;
    type OpenContents = MemoryState;
    type Losses = MemoryState;
    type Leases = MemoryLeases;
    type Queue = WaitingMessages;
    type DeadLetters = Option<MemoryQueue>;
    type Archive = MemoryArchive;
    type ArchiveIndex = MemoryArchive;
    type RateLimiter = MemoryRateLimiter;
    type Clock = ManualClock;
    type Jitter = FixedJitter;
}

/// A tenant and its collector.
pub struct CostModel {
    pub clock: ManualClock,
    pub state: MemoryState,
    tenants: MemoryTenants,
    microsoft: Microsoft,
    queue: WaitingMessages,
    archive: MemoryArchive,
    calls: RefCell<Calls>,
}

/// How often something that costs was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    pub listings: u64,
    /// Single-item writes, each one write unit.
    writes: u64,
    pub s3_lists: u64,
}

const LIMITS: RunLimits = RunLimits { concurrency: 16, stop_before: SignedDuration::from_secs(30) };

impl CostModel {
    /// A tenant with these content types that has not been polled yet.
    #[must_use]
    pub fn new(content_types: &[ContentType], publishing: Publishing) -> Self {
        let clock = ManualClock::at("2026-11-01T00:02:00Z".parse().unwrap());
        Self {
            state: MemoryState::by(&clock),
            tenants: MemoryTenants::of([tenant(TENANT, content_types)]),
            microsoft: Microsoft::new(&clock, publishing),
            queue: WaitingMessages::default(),
            archive: MemoryArchive::default(),
            calls: RefCell::default(),
            clock,
        }
    }

    /// The five minutes until the next poll, and that poll; at the seventh minute of an hour also a run of the reconciler.
    pub async fn next_poll(&self) {
        self.clock.advance(SignedDuration::from_mins(5));
        self.poll().await;
        if self.clock.now().as_second().rem_euclid(3_600) == 7 * 60 {
            self.reconcile().await;
        }
    }

    async fn poll(&self) {
        let count = |call: PortCall<'_>| self.count(call);
        let interceptor = Interceptor::script(&count);
        let poll = Poll::<WithInterceptor<'_, ModelPorts>> {
            leases: interceptor.wrap(MemoryLeases::new(&self.clock)),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(self.microsoft.clone()),
            cursors: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            rate_limiter: interceptor.wrap(MemoryRateLimiter::new(RateLimitPolicy::under(2_000), &self.clock)),
            clock: self.clock.clone(),
            policy: PollPolicy { plan: PlanPolicy::with_backfill_hours(0), limits: LIMITS },
        };
        let report = poll.run(Shard::WHOLE, self.deadline()).await.unwrap();
        poll.mark_losses_reported(&report).await;
    }

    async fn reconcile(&self) {
        let count = |call: PortCall<'_>| self.count(call);
        let interceptor = Interceptor::script(&count);
        let reconcile = Reconcile::<WithInterceptor<'_, ModelPorts>> {
            leases: interceptor.wrap(MemoryLeases::new(&self.clock)),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(self.microsoft.clone()),
            windows: interceptor.wrap(self.state.clone()),
            open_contents: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            archive: interceptor.wrap(self.archive.clone()),
            dead_letters: interceptor.wrap(None),
            rate_limiter: interceptor.wrap(MemoryRateLimiter::new(RateLimitPolicy::under(2_000), &self.clock)),
            clock: self.clock.clone(),
            policy: ReconcilePolicy { ages: RECHECK_AGES.map(SignedDuration::from_mins).to_vec(), limits: LIMITS },
        };
        let report = reconcile.run(Shard::WHOLE, self.deadline()).await.unwrap();
        reconcile.mark_losses_reported(&report).await;
    }

    fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(10)
    }

    /// The fetchers archive the contents of this many messages.
    pub async fn fetch(&self, messages: usize) {
        for message in self.queue.take(messages) {
            let key = archive_key(message.feed(), &message.content_id, message.content_created);
            let object = self.archive.begin().await.unwrap();
            object.store(&key, &ObjectMetadata::of(&message, 1)).await.unwrap();
        }
    }

    /// How many messages wait in the queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many messages were sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.queue.sent()
    }

    #[must_use]
    pub fn archived(&self) -> usize {
        self.archive.objects().len()
    }

    #[must_use]
    pub fn calls(&self) -> Calls {
        *self.calls.borrow()
    }

    /// Rows of windows that were written since `since`.
    #[must_use]
    pub fn rows_since(&self, since: Timestamp) -> u64 {
        self.moves_with_rows(since).values().sum()
    }

    /// DynamoDB's write units from `before` on, which was at `since`: one for an item, twice that in a transaction. A window's
    /// row and the cursor are written in one.
    #[must_use]
    pub fn write_units(&self, before: Calls, since: Timestamp) -> u64 {
        let transactions: u64 = self.moves_with_rows(since).values().map(|rows| 2 * (rows + 1) - 1).sum();
        self.calls().writes - before.writes + transactions
    }

    /// How many rows each move of a cursor wrote.
    fn moves_with_rows(&self, since: Timestamp) -> BTreeMap<(collector::feed::FeedId, Timestamp), u64> {
        let mut rows = BTreeMap::new();
        for ((feed, _), at) in self.state.history().committed_at {
            if at >= since {
                *rows.entry((feed, at)).or_default() += 1;
            }
        }
        rows
    }

    fn count(&self, call: PortCall<'_>) -> Action {
        let is_write = matches!(
            call,
            PortCall::RecordWindow(_)
                | PortCall::CommitWindow(_)
                | PortCall::SaveSubscription(_)
                | PortCall::UpdateWindow(_)
                | PortCall::SaveRechecks(_)
                | PortCall::PutOpen(_)
                | PortCall::RemoveOpen(_)
                | PortCall::RecordLoss(_)
                | PortCall::MarkReported(_)
                | PortCall::MarkProcessed(_)
        );
        let mut calls = self.calls.borrow_mut();
        calls.listings += u64::from(matches!(call, PortCall::List(..)));
        calls.s3_lists += u64::from(matches!(call, PortCall::Archived(_)));
        calls.writes += u64::from(is_write);
        Action::Proceed
    }
}
