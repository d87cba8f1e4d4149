//! A Microsoft that publishes at a given rate, without keeping what it published.

use bytes::Bytes;
use collector::content::{Content, ContentDigest};
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId};
use collector::ports::{Clock, ContentPage, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::{Stream, stream};
use jiff::{SignedDuration, Timestamp};
use testkit::ManualClock;
use url::Url;

/// What a tenant publishes.
#[derive(Debug, Clone, Copy)]
pub enum Publishing {
    Nothing,
    /// One content in every five minutes, in each feed.
    InEachWindow,
    /// So many contents an hour, at random instants in random feeds.
    PerHour(u64),
    /// So many contents an hour, evenly, in each feed.
    EvenlyPerHour(i64),
}

#[derive(Debug, Clone)]
pub struct Microsoft {
    clock: ManualClock,
    publishing: Publishing,
}

const HOUR: i64 = 3_600;

impl Microsoft {
    pub(super) fn new(clock: &ManualClock, publishing: Publishing) -> Self {
        Self { clock: clock.clone(), publishing }
    }

    /// When the contents of a feed were created, in milliseconds since the epoch, in the hour that begins at `hour`.
    fn created(&self, feed: FeedId, hour: i64) -> Vec<i64> {
        let every = |seconds_per_content: f64| {
            let count = (HOUR as f64 / seconds_per_content).round() as i64;
            (0..count).map(move |index| hour * 1_000 + (((index as f64) + 0.5) * seconds_per_content * 1_000.0) as i64)
        };
        match self.publishing {
            Publishing::Nothing => Vec::new(),
            Publishing::InEachWindow => every(300.0).collect(),
            Publishing::EvenlyPerHour(contents) => every(HOUR as f64 / contents as f64).collect(),
            Publishing::PerHour(contents) => {
                let random = |index| u128::from_be_bytes(ContentDigest::of(&format!("{hour} {index}")).0);
                let of_feed = |random: &u128| {
                    ContentType::ALL[(random % ContentType::ALL.len() as u128) as usize] == feed.content_type
                };
                let instants = (0..contents).map(random).filter(of_feed);
                instants.map(|random| hour * 1_000 + ((random >> 64) % (HOUR as u128 * 1_000)) as i64).collect()
            }
        }
    }

    fn contents(&self, feed: FeedId, window: Window) -> Vec<Content> {
        let (start, end, now) = (window.start(), window.end(), self.clock.now());
        let hours = (start.as_second().div_euclid(HOUR)..=end.as_second().div_euclid(HOUR)).map(|hour| hour * HOUR);
        let created =
            hours.flat_map(|hour| self.created(feed, hour)).filter_map(|at| Timestamp::from_millisecond(at).ok());
        let visible = created.filter(|at| start <= *at && *at < end && *at <= now);
        visible.map(|created| content(feed, created)).collect()
    }
}

fn content(feed: FeedId, created: Timestamp) -> Content {
    let id = format!("{created}${}", feed.content_type);
    let uri: Url = "https://manage.office.com/api/v1.0/activity/feed/audit/content".parse().unwrap();
    Content { id, uri, created, expiration: created + SignedDuration::from_hours(7 * 24) }
}

impl ManagementApi for Microsoft {
    fn clock_offset(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        Ok(tenant.content_types.clone())
    }

    async fn start_subscription(&self, _tenant: &Tenant, _content_type: ContentType) -> Result<(), Failure> {
        Ok(())
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        let contents = self.contents(tenant.feed(content_type), window);
        stream::iter([Ok(ContentPage { contents, malformed: Vec::new() })])
    }

    async fn open(&self, _tenant: &Tenant, _uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        Ok(stream::empty())
    }
}
