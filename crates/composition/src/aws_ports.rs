//! The ports over AWS and Microsoft's API.

use std::marker::PhantomData;

use aws_adapters::{
    DynamoDbLeases, DynamoDbRateLimiter, DynamoDbState, S3Archive, Sdk, SecretsManagerTenants, SqsQueue,
};
use collector::failure::Failure;
use collector::ports::{Clock, Jitter, Ports};
use collector::rate_limit::RateLimitPolicy;
use lambda_support::{RandomJitter, SystemClock};
use management_api::{Client, ClientSettings};

use crate::settings::{ArchiveLocation, Common};

/// The family of ports that the functions run with.
#[derive(Debug, Clone, Copy)]
pub struct AwsPorts<C = SystemClock, J = RandomJitter>(PhantomData<(C, J)>);

impl<C: Clock, J: Jitter> Ports for AwsPorts<C, J> {
    type Tenants = SecretsManagerTenants<C>;
    type ManagementApi = Client<C, J>;
    type Cursors = DynamoDbState<C>;
    type Windows = DynamoDbState<C>;
    type OpenContents = DynamoDbState<C>;
    type Losses = DynamoDbState<C>;
    type Leases = DynamoDbLeases<C>;
    type Queue = SqsQueue;
    type DeadLetters = Option<SqsQueue>;
    type Archive = S3Archive;
    type ArchiveIndex = S3Archive;
    type RateLimiter = DynamoDbRateLimiter<C>;
    type Clock = C;
    type Jitter = J;
}

/// Builds the ports of one process. All AWS clients share one configuration; each is built on request.
#[derive(Debug, Clone)]
pub struct Wiring<C = SystemClock, J = RandomJitter> {
    sdk: Sdk,
    common: Common,
    clock: C,
    jitter: J,
}

impl Wiring {
    /// With the system's clock and randomness.
    pub async fn load(common: &Common) -> Self {
        Self::with(Sdk::load(common.path_style).await, common.clone(), SystemClock, RandomJitter)
    }
}

impl<C: Clock + Clone, J: Jitter + Clone> Wiring<C, J> {
    #[must_use]
    pub fn with(sdk: Sdk, common: Common, clock: C, jitter: J) -> Self {
        Self { sdk, common, clock, jitter }
    }

    #[must_use]
    pub fn tenants(&self) -> SecretsManagerTenants<C> {
        SecretsManagerTenants::new(self.sdk.secrets_manager(), &self.common.tenant_secret_prefix, self.clock.clone())
    }

    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn management_api(&self) -> Result<Client<C, J>, Failure> {
        let (api, authority) = (self.common.management_api.clone(), self.common.token_authority.clone());
        Client::new(ClientSettings::with_roots(api, authority), self.clock.clone(), self.jitter.clone())
    }

    /// Cursors, windows and losses, in one table.
    #[must_use]
    pub fn state(&self) -> DynamoDbState<C> {
        DynamoDbState::new(self.sdk.dynamodb(), &self.common.state_table, self.clock.clone())
    }

    #[must_use]
    pub fn queue(&self) -> SqsQueue {
        SqsQueue::new(self.sdk.sqs(), &self.common.fetch_queue_url)
    }

    #[must_use]
    pub fn dead_letters(&self, url: Option<&str>) -> Option<SqsQueue> {
        url.map(|url| SqsQueue::new(self.sdk.sqs(), url))
    }

    #[must_use]
    pub fn archive(&self, location: &ArchiveLocation) -> S3Archive {
        S3Archive::new(self.sdk.s3(), &location.bucket, &location.prefix)
    }

    #[must_use]
    pub fn rate_limiter(&self) -> DynamoDbRateLimiter<C> {
        let policy = RateLimitPolicy::under(self.common.requests_per_minute);
        DynamoDbRateLimiter::new(self.sdk.dynamodb(), &self.common.state_table, policy, self.clock.clone())
    }

    /// Of the function with this name.
    #[must_use]
    pub fn leases(&self, function: &'static str) -> DynamoDbLeases<C> {
        DynamoDbLeases::new(self.sdk.dynamodb(), &self.common.state_table, function, self.clock.clone())
    }

    #[must_use]
    pub fn clock(&self) -> C {
        self.clock.clone()
    }

    #[must_use]
    pub fn jitter(&self) -> J {
        self.jitter.clone()
    }
}
