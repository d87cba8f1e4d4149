//! The real use cases against the simulator and a local AWS: what the tests, the demo and the benchmark share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed set-up should panic at once")]

pub mod comparison;
pub mod cost_model;
pub mod invocation;
pub mod local_collector;
pub mod resources;
pub mod runtime_api;
pub mod stack;
