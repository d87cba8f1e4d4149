//! What the use cases need from outside, in the domain's own language.
//!
//! Each port has a strict in-memory fake and a real adapter, and both pass the same contract suite.
#![expect(async_fn_in_trait, reason = "a use case runs on one task and never asks its futures to be Send")]

mod archive;
mod management_api;
mod queue;
mod state;
mod tenants;

use jiff::Timestamp;

use crate::failure::Failure;
use crate::feed::TenantId;

pub use self::archive::{Archive, ArchiveIndex, ArchiveObject, BodyFault, MalformedBodies, ObjectMetadata};
pub use self::management_api::{ContentPage, ManagementApi};
pub use self::queue::{DeadLetters, Queue};
pub use self::state::{ConditionalWrite, Cursors, Losses, OpenContents, Windows};
pub use self::tenants::{Freshness, Tenants};

/// A family of port types. A use case holds only the ports that it needs, each of the type that the family names: the
/// fetcher can record losses, and has nothing that could move a cursor.
pub trait Ports {
    type Tenants: Tenants;
    type ManagementApi: ManagementApi;
    type Cursors: Cursors;
    type Windows: Windows;
    type OpenContents: OpenContents;
    type Losses: Losses;
    type Queue: Queue;
    type DeadLetters: DeadLetters;
    type Archive: Archive;
    type ArchiveIndex: ArchiveIndex;
    type RateLimiter: RateLimiter;
    type Clock: Clock;
    type Jitter: Jitter;
}

/// The time of day.
pub trait Clock {
    fn now(&self) -> Timestamp;

    /// Completes at `instant`; at once if that has passed.
    async fn sleep_until(&self, instant: Timestamp);
}

/// Randomness, for the jitter that keeps retries from coming all at once.
pub trait Jitter {
    /// A number from 0 (included) to 1 (excluded).
    fn sample(&self) -> f64;
}

/// The request rate that all fetchers of a tenant share. Microsoft's limit is per tenant and publisher.
pub trait RateLimiter {
    /// Acquires `requests` requests of the tenant, to be sent now: all of them, or (`false`) none.
    async fn try_acquire(&self, tenant_id: TenantId, requests: u32) -> Result<bool, Failure>;

    /// Microsoft throttled a request of the tenant: all fetchers slow down for a while.
    async fn on_throttled(&self, tenant_id: TenantId) -> Result<(), Failure>;
}
