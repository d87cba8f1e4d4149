//! The client: one connection pool and one token per tenant.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::ports::{Clock, ContentPage, Jitter, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use url::Url;

use crate::clouds::{Endpoints, RootOverrides};
use crate::error::{ErrorResponse, Operation, transport};
use crate::listing::pages;
use crate::request::{ApiRequest, ApiResponse};
use crate::token::TokenCache;
use crate::wire::Subscription;

/// Microsoft's API, seen from one process.
///
/// Clones share both.
#[derive(Debug, Clone)]
pub struct Client<C, D> {
    pub(crate) http: reqwest::Client,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) clock: C,
    pub(crate) jitter: D,
    overrides: RootOverrides,
}

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Addresses for local runs.
    pub overrides: RootOverrides,
    /// For how long a connection is waited for.
    pub connect_timeout: Duration,
    /// For how long the next bytes of an response are waited for.
    pub read_timeout: Duration,
}

impl ClientSettings {
    /// The defaults, with other roots than Microsoft's where such are given.
    #[must_use]
    pub fn with_roots(management_api: Option<Url>, token_authority: Option<Url>) -> Self {
        Self { overrides: RootOverrides { management_api, token_authority }, ..Self::default() }
    }
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            overrides: RootOverrides::default(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
        }
    }
}

impl<C: Clock, D: Jitter> Client<C, D> {
    /// # Errors
    /// Where the machine has no usable TLS roots.
    pub fn new(settings: ClientSettings, clock: C, jitter: D) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("m365-audit-collector/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            // A redirect could carry the token elsewhere, and this API sends none.
            .redirect(Policy::none())
            .build()
            .map_err(transport)?;
        Ok(Self { http, tokens: Arc::default(), clock, jitter, overrides: settings.overrides })
    }

    pub(crate) fn endpoints(&self, tenant: &Tenant) -> Endpoints {
        Endpoints::of(tenant, &self.overrides)
    }
}

impl<C: Clock, D: Jitter> ManagementApi for Client<C, D> {
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/list", "");
        let operation = Operation::ListSubscriptions;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::GET, address };
        let (_, subscriptions) =
            self.send(&request, async |response| request.rows::<Subscription>(response).await).await?;
        let enabled = subscriptions.iter().filter(|subscription| subscription.status.eq_ignore_ascii_case("enabled"));
        Ok(enabled.filter_map(|subscription| subscription.content_type.parse().ok()).collect())
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/start", &format!("contentType={content_type}"));
        let operation = Operation::StartSubscription;
        let request = ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::POST, address };
        self.send(&request, async |response| {
            let error = match response {
                ApiResponse::Success(response) => ErrorResponse::inside(response).await?,
                ApiResponse::Error(error) => Some(error),
            };
            match error {
                Some(error) if !error.is_already_enabled() => Err(request.failure(error)),
                Some(_) | None => Ok(()),
            }
        })
        .await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        pages(self, tenant, content_type, window)
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let endpoints = self.endpoints(tenant);
        let operation = Operation::FetchContent;
        let request =
            ApiRequest { tenant, endpoints: &endpoints, operation, method: Method::GET, address: uri.to_string() };
        self.send(&request, async |response| match response {
            ApiResponse::Success(response) => blob(&request, response).await,
            ApiResponse::Error(error) => Err(request.failure(error)),
        })
        .await
    }
}

/// The bytes of a blob. Trouble may come as a success whose body is an error object, so the first bytes decide.
async fn blob(
    request: &ApiRequest<'_>,
    response: Response,
) -> Result<impl Stream<Item = Result<Bytes, Failure>> + use<>, Failure> {
    /// An error object is a few hundred bytes.
    const LONGEST_ERROR: usize = 64 * 1024;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = response.bytes_stream().map_err(transport).boxed();
    let mut head = Vec::new();
    let first = loop {
        match body.try_next().await? {
            Some(bytes) => head.extend_from_slice(&bytes),
            None => break None,
        }
        if let Some(first) = head.trim_ascii_start().first() {
            break Some(*first);
        }
    };
    match first {
        Some(b'{') => {
            while head.len() < LONGEST_ERROR
                && let Some(bytes) = body.try_next().await?
            {
                head.extend_from_slice(&bytes);
            }
            Err(request.failure(ErrorResponse::read(status, &headers, &head)))
        }
        Some(_) => Ok(stream::iter([Ok(Bytes::from(head))]).chain(body)),
        None => Err(Failure::new(FailureKind::Transient, "fetching content failed: HTTP 200 with an empty body")),
    }
}
