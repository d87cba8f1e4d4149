//! What the use cases need from outside, in the domain's own language.
//!
//! Each port has a strict in-memory fake and a real adapter, and both pass the same contract suite.
#![expect(async_fn_in_trait, reason = "a use case runs on one task and never asks its futures to be Send")]

use std::collections::HashSet;

use bytes::Bytes;
use futures::Stream;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::content::{Content, ContentDigest, Listing};
use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::feed::{ContentType, FeedId, TenantId};
use crate::loss::{Loss, LossRecord};
use crate::message::ContentMessage;
use crate::tenant::{InvalidSecret, Tenant};
use crate::window::Window;
use crate::window_record::WindowRecord;

/// The time of day.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Completes once `instant` has come.
    async fn sleep_until(&self, instant: Timestamp);
}

/// Randomness, for the jitter that keeps retries from coming all at once.
pub trait Jitter {
    /// A number from 0 (included) to 1 (excluded).
    fn sample(&self) -> f64;
}

/// The tenants to collect from.
pub trait Tenants {
    /// Every tenant there is now; a bad secret stands among them and stops none of the others.
    ///
    /// # Errors
    /// Only where the secrets cannot be listed at all.
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure>;

    /// The tenant in one secret; [`Freshness::Cached`] may be minutes old.
    ///
    /// # Errors
    /// [`crate::failure::FailureKind::InvalidSecret`] for a secret outside of the prefix, without value, or that is no
    /// tenant; [`crate::failure::FailureKind::AwsService`] where it cannot be read now.
    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Tenant, Failure>;
}

/// Whether a secret read minutes ago will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It will do.
    Cached,
    /// It was refused, or may have been rotated: read it again.
    Fresh,
}

/// Microsoft's side.
pub trait ManagementApi {
    /// The content types whose subscription is enabled.
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure>;

    /// Starts the subscription of one content type; one that is on already is a success.
    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure>;

    /// All pages of what was published in `window`. The list is complete only if the stream ends without an error.
    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>>;

    /// Starts to read a content blob; the stream gives its bytes, not compressed.
    ///
    /// # Errors
    /// [`crate::failure::FailureKind::InvalidMessage`] for a URI that is not below the tenant's own root: the bearer token
    /// goes nowhere else. Else what Microsoft answers, an error object in a success included.
    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure>;
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentPage {
    /// What can be fetched.
    pub contents: Vec<Content>,
    /// Entries that name neither an id nor a URI of ours, as they stood there.
    pub malformed: Vec<String>,
}

/// The state of one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedState {
    /// How far it was listed; `None` before the first window.
    pub cursor: Option<Cursor>,
    /// When its subscription was last started by us: Microsoft asks for 15 minutes between starts.
    pub subscription_started_at: Option<Timestamp>,
}

/// Whether a conditional write was done, or someone else had been there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ConditionalWrite {
    /// Done.
    Applied,
    /// Nothing was written: the cursor no longer is what the caller read.
    Conflict,
}

/// What was asked, what was found, what is lost: the memory of the collector.
pub trait State {
    /// The states of a tenant's feeds, in the order of `content_types`.
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure>;

    /// Records `window` as the one being listed, provided that the cursor still is `expected` and nothing is recorded.
    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure>;

    /// Keeps what the recorded window held and moves the cursor to its end, both or neither, provided that this very
    /// window is the recorded one. To be called when all its messages are in the queue.
    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure>;

    /// Keeps `loss` and moves the cursor from `expected` to the loss's end, both or neither.
    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure>;

    /// Keeps `loss`, not told yet. The same loss again is one, and stays as it is unless its end has moved on.
    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// Notes that somebody was told of `loss`. What is not noted here is told again.
    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure>;

    /// Remembers (or, `None`, forgets) when the feed's subscription was started.
    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure>;
}

/// How far looking back at a feed got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReconcileProgress {
    /// Of all windows before it nothing is left to find out; `None` before the first look.
    pub done_until: Option<Timestamp>,
    /// What was found before it stands in the reports; `None` before the first of them.
    pub reported_at: Option<Timestamp>,
}

/// What was found in the windows that were committed, for the one who looks back.
pub trait WindowLog {
    /// The windows of a feed that start at `since` or later, oldest first.
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure>;

    /// Keeps what another look at a window found.
    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure>;

    /// The losses of a feed, oldest first.
    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure>;

    /// How far looking back at a feed got.
    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure>;

    /// Keeps how far looking back at a feed got. Instants that are too early only cost work.
    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure>;
}

/// The request quota that all fetchers of a tenant share.
pub trait RateLimiter {
    /// Books `requests` requests of the tenant for now: all of them, or (`false`) none.
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure>;

    /// Microsoft refused a request of the tenant: everyone slows down for a while.
    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure>;
}

/// The queue between the poller and the fetchers. Delivery is at least once and in any order.
pub trait Queue {
    /// Puts all messages into the queue.
    ///
    /// # Errors
    /// If any message may not be there; the caller sends all of them again.
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure>;

    /// Puts a copy into the queue that is delivered after `delay`, at most 15 minutes.
    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure>;
}

/// Where the objects are.
pub trait Archive {
    /// An object that is being written.
    type Object: ArchiveObject;

    /// Begins an object; nothing can be seen of it until it is stored.
    async fn begin(&self) -> Result<Self::Object, Failure>;
}

/// What is in the archive, for the one who looks back.
pub trait ArchiveIndex {
    /// The contents of a feed that have an object in the hour of `hour`.
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure>;

    /// Stores a report under `key` (below the archive's prefix), in place of an earlier one.
    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure>;
}

/// Where messages end that failed too often.
pub trait DeadLetters {
    /// What names one dead letter.
    type Receipt;

    /// Some of the dead letters, each with its body; none where there are none left to see.
    async fn receive(&self) -> Result<Vec<(Self::Receipt, String)>, Failure>;

    /// Takes a dead letter away for good.
    async fn remove(&self, receipt: Self::Receipt) -> Result<(), Failure>;
}

/// Without a dead-letter queue there are no dead letters.
impl<L: DeadLetters> DeadLetters for Option<L> {
    type Receipt = L::Receipt;

    async fn receive(&self) -> Result<Vec<(Self::Receipt, String)>, Failure> {
        match self {
            Some(messages) => messages.receive().await,
            None => Ok(Vec::new()),
        }
    }

    async fn remove(&self, receipt: Self::Receipt) -> Result<(), Failure> {
        match self {
            Some(messages) => messages.remove(receipt).await,
            None => Ok(()),
        }
    }
}

/// An object that is being written. Dropped before it is stored, it was never there.
pub trait ArchiveObject {
    /// Adds bytes to its end.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// Makes it appear, whole, under `key` (below the archive's prefix).
    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure>;
}

/// What an object says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMetadata {
    /// `content-id`.
    pub content_id: String,
    /// `content-type`.
    pub content_type: ContentType,
    /// `content-created`.
    pub content_created: Timestamp,
    /// `tenant-id`.
    pub tenant_id: TenantId,
    /// `records`: the number of lines.
    pub records: u64,
}
