//! The token endpoint does not say no: it says nothing, or nothing that can be read.

use std::time::Duration;

use audit_feed::failure::FailureKind::{Passing, Throttled};
use jiff::SignedDuration;
use management_api_simulator::{Fault, On, Operation, Tenant, What};

use crate::collector::Collector;
use crate::{assert_says, noon, refused};

fn answer(status: u16, content_type: &str, body: &str) -> What {
    What::Answer { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

/// Every trouble of the token endpoint that passes by itself, with a word of what is said of it.
fn passing_troubles() -> Vec<(What, &'static str)> {
    let minute = Duration::from_mins(1);
    vec![
        (What::Unavailable, "HTTP 503"),
        (What::BadGateway, "HTTP 502"),
        (answer(500, "text/plain", ""), "HTTP 500"),
        (answer(200, "text/html", "<html>Sign in</html>"), "no access token"),
        (answer(200, "application/json", ""), "no access token"),
        (answer(200, "application/json", "{}"), "no access token"),
        (What::Drop, "no complete answer"),
        (What::CutBody { after: 20 }, "no complete answer"),
        (What::Truncate { after: 20 }, "no access token"),
        (What::StallHead(minute), "no complete answer"),
        (What::StallBody { after: 20, pause: minute }, "no complete answer"),
    ]
}

#[tokio::test]
async fn trouble_that_stays_is_a_passing_failure() {
    let (microsoft, _) = noon().await;
    for (what, said) in passing_troubles() {
        let collector = Collector::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.reset_calls();
        microsoft.inject(Fault::new(On::operation(Operation::Token), what.clone()).always());
        let failure = refused(collector.list().await);
        microsoft.clear_faults();
        assert_eq!(failure.kind, Passing, "{what:?}");
        assert_says(&failure.message, &[said]);
        assert_eq!(microsoft.calls().of(Operation::Token), 3, "{what:?}");
    }
}

#[tokio::test]
async fn trouble_that_goes_is_not_noticed() {
    let (microsoft, _) = noon().await;
    for (what, _) in passing_troubles() {
        let collector = Collector::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.inject(Fault::new(On::operation(Operation::Token), what.clone()));
        assert!(collector.list().await.is_ok(), "{what:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_throttled_token_endpoint_is_left_alone_for_as_long_as_it_wants() {
    let (microsoft, collector) = noon().await;
    let what = What::Throttled { status: 429, retry_after: Some(Duration::from_secs(17)) };
    microsoft.inject(Fault::new(On::operation(Operation::Token), what));
    let failure = refused(collector.list().await);
    assert_eq!((failure.kind, failure.retry_after), (Throttled, Some(SignedDuration::from_secs(17))));
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn a_refusal_without_words_still_says_what_to_check() {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(On::operation(Operation::Token), answer(404, "text/html", "<html>Not Found</html>")));
    let failure = refused(collector.list().await);
    let expected =
        "Entra gives no token (HTTP 404); check tenant_id, client_id and client_secret in the tenant's secret";
    assert_eq!(failure.message, expected);
}
