//! The simulator counts requests and records protocol violations.

use management_api_simulator::{Fault, FaultKind, Match, Operation, Tenant};
use reqwest::Method;

use crate::{EXCHANGE, client::Client, records, simulator_at_noon, today};

#[tokio::test]
async fn unknown_paths_and_methods_are_violations() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    for (method, operation) in [
        (Method::POST, "subscriptions/stop"),
        (Method::GET, "subscriptions/start"),
        (Method::POST, "subscriptions/content"),
        (Method::GET, "subscriptions/notifications"),
        (Method::DELETE, "audit/x"),
    ] {
        assert_eq!(client.send(method, &client.feed(operation)).await.status, 404, "{operation}");
    }
    assert_eq!(client.send(Method::GET, &format!("{}/common/discovery", client.url)).await.status, 404);
    let violations = microsoft.verify().unwrap_err();
    assert_eq!(violations.len(), 6);
    let feed = format!("/api/v1.0/{contoso}/activity/feed");
    assert_eq!(violations[0], format!("unknown request: POST {feed}/subscriptions/stop"));
    assert_eq!(microsoft.take_violations(), violations);
    microsoft.assert_clean();
}

#[tokio::test]
async fn publisher_is_required_on_every_request() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    let bare = |operation: String| client.http.get(client.feed(&operation)).bearer_auth(&client.token).send();
    for (operation, violation) in [
        ("subscriptions/list".to_owned(), "missing PublisherIdentifier"),
        (format!("audit/{id}"), "missing PublisherIdentifier"),
        (format!("audit/{id}?PublisherIdentifier=me"), "PublisherIdentifier is not a GUID"),
        (
            format!("audit/{id}?PublisherIdentifier={contoso}&publisheridentifier={contoso}"),
            "more than one PublisherIdentifier",
        ),
    ] {
        assert_eq!(bare(operation.clone()).await.unwrap().status(), 200);
        let violations = microsoft.take_violations();
        assert_eq!(violations.len(), 1);
        assert!(violations[0].starts_with(violation), "{violations:?}");
    }
}

#[tokio::test]
async fn unused_fault_is_reported() {
    let (microsoft, _) = simulator_at_noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::Unavailable));
    let problems = microsoft.verify().unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("unused fault: Unavailable on "), "{problems:?}");
    let panicked = std::panic::catch_unwind(|| microsoft.assert_clean()).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert!(message.contains("unused fault: Unavailable"), "{message}");
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_tenant() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let fabrikam = microsoft.add_tenant(Tenant::example(2));
    let client = Client::for_tenant(&microsoft, 1).await;
    let other = Client::for_tenant(&microsoft, 2).await;
    client.page(EXCHANGE, "10:00", "11:00").await;
    client.get("audit/x").await;
    other.get("audit/x").await;
    let calls = microsoft.calls();
    assert_eq!(calls.of(Operation::Token), 2);
    assert_eq!(calls.of(Operation::FetchContent), 2);
    assert_eq!(calls.of_tenant(contoso, Operation::ListContent), 1);
    assert_eq!(calls.of_tenant(fabrikam, Operation::ListContent), 0);
    assert_eq!(calls.total(), 5);
    assert_eq!(calls.allowed, 3);
    assert_eq!(calls.refused, 0);

    let seen = &microsoft.seen_calls()[2];
    assert_eq!(seen.operation, Operation::ListContent);
    assert_eq!(seen.tenant, Some(contoso));
    assert_eq!(seen.status, 200);
    assert_eq!(seen.content_type.as_deref(), Some(EXCHANGE));
    let window = ("2026-11-22T10:00".to_owned(), "2026-11-22T11:00".to_owned());
    assert_eq!(seen.window, Some(window));
    assert!(!seen.next_page);

    microsoft.reset_calls();
    assert_eq!(microsoft.calls().total(), 0);
    assert_eq!(microsoft.seen_calls().len(), 0);
}

#[tokio::test]
async fn debug_output_contains_no_secret_or_token() {
    let (microsoft, _) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    client.send(Method::PUT, &client.feed("subscriptions/list")).await;
    client.http.get(client.feed("subscriptions/list")).bearer_auth(&client.token).send().await.unwrap();
    let output = format!("{microsoft:?} {:?} {:?}", microsoft.seen_calls(), microsoft.verify());
    assert!(output.contains("ListSubscriptions") && output.contains("unknown request: PUT"));
    assert!(!output.contains("simulated-"), "{output}");
    assert_eq!(format!("{:?}", Tenant::example(1).secrets), "[Secret { expires: None, .. }]");
}

#[test]
#[should_panic(expected = "there is no content type \"Audit.Teams\"")]
fn unknown_content_type_panics() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (microsoft, contoso) = runtime.block_on(simulator_at_noon());
    microsoft.publish(contoso, "Audit.Teams", microsoft.now(), records(&["a"]));
}
