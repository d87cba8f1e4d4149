//! Failures of the token endpoint that are not about the credentials: no response, or an unreadable one.

use std::time::Duration;

use collector::failure::FailureKind::{Throttled, Transient};
use jiff::SignedDuration;
use management_api_simulator::{Fault, FaultKind, Match, Operation, Tenant};

use crate::client_fixture::ClientFixture;
use crate::{assert_contains, expect_failure, start_simulator};

fn response(status: u16, content_type: &str, body: &str) -> FaultKind {
    FaultKind::Answer { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

/// Every transient fault of the token endpoint, with a part of the message for it.
fn transient_faults() -> Vec<(FaultKind, &'static str)> {
    let minute = Duration::from_mins(1);
    vec![
        (FaultKind::Unavailable, "HTTP 503"),
        (FaultKind::BadGateway, "HTTP 502"),
        (response(500, "text/plain", ""), "HTTP 500"),
        (response(200, "text/html", "<html>Sign in</html>"), "no access token"),
        (response(200, "application/json", ""), "no access token"),
        (response(200, "application/json", "{}"), "no access token"),
        (FaultKind::Drop, "no complete response"),
        (FaultKind::CutBody { after: 20 }, "no complete response"),
        (FaultKind::Truncate { after: 20 }, "no access token"),
        (FaultKind::StallHead(minute), "no complete response"),
        (FaultKind::StallBody { after: 20, pause: minute }, "no complete response"),
    ]
}

#[tokio::test]
async fn a_persistent_fault_is_transient() {
    let (microsoft, _) = start_simulator().await;
    for (fault, message) in transient_faults() {
        let fixture = ClientFixture::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.reset_calls();
        microsoft.inject(Fault::new(Match::operation(Operation::Token), fault.clone()).always());
        let failure = expect_failure(fixture.list().await);
        microsoft.clear_faults();
        assert_eq!(failure.kind, Transient, "{fault:?}");
        assert_contains(&failure.message, &[message]);
        assert_eq!(microsoft.calls().of(Operation::Token), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_single_fault_is_retried() {
    let (microsoft, _) = start_simulator().await;
    for (fault, _) in transient_faults() {
        let fixture = ClientFixture::impatient(&Tenant::example(1), &microsoft.url());
        microsoft.inject(Fault::new(Match::operation(Operation::Token), fault.clone()));
        assert!(fixture.list().await.is_ok(), "{fault:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn does_not_retry_a_throttled_token_endpoint() {
    let (microsoft, fixture) = start_simulator().await;
    let fault = FaultKind::Throttled { status: 429, retry_after: Some(Duration::from_secs(17)) };
    microsoft.inject(Fault::new(Match::operation(Operation::Token), fault));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Throttled);
    assert_eq!(failure.retry_after, Some(SignedDuration::from_secs(17)));
    assert_eq!(microsoft.calls().of(Operation::Token), 1);
}

#[tokio::test]
async fn an_empty_error_still_says_what_to_check() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft
        .inject(Fault::new(Match::operation(Operation::Token), response(404, "text/html", "<html>Not Found</html>")));
    let failure = expect_failure(fixture.list().await);
    let expected = "Entra issued no token (HTTP 404), text/html: <html>Not Found</html>; check tenant_id, client_id and client_secret in the tenant's secret";
    assert_eq!(failure.message, expected);
}
