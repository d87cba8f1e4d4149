//! Ports that fail, and whose process may be killed before and after each call: table, secrets, rate limiter.

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
use crate::time::SimulatedTime;

/// A port as one process sees it.
#[derive(Debug, Clone)]
pub(crate) struct Faulty<P> {
    pub(crate) port: P,
    pub(crate) faults: Rc<Faults>,
    pub(crate) crash_point: CrashPoint,
}

impl<P> Faulty<P> {
    pub(crate) async fn call<T>(
        &self,
        service: Service,
        subject: &str,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.crash_point.around(self.faults.inject(service, subject, call)).await
    }
}

/// The table, with a history of its writes in true time, which the check needs.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) rows: MemoryState,
    pub(crate) time: SimulatedTime,
    /// The start of each feed's first window, and when that window was recorded. Nothing older was ever listed.
    pub(crate) first_windows: Rc<RefCell<BTreeMap<FeedId, (Timestamp, Timestamp)>>>,
    /// When each window was committed.
    pub(crate) committed_at: Rc<RefCell<BTreeMap<(FeedId, Window), Timestamp>>>,
    /// Every attempt to record a loss, and when.
    pub(crate) recorded_losses: Rc<RefCell<Vec<(FeedId, Loss, Timestamp)>>>,
}

impl Table {
    pub(crate) fn at(time: &SimulatedTime) -> Self {
        Self {
            rows: MemoryState::by(&time.clock),
            time: time.clone(),
            first_windows: Rc::default(),
            committed_at: Rc::default(),
            recorded_losses: Rc::default(),
        }
    }

    fn remember_loss(&self, feed: FeedId, loss: &Loss) {
        self.recorded_losses.borrow_mut().push((feed, loss.clone(), self.time.now()));
    }
}

impl State for Faulty<Table> {
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
            let write = self.port.rows.record_window(feed, expected, window).await?;
            if expected.is_none() && write == ConditionalWrite::Applied {
                self.port.first_windows.borrow_mut().insert(feed, (window.start(), self.port.time.now()));
            }
            Ok(write)
        };
        self.call(DYNAMODB, &format!("record {feed}"), record).await
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        let commit = async {
            let write = self.port.rows.commit_window(feed, listing).await?;
            if write == ConditionalWrite::Applied {
                self.port.committed_at.borrow_mut().insert((feed, listing.window), self.port.time.now());
            }
            Ok(write)
        };
        self.call(DYNAMODB, &format!("commit {feed}"), commit).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        let skip = async {
            let write = self.port.rows.skip(feed, expected, loss).await?;
            if write == ConditionalWrite::Applied {
                self.port.remember_loss(feed, loss);
            }
            Ok(write)
        };
        self.call(DYNAMODB, &format!("skip {feed}"), skip).await
    }

    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        let record = async {
            self.port.remember_loss(feed, loss);
            self.port.rows.record_loss(feed, loss).await
        };
        self.call(DYNAMODB, &format!("record loss {feed}"), record).await
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("mark reported {feed}"), self.port.rows.mark_reported(feed, loss)).await
    }

    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("subscription start {feed}"), self.port.rows.remember_subscription_start(feed, at))
            .await
    }
}

impl WindowLog for Faulty<Table> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        self.call(DYNAMODB, &format!("windows {feed}"), self.port.rows.windows(feed, since)).await
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("update window {feed}"), self.port.rows.update_window(feed, record)).await
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        self.call(DYNAMODB, &format!("losses {feed}"), WindowLog::losses(&self.port.rows, feed)).await
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        self.call(DYNAMODB, &format!("progress {feed}"), self.port.rows.progress(feed)).await
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        self.call(DYNAMODB, &format!("save progress {feed}"), self.port.rows.save_progress(feed, progress)).await
    }
}

impl Tenants for Faulty<MemoryTenants> {
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        self.call(SECRETS, "all", self.port.all()).await
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Tenant, Failure> {
        match freshness {
            // From the function's memory: there is no call that could fail.
            Freshness::Cached => self.port.one(secret_id, freshness).await,
            Freshness::Fresh => self.call(SECRETS, "one", self.port.one(secret_id, freshness)).await,
        }
    }
}

impl RateLimiter for Faulty<MemoryRateLimiter> {
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure> {
        self.call(DYNAMODB, "acquire", self.port.try_acquire(tenant_id, requests)).await
    }

    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure> {
        self.call(DYNAMODB, "throttled", self.port.on_throttled(tenant_id)).await
    }
}
