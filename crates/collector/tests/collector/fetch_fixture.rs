//! A fetcher over the ports in memory, and one content to be fetched.

use collector::failure::FailureKind;
use collector::fetch::{Admission, Fetch, FetchOutcome};
use collector::message::ContentMessage;
use collector::rate_limit::RateLimitPolicy;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{
    FakeManagementApi, FixedJitter, ManualClock, MemoryArchive, MemoryQueue, MemoryRateLimiter, MemoryState,
    MemoryTenants, TENANT, at, blob, content, feed, message, tenant,
};

use crate::poll_fixture::EXCHANGE;
use crate::scripted_ports::{Act, Event, Scripted};

/// When the content was published.
pub(crate) const CREATED: &str = "2026-11-22T10:03:07.123Z";

/// A fetcher at work, and content `a` waiting to be fetched.
pub(crate) struct FetchFixture {
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) archive: MemoryArchive,
    pub(crate) jitter: FixedJitter,
}

impl FetchFixture {
    pub(crate) fn with(body: &str) -> Self {
        let fixture = Self {
            tenants: MemoryTenants::of([tenant(TENANT, &[EXCHANGE])]),
            api: FakeManagementApi::default(),
            state: MemoryState::default(),
            queue: MemoryQueue::default(),
            archive: MemoryArchive::default(),
            jitter: FixedJitter(0.5),
        };
        fixture.api.publish(feed(), content("a", CREATED), body);
        fixture
    }

    /// Content of two records.
    pub(crate) fn with_two_records() -> Self {
        Self::with(&blob(&[r#"{"Id":"1"}"#, r#"{"Id":"2"}"#]))
    }

    pub(crate) fn fetch(&self) -> FetchOutcome {
        self.fetch_with(|_| Act::Proceed)
    }

    /// Fetches while `script` decides what becomes of each call.
    pub(crate) fn fetch_with(&self, script: impl Fn(Event<'_>) -> Act) -> FetchOutcome {
        self.deliver(&body(&message_for_a()), 1, script)
    }

    pub(crate) fn deliver(&self, body: &str, receive_count: u32, script: impl Fn(Event<'_>) -> Act) -> FetchOutcome {
        let script = &script;
        let fetch = Fetch {
            tenants: self.tenants.clone(),
            management_api: Scripted { port: self.api.clone(), script },
            state: Scripted { port: self.state.clone(), script },
            queue: Scripted { port: self.queue.clone(), script },
            archive: self.archive.clone(),
            rate_limiter: unlimited(),
            jitter: self.jitter,
        };
        block_on(fetch.run(body, receive_count, Admission::Now))
    }

    /// Whether nothing was stored, lost or sent.
    pub(crate) fn is_untouched(&self) -> bool {
        self.archive.objects().is_empty() && self.state.losses().is_empty() && self.queue.sent().is_empty()
    }
}

/// A quota that no fixture uses up.
pub(crate) fn unlimited() -> MemoryRateLimiter {
    MemoryRateLimiter::new(RateLimitPolicy::under(1_000_000), &ManualClock::at(at(CREATED)))
}

pub(crate) fn message_for_a() -> ContentMessage {
    message("a", CREATED)
}

pub(crate) fn body(message: &ContentMessage) -> String {
    serde_json::to_string(message).unwrap()
}

/// The outcome was a failure: its kind, its message, and when it may come back.
pub(crate) fn failed(outcome: FetchOutcome) -> (FailureKind, String, SignedDuration) {
    match outcome {
        FetchOutcome::Failed { failure, retry_in } => (failure.kind, failure.message, retry_in),
        FetchOutcome::Archived(_) | FetchOutcome::Postponed { .. } | FetchOutcome::Lost { .. } => {
            panic!("a failure was expected, not {outcome:?}")
        }
    }
}
