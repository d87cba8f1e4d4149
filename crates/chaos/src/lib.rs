//! The fault campaign: simulated days of the whole collector under random faults, checked record by record.
//!
//! # What it simulates
//!
//! One seed is one simulation of one tenant. Its `profile` fixes the content types, the poll interval, the failure rates
//! and the outages; from then on, everything that happens is drawn from the seed:
//!
//! - `publishing`: the tenant publishes records, some of which are listed late or expire early.
//! - `invocations`: pollers, fetchers and reconcilers run as the Lambda functions run them, each in a `process` that may
//!   be killed at any port call, with a clock that may be wrong.
//! - `faults` and `ports`: DynamoDB, S3, SQS and Secrets Manager, in memory, behind an interceptor that injects faults.
//!   Microsoft's side is the simulator, over HTTP, with its own random faults; and some minutes cannot be listed, alone or in
//!   a longer window.
//! - `admin_actions`: an administrator disables subscriptions, rotates the secret and revokes tokens.
//! - `quiesce`: at the end all faults stop, and the collector runs on until its queues are empty and nothing is missing.
//!
//! # What it checks
//!
//! - Every published record is archived once, or a reported loss covers it (`checker`, `feed_checker`).
//! - No loss is reported that need not have been one, and none twice (`loss_checker`).
//! - Objects are complete, and are never replaced by other bytes; every window is settled; no message is left.
//! - A window that was passed over is listed in the end, or its span is lost.
//!
//! # How to run it
//!
//! ```text
//! cargo test -p chaos -- --nocapture   the short form, ten seeds, which `make test` runs too
//! make chaos SEEDS=500                 so many seeds, and the sum of their figures
//! CHAOS_SEED=1234 make chaos           one seed, with its event log
//! ```
//!
//! A seed fixes the profile and every single decision. Real HTTP and timeouts remain, so that two runs of a seed take
//! slightly different courses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a panic fails the seed")]

mod admin_actions;
mod campaign;
mod check_result;
mod checker;
mod deployment;
mod faults;
mod feed_checker;
mod figures;
mod invocations;
mod loss_checker;
mod ports;
mod process;
mod profile;
mod publishing;
mod quiesce;
mod simulation;
mod time;

pub use self::campaign::run as run_campaign;
