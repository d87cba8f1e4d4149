//! The model's own ports: where what a call costs depends on what it returns.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use collector::content::{ContentDigest, digest_of_key};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{
    Archive, ArchiveIndex, ArchiveObject, Clock, ConditionalWrite, Freshness, MalformedBodies, ObjectMetadata, Ports,
    Tenants, Windows,
};
use collector::rechecks::Rechecks;
use collector::tenant::{InvalidSecret, Tenant};
use collector::window_record::{WindowCounts, WindowRecord};
use jiff::{SignedDuration, Timestamp};
use testkit::{
    FixedJitter, Intercepted, ManualClock, MemoryLeases, MemoryQueue, MemoryRateLimiter, MemoryState, MemoryTenants,
};

use super::microsoft::Microsoft;
use super::queue::WaitingMessages;
use super::units::{self, Meter};

/// The ports of the model. What is intercepted is counted by [`units::of_call`].
pub(super) struct ModelPorts<'a>(PhantomData<&'a ()>);

impl<'a> Ports for ModelPorts<'a> {
    type Tenants = Secrets;
    type ManagementApi = Intercepted<'a, Microsoft>;
    type Cursors = Intercepted<'a, MemoryState>;
    type Windows = WindowRows;
    type OpenContents = Intercepted<'a, MemoryState>;
    type Losses = Intercepted<'a, MemoryState>;
    type Leases = Intercepted<'a, MemoryLeases>;
    type Queue = WaitingMessages;
    type DeadLetters = Intercepted<'a, Option<MemoryQueue>>;
    type Archive = Bucket;
    type ArchiveIndex = Bucket;
    type RateLimiter = Intercepted<'a, MemoryRateLimiter>;
    type Clock = ManualClock;
    type Jitter = FixedJitter;
}

/// The secrets, as one execution environment of a function reads them. Clones share their cache.
#[derive(Clone)]
pub(super) struct Secrets {
    pub(super) tenants: MemoryTenants,
    pub(super) clock: ManualClock,
    pub(super) meter: Meter,
    /// When this environment last read the tenant's secret.
    pub(super) read_at: Rc<Cell<Option<Timestamp>>>,
}

impl Tenants for Secrets {
    async fn all(&self) -> Result<Vec<Result<Arc<Tenant>, InvalidSecret>>, Failure> {
        let all = self.tenants.all().await?;
        self.meter.count(units::list_secrets(all.len() as u64));
        Ok(all)
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Arc<Tenant>, Failure> {
        /// As in `SecretsManagerTenants::one`.
        const CACHED_FOR: SignedDuration = SignedDuration::from_mins(5);
        let now = self.clock.now();
        let is_cached = self.read_at.get().is_some_and(|at| now.duration_since(at) < CACHED_FOR);
        if freshness == Freshness::Fresh || !is_cached {
            self.meter.count(units::READ_SECRET);
            self.read_at.set(Some(now));
        }
        self.tenants.one(secret_id, freshness).await
    }
}

/// The rows of windows and of rechecks.
#[derive(Clone)]
pub(super) struct WindowRows {
    pub(super) state: MemoryState,
    pub(super) meter: Meter,
}

pub(super) fn row_bytes(record: &WindowRecord) -> u64 {
    units::window_row_bytes(record.digests.len() as u64, record.hours.len() as u64)
}

impl Windows for WindowRows {
    async fn windows(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<WindowRecord>, Failure> {
        // The Query reads one row more than it returns.
        let mut records = self.state.windows(feed, from, before, limit.saturating_add(1)).await?;
        if from <= before {
            self.meter.count(units::query(records.iter().map(row_bytes).sum()));
        }
        records.truncate(limit);
        Ok(records)
    }

    async fn window_counts(
        &self,
        feed: FeedId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<WindowCounts>, Failure> {
        let counts = self.state.window_counts(feed, from, before).await?;
        let bytes = |of: &WindowCounts| units::window_row_bytes(of.contents, of.contents.min(1));
        self.meter.count(units::query(counts.iter().map(bytes).sum()));
        Ok(counts)
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.meter.count(units::put_item(row_bytes(record)));
        self.state.update_window(feed, record).await
    }

    async fn rechecks(&self, feed: FeedId) -> Result<Rechecks, Failure> {
        self.meter.count(units::READ_RECHECKS);
        self.state.rechecks(feed).await
    }

    async fn save_rechecks(&self, feed: FeedId, rechecks: &mut Rechecks) -> Result<ConditionalWrite, Failure> {
        /// More than the row has.
        const BYTES: u64 = 1_000;
        self.meter.count(units::put_item(BYTES));
        self.state.save_rechecks(feed, rechecks).await
    }
}

/// A feed, and an hour since the epoch.
type Hour = (FeedId, i64);

/// An archive that keeps only the names of its objects, so that a million of them have room. Clones share them.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) meter: Meter,
    pub(super) objects: Rc<RefCell<HashMap<Hour, HashSet<ContentDigest>>>>,
}

impl Bucket {
    pub(super) fn len(&self) -> usize {
        self.objects.borrow().values().map(HashSet::len).sum()
    }

    pub(super) fn put(&self, feed: FeedId, created: Timestamp, content: ContentDigest) {
        self.objects.borrow_mut().entry((feed, hour(created))).or_default().insert(content);
    }
}

fn hour(instant: Timestamp) -> i64 {
    instant.as_second().div_euclid(3_600)
}

impl MalformedBodies for Bucket {
    async fn malformed(&self, _feed: FeedId, _content: ContentDigest, _day: Timestamp) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

impl Archive for Bucket {
    type Object = Self;

    async fn begin(&self) -> Result<Self, Failure> {
        Ok(self.clone())
    }
}

impl ArchiveObject for Bucket {
    async fn write(&mut self, _bytes: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        self.meter.count(units::PUT_OBJECT);
        let feed = FeedId { tenant_id: metadata.tenant_id, content_type: metadata.content_type };
        if let Some(digest) = digest_of_key(key) {
            self.put(feed, metadata.content_created, digest);
        }
        Ok(())
    }
}

impl ArchiveIndex for Bucket {
    async fn archived(&self, feed: FeedId, of: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        let archived = self.objects.borrow().get(&(feed, hour(of))).cloned().unwrap_or_default();
        self.meter.count(units::list_objects(archived.len() as u64));
        Ok(archived)
    }

    async fn store_report(&self, _key: &str, _json: Vec<u8>) -> Result<(), Failure> {
        self.meter.count(units::PUT_OBJECT);
        Ok(())
    }
}
