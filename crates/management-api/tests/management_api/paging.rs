//! Paging: next pages are requested verbatim, up to the end, and never endlessly.

use collector::failure::FailureKind::Transient;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation};

use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{assert_contains, expect_failure, publish, start_simulator, start_simulator_with, today};

/// An empty page that is followed by the page at `next`.
fn page(next: &str) -> ScriptedResponse {
    response(200, "[]").with("NextPageUri", next)
}

#[tokio::test]
async fn lists_every_content_once_over_all_pages() {
    let (microsoft, fixture) = start_simulator_with(Config { page_size: 2, ..Config::default() }).await;
    let times = ["11:05:00", "11:10:00", "11:15:00", "11:20:00", "11:25:00"];
    publish(&microsoft, &fixture, &times);
    let created: Vec<_> = fixture.contents().await.iter().map(|content| content.created).collect();
    assert_eq!(created, times.map(today));
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
    microsoft.assert_clean();
}

#[tokio::test]
async fn returns_pages_as_microsoft_sent_them() {
    let (microsoft, fixture) = start_simulator_with(Config { page_size: 2, ..Config::default() }).await;
    publish(&microsoft, &fixture, &["11:05:00", "11:10:00", "11:15:00"]);
    let sizes: Vec<usize> = fixture.list().await.unwrap().iter().map(|page| page.contents.len()).collect();
    assert_eq!(sizes, [2, 1]);
}

#[tokio::test]
async fn an_empty_page_does_not_end_a_listing() {
    let config = Config { page_size: 1, empty_page_every: Some(2), ..Config::default() };
    let (microsoft, fixture) = start_simulator_with(config).await;
    publish(&microsoft, &fixture, &["11:05:00", "11:10:00", "11:15:00"]);
    let sizes: Vec<usize> = fixture.list().await.unwrap().iter().map(|page| page.contents.len()).collect();
    assert_eq!(sizes, [1, 0, 1, 1]);
}

#[tokio::test]
async fn requests_the_next_page_verbatim() {
    let (server, fixture) = ScriptedServer::start().await;
    let query = "contenttype=Audit.Exchange&starttime=2026-11-22T11:00:00.0000000Z&nextpage=2026R05$1%2Fb+C~";
    let next = server.feed_url(&format!("subscriptions/content?{query}"));
    server.respond(page(next.as_str()));
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    let tenant = fixture.tenant.id;
    let expected =
        format!("GET /api/v1.0/{tenant}/activity/feed/subscriptions/content?{query}&PublisherIdentifier={tenant}");
    assert_eq!(server.requests()[1].line, expected);
}

#[tokio::test]
async fn accepts_every_spelling_of_the_header() {
    for name in ["NextPageUri", "nextpageuri", "NEXTPAGEURI", "NextPageUrl"] {
        let (server, fixture) = ScriptedServer::start().await;
        server.respond(response(200, "[]").with(name, server.feed_url("subscriptions/content?nextpage=2").as_str()));
        server.respond(response(200, "[]"));
        fixture.list().await.unwrap();
        assert_eq!(server.requests().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn an_empty_header_ends_the_listing() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(page(""));
    assert_eq!(fixture.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unreadable_header_is_a_failure() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(page("https://manage.öffice.com/"));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    assert_eq!(failure.message, "the address of the next page is not plain ASCII");
}

#[tokio::test]
async fn a_page_that_repeats_itself_is_a_failure() {
    let (microsoft, fixture) = start_simulator().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::RepeatNextPage).always());
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&failure.message, &["the next page is one that was already read"]);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 1);
}

#[tokio::test]
async fn a_cycle_of_pages_is_a_failure() {
    let (server, fixture) = ScriptedServer::start().await;
    let (second, third) =
        (server.feed_url("subscriptions/content?nextpage=2"), server.feed_url("subscriptions/content?nextpage=3"));
    for next in [&second, &third, &second] {
        server.respond(page(next.as_str()));
    }
    assert_eq!(expect_failure(fixture.list().await).kind, Transient);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_listing_has_at_most_five_thousand_pages() {
    let (server, fixture) = ScriptedServer::start().await;
    for number in 2..=5_001 {
        server.respond(page(server.feed_url(&format!("subscriptions/content?nextpage={number}")).as_str()));
    }
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, Transient);
    assert_contains(&failure.message, &["more than 5000 pages"]);
    assert_eq!(server.requests().len(), 5_000);
}
