//! Ports that follow a script: each call may go through, fail, give way to others first, or never end.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;

use audit_feed::content::Listing;
use audit_feed::cursor::Cursor;
use audit_feed::failure::Failure;
use audit_feed::feed::{ContentType, FeedId, TenantId};
use audit_feed::loss::Loss;
use audit_feed::message::ContentMessage;
use audit_feed::ports::{Claim, ContentPage, FeedState, ManagementApi, Queue, State};
use audit_feed::tenant::Tenant;
use audit_feed::window::Window;
use bytes::Bytes;
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
    KeepLoss,
    RememberStart,
    Send,
    SendLater,
    Windows(FeedId),
    KeepWindow,
    Losses,
    Progress,
    KeepProgress,
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

    async fn record_window(&self, feed: FeedId, expected: Option<Cursor>, window: Window) -> Result<Claim, Failure> {
        wait((self.script)(Event::Record)).await?;
        self.port.record_window(feed, expected, window).await
    }

    async fn commit_window(&self, feed: FeedId, listing: &Listing) -> Result<Claim, Failure> {
        wait((self.script)(Event::Commit)).await?;
        self.port.commit_window(feed, listing).await
    }

    async fn skip(&self, feed: FeedId, expected: Cursor, loss: &Loss) -> Result<Claim, Failure> {
        wait((self.script)(Event::Skip)).await?;
        self.port.skip(feed, expected, loss).await
    }

    async fn keep_loss(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        wait((self.script)(Event::KeepLoss)).await?;
        self.port.keep_loss(feed, loss).await
    }

    async fn mark_told(&self, feed: FeedId, loss: &Loss) -> Result<(), Failure> {
        self.port.mark_told(feed, loss).await
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

    async fn send_later(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        wait((self.script)(Event::SendLater)).await?;
        self.port.send_later(message, delay).await
    }
}
