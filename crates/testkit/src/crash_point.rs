//! A plug that can be pulled: a process that dies between, or in the middle of, any two steps.

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use collector::content::{ContentDigest, Listing};
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossRecord};
use collector::message::ContentMessage;
use collector::ports::{
    ArchiveIndex, ConditionalWrite, ContentPage, DeadLetters, FeedState, ManagementApi, Queue, ReconcileProgress,
    State, WindowLog,
};
use collector::tenant::Tenant;
use collector::window::Window;
use collector::window_record::WindowRecord;
use futures::future::{Either, select};
use futures::task::AtomicWaker;
use futures::{Stream, StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};
use url::Url;

/// The crash_point supply of a process. Each port call passes it twice: before it takes effect and after.
#[derive(Debug, Clone, Default)]
pub struct CrashPoint(Arc<Supply>);

#[derive(Debug, Default)]
struct Supply {
    /// Steps taken so far.
    taken: AtomicU64,
    /// The step at which the crash_point goes; 0 for never.
    fails_at: AtomicU64,
    cut: AtomicWaker,
}

/// A port that stops, forever, when the crash_point goes.
#[derive(Debug, Clone)]
pub struct Intercepted<P> {
    /// The port itself.
    pub port: P,
    /// Its supply.
    pub crash_point: CrashPoint,
}

impl CrashPoint {
    /// CrashPoint that goes at the `step`th step, counted from 1.
    #[must_use]
    pub fn failing_at(step: u64) -> Self {
        let crash_point = Self::default();
        crash_point.0.fails_at.store(step, Ordering::SeqCst);
        crash_point
    }

    /// The number of steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// A port on this supply.
    #[must_use]
    pub fn feed<P>(&self, port: P) -> Intercepted<P> {
        Intercepted { port, crash_point: self.clone() }
    }

    /// FaultKind `process` gives, or `None` if the crash_point went and it was dropped where it stood.
    pub async fn run<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        let cut = poll_fn(|context| {
            self.0.cut.register(context.waker());
            if self.is_off() { Poll::Ready(()) } else { Poll::Pending }
        });
        pin_mut!(process, cut);
        match select(process, cut).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    fn is_off(&self) -> bool {
        let fails_at = self.0.fails_at.load(Ordering::SeqCst);
        fails_at != 0 && self.steps() >= fails_at
    }

    async fn step(&self) {
        self.0.taken.fetch_add(1, Ordering::SeqCst);
        if self.is_off() {
            self.0.cut.wake();
            pending::<()>().await;
        }
    }

    /// `call` between two steps.
    pub async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.step().await;
        let done = call.await;
        self.step().await;
        done
    }
}

impl<S: State> State for Intercepted<S> {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        self.crash_point.around(self.port.feeds(tenant_id, content_types)).await
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        self.crash_point.around(self.port.record_window(feed, expected, window)).await
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        self.crash_point.around(self.port.commit_window(feed, listing)).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        self.crash_point.around(self.port.skip(feed, expected, loss)).await
    }

    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.crash_point.around(self.port.record_loss(feed, loss)).await
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.crash_point.around(self.port.mark_reported(feed, loss)).await
    }

    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure> {
        self.crash_point.around(self.port.remember_subscription_start(feed, at)).await
    }
}

impl<Q: Queue> Queue for Intercepted<Q> {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        // One by one: the crash_point may go when some of a page are in the queue and some are not.
        for message in messages {
            self.crash_point.around(self.port.send(std::slice::from_ref(message))).await?;
        }
        Ok(())
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        self.crash_point.around(self.port.send_delayed(message, delay)).await
    }
}

impl<M: ManagementApi> ManagementApi for Intercepted<M> {
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        self.crash_point.around(self.port.enabled_subscriptions(tenant)).await
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        self.crash_point.around(self.port.start_subscription(tenant, content_type)).await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        self.port.list(tenant, content_type, window).then(|page| self.crash_point.around(ready(page)))
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let blob = self.crash_point.around(self.port.open(tenant, uri)).await?;
        Ok(blob.then(|bytes| self.crash_point.around(ready(bytes))))
    }
}

impl<S: WindowLog> WindowLog for Intercepted<S> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        self.crash_point.around(self.port.windows(feed, since)).await
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        self.crash_point.around(self.port.update_window(feed, record)).await
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        self.crash_point.around(self.port.losses(feed)).await
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        self.crash_point.around(self.port.progress(feed)).await
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        self.crash_point.around(self.port.save_progress(feed, progress)).await
    }
}

impl<A: ArchiveIndex> ArchiveIndex for Intercepted<A> {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        self.crash_point.around(self.port.archived(feed, hour)).await
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.crash_point.around(self.port.store_report(key, json)).await
    }
}

impl<L: DeadLetters> DeadLetters for Intercepted<L> {
    type Receipt = L::Receipt;

    async fn receive(&self) -> Result<Vec<(L::Receipt, String)>, Failure> {
        self.crash_point.around(self.port.receive()).await
    }

    async fn remove(&self, receipt: L::Receipt) -> Result<(), Failure> {
        self.crash_point.around(self.port.remove(receipt)).await
    }
}
