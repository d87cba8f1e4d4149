//! Scripted faults that replace the response or change a page of a listing.

use std::time::Duration;

use management_api_simulator::{Fault, FaultKind, Match, Operation, Simulator, Tenant};
use reqwest::Method;

use crate::{
    EXCHANGE,
    client::{Client, Response, request_token, token_form},
    records, simulator_at_noon, today,
};

async fn client_with_fault(fault: Fault) -> (Simulator, Client) {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    microsoft.inject(fault);
    (microsoft, client)
}

/// The response to a list of subscriptions with this fault. Asserts that the next one is normal again.
async fn subscriptions_with_fault(kind: FaultKind) -> Response {
    let (microsoft, client) = client_with_fault(Fault::new(Match::operation(Operation::ListSubscriptions), kind)).await;
    let response = client.get("subscriptions/list").await;
    let next = client.get("subscriptions/list").await;
    assert_eq!(next.json().as_array().unwrap().len(), 5);
    microsoft.assert_clean();
    response
}

#[tokio::test]
async fn error_uses_the_format_of_the_api() {
    let kind = FaultKind::Error { status: 500, code: "AF50000".to_owned() };
    assert_eq!(subscriptions_with_fault(kind).await.error(), (500, "AF50000".to_owned()));
}

#[tokio::test]
async fn throttling_uses_403_or_429() {
    let kind = FaultKind::Throttled { status: 403, retry_after: None };
    let response = subscriptions_with_fault(kind).await;
    assert_eq!(response.error(), (403, "AF429".to_owned()));
    assert_eq!(response.header("retry-after"), None);
    let kind = FaultKind::Throttled { status: 429, retry_after: Some(Duration::from_secs(30)) };
    let response = subscriptions_with_fault(kind).await;
    assert_eq!(response.error(), (429, "AF429".to_owned()));
    assert_eq!(response.header("retry-after"), Some("30"));
}

#[tokio::test]
async fn responses_can_be_something_other_than_json() {
    let html = subscriptions_with_fault(FaultKind::Unavailable).await;
    assert_eq!(html.status, 503);
    assert!(html.body.starts_with(b"<!DOCTYPE html>"));
    let empty = subscriptions_with_fault(FaultKind::BadGateway).await;
    assert_eq!(empty.status.as_u16(), 502);
    assert_eq!(empty.body.len(), 0);
    let kind = FaultKind::Answer { status: 408, content_type: "text/plain".to_owned(), body: "too slow".to_owned() };
    let own = subscriptions_with_fault(kind).await;
    assert_eq!(own.status.as_u16(), 408);
    assert_eq!(own.header("content-type"), Some("text/plain"));
    assert_eq!(own.body, b"too slow");
}

#[tokio::test]
async fn error_inside_200_and_unauthorized() {
    let kind = FaultKind::ErrorInside200 { code: "AF50000".to_owned() };
    assert_eq!(subscriptions_with_fault(kind).await.error(), (200, "AF50000".to_owned()));
    let denied = subscriptions_with_fault(FaultKind::Unauthorized).await;
    assert_eq!(denied.status, 401);
    assert_eq!(denied.json()["Message"], "Authorization has been denied for this request.");
}

#[tokio::test]
async fn token_endpoint_fails_in_its_own_format() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let matching = || Match::operation(Operation::Token).tenant(contoso);
    microsoft.inject(Fault::new(matching(), FaultKind::Error { status: 503, code: "AADSTS90033".to_owned() }));
    microsoft.inject(Fault::new(matching(), FaultKind::Throttled { status: 403, retry_after: None }));
    microsoft.inject(Fault::new(matching(), FaultKind::Unauthorized));
    let mut found = Vec::new();
    for _ in 0..4 {
        let form = token_form(&Tenant::example(1));
        let response = request_token(&microsoft.url(), &contoso.to_string(), &form).await;
        found.push((response.status.as_u16(), response.json()["error_codes"][0].as_u64()));
    }
    assert_eq!(found, [(503, Some(90_033)), (429, Some(90_055)), (401, Some(7_000_215)), (200, None)]);
}

#[tokio::test]
async fn fault_can_skip_requests_and_repeat() {
    let matching = Match::operation(Operation::ListSubscriptions);
    let (microsoft, client) =
        client_with_fault(Fault::new(matching.clone(), FaultKind::Unavailable).skip(1).times(2)).await;
    // This fault was added second: the first one takes precedence while it is due.
    microsoft.inject(Fault::new(matching, FaultKind::BadGateway).skip(2));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(client.get("subscriptions/list").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 503, 503, 502, 200]);
    microsoft.assert_clean();
}

#[tokio::test]
async fn fault_matches_tenant_content_type_and_blob() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let fabrikam = microsoft.add_tenant(Tenant::example(2).subscribed());
    for (tenant, content_type) in [(contoso, EXCHANGE), (contoso, "DLP.All"), (fabrikam, EXCHANGE)] {
        microsoft.publish(tenant, content_type, today("10:00:00"), records(&["a"]));
    }
    let matching = Match::operation(Operation::FetchContent)
        .tenant(contoso)
        .content_type(EXCHANGE)
        .content_id("20261122100000000");
    microsoft.inject(Fault::new(matching, FaultKind::Unavailable).always());
    microsoft.inject(Fault::new(Match::any().content_id("no such"), FaultKind::Unavailable));
    let mut statuses = Vec::new();
    for (number, content_type) in [(2, EXCHANGE), (1, "DLP.All"), (1, EXCHANGE), (1, EXCHANGE)] {
        let client = Client::for_tenant(&microsoft, number).await;
        let id = client.ids(content_type, "10:00", "11:00").await.remove(0);
        statuses.push(client.blob(&id).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 503, 503]);
    assert_eq!(microsoft.verify().unwrap_err().len(), 1);
    microsoft.clear_faults();
    microsoft.assert_clean();
}

#[tokio::test]
async fn replaced_response_leaves_the_request_unprocessed() {
    let (microsoft, _) = simulator_at_noon().await;
    let fabrikam = microsoft.add_tenant(Tenant::example(2));
    let client = Client::for_tenant(&microsoft, 2).await;
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), FaultKind::Unavailable));
    assert_eq!(client.start(EXCHANGE).await.status, 503);
    assert_eq!(microsoft.subscription(fabrikam, EXCHANGE), None);
    assert_eq!(client.start(EXCHANGE).await.status, 200);
}

#[tokio::test]
async fn next_page_can_point_to_itself() {
    let fault = Fault::new(Match::operation(Operation::ListContent), FaultKind::RepeatNextPage).times(2);
    let (_microsoft, client) = client_with_fault(fault).await;
    let first = client.page(EXCHANGE, "10:00", "11:00").await;
    let next = first.header("NextPageUri").unwrap();
    assert_eq!(
        next,
        client.feed(
            "subscriptions/content?contentType=Audit.Exchange\
             &startTime=2026-11-22T10:00&endTime=2026-11-22T11:00"
        )
    );
    let second = client.send(Method::GET, next).await;
    assert_eq!(second.header("NextPageUri"), Some(next));
    assert_eq!(second.body, first.body);
    assert_eq!(client.send(Method::GET, next).await.header("NextPageUri"), None);
}

#[tokio::test]
async fn uris_can_point_to_another_origin() {
    let origin = "https://evil.example".to_owned();
    let matching = Match::operation(Operation::ListContent);
    let (microsoft, client) =
        client_with_fault(Fault::new(matching.clone(), FaultKind::ForeignNextPage { origin: origin.clone() })).await;
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    let next = page.header("NextPageUri").unwrap();
    assert!(next.starts_with("https://evil.example/api/v1.0/"), "{next}");

    microsoft.inject(Fault::new(matching, FaultKind::ForeignContentUri { origin }));
    let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
    let uri = page[0]["contentUri"].as_str().unwrap();
    assert!(uri.starts_with("https://evil.example/api/v1.0/"), "{uri}");
}

/// The fault skips listings without an entry.
#[tokio::test]
async fn entries_can_lack_a_field() {
    let matching = Match::operation(Operation::ListContent);
    let (microsoft, client) = client_with_fault(Fault::new(matching.clone(), FaultKind::MissingContentUri)).await;
    microsoft.publish(client.tenant, EXCHANGE, today("10:30:00"), records(&["b"]));
    assert_eq!(client.page(EXCHANGE, "08:00", "09:00").await.body, b"[]");
    let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
    assert_eq!(page.as_array().unwrap().len(), 2);
    assert_eq!(page[0].get("contentUri"), None);
    assert!(page[1]["contentUri"].is_string());
    assert!(page[0]["contentId"].is_string());

    microsoft.inject(Fault::new(matching, FaultKind::MissingContentId));
    let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
    assert_eq!(page[0].get("contentId"), None);
    assert!(page[1]["contentId"].is_string());
    microsoft.assert_clean();
}
