//! The client under test, for one tenant.

use std::time::Duration;

use bytes::Bytes;
use collector::content::Content;
use collector::failure::Failure;
use collector::feed::ContentType;
use collector::ports::{ContentPage, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::{Stream, StreamExt, TryStreamExt};
use management_api::{Client, ClientSettings, RootOverrides};
use management_api_simulator::Tenant as SimulatedTenant;
use testkit::FixedJitter;
use url::Url;

use crate::NOON;
use crate::auto_advancing_clock::AutoAdvancingClock;

pub(crate) struct ClientFixture {
    pub(crate) client: Client<AutoAdvancingClock, FixedJitter>,
    pub(crate) clock: AutoAdvancingClock,
    pub(crate) tenant: Tenant,
}

impl ClientFixture {
    /// For `tenant`, with Microsoft at `url`, at noon, with the jitter fixed at its middle.
    pub(crate) fn of(tenant: &SimulatedTenant, url: &str) -> Self {
        Self::with(tenant, url, FixedJitter(0.5), ClientSettings::default().read_timeout)
    }

    /// The same, but times out after 300 ms without a byte.
    pub(crate) fn impatient(tenant: &SimulatedTenant, url: &str) -> Self {
        Self::with(tenant, url, FixedJitter(0.5), Duration::from_millis(300))
    }

    pub(crate) fn with(tenant: &SimulatedTenant, url: &str, jitter: FixedJitter, read_timeout: Duration) -> Self {
        let url: Url = url.parse().unwrap();
        let overrides = RootOverrides { management_api: Some(url.clone()), token_authority: Some(url) };
        let settings = ClientSettings { overrides, read_timeout, ..ClientSettings::default() };
        let clock = AutoAdvancingClock::at(NOON.parse().unwrap());
        let tenant = Tenant::parse("m365/contoso", &tenant.credentials_json()).unwrap();
        Self { client: Client::new(settings, clock.clone(), jitter).unwrap(), clock, tenant }
    }

    pub(crate) async fn subscriptions(&self) -> Result<Vec<ContentType>, Failure> {
        self.client.enabled_subscriptions(&self.tenant).await
    }

    /// Starts the Exchange subscription.
    pub(crate) async fn start(&self) -> Result<(), Failure> {
        self.client.start_subscription(&self.tenant, ContentType::Exchange).await
    }

    /// All pages of the Exchange feed's last hour.
    pub(crate) async fn list(&self) -> Result<Vec<ContentPage>, Failure> {
        self.list_of(ContentType::Exchange).await
    }

    pub(crate) async fn list_of(&self, content_type: ContentType) -> Result<Vec<ContentPage>, Failure> {
        /// An endless listing then fails its test instead of hanging it.
        const PAGES: usize = 6_000;
        self.client.list(&self.tenant, content_type, last_hour()).take(PAGES).try_collect().await
    }

    /// The contents of all pages of the Exchange feed's last hour, by time.
    pub(crate) async fn contents(&self) -> Vec<Content> {
        let pages = self.list().await.unwrap();
        let mut contents: Vec<Content> = pages.into_iter().flat_map(|page| page.contents).collect();
        contents.sort_by_key(|content| content.created);
        contents
    }

    pub(crate) async fn read(&self, uri: &Url) -> Result<Vec<u8>, Failure> {
        read_all(self.client.open(&self.tenant, uri).await?).await
    }
}

pub(crate) fn last_hour() -> Window {
    testkit::window("2026-11-22T11:00:00Z", NOON)
}

/// The remaining bytes of an open blob.
pub(crate) async fn read_all(blob: impl Stream<Item = Result<Bytes, Failure>>) -> Result<Vec<u8>, Failure> {
    let append = async |mut all: Vec<u8>, bytes: Bytes| {
        all.extend_from_slice(&bytes);
        Ok(all)
    };
    blob.try_fold(Vec::new(), append).await
}
