//! What passes is tried again, soon and not often; the rest is left to the next poll or the queue.

use std::time::Duration;

use collector::failure::FailureKind::{Throttled, Transient};
use jiff::SignedDuration;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Simulator, Tenant, Throttle};
use testkit::FixedJitter;
use tokio::net::TcpListener;

use crate::client_fixture::Collector;
use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{assert_says, noon, noon_with, refused};

fn unavailable(microsoft: &Simulator, times: u64) {
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unavailable).times(times));
}

/// What a collector does with this answer: the wish to wait that it hands on, how often it asks, how long it pauses (ms).
async fn patience(answer: ScriptedResponse) -> (Option<SignedDuration>, usize, Vec<i128>) {
    let (script, collector) = ScriptedServer::start().await;
    script.say(answer);
    let failure = refused(collector.list().await);
    (failure.retry_after, script.heard().len(), collector.clock.pauses())
}

#[tokio::test]
async fn the_third_try_may_succeed() {
    let (microsoft, collector) = noon().await;
    unavailable(&microsoft, 2);
    collector.list().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn after_the_third_try_the_failure_is_handed_on() {
    let (microsoft, collector) = noon().await;
    unavailable(&microsoft, 4);
    let failure = refused(collector.list().await);
    assert_eq!((failure.kind, failure.message.as_str()), (Transient, "listing content failed: HTTP 503"));
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
}

#[tokio::test]
async fn the_pauses_are_a_second_and_two_give_or_take_a_half() {
    for (roll, pauses) in [(0.0, [500, 1_000]), (0.5, [1_000, 2_000]), (0.75, [1_250, 2_500])] {
        let (microsoft, _) = noon().await;
        let tenant = Tenant::example(1);
        let collector = Collector::with(&tenant, &microsoft.url(), FixedJitter(roll), Duration::from_secs(30));
        unavailable(&microsoft, 3);
        refused(collector.list().await);
        assert_eq!(collector.clock.pauses(), pauses, "{roll}");
    }
}

#[tokio::test]
async fn every_page_has_three_tries() {
    let (microsoft, collector) = noon_with(Config { page_size: 1, ..Config::default() }).await;
    crate::publish(&microsoft, &collector, &["11:05:00", "11:10:00"]);
    for passed in [0, 1] {
        microsoft.inject(
            Fault::new(Match::operation(Operation::ListContent), FaultKind::BadGateway).skip(passed * 3).times(2),
        );
    }
    assert_eq!(collector.contents().await.len(), 2);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 6);
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListSubscriptions), FaultKind::Drop).times(2));
    collector.subscriptions().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::ListSubscriptions), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_passing_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let collector = Collector::of(&Tenant::example(1), &nobody);
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["no complete answer from Microsoft", "refused"]);
    assert_eq!(collector.clock.pauses(), [1_000, 2_000]);
}

#[tokio::test]
async fn a_wish_to_wait_that_fits_into_the_pause_is_fulfilled() {
    let seconds = SignedDuration::from_secs(1);
    assert_eq!(patience(response(503, "").with("Retry-After", "1")).await, (Some(seconds), 3, vec![1_000, 2_000]));
}

#[tokio::test]
async fn a_longer_wish_to_wait_is_handed_on_at_once() {
    let seconds = SignedDuration::from_secs(2);
    assert_eq!(patience(response(503, "").with("Retry-After", "2")).await, (Some(seconds), 1, vec![]));
}

#[tokio::test]
async fn a_wish_that_is_no_number_of_seconds_is_none() {
    for wish in ["Sun, 22 Nov 2026 12:00:07 GMT", "soon", "1.5", "-1", "", "99999999999999999999"] {
        let (retry_after, tries, _) = patience(response(503, "").with("Retry-After", wish)).await;
        assert_eq!((retry_after, tries), (None, 3), "{wish}");
    }
}

#[tokio::test]
async fn throttling_is_not_tried_again() {
    let (microsoft, collector) = noon().await;
    for status in [403, 429] {
        for wish in [None, Some(7)] {
            microsoft.reset_calls();
            let what = FaultKind::Throttled { status, retry_after: wish.map(Duration::from_secs) };
            microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what));
            let failure = refused(collector.list().await);
            let expected = (Throttled, wish.map(|seconds| SignedDuration::from_secs(seconds.cast_signed())));
            assert_eq!((failure.kind, failure.retry_after), expected, "{status}");
            assert_eq!(microsoft.calls().of(Operation::ListContent), 1, "{status}");
        }
    }
    assert_eq!(collector.clock.pauses(), []);
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_throttling() {
    let throttle = Throttle { requests_per_minute: Some(1), ..Throttle::default() };
    let (microsoft, collector) = noon_with(Config { throttle, ..Config::default() }).await;
    collector.subscriptions().await.unwrap();
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, Throttled);
    assert_says(&failure.message, &["AF429 (HTTP 403)", "request quota is used up"]);
    assert_eq!(microsoft.calls().refused, 1);
}
