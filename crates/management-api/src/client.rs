//! The client: one connection pool for the process, and one access token per tenant.

use std::sync::Arc;
use std::time::Duration;

use collector::failure::Failure;
use collector::ports::{Clock, Jitter};
use collector::tenant::Tenant;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use crate::clock_offset::ClockOffset;
use crate::clouds::{Endpoints, RootOverrides};
use crate::error::transport;
use crate::token::TokenCache;

/// Clones share the connection pool, the tokens, and what is known of Microsoft's clock.
#[derive(Debug, Clone)]
pub struct Client<C, J> {
    pub(crate) http: reqwest::Client,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) clock: C,
    pub(crate) jitter: J,
    pub(crate) clock_offset: Arc<ClockOffset>,
    overrides: RootOverrides,
}

#[derive(Debug, Clone)]
pub struct ClientSettings {
    pub overrides: RootOverrides,
    pub connect_timeout: Duration,
    /// How long a response may stay silent, before its first byte and between any two. A slow response is not cut off.
    pub read_timeout: Duration,
}

impl ClientSettings {
    /// The defaults, with Microsoft's roots replaced where a replacement is given.
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

impl<C: Clock, J: Jitter> Client<C, J> {
    /// # Errors
    /// If the machine has no usable TLS roots.
    pub fn new(settings: ClientSettings, clock: C, jitter: J) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("m365-audit-collector/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            // This API never redirects, and following a redirect could send the token elsewhere.
            .redirect(Policy::none())
            // The decoder decompresses, because reqwest reads only the first member of a gzip body.
            .no_gzip()
            .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]))
            .build()
            .map_err(transport)?;
        Ok(Self {
            http,
            tokens: Arc::default(),
            clock,
            jitter,
            clock_offset: Arc::default(),
            overrides: settings.overrides,
        })
    }

    pub(crate) fn endpoints(&self, tenant: &Tenant) -> Endpoints {
        Endpoints::of(tenant, &self.overrides)
    }
}
