//! The client: one connection pool and one token per tenant.

use std::time::Duration;

use audit_feed::failure::{Failure, FailureKind};
use audit_feed::feed::ContentType;
use audit_feed::ports::{Clock, ContentPage, Dice, ManagementApi};
use audit_feed::tenant::Tenant;
use audit_feed::window::Window;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use url::Url;

use crate::call::{Answer, Call};
use crate::endpoints::{Endpoints, RootOverrides};
use crate::error::{ErrorAnswer, Operation, transport};
use crate::pages::pages;
use crate::token::Tokens;
use crate::wire::Subscription;

/// Microsoft's API, seen from one process.
#[derive(Debug)]
pub struct Client<C, D> {
    pub(crate) http: reqwest::Client,
    pub(crate) tokens: Tokens,
    pub(crate) clock: C,
    pub(crate) dice: D,
    overrides: RootOverrides,
}

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Addresses for local runs.
    pub overrides: RootOverrides,
    /// For how long a connection is waited for.
    pub connect_timeout: Duration,
    /// For how long the next bytes of an answer are waited for.
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

impl<C: Clock, D: Dice> Client<C, D> {
    /// # Errors
    /// Where the machine has no usable TLS roots.
    pub fn new(settings: ClientSettings, clock: C, dice: D) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("m365-audit-collector/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            // A redirect could carry the token elsewhere, and this API sends none.
            .redirect(Policy::none())
            .build()
            .map_err(transport)?;
        Ok(Self { http, tokens: Tokens::default(), clock, dice, overrides: settings.overrides })
    }

    pub(crate) fn endpoints(&self, tenant: &Tenant) -> Endpoints {
        Endpoints::of(tenant, &self.overrides)
    }
}

impl<C: Clock, D: Dice> ManagementApi for Client<C, D> {
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/list", "");
        let operation = Operation::ListSubscriptions;
        let call = Call { tenant, endpoints: &endpoints, operation, method: Method::GET, address };
        let (_, subscriptions) = self.send(&call, async |answer| call.rows::<Subscription>(answer).await).await?;
        let enabled = subscriptions.iter().filter(|subscription| subscription.status.eq_ignore_ascii_case("enabled"));
        Ok(enabled.filter_map(|subscription| subscription.content_type.parse().ok()).collect())
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let endpoints = self.endpoints(tenant);
        let address = endpoints.operation("subscriptions/start", &format!("contentType={content_type}"));
        let operation = Operation::StartSubscription;
        let call = Call { tenant, endpoints: &endpoints, operation, method: Method::POST, address };
        self.send(&call, async |answer| {
            let error = match answer {
                Answer::Success(response) => ErrorAnswer::inside(response).await?,
                Answer::Error(error) => Some(error),
            };
            match error {
                Some(error) if !error.is_already_enabled() => Err(call.failure(error)),
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
        let call = Call { tenant, endpoints: &endpoints, operation, method: Method::GET, address: uri.to_string() };
        self.send(&call, async |answer| match answer {
            Answer::Success(response) => blob(&call, response).await,
            Answer::Error(error) => Err(call.failure(error)),
        })
        .await
    }
}

/// The bytes of a blob. Trouble may come as a success whose body is an error object, so the first bytes decide.
async fn blob(
    call: &Call<'_>,
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
            Err(call.failure(ErrorAnswer::read(status, &headers, &head)))
        }
        Some(_) => Ok(stream::iter([Ok(Bytes::from(head))]).chain(body)),
        None => Err(Failure::new(FailureKind::Passing, "fetching content failed: HTTP 200 with an empty body")),
    }
}
