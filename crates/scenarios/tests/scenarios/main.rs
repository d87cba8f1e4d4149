//! Stories: the real use cases, the simulator and a local AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a failing set-up should stop the story")]

mod configuration;
mod crashes;
mod deployed;
mod gaps;
mod looking_back;
mod story;
mod telling;
mod throttling;
mod whole_way;
