//! Ports that fail, and whose process may die before and after each of their calls: the table, the secrets, the queue.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossRecord};
use collector::ports::{
    ConditionalWrite, FeedState, Freshness, RateLimiter, ReconcileProgress, State, Tenants, WindowLog,
};
use collector::tenant::{InvalidSecret, Tenant};
use collector::window::Window;
use collector::window_record::WindowRecord;
use jiff::Timestamp;
use testkit::{CrashPoint, MemoryRateLimiter, MemoryState, MemoryTenants};

use crate::faults::{DYNAMODB, Faults, SECRETS, Service};
use crate::time::Time;

/// A port in one process.
#[derive(Debug, Clone)]
pub(crate) struct Frail<P> {
    pub(crate) port: P,
    pub(crate) faults: Rc<Faults>,
    pub(crate) crash_point: CrashPoint,
}

impl<P> Frail<P> {
    pub(crate) async fn call<T>(
        &self,
        service: Service,
        about: &str,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.crash_point.around(self.faults.strike(service, about, call)).await
    }
}

/// The table, and what was written to it at which true time.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) rows: MemoryState,
    pub(crate) time: Time,
    /// Where each feed began, and when: nothing older was ever asked for, and nobody asked before.
    pub(crate) begun: Rc<RefCell<BTreeMap<FeedId, (Timestamp, Timestamp)>>>,
    /// When each window had been listed.
    pub(crate) listed: Rc<RefCell<BTreeMap<(FeedId, Window), Timestamp>>>,
    /// Every loss that was kept, and when.
    pub(crate) kept: Rc<RefCell<Vec<(FeedId, Loss, Timestamp)>>>,
}

impl Table {
    pub(crate) fn at(time: &Time) -> Self {
        Self {
            rows: MemoryState::by(&time.clock),
            time: time.clone(),
            begun: Rc::default(),
            listed: Rc::default(),
            kept: Rc::default(),
        }
    }

    fn keep(&self, feed: FeedId, loss: &Loss) {
        self.kept.borrow_mut().push((feed, loss.clone(), self.time.now()));
    }
}

impl State for Frail<Table> {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        self.call(DYNAMODB, "feeds", self.port.rows.feeds(tenant_id, content_types)).await
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        let record = async {
            let claim = self.port.rows.record_window(feed, expected, window).await?;
            if expected.is_none() && claim == ConditionalWrite::Applied {
                self.port.begun.borrow_mut().insert(feed, (window.start(), self.port.time.now()));
            }
            Ok(claim)
        };
        self.call(DYNAMODB, &format!("record {feed}"), record).await
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        let commit = async {
            let claim = self.port.rows.commit_window(feed, listing).await?;
            if claim == ConditionalWrite::Applied {
                self.port.listed.borrow_mut().insert((feed, listing.window), self.port.time.now());
            }
            Ok(claim)
        };
        self.call(DYNAMODB, &format!("commit {feed}"), commit).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        let skip = async {
            let claim = self.port.rows.skip(feed, expected, loss).await?;
            if claim == ConditionalWrite::Applied {
                self.port.keep(feed, loss);
            }
            Ok(claim)
        };
        self.call(DYNAMODB, &format!("skip {feed}"), skip).await
    }

    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let keep = async {
            self.port.keep(feed, loss);
            self.port.rows.record_loss(feed, loss).await
        };
        self.call(DYNAMODB, &format!("loss {feed}"), keep).await
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("told {feed}"), self.port.rows.mark_reported(feed, loss)).await
    }

    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("start {feed}"), self.port.rows.remember_subscription_start(feed, at)).await
    }
}

impl WindowLog for Frail<Table> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        self.call(DYNAMODB, &format!("windows {feed}"), self.port.rows.windows(feed, since)).await
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("keep {feed}"), self.port.rows.update_window(feed, record)).await
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        self.call(DYNAMODB, &format!("losses {feed}"), WindowLog::losses(&self.port.rows, feed)).await
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        self.call(DYNAMODB, &format!("progress {feed}"), self.port.rows.progress(feed)).await
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("progress {feed}"), self.port.rows.save_progress(feed, progress)).await
    }
}

impl Tenants for Frail<MemoryTenants> {
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        self.call(SECRETS, "all", self.port.all()).await
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Tenant, Failure> {
        match freshness {
            // From memory: no call at all.
            Freshness::Cached => self.port.one(secret_id, freshness).await,
            Freshness::Fresh => self.call(SECRETS, "one", self.port.one(secret_id, freshness)).await,
        }
    }
}

impl RateLimiter for Frail<MemoryRateLimiter> {
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        self.call(DYNAMODB, "book", self.port.try_acquire(tenant_id, requests)).await
    }

    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure> {
        self.call(DYNAMODB, "refused", self.port.on_throttled(tenant_id)).await
    }
}
