//! A collector over the ports in memory, at a quiet noon.

use std::collections::BTreeSet;

use collector::feed::{ContentType, FeedId, TenantId};
use collector::plan::PlanPolicy;
use collector::poll::{FeedReport, Poll, PollPolicy, PollReport};
use collector::ports::Clock;
use collector::rate_limit::RateLimitPolicy;
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use collector::tenant::Tenant;
use collector::window::Window;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{
    Action, Call, CrashPoint, FakeManagementApi, InMemory, Interceptor, ManualClock, MemoryLeases, MemoryQueue,
    MemoryRateLimiter, MemoryState, MemoryTenants, PortCall, TENANT, WithInterceptor, at, content, feed, tenant,
};
use uuid::Uuid;

/// Five seconds past noon: windows end at noon.
pub(crate) const NOW: &str = "2026-11-22T12:00:05Z";

/// A second tenant, for tests that need two.
pub(crate) const OTHER: TenantId = TenantId(Uuid::from_u128(0x9999_9999_2222_3333_4444_5555_5555_5555));

/// The tenant with this number; the names of their secrets are in the same order.
pub(crate) fn numbered(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(number))
}

pub(crate) const EXCHANGE: ContentType = ContentType::Exchange;

pub(crate) struct PollFixture {
    /// A process that crashed does not keep the next one out.
    pub(crate) leases: MemoryLeases,
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) rate_limiter: MemoryRateLimiter,
    pub(crate) clock: ManualClock,
    pub(crate) policy: PollPolicy,
}

impl PollFixture {
    /// These tenants, never polled before, from which two hours are collected.
    pub(crate) fn of(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let clock = ManualClock::at(at(NOW));
        Self {
            leases: MemoryLeases::of_all(&clock),
            tenants: MemoryTenants::of(tenants),
            api: FakeManagementApi::default(),
            state: MemoryState::default(),
            queue: MemoryQueue::new(&clock),
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(2_000), &clock),
            clock,
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(2),
                limits: RunLimits { concurrency: 4, stop_before: SignedDuration::from_secs(15) },
            },
        }
    }

    /// One tenant and its Exchange feed alone: [`feed`].
    pub(crate) fn exchange() -> Self {
        Self::of([tenant(TENANT, &[EXCHANGE])])
    }

    /// [`PollFixture::exchange`], its subscription on and everything before `listed_until` listed.
    pub(crate) fn exchange_listed_until(listed_until: &str) -> Self {
        let fixture = Self::exchange();
        fixture.listed_until(feed(), listed_until);
        fixture
    }

    /// An earlier poll left this feed so.
    pub(crate) fn listed_until(&self, feed: FeedId, listed_until: &str) {
        self.api.enable(feed);
        self.state.set_cursor(feed, collector::cursor::Cursor::at(at(listed_until)));
    }

    /// Publishes blobs to [`feed`], each by its id and time.
    pub(crate) fn publish(&self, blobs: &[(&str, &str)]) {
        for (id, created) in blobs {
            self.api.publish(feed(), content(id, created), "[]");
        }
    }

    pub(crate) fn five_minutes_later(&self) {
        self.clock.advance(SignedDuration::from_mins(5));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Before the time of a turn is over.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(2)
    }

    /// A poller of which every call goes through `interceptor`.
    pub(crate) fn poller<'a>(&self, interceptor: &Interceptor<'a>) -> Poll<WithInterceptor<'a, InMemory>> {
        Poll {
            leases: interceptor.wrap(self.leases.clone()),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(self.api.clone()),
            cursors: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            clock: self.clock.clone(),
            policy: self.policy,
        }
    }

    pub(crate) fn poll(&self) -> PollReport {
        self.poll_with(|_| Action::Proceed)
    }

    /// Polls while `script` decides what becomes of each call.
    pub(crate) fn poll_with(&self, script: impl Fn(PortCall<'_>) -> Action) -> PollReport {
        block_on(self.poller(&Interceptor::script(&script)).run(Shard::WHOLE, self.deadline())).unwrap()
    }

    /// Polls in a process that crashes at `crash_point`; `None` if it did.
    pub(crate) fn poll_until(&self, crash_point: &CrashPoint) -> Option<PollReport> {
        self.poll_intercepted(&Interceptor::crash_at(crash_point), crash_point)
    }

    pub(crate) fn poll_intercepted(
        &self,
        interceptor: &Interceptor<'_>,
        crash_point: &CrashPoint,
    ) -> Option<PollReport> {
        let poller = self.poller(interceptor);
        Some(block_on(crash_point.run(poller.run(Shard::WHOLE, self.deadline())))?.unwrap())
    }

    /// The windows of `feed` that Microsoft was asked for, in the order of the calls.
    pub(crate) fn asked(&self, feed: FeedId) -> Vec<Window> {
        self.listings().into_iter().filter(|(of, _)| *of == feed).map(|(_, window)| window).collect()
    }

    /// All listings that Microsoft was asked for, in the order of the calls.
    pub(crate) fn listings(&self) -> Vec<(FeedId, Window)> {
        let listing = |call| match call {
            Call::List(feed, window) => Some((feed, window)),
            Call::Subscriptions(_) | Call::Start(_) | Call::Open(_) => None,
        };
        self.api.calls().into_iter().filter_map(listing).collect()
    }

    /// How often Microsoft was asked to start the subscription of [`feed`].
    pub(crate) fn starts(&self) -> usize {
        self.api.calls().iter().filter(|call| **call == Call::Start(feed())).count()
    }

    /// The ids in the queue, each once: a repeat rewrites the same object.
    pub(crate) fn queued(&self) -> BTreeSet<String> {
        self.queue.content_ids().into_iter().collect()
    }
}

/// The row of the only feed that there is.
pub(crate) fn only_feed(report: &PollReport) -> &FeedReport {
    let feeds: Vec<&FeedReport> = report.feeds().map(|(_, feed)| feed).collect();
    let [feed] = feeds[..] else { panic!("one feed was expected, not {report:?}") };
    feed
}

/// The feed of `content_type` of a tenant.
pub(crate) fn feed_of(tenant_id: TenantId, content_type: ContentType) -> FeedId {
    FeedId { tenant_id, content_type }
}

/// No two different windows share an instant: what was asked twice was asked with the same bounds.
pub(crate) fn assert_no_overlap(windows: &[Window]) {
    let distinct: BTreeSet<Window> = windows.iter().copied().collect();
    for (earlier, later) in distinct.iter().zip(distinct.iter().skip(1)) {
        assert!(earlier.end() <= later.start(), "{earlier} and {later} overlap");
    }
}
