//! What the use cases need from outside, in the domain's own language.
//!
//! Each port has a strict in-memory fake and a real adapter, and both pass the same contract suite.
#![expect(async_fn_in_trait, reason = "a use case runs on one task and never asks its futures to be Send")]

mod archive;
mod leases;
mod management_api;
mod queue;
mod rate_limiter;
mod state;
mod tenants;

use jiff::Timestamp;

pub use self::archive::{Archive, ArchiveIndex, ArchiveObject, BodyFault, MalformedBodies, ObjectMetadata};
pub use self::leases::{Acquisition, Leases};
pub use self::management_api::{ContentPage, ManagementApi};
pub use self::queue::{DeadLetters, DelayedCopy, Queue};
pub use self::rate_limiter::RateLimiter;
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
    type Leases: Leases;
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
