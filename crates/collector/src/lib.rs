//! The domain of the collector: which windows of a Microsoft 365 audit feed to ask for, what was promised, what was
//! lost, and the use cases that carry content from Microsoft to the archive.
//!
//! Nothing here knows AWS, HTTP, a runtime, the environment or the time of day. The outside comes in through
//! [`ports`]; the use cases are [`poll::Poll`], [`fetch::Fetch`] and [`reconcile::Reconcile`].

pub mod content;
pub mod cursor;
pub mod failure;
pub mod feed;
pub mod feed_state;
pub mod fetch;
pub mod lease;
mod leased_run;
mod limiter_calls;
mod listing;
pub mod loss;
mod loss_reporting;
pub mod message;
pub mod open_content;
mod patience;
pub mod plan;
pub mod poll;
pub mod ports;
pub mod rate_limit;
pub mod rechecks;
pub mod reconcile;
mod rotation;
pub mod scheduler;
pub mod shard;
pub mod tenant;
mod time_limit;
pub mod window;
pub mod window_record;
