//! Runs the contract suites of `testkit` against a local AWS and against the in-memory fakes, so that both behave
//! alike.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod archive;
mod archive_condition;
mod archive_metadata;
mod leases;
mod local_aws;
mod queue;
mod rate_limit;
mod scripted_s3;
mod state;
mod state_rows;
mod tenants;
