//! A reconciler over the ports in memory, and the windows that it looks at again.

use collector::content::{ContentDigest, Listing, archive_key};
use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed::FeedId;
use collector::loss::Loss;
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, Clock, ConditionalWrite, DeadLetters, ManagementApi};
use collector::ports::{ObjectMetadata, Queue, State, WindowLog};
use collector::reconcile::{FeedReconciliation, Reconcile, ReconcilePolicy, ReconcileReport};
use collector::scheduler::RunLimits;
use collector::tenant::Tenant;
use collector::window::Window;
use collector::window_record::{RecheckSchedule, WindowRecord};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::{
    Call, CrashPoint, FakeManagementApi, ManualClock, MemoryArchive, MemoryDeadLetters, MemoryQueue, MemoryState,
    MemoryTenants, TENANT, at, content, feed, tenant, window,
};

use crate::poll_fixture::{EXCHANGE, NOW};
use crate::scripted_ports::{Act, Event, Scripted};

/// A window, half an hour old at [`NOW`]: its first look is due.
pub(crate) const BOUNDS: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z");

pub(crate) struct ReconcileFixture {
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) archive: MemoryArchive,
    pub(crate) dead_letters: MemoryDeadLetters,
    pub(crate) clock: ManualClock,
    pub(crate) policy: ReconcilePolicy,
}

pub(crate) type Reconciler<M, S, Q, A, L> = Reconcile<MemoryTenants, M, S, Q, A, L, ManualClock>;

impl ReconcileFixture {
    /// These tenants, at [`NOW`].
    pub(crate) fn of(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let clock = ManualClock::at(at(NOW));
        Self {
            tenants: MemoryTenants::of(tenants),
            api: FakeManagementApi::default(),
            state: MemoryState::by(&clock),
            queue: MemoryQueue::default(),
            archive: MemoryArchive::default(),
            dead_letters: MemoryDeadLetters::default(),
            clock,
            policy: ReconcilePolicy {
                recheck_schedule: ages(),
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
        let listing = Listing { window, digests, listed_at };
        self.state.set_cursor(feed, Cursor::recording(window));
        assert_eq!(block_on(self.state.commit_window(feed, &listing)).unwrap(), ConditionalWrite::Applied);
        window
    }

    /// The last of the looks at the window of [`BOUNDS`], as it should be.
    pub(crate) fn reconcile_last(&self) -> ReconcileReport {
        self.clock.set(at(BOUNDS.1) + SignedDuration::from_hours(6 * 24) + SignedDuration::from_mins(40));
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
            };
            let store =
                async { self.archive.begin().await?.store(&archive_key(feed, id, at(created)), &metadata).await };
            block_on(store).unwrap();
        }
    }

    /// A loss of [`feed`] is noticed, and not told.
    pub(crate) fn lose(&self, loss: &Loss) {
        block_on(self.state.record_loss(feed(), loss)).unwrap();
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.dead_letters.reappear();
    }

    pub(crate) fn an_hour_later(&self) {
        self.later(SignedDuration::from_hours(1));
    }

    pub(crate) fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(10)
    }

    pub(crate) fn reconciler<M, S, Q, A, L>(
        &self,
        management_api: M,
        state: S,
        queue: Q,
        archive: A,
        dead_letters: L,
    ) -> Reconciler<M, S, Q, A, L>
    where
        M: ManagementApi,
        S: State + WindowLog,
        Q: Queue,
        A: ArchiveIndex,
        L: DeadLetters,
    {
        let (tenants, clock, policy) = (self.tenants.clone(), self.clock.clone(), self.policy.clone());
        Reconcile { tenants, management_api, state, queue, archive, dead_letters, clock, policy }
    }

    /// One look back of a process with this supply of crash_point, unless it fails.
    pub(crate) fn reconcile_until(&self, crash_point: &CrashPoint) -> Option<ReconcileReport> {
        let reconciler = self.reconciler(
            crash_point.feed(self.api.clone()),
            crash_point.feed(self.state.clone()),
            crash_point.feed(self.queue.clone()),
            crash_point.feed(self.archive.clone()),
            crash_point.feed(self.dead_letters.clone()),
        );
        Some(block_on(crash_point.run(reconciler.run(self.deadline())))?.unwrap())
    }

    pub(crate) fn reconcile(&self) -> ReconcileReport {
        self.reconcile_with(|_| Act::Proceed)
    }

    /// Looks back while `script` decides what becomes of each call.
    pub(crate) fn reconcile_with(&self, script: impl Fn(Event<'_>) -> Act) -> ReconcileReport {
        let script = &script;
        let reconciler = self.reconciler(
            Scripted { port: self.api.clone(), script },
            Scripted { port: self.state.clone(), script },
            Scripted { port: self.queue.clone(), script },
            Scripted { port: self.archive.clone(), script },
            Scripted { port: self.dead_letters.clone(), script },
        );
        block_on(reconciler.run(self.deadline())).unwrap()
    }

    /// Notes that all losses in `report` were told.
    pub(crate) fn tell(&self, report: &ReconcileReport) {
        let (api, state, queue) = (self.api.clone(), self.state.clone(), self.queue.clone());
        block_on(
            self.reconciler(api, state, queue, self.archive.clone(), self.dead_letters.clone())
                .mark_losses_reported(report),
        );
    }

    /// All listings that Microsoft was asked for, in the order of the calls.
    pub(crate) fn listings(&self) -> Vec<(FeedId, Window)> {
        let listing = |call| match call {
            Call::List(feed, window) => Some((feed, window)),
            Call::Subscriptions(_) | Call::Start(_) | Call::Open(_) => None,
        };
        self.api.calls().into_iter().filter_map(listing).collect()
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

pub(crate) fn down() -> Failure {
    Failure::new(FailureKind::AwsService, "AWS is down")
}

/// The ages that are the default in production.
pub(crate) fn ages() -> RecheckSchedule {
    RecheckSchedule { ages: [15, 60, 180, 720, 1_440, 4_320, 8_640].map(SignedDuration::from_mins).to_vec() }
}

/// The report of the only feed there is.
pub(crate) fn only(report: &ReconcileReport) -> &FeedReconciliation {
    let [feed] = &report.feeds[..] else { panic!("one feed was expected, not {report:?}") };
    feed
}
