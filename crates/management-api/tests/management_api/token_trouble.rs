//! The token endpoint does not say no: it says nothing, or nothing that can be read.

use std::time::Duration;

use collector::failure::FailureKind::{Throttled, Transient};
use jiff::SignedDuration;
use management_api_simulator::{Fault, FaultKind, Match, Operation, Tenant};

use crate::client_fixture::Collector;
use crate::{assert_says, noon, refused};

fn answer(status: u16, content_type: &str, body: &str) -> FaultKind {
    FaultKind::Answer { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

/// Every trouble of the token endpoint that passes by itself, with a word of what is response of it.
fn passing_troubles() -> Vec<(FaultKind, &'static str)> {
    let minute = Duration::from_mins(1);
    vec![
        (FaultKind::Unavailable, "HTTP 503"),
        (FaultKind::BadGateway, "HTTP 502"),
        (answer(500, "text/plain", ""), "HTTP 500"),
        (answer(200, "text/html", "<html>Sign in</html>"), "no access token"),
        (answer(200, "application/json", ""), "no access token"),
        (answer(200, "application/json", "{}"), "no access token"),
        (FaultKind::Drop, "no complete answer"),
        (FaultKind::CutBody { after: 20 }, "no complete answer"),
        (FaultKind::Truncate { after: 20 }, "no access token"),
        (FaultKind::StallHead(minute), "no complete answer"),
        (FaultKind::StallBody { after: 20, pause: minute }, "no complete answer"),
    ]
}

#[tokio::test]
async fn trouble_that_stays_is_a_passing_failure() {
    let (microsoft, _) = noon().await;
    for (what, response) in passing_troubles() {
        let collector = Collector::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.reset_calls();
        microsoft.inject(Fault::new(Match::operation(Operation::Token), what.clone()).always());
        let failure = refused(collector.list().await);
        microsoft.clear_faults();
        assert_eq!(failure.kind, Transient, "{what:?}");
        assert_says(&failure.message, &[response]);
        assert_eq!(microsoft.calls().of(Operation::Token), 3, "{what:?}");
    }
}

#[tokio::test]
async fn trouble_that_goes_is_not_noticed() {
    let (microsoft, _) = noon().await;
    for (what, _) in passing_troubles() {
        let collector = Collector::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.inject(Fault::new(Match::operation(Operation::Token), what.clone()));
        assert!(collector.list().await.is_ok(), "{what:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_throttled_token_endpoint_is_left_alone_for_as_long_as_it_wants() {
    let (microsoft, collector) = noon().await;
    let what = FaultKind::Throttled { status: 429, retry_after: Some(Duration::from_secs(17)) };
    microsoft.inject(Fault::new(Match::operation(Operation::Token), what));
    let failure = refused(collector.list().await);
    assert_eq!((failure.kind, failure.retry_after), (Throttled, Some(SignedDuration::from_secs(17))));
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn a_refusal_without_words_still_says_what_to_check() {
    let (microsoft, collector) = noon().await;
    microsoft
        .inject(Fault::new(Match::operation(Operation::Token), answer(404, "text/html", "<html>Not Found</html>")));
    let failure = refused(collector.list().await);
    let expected =
        "Entra gives no token (HTTP 404); check tenant_id, client_id and client_secret in the tenant's secret";
    assert_eq!(failure.message, expected);
}
