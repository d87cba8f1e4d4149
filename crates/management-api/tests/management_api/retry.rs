//! Transient failures are retried twice after short pauses; longer waits are left to the next poll or the queue.

use std::time::Duration;

use collector::failure::FailureKind::{Throttled, Transient};
use jiff::SignedDuration;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Simulator, Tenant, Throttle};
use testkit::FixedJitter;
use tokio::net::TcpListener;

use crate::client_fixture::ClientFixture;
use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{assert_contains, expect_failure, start_simulator, start_simulator_with};

fn unavailable(microsoft: &Simulator, times: u64) {
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unavailable).times(times));
}

/// How the client reacts to a response that does not change.
struct Reaction {
    /// As returned with the failure.
    retry_after: Option<SignedDuration>,
    requests: usize,
    pauses_ms: Vec<i128>,
}

async fn reaction_to(response: ScriptedResponse) -> Reaction {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response);
    let failure = expect_failure(fixture.list().await);
    let (requests, pauses_ms) = (server.requests().len(), fixture.clock.pauses());
    Reaction { retry_after: failure.retry_after, requests, pauses_ms }
}

#[tokio::test]
async fn the_third_attempt_can_succeed() {
    let (microsoft, fixture) = start_simulator().await;
    unavailable(&microsoft, 2);
    fixture.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn gives_up_after_the_third_attempt() {
    let (microsoft, fixture) = start_simulator().await;
    unavailable(&microsoft, 4);
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    assert_contains(
        &failure.message,
        &["listing content failed: HTTP 503 (text/html; charset=us-ascii): <!DOCTYPE html>"],
    );
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
}

#[tokio::test]
async fn pauses_one_and_two_seconds_with_jitter() {
    for (sample, pauses) in [(0.0, [500, 1_000]), (0.5, [1_000, 2_000]), (0.75, [1_250, 2_500])] {
        let (microsoft, _) = start_simulator().await;
        let tenant = Tenant::example(1);
        let fixture = ClientFixture::with(&tenant, &microsoft.url(), FixedJitter(sample), Duration::from_secs(30));
        unavailable(&microsoft, 3);
        expect_failure(fixture.list().await);
        assert_eq!(fixture.clock.pauses(), pauses, "{sample}");
    }
}

#[tokio::test]
async fn each_page_has_three_attempts() {
    let (microsoft, fixture) = start_simulator_with(Config { page_size: 1, ..Config::default() }).await;
    crate::publish(&microsoft, &fixture, &["11:05:00", "11:10:00"]);
    for page in [0, 1] {
        microsoft.inject(
            Fault::new(Match::operation(Operation::ListContent), FaultKind::BadGateway).skip(page * 3).times(2),
        );
    }
    assert_eq!(fixture.contents().await.len(), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 6);
}

#[tokio::test]
async fn retries_a_broken_connection() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListSubscriptions), FaultKind::Drop).times(2));
    fixture.subscriptions().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::ListSubscriptions), 3);
}

#[tokio::test]
async fn an_unreachable_server_is_transient() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let unreachable = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let fixture = ClientFixture::of(&Tenant::example(1), &unreachable);
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&format!("{failure:#}"), &["no complete response from Microsoft", "refused"]);
    assert_eq!(fixture.clock.pauses(), [1_000, 2_000]);
}

#[tokio::test]
async fn honours_a_retry_after_within_the_pause() {
    let reaction = reaction_to(response(503, "").with("Retry-After", "1")).await;
    assert_eq!(reaction.retry_after, Some(SignedDuration::from_secs(1)));
    assert_eq!(reaction.requests, 3);
    assert_eq!(reaction.pauses_ms, [1_000, 2_000]);
}

#[tokio::test]
async fn returns_a_longer_retry_after_at_once() {
    let reaction = reaction_to(response(503, "").with("Retry-After", "2")).await;
    assert_eq!(reaction.retry_after, Some(SignedDuration::from_secs(2)));
    assert_eq!(reaction.requests, 1);
    assert_eq!(reaction.pauses_ms, []);
}

#[tokio::test]
async fn honours_a_retry_after_that_is_a_date() {
    let reaction = reaction_to(response(503, "").with("Retry-After", "Sun, 22 Nov 2026 12:00:07 GMT")).await;
    assert_eq!(reaction.retry_after, Some(SignedDuration::from_secs(7)));
    assert_eq!(reaction.requests, 1);
}

#[tokio::test]
async fn ignores_a_retry_after_that_is_neither_seconds_nor_date() {
    for header in ["soon", "1.5", "-1", "", "99999999999999999999"] {
        let reaction = reaction_to(response(503, "").with("Retry-After", header)).await;
        assert_eq!(reaction.retry_after, None, "{header}");
        assert_eq!(reaction.requests, 3, "{header}");
    }
}

#[tokio::test]
async fn does_not_retry_throttling() {
    let (microsoft, fixture) = start_simulator().await;
    for status in [403, 429] {
        for seconds in [None, Some(7)] {
            microsoft.reset_calls();
            let fault = FaultKind::Throttled { status, retry_after: seconds.map(Duration::from_secs) };
            microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault));
            let failure = expect_failure(fixture.list().await);
            let retry_after = seconds.map(|seconds| SignedDuration::from_secs(seconds.cast_signed()));
            assert_eq!(failure.kind, Throttled, "{status}");
            assert_eq!(failure.retry_after, retry_after, "{status}");
            assert_eq!(microsoft.calls().of(Operation::ListContent), 1, "{status}");
        }
    }
    assert_eq!(fixture.clock.pauses(), []);
}

#[tokio::test]
async fn an_exhausted_quota_is_throttling() {
    let throttle = Throttle { requests_per_minute: Some(1), ..Throttle::default() };
    let (microsoft, fixture) = start_simulator_with(Config { throttle, ..Config::default() }).await;
    fixture.subscriptions().await.unwrap();
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Throttled);
    assert_contains(&failure.message, &["AF429 (HTTP 403)", "request quota is used up"]);
    assert_eq!(microsoft.calls().refused, 1);
}
