//! What the client promises, told over real HTTP against the simulator, and against a script where Microsoft would have
//! to misbehave more than the simulator does.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a panic is how a test fails")]

mod auto_advancing_clock;
mod blob;
mod broken_blob;
mod classification;
mod client_fixture;
mod clouds;
mod credentials;
mod entries;
mod listing;
mod origin;
mod paging;
mod permissions;
mod publisher;
mod recorded_request;
mod retry;
mod scripted_server;
mod secrecy;
mod subscriptions;
mod token;
mod token_isolation;
mod token_trouble;

use collector::failure::Failure;
use management_api_simulator::{Aggregation, Clock, Config, SECRET_PREFIX, Simulator, TOKEN_PREFIX, Tenant, Timestamp};

use crate::client_fixture::Collector;

/// The time at which all stories begin.
const NOON: &str = "2026-11-22T12:00:00Z";

const EXCHANGE: &str = "Audit.Exchange";

/// A simulator at noon that stands still, and the collector of a tenant with every subscription on since ever.
async fn noon() -> (Simulator, Collector) {
    noon_with(Config::default()).await
}

async fn noon_with(config: Config) -> (Simulator, Collector) {
    noon_of(&Tenant::example(1).subscribed(), config).await
}

async fn noon_of(tenant: &Tenant, config: Config) -> (Simulator, Collector) {
    let clock = Clock::Manual(NOON.parse().unwrap());
    // Each slice is a content of its own, so that the stories can count them.
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let microsoft = Simulator::start(Config { clock, aggregation, ..config }).await.unwrap();
    microsoft.add_tenant(tenant.clone());
    let collector = Collector::of(tenant, &microsoft.url());
    (microsoft, collector)
}

/// 22 November 2026, at this time of day.
fn today(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

/// One record for each of these times of the day, as a content of its own of the collector's Exchange feed.
fn publish(microsoft: &Simulator, collector: &Collector, times: &[&str]) {
    for time in times {
        microsoft.publish(collector.tenant.id.0, EXCHANGE, today(time), [format!(r#"{{"Id":"{time}"}}"#)]);
    }
}

/// The failure of a call that had to fail, after a look for what no failure may hold.
#[track_caller]
fn refused<T>(result: Result<T, Failure>) -> Failure {
    let Err(failure) = result else { panic!("the call succeeded") };
    assert_mute(&format!("{failure} {failure:?}"));
    failure
}

/// Neither a token nor a secret is in `text`.
#[track_caller]
fn assert_mute(text: &str) {
    assert!(!text.contains(TOKEN_PREFIX), "a token shows: {text}");
    assert!(!text.contains(SECRET_PREFIX), "a secret shows: {text}");
}

/// Each of `words` is in `text`.
#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}
