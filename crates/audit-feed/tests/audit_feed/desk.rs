//! A fetcher over the ports in memory, and one content to be fetched.

use audit_feed::failure::FailureKind;
use audit_feed::fetch::{Admission, Fetch, FetchOutcome};
use audit_feed::message::ContentMessage;
use audit_feed::quota::QuotaPolicy;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{
    FakeManagementApi, FixedDice, ManualClock, MemoryArchive, MemoryQueue, MemoryQuota, MemoryState, MemoryTenants,
    TENANT, at, blob, content, feed, message, tenant,
};

use crate::script::{Act, Event, Scripted};
use crate::story::EXCHANGE;

/// When the content was published.
pub(crate) const CREATED: &str = "2026-11-22T10:03:07.123Z";

/// A fetcher at work, and content `a` waiting to be fetched.
pub(crate) struct Desk {
    pub(crate) tenants: MemoryTenants,
    pub(crate) api: FakeManagementApi,
    pub(crate) state: MemoryState,
    pub(crate) queue: MemoryQueue,
    pub(crate) archive: MemoryArchive,
    pub(crate) dice: FixedDice,
}

impl Desk {
    pub(crate) fn with(body: &str) -> Self {
        let desk = Self {
            tenants: MemoryTenants::of([tenant(TENANT, &[EXCHANGE])]),
            api: FakeManagementApi::default(),
            state: MemoryState::default(),
            queue: MemoryQueue::default(),
            archive: MemoryArchive::default(),
            dice: FixedDice(0.5),
        };
        desk.api.publish(feed(), content("a", CREATED), body);
        desk
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
            quota: unlimited(),
            dice: self.dice,
        };
        block_on(fetch.run(body, receive_count, Admission::Now))
    }

    /// Whether nothing was stored, lost or sent.
    pub(crate) fn is_untouched(&self) -> bool {
        self.archive.objects().is_empty() && self.state.losses().is_empty() && self.queue.sent().is_empty()
    }
}

/// A quota that no story uses up.
pub(crate) fn unlimited() -> MemoryQuota {
    MemoryQuota::new(QuotaPolicy::under(1_000_000), &ManualClock::at(at(CREATED)))
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
