//! Where the tenants and their credentials come from.

use std::sync::Arc;

use crate::failure::Failure;
use crate::tenant::{InvalidSecret, Tenant};

/// The tenants to collect from.
pub trait Tenants {
    /// Every tenant that exists now, in the order of the secrets' names. An invalid secret is an element of the list and stops
    /// none of the others. A secret is read only if its version has changed since this process read it.
    ///
    /// # Errors
    /// Only where the secrets cannot be listed at all.
    async fn all(&self) -> Result<Vec<Result<Arc<Tenant>, InvalidSecret>>, Failure>;

    /// The tenant in one secret; [`Freshness::Cached`] may be minutes old.
    ///
    /// # Errors
    /// [`InvalidSecret`](crate::failure::FailureKind::InvalidSecret) for a secret whose name lacks the prefix, that has
    /// no value, or that does not describe a tenant; [`AwsService`](crate::failure::FailureKind::AwsService) where it
    /// cannot be read now.
    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Arc<Tenant>, Failure>;
}

/// Whether a secret that was read minutes ago is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    Cached,
    /// The cached credentials were rejected, or may have been rotated: read the secret again.
    Fresh,
}
