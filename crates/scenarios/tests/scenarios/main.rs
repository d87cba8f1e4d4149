//! The real use cases against the simulator and a local AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed set-up should panic at once")]

mod configuration;
mod crashes;
mod deployed;
mod end_to_end;
mod fixture;
mod gaps;
mod loss_reporting;
mod rechecks;
mod throttling;
