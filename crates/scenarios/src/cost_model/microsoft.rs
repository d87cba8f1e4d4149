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
pub(super) struct Microsoft {
    clock: ManualClock,
    publishing: Publishing,
    uri: Url,
}

const HOUR_MS: i64 = 3_600_000;

impl Microsoft {
    pub(super) fn new(clock: &ManualClock, publishing: Publishing) -> Self {
        let uri = "https://manage.office.com/api/v1.0/activity/feed/audit/content".parse().expect("it is a URL");
        Self { clock: clock.clone(), publishing, uri }
    }

    /// One that lists nothing, which saves time where nothing depends on what is listed.
    pub(super) fn mute(&self) -> Self {
        Self { publishing: Publishing::Nothing, ..self.clone() }
    }

    /// Whether each hour is like the others.
    pub(super) fn publishes_evenly(&self) -> bool {
        !matches!(self.publishing, Publishing::PerHour(_))
    }

    /// When the contents of a feed were created between two instants, all in milliseconds since the epoch, the second exclusive.
    fn created(&self, feed: FeedId, from: i64, until: i64) -> Vec<i64> {
        let hours = || (from.div_euclid(HOUR_MS)..=until.div_euclid(HOUR_MS)).map(|hour| hour * HOUR_MS);
        let evenly = |per_hour: i64| {
            let gap = HOUR_MS / per_hour;
            let first = (from - gap / 2 + gap - 1).div_euclid(gap);
            (first..).map(move |index| index * gap + gap / 2).take_while(move |at| *at < until)
        };
        match self.publishing {
            Publishing::Nothing => Vec::new(),
            Publishing::InEachWindow => evenly(12).collect(),
            Publishing::EvenlyPerHour(contents) => evenly(contents).collect(),
            Publishing::PerHour(contents) => {
                let random = |hour, index| {
                    let random = u128::from_be_bytes(ContentDigest::of(&format!("{} {index}", hour / 1_000)).0);
                    let content_type = ContentType::ALL[(random % ContentType::ALL.len() as u128) as usize];
                    (content_type == feed.content_type)
                        .then_some(hour + ((random >> 64) % HOUR_MS.unsigned_abs() as u128) as i64)
                };
                let instants = hours().flat_map(|hour| (0..contents).filter_map(move |index| random(hour, index)));
                instants.filter(|at| (from..until).contains(at)).collect()
            }
        }
    }

    fn contents(&self, feed: FeedId, window: Window) -> Vec<Content> {
        let visible_until = window.end().as_millisecond().min(self.clock.now().as_millisecond() + 1);
        let created = self.created(feed, window.start().as_millisecond(), visible_until);
        let instants = created.into_iter().filter_map(|at| Timestamp::from_millisecond(at).ok());
        instants.map(|created| self.content(feed, created)).collect()
    }

    fn content(&self, feed: FeedId, created: Timestamp) -> Content {
        let id = format!("{}${}", created.as_millisecond(), feed.content_type.as_str());
        Content { id, uri: self.uri.clone(), created, expiration: created + SignedDuration::from_hours(7 * 24) }
    }
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
        const ONE_RECORD: &[u8] = br#"[{"Id":"1"}]"#;
        Ok(stream::iter([Ok(Bytes::from_static(ONE_RECORD))]))
    }
}
