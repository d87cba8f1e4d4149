//! What the domain promises, from outside: plans and values by tables and properties, the use cases as stories over the
//! ports in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a script names the calls that it disturbs, and no others")]

mod clock_offset;
mod completeness;
mod completeness_losses;
mod content;
mod dead_letters;
mod dead_letters_failures;
mod failure;
mod feed_state;
mod fetch;
mod fetch_fixture;
mod fetch_malformed;
mod fetch_rate_limit;
mod fetch_retries;
mod fetch_secrets;
mod message;
mod open_content;
mod plan;
mod plan_properties;
mod poll;
mod poll_conflicts;
mod poll_crashes;
mod poll_deadline;
mod poll_empty_windows;
mod poll_failures;
mod poll_fairness;
mod poll_first_run;
mod poll_fixture;
mod poll_gaps;
mod poll_losses;
mod poll_subscriptions;
mod poll_tenants;
mod rate_limit;
mod rechecks;
mod reconcile;
mod reconcile_ages;
mod reconcile_caps;
mod reconcile_catch_up;
mod reconcile_crashes;
mod reconcile_failures;
mod reconcile_fairness;
mod reconcile_feeds;
mod reconcile_fixture;
mod reconcile_late;
mod reconcile_losses;
mod reconcile_missing;
mod reconcile_open;
mod reconcile_passed_over;
mod reconcile_reporting;
mod reconcile_samples;
mod reconcile_unchecked;
mod shard;
mod tenant;
mod window;
