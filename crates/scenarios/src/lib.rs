//! The real use cases against the simulator and a local AWS: what the stories in `tests` and the demo have in common.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken set-up should stop the fixture right there")]

pub mod comparison;
pub mod invocation;
pub mod local_collector;
pub mod resources;
pub mod runtime_api;
pub mod stack;
