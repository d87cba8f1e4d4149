//! For tests: every port in memory, a clock that is set by hand, and one contract suite per port that the real adapters
//! pass as well.
//!
//! The fakes keep state and are strict: what was never set up is a panic, and a scripted fault that was never met fails
//! the test in `assert_met`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken test set-up should stop the test right there")]

pub mod contracts;

mod archive;
mod clock;
mod intercept;
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
    Action, CrashPoint, InMemory, Intercepted, Interceptor, PortCall, WithInterceptor, WithQueue,
};
pub use self::management_api::{Call, FakeManagementApi};
pub use self::queue::{MemoryQueue, QueueBehavior, Received};
pub use self::rate_limit::MemoryRateLimiter;
pub use self::records::ArchivedRecords;
pub use self::samples::{TENANT, at, blob, content, feed, message, tenant, window};
pub use self::state::{MemoryState, StateHistory};
pub use self::template::max_receive_count;
pub use self::tenants::MemoryTenants;
