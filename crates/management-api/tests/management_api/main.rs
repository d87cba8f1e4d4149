//! Tests of the client over real HTTP: against the simulator, and against a scripted server for responses that the
//! simulator does not produce.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod auto_advancing_clock;
mod blob;
mod broken_blob;
mod byte_order_mark;
mod classification;
mod client_fixture;
mod clock_offset;
mod clouds;
mod content_coding;
mod credentials;
mod entries;
mod listing;
mod microsoft_cases;
mod origin;
mod paging;
mod permissions;
mod properties;
mod publisher;
mod recorded_request;
mod retry;
mod scripted_server;
mod secrecy;
mod subscriptions;
mod token;
mod token_endpoint;
mod token_isolation;
mod unreadable_body;

use collector::failure::Failure;
use management_api_simulator::{Aggregation, Clock, Config, SECRET_PREFIX, Simulator, TOKEN_PREFIX, Tenant, Timestamp};

use crate::client_fixture::ClientFixture;

/// The time at which all tests begin.
const NOON: &str = "2026-11-22T12:00:00Z";

const EXCHANGE: &str = "Audit.Exchange";

/// A simulator whose clock stands still at noon, and the client of a tenant with every subscription enabled.
async fn start_simulator() -> (Simulator, ClientFixture) {
    start_simulator_with(Config::default()).await
}

async fn start_simulator_with(config: Config) -> (Simulator, ClientFixture) {
    start_simulator_for(&Tenant::example(1).subscribed(), config).await
}

async fn start_simulator_for(tenant: &Tenant, config: Config) -> (Simulator, ClientFixture) {
    let clock = Clock::Manual(NOON.parse().unwrap());
    // One content per slice, so that the tests can count contents.
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let microsoft = Simulator::start(Config { clock, aggregation, ..config }).await.unwrap();
    microsoft.add_tenant(tenant.clone());
    let fixture = ClientFixture::of(tenant, &microsoft.url());
    (microsoft, fixture)
}

/// This time of day on 22 November 2026.
fn today(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

/// Publishes one record at each of these times of day, each as its own content of the tenant's Exchange feed.
fn publish(microsoft: &Simulator, fixture: &ClientFixture, times: &[&str]) {
    for time in times {
        microsoft.publish(fixture.tenant.id.0, EXCHANGE, today(time), [format!(r#"{{"Id":"{time}"}}"#)]);
    }
}

/// The failure of a call that must fail. It must not contain any credentials.
#[track_caller]
fn expect_failure<T>(result: Result<T, Failure>) -> Failure {
    let Err(failure) = result else { panic!("the call succeeded") };
    assert_shows_no_credentials(&format!("{failure} {failure:?}"));
    failure
}

/// Asserts that `text` contains neither a token nor a secret.
#[track_caller]
fn assert_shows_no_credentials(text: &str) {
    assert!(!text.contains(TOKEN_PREFIX), "shows a token: {text}");
    assert!(!text.contains(SECRET_PREFIX), "shows a secret: {text}");
}

/// Asserts that `text` contains each of `parts`.
#[track_caller]
fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}
