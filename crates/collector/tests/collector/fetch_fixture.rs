//! A fetcher over the ports in memory, and one content to be fetched.

use collector::failure::FailureKind;
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::message::ContentMessage;
use collector::ports::Clock;
use collector::rate_limit::RateLimitPolicy;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{
    Action, CrashPoint, FakeManagementApi, FixedJitter, InMemory, Interceptor, ManualClock, MemoryArchive, MemoryQueue,
    MemoryRateLimiter, MemoryState, MemoryTenants, PortCall, TENANT, WithInterceptor, at, blob, content, feed, message,
    tenant,
};

use crate::poll_fixture::EXCHANGE;

/// When the content was published.
pub(crate) const CREATED: &str = "2026-11-22T10:03:07.123Z";

/// Content `a`, waiting to be fetched.
pub(crate) struct FetchFixture {
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) archive: MemoryArchive,
    pub(crate) rate_limiter: MemoryRateLimiter,
    pub(crate) clock: ManualClock,
    pub(crate) jitter: FixedJitter,
}

impl FetchFixture {
    pub(crate) fn with(body: &str) -> Self {
        let clock = ManualClock::at(at(CREATED));
        let fixture = Self {
            tenants: MemoryTenants::of([tenant(TENANT, &[EXCHANGE])]),
            api: FakeManagementApi::default(),
            state: MemoryState::default(),
            queue: MemoryQueue::new(&clock),
            archive: MemoryArchive::default(),
            // More than any test uses up.
            rate_limiter: MemoryRateLimiter::new(RateLimitPolicy::under(1_000_000), &clock),
            clock,
            jitter: FixedJitter(0.5),
        };
        fixture.api.publish(feed(), content("a", CREATED), body);
        fixture
    }

    /// Content of two records.
    pub(crate) fn with_two_records() -> Self {
        Self::with(&blob(&[r#"{"Id":"1"}"#, r#"{"Id":"2"}"#]))
    }

    /// A fetcher of which every call goes through `interceptor`.
    pub(crate) fn fetcher<'a>(&self, interceptor: &Interceptor<'a>) -> Fetch<WithInterceptor<'a, InMemory>> {
        Fetch {
            tenants: interceptor.wrap(self.tenants.clone()),
            management_api: interceptor.wrap(self.api.clone()),
            losses: interceptor.wrap(self.state.clone()),
            queue: interceptor.wrap(self.queue.clone()),
            archive: interceptor.wrap(self.archive.clone()),
            rate_limiter: interceptor.wrap(self.rate_limiter.clone()),
            clock: self.clock.clone(),
            jitter: self.jitter,
        }
    }

    pub(crate) fn deadline(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(4)
    }

    pub(crate) fn fetch(&self) -> FetchOutcome {
        self.fetch_with(|_| Action::Proceed)
    }

    /// Fetches content `a` while `script` decides what becomes of each call.
    pub(crate) fn fetch_with(&self, script: impl Fn(PortCall<'_>) -> Action) -> FetchOutcome {
        self.deliver(&body(&message_for_a()), 1, script)
    }

    /// Fetches content `a` in a process that crashes at `crash_point`; `None` if it did.
    pub(crate) fn fetch_until(&self, crash_point: &CrashPoint) -> Option<FetchOutcome> {
        let fetcher = self.fetcher(&Interceptor::crash_at(crash_point));
        let body = body(&message_for_a());
        let batch = [Delivery { body: &body, receive_count: 1, ..Delivery::default() }];
        let outcomes = block_on(crash_point.run(fetcher.run_batch(&batch, self.deadline(), |_, _| ())))?;
        outcomes.into_iter().next()
    }

    pub(crate) fn deliver(
        &self,
        body: &str,
        receive_count: u32,
        script: impl Fn(PortCall<'_>) -> Action,
    ) -> FetchOutcome {
        self.deliver_batch(&[body], receive_count, script).remove(0)
    }

    pub(crate) fn deliver_batch(
        &self,
        bodies: &[&str],
        receive_count: u32,
        script: impl Fn(PortCall<'_>) -> Action,
    ) -> Vec<FetchOutcome> {
        let batch: Vec<Delivery<'_>> =
            bodies.iter().map(|body| Delivery { body, receive_count, ..Delivery::default() }).collect();
        block_on(self.fetcher(&Interceptor::script(&script)).run_batch(&batch, self.deadline(), |_, _| ()))
    }

    /// Whether nothing was stored, lost or sent.
    pub(crate) fn is_untouched(&self) -> bool {
        self.archive.objects().is_empty() && self.state.losses().is_empty() && self.queue.is_empty()
    }
}

pub(crate) fn message_for_a() -> ContentMessage {
    message("a", CREATED)
}

pub(crate) fn body(message: &ContentMessage) -> String {
    serde_json::to_string(message).unwrap()
}

/// The failure of an outcome: its kind, its message, and when it is retried.
pub(crate) fn failed(outcome: FetchOutcome) -> (FailureKind, String, SignedDuration) {
    match outcome {
        FetchOutcome::Failed { failure, retry_in, .. } => (failure.kind, format!("{failure:#}"), retry_in),
        FetchOutcome::Archived(_) | FetchOutcome::Postponed { .. } | FetchOutcome::Lost { .. } => {
            panic!("a failure was expected, not {outcome:?}")
        }
    }
}
