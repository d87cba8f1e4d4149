//! What the domain promises, from outside: plans and values by tables and properties, the use cases as stories over the
//! ports in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a script names the calls that it disturbs, and no others")]

mod books;
mod completeness;
mod completeness_losses;
mod content;
mod dead_letters;
mod dead_letters_failures;
mod desk;
mod failure;
mod fetch;
mod fetch_quota;
mod fetch_retries;
mod fetch_secrets;
mod looking_back;
mod message;
mod plan;
mod plan_properties;
mod poll;
mod poll_deadline;
mod poll_failures;
mod poll_first_run;
mod poll_losses;
mod poll_power_cuts;
mod poll_rivals;
mod poll_subscriptions;
mod poll_tenants;
mod quota;
mod reconcile;
mod reconcile_failures;
mod reconcile_feeds;
mod reconcile_losses;
mod reconcile_missed_looks;
mod reconcile_missing;
mod reconcile_power_cuts;
mod reconcile_telling;
mod script;
mod script_looking_back;
mod shard;
mod story;
mod tenant;
mod window;
