//! A reconciler over the ports in memory, and the windows that it rechecks.

use std::cell::Cell;

use collector::content::{ContentDigest, Listing, archive_key, hour_of};
use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::feed_state::{CursorMove, FeedState, Passed};
use collector::loss::Loss;
use collector::open_content::OpenContent;
use collector::ports::{Archive, ArchiveObject, Clock, ConditionalWrite, Cursors, Losses, ObjectMetadata};
use collector::rate_limit::RateLimitPolicy;
use collector::reconcile::{FeedReconciliation, Reconcile, ReconcilePolicy, ReconcileReport};
use collector::scheduler::RunLimits;
use collector::shard::Shard;
use collector::tenant::Tenant;
use collector::window::Window;
use collector::window_record::WindowRecord;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::{
    Action, Call, CrashPoint, FakeManagementApi, InMemory, Interceptor, ManualClock, MemoryArchive, MemoryLeases,
    MemoryQueue, MemoryRateLimiter, MemoryState, MemoryTenants, PortCall, TENANT, WithInterceptor, at, content, feed,
    tenant, window,
};

use crate::poll_fixture::{EXCHANGE, NOW};
use crate::reconcile_samples::{ages, http_503};

/// A window, half an hour old at [`NOW`]: its first recheck is due.
pub(crate) const BOUNDS: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z");

pub(crate) struct ReconcileFixture {
    /// A process that crashed does not keep the next one out.
    pub(crate) leases: MemoryLeases,
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) archive: MemoryArchive,
    pub(crate) dead_letters: MemoryQueue,
    pub(crate) rate_limiter: MemoryRateLimiter,
    pub(crate) clock: ManualClock,
    pub(crate) policy: ReconcilePolicy,
}

impl ReconcileFixture {
    /// These tenants, at [`NOW`].
    pub(crate) fn of(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let clock = ManualClock::at(at(NOW));
        Self {
            leases: MemoryLeases::of_all(&clock),
            tenants: MemoryTenants::of(tenants),
            api: FakeManagementApi::default(),
            state: MemoryState::by(&clock),
            queue: MemoryQueue::new(&clock),
            archive: MemoryArchive::default(),
            dead_letters: MemoryQueue::new(&clock),
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(2_000), &clock),
            clock,
            policy: ReconcilePolicy {
                ages: ages(),
                limits: RunLimits { concurrency: 4, stop_before: SignedDuration::from_secs(15) },
            },
        }
    }

    /// One tenant and its Exchange feed alone: [`feed`].
    pub(crate) fn exchange() -> Self {
        Self::of([tenant(TENANT, &[EXCHANGE])])
    }

    /// [`ReconcileFixture::exchange`], with the window of [`BOUNDS`] that held `contents`, each an id and a time.
    pub(crate) fn with(contents: &[(&str, &str)]) -> Self {
        let fixture = Self::exchange();
        fixture.list(feed(), BOUNDS, contents);
        fixture
    }

    /// A poller listed `contents` in this window, five seconds after its end.
    pub(crate) fn list(&self, feed: FeedId, bounds: (&str, &str), contents: &[(&str, &str)]) -> Window {
        self.list_at(feed, bounds, contents, at(bounds.1) + SignedDuration::from_secs(5))
    }

    /// A poller listed `contents` in this window, at that time.
    pub(crate) fn list_at(
        &self,
        feed: FeedId,
        (start, end): (&str, &str),
        contents: &[(&str, &str)],
        listed_at: Timestamp,
    ) -> Window {
        let window = window(start, end);
        self.publish(feed, contents);
        let digests = contents.iter().map(|(id, _)| ContentDigest::of(id)).collect();
        let hours = contents.iter().map(|(_, created)| hour_of(at(created))).collect();
        let listing = Listing { window, digests, hours, listed_at };
        // The row of windows that held nothing is written when the cursor moves on.
        let (passed, empty) = if contents.is_empty() {
            (Passed::Empty(listed_at), Some(listing))
        } else {
            (Passed::Listed(listing), None)
        };
        let listed_until = window.end();
        let to = CursorMove { listed_until, passed, empty_since: None, empty, contents_per_hour: None };
        let before = Cursor::recording(window);
        self.state.set_cursor(feed, before);
        assert_eq!(block_on(self.state.move_cursor(feed, before, &to)).unwrap(), ConditionalWrite::Applied);
        window
    }

    /// A poller passed over this window of [`feed`], five seconds after its end; `contents` is what it holds.
    pub(crate) fn pass_over(&self, bounds: (&str, &str), contents: &[(&str, &str)]) -> Window {
        self.pass_over_at(bounds, contents, at(bounds.1) + SignedDuration::from_secs(5))
    }

    /// The same, at that time.
    pub(crate) fn pass_over_at(
        &self,
        (start, end): (&str, &str),
        contents: &[(&str, &str)],
        passed_over_at: Timestamp,
    ) -> Window {
        let window = window(start, end);
        self.publish(feed(), contents);
        let before = Cursor::recording(window);
        self.state.set_cursor(feed(), before);
        let to = FeedState::default().move_past_unlisted(window, passed_over_at);
        assert_eq!(block_on(self.state.move_cursor(feed(), before, &to)).unwrap(), ConditionalWrite::Applied);
        window
    }

    /// The recheck of the window of [`BOUNDS`] at an age, a second after it is due.
    pub(crate) fn reconcile_at_age(&self, age: SignedDuration) -> ReconcileReport {
        self.clock.set(at(BOUNDS.1) + age + SignedDuration::from_secs(6));
        self.reconcile()
    }

    /// What a listing names from now on.
    pub(crate) fn publish(&self, feed: FeedId, contents: &[(&str, &str)]) {
        contents.iter().for_each(|(id, created)| self.api.publish(feed, content(id, created), "[]"));
    }

    /// A fetcher has archived `contents`.
    pub(crate) fn archive(&self, feed: FeedId, contents: &[(&str, &str)]) {
        for (id, created) in contents {
            let metadata = ObjectMetadata {
                content_id: (*id).to_owned(),
                content_type: feed.content_type,
                content_created: at(created),
                tenant_id: feed.tenant_id,
                records: 0,
                malformed: None,
            };
            let store =
                async { self.archive.begin().await?.store(&archive_key(feed, id, at(created)), &metadata).await };
            block_on(store).unwrap();
        }
    }

    /// A loss of [`feed`] is recorded, and not reported.
    pub(crate) fn lose(&self, loss: &Loss) {
        block_on(self.state.record_loss(feed(), loss)).unwrap();
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub(crate) fn an_hour_later(&self) {
        self.later(SignedDuration::from_hours(1));
    }

    /// Before the time of a turn is over.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(2)
    }

    /// A reconciler of which every call goes through `interceptor`.
    pub(crate) fn reconciler<'a>(&self, interceptor: &Interceptor<'a>) -> Reconcile<WithInterceptor<'a, InMemory>> {
        Reconcile {
            leases: interceptor.wrap(self.leases.clone()),
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(self.api.clone()),
            windows: interceptor.wrap(self.state.clone()),
            open_contents: interceptor.wrap(self.state.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            archive: interceptor.wrap(self.archive.clone()),
            dead_letters: interceptor.wrap(Some(self.dead_letters.clone())),
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            clock: self.clock.clone(),
            policy: self.policy.clone(),
        }
    }

    /// Reconciles in a process that crashes at `crash_point`; `None` if it did.
    pub(crate) fn reconcile_until(&self, crash_point: &CrashPoint) -> Option<ReconcileReport> {
        let reconciler = self.reconciler(&Interceptor::crash_at(crash_point));
        Some(block_on(crash_point.run(reconciler.run(Shard::WHOLE, self.deadline())))?.unwrap())
    }

    pub(crate) fn reconcile(&self) -> ReconcileReport {
        self.reconcile_with(|_| Action::Proceed)
    }

    /// Reconciles while `script` decides what becomes of each call.
    pub(crate) fn reconcile_with(&self, script: impl Fn(PortCall<'_>) -> Action) -> ReconcileReport {
        block_on(self.reconciler(&Interceptor::script(&script)).run(Shard::WHOLE, self.deadline())).unwrap()
    }

    /// Reconciles while Microsoft does not list these windows.
    pub(crate) fn reconcile_without(&self, unlistable: &[Window]) -> ReconcileReport {
        self.reconcile_with(|call| match call {
            PortCall::List(_, window) if unlistable.contains(&window) => Action::Fail(http_503()),
            _ => Action::Proceed,
        })
    }

    /// Reconciles while Microsoft lists nothing.
    pub(crate) fn reconcile_without_microsoft(&self) -> ReconcileReport {
        self.reconcile_with(|call| match call {
            PortCall::List(..) => Action::Fail(http_503()),
            _ => Action::Proceed,
        })
    }

    /// Reconciles, and returns how many of the calls were such a one.
    pub(crate) fn reconcile_counting(&self, is_counted: impl Fn(PortCall<'_>) -> bool) -> u32 {
        let count = Cell::new(0);
        self.reconcile_with(|call| {
            count.set(count.get() + u32::from(is_counted(call)));
            Action::Proceed
        });
        count.get()
    }

    /// Marks all losses in `report` as reported.
    pub(crate) fn mark_reported(&self, report: &ReconcileReport) {
        block_on(self.reconciler(&Interceptor::default()).mark_losses_reported(report));
    }

    /// All listings that Microsoft was asked for, in the order of the calls.
    pub(crate) fn listings(&self) -> Vec<(FeedId, Window)> {
        let listing = |call| match call {
            Call::List(feed, window) => Some((feed, window)),
            Call::Subscriptions(_) | Call::Start(_) | Call::Open(_) => None,
        };
        self.api.calls().into_iter().filter_map(listing).collect()
    }

    /// The windows of [`feed`] that Microsoft was asked for, in the order of the calls.
    pub(crate) fn asked(&self) -> Vec<Window> {
        self.listings().into_iter().filter(|(of, _)| *of == feed()).map(|(_, window)| window).collect()
    }

    /// The ids of the open contents of [`feed`].
    pub(crate) fn open_ids(&self) -> Vec<String> {
        self.state.open(feed()).iter().map(OpenContent::id).collect()
    }

    /// Up to where the windows of [`feed`] are rechecked at an age.
    pub(crate) fn checked_until(&self, age: SignedDuration) -> Option<Timestamp> {
        self.state.rechecks_of(feed()).checked_until.get(&age).copied()
    }

    /// The record of the only window of [`feed`].
    pub(crate) fn record(&self) -> WindowRecord {
        let records = self.state.committed(feed());
        let [record] = &records[..] else { panic!("one window was expected, not {records:?}") };
        record.clone()
    }

    /// The days that have a report, for each feed.
    pub(crate) fn days(&self) -> Vec<String> {
        let day = |key: String| key.split('/').nth(1).unwrap().trim_start_matches("day=").to_owned();
        self.archive.reports().into_keys().map(day).collect()
    }

    /// The report of a day of [`feed`], as it was stored.
    pub(crate) fn day(&self, day: &str) -> Option<Value> {
        let key = format!("completeness/day={day}/tenant={TENANT}/Audit.Exchange.json");
        self.archive.reports().get(&key).map(|json| serde_json::from_slice(json).unwrap())
    }
}

/// The report of the only feed there is.
pub(crate) fn only(report: &ReconcileReport) -> &FeedReconciliation {
    let [feed] = &report.feeds[..] else { panic!("one feed was expected, not {report:?}") };
    feed
}
