//! One interceptor for every port: a script decides what happens to each call (scripted answers and random faults
//! alike), and a crash point stops the process. Both can be combined.

mod crash_point;
mod family;
mod ports;
mod state;

use std::fmt;
use std::future::{Future, pending, poll_fn, ready};
use std::task::Poll;

use collector::failure::Failure;
use collector::feed::{FeedId, TenantId};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::{Stream, StreamExt, stream};

pub use self::crash_point::CrashPoint;
pub use self::family::{InMemory, WithInterceptor, WithManagementApi, WithQueue};

/// A call of a port that is about to be made.
#[derive(Debug, Clone, Copy)]
pub enum PortCall<'a> {
    Subscriptions(TenantId),
    StartSubscription(FeedId),
    List(FeedId, Window),
    /// The next page of a listing has arrived.
    Page(FeedId),
    Open(&'a Tenant),
    /// The next bytes of a blob have arrived.
    ReadBlob,
    AllTenants,
    /// A tenant's secret is read. A cached secret is not a call.
    ReadTenant(&'a str),
    AcquireLease,
    ReleaseLease,
    OtherRuns,
    Feeds(&'a [FeedId]),
    RecordWindow(FeedId),
    ReplaceWindow(FeedId),
    SaveFailedListings(FeedId),
    CommitWindow(FeedId),
    PassOver(FeedId),
    Skip(FeedId),
    SaveSubscription(FeedId),
    Windows(FeedId),
    UpdateWindow(FeedId),
    Rechecks(FeedId),
    SaveRechecks(FeedId),
    PutOpen(FeedId),
    RemoveOpen(FeedId),
    OpenContents(FeedId),
    RecordLoss(FeedId),
    MarkReported(FeedId),
    MarkProcessed(FeedId),
    Losses(FeedId),
    Send,
    /// One message of those that are sent.
    SendOne,
    SendDelayed,
    Waiting,
    ChangeVisibility,
    ReceiveDeadLetters,
    RemoveDeadLetter,
    BeginObject,
    WriteObject,
    StoreObject(&'a str),
    Archived(FeedId),
    StoreReport(&'a str),
    Malformed(FeedId),
    Reserve(TenantId),
    Charge(TenantId),
    ReducedAt(TenantId),
    OnThrottled(TenantId),
}

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Action {
    Proceed,
    /// The call has no effect and fails.
    Fail(Failure),
    /// The call takes effect, but the caller sees a failure.
    LoseResponse(Failure),
    /// For the two calls that return a stream: the first page, or the first bytes, and then this failure.
    FailAfterFirst(Failure),
    /// Yields once, so that every other ready task runs first.
    GiveWay,
    /// Never completes.
    Hang,
}

/// Decides what happens to the calls of the ports that it wraps.
#[derive(Clone, Default)]
pub struct Interceptor<'a> {
    script: Option<&'a dyn Fn(PortCall<'_>) -> Action>,
    crash_point: CrashPoint,
}

/// A port behind an [`Interceptor`].
#[derive(Debug, Clone)]
pub struct Intercepted<'a, P> {
    port: P,
    interceptor: Interceptor<'a>,
}

impl<'a> Interceptor<'a> {
    #[must_use]
    pub fn script(script: &'a dyn Fn(PortCall<'_>) -> Action) -> Self {
        Self { script: Some(script), crash_point: CrashPoint::default() }
    }

    #[must_use]
    pub fn crash_at(crash_point: &CrashPoint) -> Self {
        Self { script: None, crash_point: crash_point.clone() }
    }

    #[must_use]
    pub fn and_crash_at(self, crash_point: &CrashPoint) -> Self {
        Self { crash_point: crash_point.clone(), ..self }
    }

    #[must_use]
    pub fn wrap<P>(&self, port: P) -> Intercepted<'a, P> {
        Intercepted { port, interceptor: self.clone() }
    }

    fn action(&self, call: PortCall<'_>) -> Action {
        self.script.map_or(Action::Proceed, |script| script(call))
    }

    async fn call<T>(&self, call: PortCall<'_>, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let action = self.action(call);
        // Boxed: nested in a use case, the futures of real adapters outgrow the stack of a test's thread.
        self.crash_point.around(Box::pin(act(action, work))).await
    }

    /// A call that returns a stream; each of its items is a call again.
    fn stream<T>(
        &self,
        action: Action,
        items: impl Stream<Item = Result<T, Failure>>,
        each: PortCall<'_>,
    ) -> impl Stream<Item = Result<T, Failure>> {
        let (length, end) = match &action {
            Action::Fail(_) | Action::LoseResponse(_) => (0, None),
            Action::FailAfterFirst(failure) => (1, Some(Err(failure.clone()))),
            Action::Proceed | Action::GiveWay | Action::Hang => (usize::MAX, None),
        };
        let before = stream::once(act(action, ready(Ok(())))).filter_map(|done| ready(done.err().map(Err)));
        let items = items.take(length).then(move |item| self.call(each, ready(item)));
        before.chain(items).chain(stream::iter(end))
    }
}

impl fmt::Debug for Interceptor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interceptor").field("is_scripted", &self.script.is_some()).finish_non_exhaustive()
    }
}

async fn act<T>(action: Action, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match action {
        Action::Proceed | Action::FailAfterFirst(_) => work.await,
        Action::Fail(failure) => Err(failure),
        Action::LoseResponse(failure) => {
            work.await?;
            Err(failure)
        }
        Action::GiveWay => {
            give_way().await;
            work.await
        }
        Action::Hang => pending().await,
    }
}

async fn give_way() {
    let mut gave_way = false;
    poll_fn(|context| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
