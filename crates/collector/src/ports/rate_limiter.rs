//! The request rate that all functions of a stack share, tenant by tenant.

use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;
use crate::feed::TenantId;

/// The request rate of each tenant. Microsoft's limit is per tenant and publisher.
pub trait RateLimiter {
    /// Reserves `requests` requests of the tenant: the slot of each, which is now or lies at most
    /// [`HORIZON`](crate::rate_limit::RateLimitPolicy::HORIZON) ahead. `None` if so much is not free.
    async fn reserve(&self, tenant_id: TenantId, requests: u32) -> Result<Option<Vec<Timestamp>>, Failure>;

    /// Counts `requests` requests that are sent whatever the rate.
    async fn charge(&self, tenant_id: TenantId, requests: u32) -> Result<(), Failure>;

    /// When the rate was last reduced; slots that were reserved before are taken back.
    async fn reduced_at(&self, tenant_id: TenantId) -> Result<Option<Timestamp>, Failure>;

    /// Microsoft throttled a request of the tenant, and asked to wait for `retry_after`: all slow down for a while.
    async fn on_throttled(&self, tenant_id: TenantId, retry_after: Option<SignedDuration>) -> Result<(), Failure>;
}
