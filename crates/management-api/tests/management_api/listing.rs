//! Listings: the window that is requested, and the result for each kind of response.

use collector::failure::FailureKind::{self, Transient, WindowOutOfRange};
use collector::feed::ContentType;
use collector::ports::ManagementApi;
use futures::{StreamExt, TryStreamExt, pin_mut};
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation};

use crate::client_fixture::last_hour;
use crate::{EXCHANGE, assert_contains, expect_failure, publish, start_simulator, start_simulator_with, today};

#[tokio::test]
async fn requests_the_window_in_utc_and_whole_seconds() {
    let (microsoft, fixture) = start_simulator().await;
    fixture.list().await.unwrap();
    let call = microsoft.seen_calls().pop().unwrap();
    assert_eq!(call.window, Some(("2026-11-22T11:00:00".to_owned(), "2026-11-22T12:00:00".to_owned())));
    assert_eq!(call.content_type.as_deref(), Some(EXCHANGE));
}

#[tokio::test]
async fn requests_each_content_type_by_name() {
    let (microsoft, fixture) = start_simulator().await;
    for content_type in ContentType::ALL {
        fixture.list_of(content_type).await.unwrap();
        let call = microsoft.seen_calls().pop().unwrap();
        assert_eq!(call.content_type.as_deref(), Some(content_type.as_str()));
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn lists_what_was_published_in_the_window() {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["10:59:59.999", "11:00:00", "11:03:07.123", "12:00:00"]);
    let contents = fixture.contents().await;
    let created: Vec<_> = contents.iter().map(|content| content.created).collect();
    assert_eq!(created, [today("11:00:00"), today("11:03:07.123")], "half-open");
    assert_eq!(contents[1].expiration, "2026-11-29T11:03:07.123Z".parse().unwrap());
    assert_contains(&contents[1].id, &["20261122110307123$20261122110307123$audit_exchange$"]);
    assert_eq!(contents[1].uri.path().rsplit('/').next(), Some(contents[1].id.as_str()));
}

#[tokio::test]
async fn a_window_past_the_retention_is_out_of_range() {
    let (microsoft, fixture) = start_simulator().await;
    let window = testkit::window("2026-11-15T11:59:59Z", "2026-11-15T12:30:00Z");
    let listing = fixture.client.list(&fixture.tenant, ContentType::Exchange, window);
    let failure = expect_failure(listing.try_collect::<Vec<_>>().await);
    assert_eq!(failure.kind, WindowOutOfRange);
    assert_contains(&failure.message, &["AF20055", "the next poll lists what is still available"]);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 1, "a retry does not help");
}

/// A listing that failed, and how many requests were sent for it.
struct FailedListing {
    kind: FailureKind,
    message: String,
    requests: u64,
}

/// Lists while this fault occurs with every request.
async fn list_with(fault: FaultKind) -> FailedListing {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault).always());
    let failure = expect_failure(fixture.list().await);
    let requests = microsoft.calls().of(Operation::ListContent);
    FailedListing { kind: failure.kind, message: failure.message, requests }
}

#[tokio::test]
async fn an_error_with_a_success_status_is_classified_by_code() {
    for (code, kind, requests) in [("AF50000", Transient, 3), ("AF20030", WindowOutOfRange, 1)] {
        let failed = list_with(FaultKind::ErrorInside200 { code: code.to_owned() }).await;
        assert_eq!(failed.kind, kind, "{code}");
        assert_eq!(failed.requests, requests, "{code}");
        assert_contains(&failed.message, &["listing content failed", code]);
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_listing_is_transient() {
    let json = "application/json";
    for (content_type, body, detail) in [
        (json, r#"[{"contentId":"#, r#"with an unexpected body (application/json): [{"contentId":"#),
        (json, r#"{"value":[]}"#, r#"with an unexpected body (application/json): {"value":[]}"#),
        (json, "null", "with an unexpected body (application/json): null"),
        (json, "", "with an empty body"),
        ("text/html", "<p>\r\nSorry", "with an unexpected body (text/html): <p> Sorry"),
    ] {
        let fault = FaultKind::Answer { status: 200, content_type: content_type.to_owned(), body: body.to_owned() };
        let failed = list_with(fault).await;
        assert_eq!(failed.kind, Transient, "{body}");
        assert_eq!(failed.requests, 3, "{body}");
        assert_eq!(failed.message, format!("listing content failed: HTTP 200 {detail}"), "{body}");
    }
}

#[tokio::test]
async fn retries_a_listing_that_is_cut_off() {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    for fault in
        [FaultKind::Truncate { after: 30 }, FaultKind::CutBody { after: 30 }, FaultKind::Drop, FaultKind::BadGateway]
    {
        microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault.clone()));
        assert_eq!(fixture.contents().await.len(), 1, "{fault:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn returns_the_pages_before_a_failure() {
    let (microsoft, fixture) = start_simulator_with(Config { page_size: 1, ..Config::default() }).await;
    publish(&microsoft, &fixture, &["11:05:00", "11:10:00"]);
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unavailable).skip(1).always());
    let pages = fixture.client.list(&fixture.tenant, ContentType::Exchange, last_hour());
    pin_mut!(pages);
    assert_eq!(pages.next().await.unwrap().unwrap().contents.len(), 1);
    assert_eq!(expect_failure(pages.next().await.unwrap()).kind, Transient);
    assert!(pages.next().await.is_none(), "an error ends the listing");
}
