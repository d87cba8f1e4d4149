//! A collector in simulated time, over ports in memory that count what AWS and Microsoft would charge for.

mod bill;
mod microsoft;
mod page;
mod ports;
mod prices;
mod queue;
mod template;
#[cfg(test)]
mod tests;
mod units;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::thread;

use collector::feed::{ContentType, FeedId};
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::plan::PlanPolicy;
use collector::poll::{Poll, PollPolicy};
use collector::ports::Clock;
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{Reconcile, ReconcilePolicy};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use composition::settings::RECHECK_AGES;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{
    Action, FixedJitter, Interceptor, ManualClock, MemoryLeases, MemoryRateLimiter, MemoryState, MemoryTenants,
    PortCall, TENANT, tenant,
};

pub use self::bill::{Assumptions, Bill, Billing, Item, Tenant};
use self::microsoft::Microsoft;
pub use self::microsoft::Publishing;
pub use self::page::Page;
use self::ports::{Bucket, ModelPorts, Secrets, WindowRows, row_bytes};
pub use self::prices::{LookUp, Price, Prices};
use self::queue::{Sent, WaitingMessages};
use self::units::Meter;
pub use self::units::{Counts, Function, Unit};

/// A tenant and its collector.
pub struct CostModel {
    pub clock: ManualClock,
    pub state: MemoryState,
    next_poll: Cell<Timestamp>,
    /// As long as this is so, a recheck finds nothing new, whatever is listed: everything is archived at once, and nothing is listed late.
    is_warming_up: Cell<bool>,
    tenants: MemoryTenants,
    microsoft: Microsoft,
    queue: WaitingMessages,
    bucket: Bucket,
    rate_limiter: MemoryRateLimiter,
    poller_leases: MemoryLeases,
    reconciler_leases: MemoryLeases,
    /// When each execution environment of the fetcher last read the tenant's secret.
    environments: Vec<Rc<Cell<Option<Timestamp>>>>,
    meter: Meter,
}

/// 2026-11-01T00:02:00Z.
const START: Timestamp = Timestamp::constant(1_793_491_320, 0);
const BETWEEN_POLLS: SignedDuration = SignedDuration::from_mins(5);
const POLLS_PER_HOUR: u32 = 12;
const LIMITS: RunLimits = RunLimits { concurrency: 32, stop_before: SignedDuration::from_secs(30) };

/// A tenant with 10 content blobs an hour, and one with 5,000, each with all content types. They are simulated side by side, which
/// takes about ten seconds without optimization.
#[must_use]
pub fn small_and_large_tenant() -> (Tenant, Tenant) {
    const EACH_TYPE: i64 = 5_000 / ContentType::ALL.len() as i64;
    let of = |publishing| {
        let day = block_on(CostModel::new(&ContentType::ALL, publishing).eighth_day());
        assert_eq!(day.all(Unit::OnlyAfterAFault), 0, "nothing goes wrong in this month");
        Tenant { day, content_types: ContentType::ALL.len() as u64 }
    };
    thread::scope(|scope| {
        let large = scope.spawn(|| of(Publishing::EvenlyPerHour(EACH_TYPE)));
        let small = of(Publishing::PerHour(10));
        (small, large.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

impl CostModel {
    /// A tenant with these content types that has not been polled yet.
    #[must_use]
    pub fn new(content_types: &[ContentType], publishing: Publishing) -> Self {
        let clock = ManualClock::at(START);
        let meter = Meter::new();
        let requests_per_minute = u32::try_from(template::parameter("RequestsPerMinute")).unwrap_or(u32::MAX);
        Self {
            state: MemoryState::by(&clock),
            next_poll: Cell::new(START),
            is_warming_up: Cell::new(false),
            tenants: MemoryTenants::of([tenant(TENANT, content_types)]),
            microsoft: Microsoft::new(&clock, publishing),
            queue: WaitingMessages::new(&clock, meter.clone()),
            bucket: Bucket { meter: meter.clone(), objects: Rc::default() },
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(requests_per_minute), &clock),
            poller_leases: MemoryLeases::new(&clock),
            reconciler_leases: MemoryLeases::new(&clock),
            environments: (0..template::parameter("MaximumConcurrency")).map(|_| Rc::default()).collect(),
            meter,
            clock,
        }
    }

    /// The five minutes until the next poll, and that poll; at the seventh minute of an hour also a run of the reconciler.
    pub async fn next_poll(&self) {
        self.next_poll.set(self.next_poll.get() + BETWEEN_POLLS);
        self.clock.set(self.next_poll.get());
        self.poll().await;
        if self.clock.now().as_second().rem_euclid(3_600) == 7 * 60 {
            self.reconcile().await;
        }
    }

    async fn poll(&self) {
        let meter = self.meter.of(Function::Poller);
        let count = |call: PortCall<'_>| self.count(&meter, call);
        let interceptor = Interceptor::script(&count);
        let poll = Poll::<ModelPorts<'_>> {
            leases: interceptor.wrap(self.poller_leases.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            tenants: self.secrets(&meter, Rc::default()),
            management_api: interceptor.wrap(self.microsoft.clone()),
            cursors: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: self.queue.counted_by(meter.clone()),
            clock: self.clock.clone(),
            policy: PollPolicy { plan: PlanPolicy::with_backfill_hours(0), limits: LIMITS },
        };
        meter.count((Unit::Invocation, 1));
        let report = poll.run(Shard::WHOLE, self.deadline()).await.expect("ports in memory do not fail");
        poll.mark_losses_reported(&report).await;
    }

    async fn reconcile(&self) {
        let meter = self.meter.of(Function::Reconciler);
        let count = |call: PortCall<'_>| self.count(&meter, call);
        let interceptor = Interceptor::script(&count);
        let microsoft = if self.is_warming_up.get() { self.microsoft.mute() } else { self.microsoft.clone() };
        let reconcile = Reconcile::<ModelPorts<'_>> {
            leases: interceptor.wrap(self.reconciler_leases.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            tenants: self.secrets(&meter, Rc::default()),
            management_api: interceptor.wrap(microsoft),
            windows: WindowRows { state: self.state.clone(), meter: meter.clone() },
            open_contents: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: self.queue.counted_by(meter.clone()),
            archive: Bucket { meter: meter.clone(), ..self.bucket.clone() },
            dead_letters: interceptor.wrap(None),
            clock: self.clock.clone(),
            policy: ReconcilePolicy { ages: RECHECK_AGES.map(SignedDuration::from_mins).to_vec(), limits: LIMITS },
        };
        meter.count((Unit::Invocation, 1));
        let report = reconcile.run(Shard::WHOLE, self.deadline()).await.expect("ports in memory do not fail");
        reconcile.mark_losses_reported(&report).await;
    }

    fn secrets(&self, meter: &Meter, read_at: Rc<Cell<Option<Timestamp>>>) -> Secrets {
        Secrets { tenants: self.tenants.clone(), clock: self.clock.clone(), meter: meter.clone(), read_at }
    }

    fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(10)
    }

    /// The fetchers archive the contents of this many messages at once. Their calls are not counted.
    pub fn archive(&self, messages: usize) {
        for Sent { message, .. } in self.queue.take(messages) {
            self.bucket.put(message.feed(), message.content_created, message.digest());
        }
    }

    /// The fetchers work off the queue, until the next poll: Lambda's pollers receive batches, and each batch is an invocation.
    async fn fetch(&self) {
        /// Lambda polls a queue with five pollers, each of which fills batches of its own.
        const POLLERS: usize = 5;
        /// Between the starts of two batches while all environments are busy, each for three seconds.
        const BETWEEN_BATCHES: SignedDuration = SignedDuration::from_millis(300);
        let batch_size = usize::try_from(template::parameter("BatchSize")).unwrap_or(usize::MAX);
        let mut environments = self.environments.iter().cycle();
        loop {
            let messages = self.queue.take(usize::MAX);
            if messages.is_empty() {
                let next = self.queue.next_visible().filter(|at| *at < self.next_poll.get() + BETWEEN_POLLS);
                let Some(next) = next else { return };
                self.clock.set(next);
            }
            let of_poller = |poller| messages.iter().skip(poller).step_by(POLLERS).collect::<Vec<_>>();
            for received in (0..POLLERS).map(of_poller) {
                for batch in received.chunks(batch_size) {
                    let environment = environments.next().expect("there is at least one environment");
                    self.fetch_batch(Rc::clone(environment), batch).await;
                    self.clock.advance(BETWEEN_BATCHES);
                }
            }
        }
    }

    async fn fetch_batch(&self, environment: Rc<Cell<Option<Timestamp>>>, batch: &[&Sent]) {
        let meter = self.meter.of(Function::Fetcher);
        let count = |call: PortCall<'_>| self.count(&meter, call);
        let interceptor = Interceptor::script(&count);
        let fetch = Fetch::<ModelPorts<'_>> {
            tenants: self.secrets(&meter, environment),
            management_api: interceptor.wrap(self.microsoft.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: self.queue.counted_by(meter.clone()),
            archive: Bucket { meter: meter.clone(), ..self.bucket.clone() },
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            clock: self.clock.clone(),
            jitter: FixedJitter::default(),
        };
        meter.count((Unit::Invocation, 1));
        meter.count(units::RECEIVE_AND_DELETE_BATCH);
        let bodies: Vec<String> =
            batch.iter().map(|sent| serde_json::to_string(&sent.message).expect("a message is JSON")).collect();
        let deliveries: Vec<Delivery<'_>> = bodies
            .iter()
            .zip(batch)
            .map(|(body, sent)| Delivery {
                body,
                receive_count: 1,
                sent_at: Some(sent.at),
                slot: sent.slot,
                ..Delivery::default()
            })
            .collect();
        let outcomes = fetch.run_batch(&deliveries, self.deadline(), |_, _| ()).await;
        let is_expected =
            |outcome: &FetchOutcome| matches!(outcome, FetchOutcome::Archived(_) | FetchOutcome::Postponed { .. });
        assert!(outcomes.iter().all(is_expected), "a content was not archived: {outcomes:?}");
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
        self.bucket.len()
    }

    /// What the eighth day costs, in which windows are rechecked at all ages.
    pub async fn eighth_day(self) -> Counts {
        self.is_warming_up.set(true);
        for _ in 0..7 * 24 * POLLS_PER_HOUR {
            self.next_poll().await;
            self.archive(usize::MAX);
        }
        self.is_warming_up.set(false);
        let (before, since) = (self.meter.counts(), self.clock.now() + SignedDuration::from_secs(1));
        // Where each hour is like the others, the fetchers of one stand for those of all.
        let fetched_hours = if self.microsoft.publishes_evenly() { 1 } else { 24 };
        for hour in 0..24 {
            for _ in 0..POLLS_PER_HOUR {
                self.next_poll().await;
                if hour < fetched_hours {
                    self.fetch().await;
                } else {
                    self.archive(usize::MAX);
                }
            }
        }
        self.count_rows(since);
        let mut counts = &self.meter.counts() - &before;
        counts.scale(Function::Fetcher, 24 / fetched_hours);
        counts
    }

    /// Adds the rows of windows that were written from `since` on. A row and the cursor are written in one transaction.
    fn count_rows(&self, since: Timestamp) {
        let meter = self.meter.of(Function::Poller);
        let mut moves: BTreeMap<(FeedId, Timestamp), Vec<u64>> = BTreeMap::new();
        let mut records = BTreeMap::new();
        for ((feed, window), at) in self.state.history().committed_at {
            if at >= since {
                let of_feed = records.entry(feed).or_insert_with(|| self.state.committed(feed));
                let row = of_feed.iter().find(|record| record.window == window).map_or(0, row_bytes);
                moves.entry((feed, at)).or_default().push(row);
            }
        }
        for rows in moves.values() {
            meter.count(units::transaction(rows));
            meter.count((Unit::WindowRow, rows.len() as u64));
            meter.count((Unit::WindowByte, rows.iter().sum()));
        }
    }

    fn count(&self, meter: &Meter, call: PortCall<'_>) -> Action {
        if let Some(units) = units::of_call(call) {
            meter.count(units);
        }
        Action::Proceed
    }
}
