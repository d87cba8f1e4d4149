//! Pages: followed to the end, word for word, and never for ever.

use collector::failure::FailureKind::Transient;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation};

use crate::scripted_server::{ScriptedResponse, ScriptedServer, response};
use crate::{assert_says, noon, noon_with, publish, refused, today};

/// An empty page with a next one.
fn page(next: &str) -> ScriptedResponse {
    response(200, "[]").with("NextPageUri", next)
}

#[tokio::test]
async fn all_pages_together_hold_all_contents_once() {
    let (microsoft, collector) = noon_with(Config { page_size: 2, ..Config::default() }).await;
    let times = ["11:05:00", "11:10:00", "11:15:00", "11:20:00", "11:25:00"];
    publish(&microsoft, &collector, &times);
    let created: Vec<_> = collector.contents().await.iter().map(|content| content.created).collect();
    assert_eq!(created, times.map(today));
    assert_eq!(microsoft.calls().of(Operation::ListContent), 3);
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_page_is_handed_on_as_it_came() {
    let (microsoft, collector) = noon_with(Config { page_size: 2, ..Config::default() }).await;
    publish(&microsoft, &collector, &["11:05:00", "11:10:00", "11:15:00"]);
    let sizes: Vec<usize> = collector.list().await.unwrap().iter().map(|page| page.contents.len()).collect();
    assert_eq!(sizes, [2, 1]);
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_not_the_end() {
    let config = Config { page_size: 1, empty_page_every: Some(2), ..Config::default() };
    let (microsoft, collector) = noon_with(config).await;
    publish(&microsoft, &collector, &["11:05:00", "11:10:00", "11:15:00"]);
    let sizes: Vec<usize> = collector.list().await.unwrap().iter().map(|page| page.contents.len()).collect();
    assert_eq!(sizes, [1, 0, 1, 1]);
}

#[tokio::test]
async fn the_next_page_is_asked_for_word_for_word() {
    let (script, collector) = ScriptedServer::start().await;
    let query = "contenttype=Audit.Exchange&starttime=2026-11-22T11:00:00.0000000Z&nextpage=2026R05$1%2Fb+C~";
    let next = script.at(&format!("subscriptions/content?{query}"));
    script.say(page(next.as_str()));
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    let tenant = collector.tenant.id;
    let expected =
        format!("GET /api/v1.0/{tenant}/activity/feed/subscriptions/content?{query}&PublisherIdentifier={tenant}");
    assert_eq!(script.heard()[1].line, expected);
}

#[tokio::test]
async fn the_header_has_many_names() {
    for name in ["NextPageUri", "nextpageuri", "NEXTPAGEURI", "NextPageUrl"] {
        let (script, collector) = ScriptedServer::start().await;
        script.say(response(200, "[]").with(name, script.at("subscriptions/content?nextpage=2").as_str()));
        script.say(response(200, "[]"));
        collector.list().await.unwrap();
        assert_eq!(script.heard().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_header_without_value_is_the_end() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(page(""));
    assert_eq!(collector.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_next_page_that_nobody_can_read_is_not_the_end() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(page("https://manage.öffice.com/"));
    let failure = refused(collector.list().await);
    assert_eq!((failure.kind, failure.message.as_str()), (Transient, "the address of the next page is not readable"));
}

#[tokio::test]
async fn a_page_that_names_itself_as_the_next_one_ends_in_a_failure() {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::RepeatNextPage).always());
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["the next page repeats a page that was read already"]);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 1);
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_end_in_a_failure() {
    let (script, collector) = ScriptedServer::start().await;
    let (second, third) =
        (script.at("subscriptions/content?nextpage=2"), script.at("subscriptions/content?nextpage=3"));
    for next in [&second, &third, &second] {
        script.say(page(next.as_str()));
    }
    assert_eq!(refused(collector.list().await).kind, Transient);
    assert_eq!(script.heard().len(), 3);
}

#[tokio::test]
async fn a_listing_has_at_most_five_thousand_pages() {
    let (script, collector) = ScriptedServer::start().await;
    for number in 2..=5_001 {
        script.say(page(script.at(&format!("subscriptions/content?nextpage={number}")).as_str()));
    }
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["more than 5000 pages"]);
    assert_eq!(script.heard().len(), 5_000);
}
