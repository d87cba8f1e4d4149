//! Microsoft's side.

use bytes::Bytes;
use futures::Stream;
use jiff::SignedDuration;
use url::Url;

use crate::content::Content;
use crate::failure::Failure;
use crate::feed::ContentType;
use crate::tenant::Tenant;
use crate::window::Window;

/// The Office 365 Management Activity API.
pub trait ManagementApi {
    /// How far Microsoft's clock is ahead of ours, by the responses of this process; zero before the first of them.
    fn clock_offset(&self) -> SignedDuration;

    /// The content types whose subscription is enabled.
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure>;

    /// Starts the subscription of one content type. Succeeds if it was enabled already.
    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure>;

    /// All pages of what was published in `window`. The listing is complete only if the stream ends without an error.
    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>>;

    /// Opens a content blob; the stream yields its bytes, decompressed.
    ///
    /// # Errors
    /// [`InvalidMessage`](crate::failure::FailureKind::InvalidMessage) for a URI that is not below the tenant's own root:
    /// the bearer token is sent nowhere else. Otherwise what Microsoft answers, an error object in a success included.
    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure>;
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentPage {
    pub contents: Vec<Content>,
    /// Entries with neither an id nor a URI on the tenant's root, as JSON text.
    pub malformed: Vec<String>,
}
