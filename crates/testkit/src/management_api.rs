//! Microsoft in memory: just enough for the stories of the use cases. The whole of its behaviour is the simulator's.

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

/// A call, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// The subscriptions of a tenant.
    Subscriptions(TenantId),
    /// The start of a subscription.
    Start(FeedId),
    /// A listing.
    List(FeedId, Window),
    /// A blob.
    Open(Url),
}

/// A Management Activity API that holds what was published to it. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct FakeManagementApi(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    enabled: BTreeSet<FeedId>,
    published: BTreeMap<FeedId, Vec<(Content, String)>>,
    malformed: BTreeMap<FeedId, String>,
    faults: Vec<(Call, Failure)>,
    calls: Vec<Call>,
    clock_offset: SignedDuration,
}

/// Small pages, so that small stories have several.
const PAGE: usize = 2;

impl FakeManagementApi {
    /// Sets Microsoft's clock this far ahead of the collector's.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.0.lock().unwrap().clock_offset = offset;
    }

    /// Turns a subscription on.
    pub fn enable(&self, feed: FeedId) {
        self.0.lock().unwrap().enabled.insert(feed);
    }

    /// Turns a subscription off.
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

    /// Publishes a blob.
    pub fn publish(&self, feed: FeedId, content: Content, body: &str) {
        self.0.lock().unwrap().published.entry(feed).or_default().push((content, body.to_owned()));
    }

    /// Puts an entry without id and URI on every first page of a feed.
    pub fn publish_unusable(&self, feed: FeedId, entry: &str) {
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
    /// If a scripted fault was never met.
    pub fn assert_met(&self) {
        assert_eq!(self.0.lock().unwrap().faults, [], "these faults were never met");
    }

    fn answer<T>(&self, call: Call, answer: impl FnOnce(&mut World) -> T) -> Result<T, Failure> {
        let mut world = self.0.lock().unwrap();
        let fault = world.faults.iter().position(|(scripted, _)| *scripted == call);
        world.calls.push(call);
        match fault {
            Some(position) => Err(world.faults.remove(position).1),
            None => Ok(answer(&mut world)),
        }
    }
}

impl ManagementApi for FakeManagementApi {
    fn clock_offset(&self) -> SignedDuration {
        self.0.lock().unwrap().clock_offset
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        self.answer(Call::Subscriptions(tenant.id), |world| {
            let own = world.enabled.iter().filter(|feed| feed.tenant_id == tenant.id);
            own.map(|feed| feed.content_type).collect()
        })
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let feed = tenant.feed(content_type);
        self.answer(Call::Start(feed), |world| {
            world.enabled.insert(feed);
        })
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        let feed = tenant.feed(content_type);
        let pages = self.answer(Call::List(feed, window), |world| {
            let published = world.published.get(&feed).into_iter().flatten();
            let inside: Vec<Content> = published
                .map(|(content, _)| content.clone())
                .filter(|content| window.start() <= content.created && content.created < window.end())
                .collect();
            let mut pages: Vec<ContentPage> = inside
                .chunks(PAGE)
                .map(|page| ContentPage { contents: page.to_vec(), malformed: Vec::new() })
                .collect();
            if let Some(entry) = world.malformed.get(&feed) {
                pages.insert(0, ContentPage { contents: Vec::new(), malformed: vec![entry.clone()] });
            }
            pages
        });
        match pages {
            Ok(pages) => iter(pages.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(failure) => iter(vec![Err(failure)]),
        }
    }

    async fn open(&self, _: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let body = self.answer(Call::Open(uri.clone()), |world| {
            let mut published = world.published.values().flatten();
            let blob = published.find(|(content, _)| content.uri == *uri);
            blob.unwrap_or_else(|| panic!("{uri} was never published")).1.clone()
        })?;
        // A few bytes at a time: a record never comes in one piece.
        Ok(iter(body.into_bytes().chunks(7).map(|bytes| Ok(Bytes::copy_from_slice(bytes))).collect::<Vec<_>>()))
    }
}
