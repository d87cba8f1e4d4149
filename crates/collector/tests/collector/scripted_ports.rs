//! Ports that follow a script: each call may go through, fail, give way to others first, or never end.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;

use bytes::Bytes;
use collector::content::Listing;
use collector::cursor::Cursor;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::Loss;
use collector::message::ContentMessage;
use collector::ports::{ConditionalWrite, ContentPage, FeedState, ManagementApi, Queue, State};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::stream;
use futures::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use url::Url;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    Subscriptions(TenantId),
    Start,
    List(FeedId, Window),
    Open(&'a Tenant),
    Feeds,
    Record,
    Commit,
    Skip,
    RecordLoss,
    RememberStart,
    Send,
    SendDelayed,
    Windows(FeedId),
    UpdateWindow,
    Losses,
    Progress,
    SaveProgress,
    Archived,
    StoreReport,
    Receive,
    Remove,
}

/// What becomes of a call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Proceed,
    Fail(Failure),
    /// The first page, or the first bytes, and then this; for the two calls that answer with a stream.
    FailAfterFirst(Failure),
    /// Everyone else who is ready goes first.
    GiveWay,
    Hang,
}

/// A port whose every call is first shown to the script.
#[derive(Debug, Clone)]
pub(crate) struct Scripted<P, F> {
    pub(crate) port: P,
    pub(crate) script: F,
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

/// What comes before the call.
pub(crate) async fn wait(act: Act) -> Result<(), Failure> {
    match act {
        Act::Proceed | Act::FailAfterFirst(_) => Ok(()),
        Act::Fail(failure) => Err(failure),
        Act::GiveWay => {
            give_way().await;
            Ok(())
        }
        Act::Hang => pending().await,
    }
}

/// A call that answers with a stream, as a stream.
fn stream_of<T, S: Stream<Item = Result<T, Failure>>>(act: Act, items: S) -> impl Stream<Item = Result<T, Failure>> {
    let (length, end) = match &act {
        Act::Fail(_) => (0, None),
        Act::FailAfterFirst(failure) => (1, Some(Err(failure.clone()))),
        Act::Proceed | Act::GiveWay | Act::Hang => (usize::MAX, None),
    };
    let waiting = stream::once(wait(act)).filter_map(|waited| ready(waited.err().map(Err)));
    waiting.chain(items.take(length)).chain(stream::iter(end))
}

impl<M: ManagementApi, F: Fn(Event<'_>) -> Act> ManagementApi for Scripted<M, F> {
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        wait((self.script)(Event::Subscriptions(tenant.id))).await?;
        self.port.enabled_subscriptions(tenant).await
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        wait((self.script)(Event::Start)).await?;
        self.port.start_subscription(tenant, content_type).await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        let event = Event::List(tenant.feed(content_type), window);
        stream_of((self.script)(event), self.port.list(tenant, content_type, window))
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let act = (self.script)(Event::Open(tenant));
        wait(act.clone()).await?;
        Ok(stream_of(act, self.port.open(tenant, uri).await?))
    }
}

impl<S: State, F: Fn(Event<'_>) -> Act> State for Scripted<S, F> {
    async fn feeds(&self, tenant_id: TenantId, content_types: &[ContentType]) -> Result<Vec<FeedState>, Failure> {
        wait((self.script)(Event::Feeds)).await?;
        self.port.feeds(tenant_id, content_types).await
    }

    async fn record_window(
        &self,
        feed: FeedId,
        expected: Option<Cursor>,
        window: Window,
    ) -> Result<ConditionalWrite, Failure> {
        wait((self.script)(Event::Record)).await?;
        self.port.record_window(feed, expected, window).await
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<ConditionalWrite, Failure> {
        wait((self.script)(Event::Commit)).await?;
        self.port.commit_window(feed, listing).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<ConditionalWrite, Failure> {
        wait((self.script)(Event::Skip)).await?;
        self.port.skip(feed, expected, loss).await
    }

    async fn record_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        wait((self.script)(Event::RecordLoss)).await?;
        self.port.record_loss(feed, loss).await
    }

    async fn mark_reported(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.port.mark_reported(feed, loss).await
    }

    async fn remember_subscription_start(&self, feed: FeedId, at: Option<Timestamp>) -> Result<(), Failure> {
        wait((self.script)(Event::RememberStart)).await?;
        self.port.remember_subscription_start(feed, at).await
    }
}

impl<Q: Queue, F: Fn(Event<'_>) -> Act> Queue for Scripted<Q, F> {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        wait((self.script)(Event::Send)).await?;
        self.port.send(messages).await
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        wait((self.script)(Event::SendDelayed)).await?;
        self.port.send_delayed(message, delay).await
    }
}
