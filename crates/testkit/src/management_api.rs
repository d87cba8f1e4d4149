//! Microsoft in memory: just enough for the tests of the use cases. The simulator has the full behaviour.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use collector::content::Content;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::ports::{ContentPage, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::Stream;
use futures::stream::iter;
use jiff::SignedDuration;
use url::Url;

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Subscriptions(TenantId),
    Start(FeedId),
    List(FeedId, Window),
    Open(Url),
}

/// A Management Activity API that serves what was published to it. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct FakeManagementApi(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    enabled: BTreeSet<FeedId>,
    published: BTreeMap<FeedId, Vec<(Content, String)>>,
    malformed: BTreeMap<FeedId, String>,
    faults: Vec<(Call, Failure)>,
    calls: Vec<Call>,
    clock_offset: SignedDuration,
}

/// The entries per page: few, so that short listings have several pages.
const PAGE_SIZE: usize = 2;

impl FakeManagementApi {
    /// Sets Microsoft's clock this far ahead of the collector's.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.0.lock().unwrap().clock_offset = offset;
    }

    pub fn enable(&self, feed: FeedId) {
        self.0.lock().unwrap().enabled.insert(feed);
    }

    pub fn disable(&self, feed: FeedId) {
        self.0.lock().unwrap().enabled.remove(&feed);
    }

    #[must_use]
    pub fn is_enabled(&self, feed: FeedId) -> bool {
        self.0.lock().unwrap().enabled.contains(&feed)
    }

    /// Publishes another body in place of all blobs of a feed.
    pub fn replace(&self, feed: FeedId, content: Content, body: &str) {
        self.0.lock().unwrap().published.remove(&feed);
        self.publish(feed, content, body);
    }

    pub fn publish(&self, feed: FeedId, content: Content, body: &str) {
        self.0.lock().unwrap().published.entry(feed).or_default().push((content, body.to_owned()));
    }

    /// Lets every listing of a feed begin with a page that has this malformed entry only.
    pub fn publish_malformed(&self, feed: FeedId, entry: &str) {
        self.0.lock().unwrap().malformed.insert(feed, entry.to_owned());
    }

    /// Lets the next call that equals `call` fail.
    pub fn fail(&self, call: Call, failure: Failure) {
        self.0.lock().unwrap().faults.push((call, failure));
    }

    /// Forgets the failures that no call has met.
    pub fn clear_failures(&self) {
        self.0.lock().unwrap().faults.clear();
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    /// # Panics
    /// If a scripted fault was never used.
    pub fn assert_met(&self) {
        assert_eq!(self.0.lock().unwrap().faults, [], "these faults were never used");
    }

    fn answer<T>(&self, call: Call, answer: impl FnOnce(&mut State) -> T) -> Result<T, Failure> {
        let mut state = self.0.lock().unwrap();
        let fault = state.faults.iter().position(|(scripted, _)| *scripted == call);
        state.calls.push(call);
        match fault {
            Some(position) => Err(state.faults.remove(position).1),
            None => Ok(answer(&mut state)),
        }
    }
}

impl ManagementApi for FakeManagementApi {
    fn clock_offset(&self) -> SignedDuration {
        self.0.lock().unwrap().clock_offset
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        self.answer(Call::Subscriptions(tenant.id), |state| {
            let own = state.enabled.iter().filter(|feed| feed.tenant_id == tenant.id);
            own.map(|feed| feed.content_type).collect()
        })
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let feed = tenant.feed(content_type);
        self.answer(Call::Start(feed), |state| {
            state.enabled.insert(feed);
        })
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        let feed = tenant.feed(content_type);
        let pages = self.answer(Call::List(feed, window), |state| {
            let published = state.published.get(&feed).into_iter().flatten();
            let inside: Vec<Content> = published
                .map(|(content, _)| content.clone())
                .filter(|content| window.start() <= content.created && content.created < window.end())
                .collect();
            let mut pages: Vec<ContentPage> = inside
                .chunks(PAGE_SIZE)
                .map(|page| ContentPage { contents: page.to_vec(), malformed: Vec::new() })
                .collect();
            if let Some(entry) = state.malformed.get(&feed) {
                pages.insert(0, ContentPage { contents: Vec::new(), malformed: vec![entry.clone()] });
            }
            if pages.is_empty() {
                pages.push(ContentPage::default());
            }
            pages
        });
        match pages {
            Ok(pages) => iter(pages.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(failure) => iter(vec![Err(failure)]),
        }
    }

    async fn open(&self, _: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let body = self.answer(Call::Open(uri.clone()), |state| {
            let mut published = state.published.values().flatten();
            let blob = published.find(|(content, _)| content.uri == *uri);
            blob.unwrap_or_else(|| panic!("{uri} was never published")).1.clone()
        })?;
        // A few bytes at a time, so that records span several chunks.
        Ok(iter(body.into_bytes().chunks(7).map(|bytes| Ok(Bytes::copy_from_slice(bytes))).collect::<Vec<_>>()))
    }
}
