//! Stories: the real use cases, the simulator and a local AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a failing set-up should stop the fixture")]

mod configuration;
mod crashes;
mod deployed;
mod end_to_end;
mod fixture;
mod gaps;
mod loss_reporting;
mod rechecks;
mod throttling;
