//! What the benchmarks share: a simulated Microsoft in a process of its own, a collector over AWS in memory, and what a
//! process uses.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot be set up should stop at once")]

pub mod collector;
pub mod microsoft;
pub mod usage;
