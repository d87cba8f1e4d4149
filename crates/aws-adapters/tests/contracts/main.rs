//! The contract suites of `testkit`, against a local AWS and, so that both promise the same, against the fakes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing set-up should stop the test")]

mod archive;
mod local_aws;
mod queue;
mod rate_limit;
mod state;
mod tenants;
