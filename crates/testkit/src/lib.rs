//! For tests: every port in memory, a manual clock, one interceptor for all ports, and the contract suites that the
//! fakes and the real adapters pass.
//!
//! The fakes are stateful and strict: a call that was never set up panics, and `assert_met` fails if a scripted fault
//! was never used.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed set-up should panic at once")]

pub mod contracts;

mod archive;
mod clock;
mod intercept;
mod leases;
mod management_api;
mod queue;
mod rate_limit;
mod records;
mod samples;
mod state;
mod template;
mod tenants;

pub use self::archive::{MemoryArchive, MemoryObject, StoredObject};
pub use self::clock::{FixedJitter, ManualClock};
pub use self::intercept::{
    Action, CrashPoint, InMemory, Intercepted, Interceptor, PortCall, WithInterceptor, WithManagementApi, WithQueue,
};
pub use self::leases::MemoryLeases;
pub use self::management_api::{Call, FakeManagementApi};
pub use self::queue::{MemoryQueue, QueueBehavior, Received};
pub use self::rate_limit::MemoryRateLimiter;
pub use self::records::ArchivedRecords;
pub use self::samples::{TENANT, at, blob, content, feed, message, tenant, window};
pub use self::state::{MemoryState, StateHistory};
pub use self::template::max_receive_count;
pub use self::tenants::MemoryTenants;
