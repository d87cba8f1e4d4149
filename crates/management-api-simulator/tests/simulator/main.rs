//! The behaviour of the simulator over real HTTP. These tests are its reference documentation.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod authorization;
mod blobs;
mod body_faults;
mod client;
mod clock;
mod content_faults;
mod encoding_faults;
mod foreign_client;
mod ids;
mod late_content;
mod lifecycle;
mod listing;
mod paging;
mod program;
mod protocol;
mod publishing;
mod random_faults;
mod response_faults;
mod subscription_anomalies;
mod subscriptions;
mod throttle;
mod tokens;

use std::time::Duration;

use management_api_simulator::{Clock, Config, Simulator, Tenant, Timestamp, Uuid};

/// The time at which most tests begin.
const NOON: &str = "2026-11-22T12:00:00Z";

const EXCHANGE: &str = "Audit.Exchange";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A time of the test day, 22 November 2026.
fn today(time: &str) -> Timestamp {
    at(&format!("2026-11-22T{time}Z"))
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn hours(count: u64) -> Duration {
    minutes(60 * count)
}

/// A simulator whose clock is stopped at noon, with a tenant whose subscriptions have always been on.
async fn simulator_at_noon() -> (Simulator, Uuid) {
    simulator_at_noon_with(Config::default()).await
}

async fn simulator_at_noon_with(config: Config) -> (Simulator, Uuid) {
    let clock = Clock::Manual(at(NOON));
    let microsoft = Simulator::start(Config { clock, ..config }).await.unwrap();
    let contoso = microsoft.add_tenant(Tenant::example(1).subscribed());
    (microsoft, contoso)
}

/// Records `{"Id":"a"}` for each name.
fn records(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!(r#"{{"Id":"{name}"}}"#)).collect()
}
